# Palimpsest. `make run` sets everything up, builds, and boots the kernel; `make` alone lists what there is.
#
# Everything made here goes to build/. What is up to date is not made again, and nothing is started to find that out.

MEMORY ?= 512M
CMDLINE ?=
MODULES ?=
PROGRAM ?=
# As they are: what looks like make's is the program's.
override ARGS := $(value ARGS)
CHECKING ?=
QEMUFLAGS ?=
AREA ?=
SANITIZE ?=
PROFILE ?= debug
GDB ?= gdb
export MEMORY CMDLINE GDB ARGS

# A kernel is build/NAME.elf, made from what ENTRY.NAME imports; the recipes below are the same for each.
KERNELS := kernel test debug benchmark checked
ENTRY.kernel := kernel/main.ts
ENTRY.test := tests/qemu/kernel/main.ts
ENTRY.debug := kernel/main.ts
ENTRY.checked := kernel/main.ts
# The checking build: kernel/base/checking.ts.
CHECKING.test := --checking
CHECKING.checked := --checking
ENTRY.benchmark := tests/bench/kernel/main.ts
# Of two -O the last counts. Without optimisation every variable is where gdb can show it.
OPTIMISE.debug := -O0
override MODULES := $(MODULES) $(filter-out $(MODULES),$(PROGRAM))
COMMA := ,
# Files that are to be loaded and are not there.
MISSING := $(filter-out $(PROGRAM) $(wildcard $(MODULES)),$(MODULES))
# These words mean off, as nothing does.
OFF := 0 no off false
override CHECKING := $(filter-out $(OFF),$(CHECKING))
override SANITIZE := $(filter-out $(OFF),$(SANITIZE))
# What the prompt is to obey first.
FIRST_LINE := $(if $(PROGRAM),-fw_cfg name=opt/kernel/first$(COMMA)file=build/first-line)
# What `make run` boots.
RUN := $(if $(CHECKING),checked,kernel)
# What `make debug` looks at, by PROFILE.
PROFILE.debug := build/debug
PROFILE.release := build/kernel
$(if $(PROFILE.$(PROFILE)),,$(error PROFILE is debug or release))

STEP := scripts/step.sh
TSX := node_modules/.bin/tsx
NASM := node_modules/.bin/nasm
CLANG := clang-14
# Looked up when it is used: a fresh machine gets it during this very run. The name with a number is lld-14's only one.
LLD = $(shell command -v ld.lld-14 || command -v ld.lld)

# An interrupt may come at any instruction: no red zone. Saving general registers must be enough: no SSE. TypeScript's
# arithmetic wraps, its loads may look at one place in two widths, and an endless loop is meant: -fwrapv,
# -fno-strict-aliasing, -fno-finite-loops. A backtrace follows rbp: every function sets it up, and first of all, and no
# call becomes a jump. Warnings are on for the sake of boot/doors.h; the generated code around it has helpers that are
# not used.
CFLAGS := -O2 -g -std=gnu11 -ffreestanding -nostdlibinc -mno-red-zone -mgeneral-regs-only -fno-stack-protector \
  -fno-pic -fno-strict-aliasing -fwrapv -fno-finite-loops -fno-omit-frame-pointer -fno-optimize-sibling-calls \
  -mllvm -enable-shrink-wrap=false \
  -mcmodel=kernel -fno-asynchronous-unwind-tables -Wall -Werror -Wno-unused -isystem scripts/compile/rt -I boot
NASMFLAGS := -f elf64 -g -F dwarf -I boot/ -Werror
# What is inlined wherever it is called has its own code all the same, for files that do not inline it: it goes if there
# are none.
UNIT_CFLAGS := -ffunction-sections
LDFLAGS := --gc-sections --no-undefined --fatal-warnings -z noexecstack -z max-page-size=4096

KERNEL_SOURCE := $(shell find kernel -name '*.ts')
COMPILER := $(shell find scripts/compile -type f)
DOORS := $(wildcard boot/*.h)
BOOT_OBJECTS := $(patsubst boot/%.asm,build/boot/%.o,$(wildcard boot/*.asm))

# The hosted library, in two builds; the fuzzers are of the second.
HOSTED := build/hosted
HOSTED_GOALS := $(if $(SANITIZE),$(HOSTED)/sanitized/libpalimpsest.a \
  $(patsubst tests/hosted/fuzz/%.c,$(HOSTED)/fuzz-%,$(wildcard tests/hosted/fuzz/*.c)),$(HOSTED)/libpalimpsest.a)
HOSTED_CFLAGS := $(filter-out -fno-pic -mcmodel=kernel,$(CFLAGS)) -fPIC -I $(HOSTED)
HOST_CFLAGS := -O2 -g -std=gnu11 -fPIC -fno-omit-frame-pointer -Wall -Wextra -Werror -I $(HOSTED)
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=all

.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := help
.PHONY: help run debug build test test-long bench hosted setup clean FORCE

help: ## this list
	@echo 'Palimpsest, a kernel in TypeScript:'
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20
	@echo 'Variables, with what they are if not given:'
	@echo '  MEMORY=512M       memory of the machine, for run'
	@echo '  CMDLINE=          boot options, for run: CMDLINE="heap.size=2M"'
	@echo '  PROGRAM=          a static Linux program, for run: what to run at once'
	@echo '  ARGS=             its arguments: ARGS="one '"'two words'"'"'
	@echo '  MODULES=          files that GRUB loads beside the kernel, for run'
	@echo '  QEMUFLAGS=        further flags, for run: QEMUFLAGS="-machine q35"'
	@echo '  CHECKING=         1 for run: the kernel watches those who use its memory'
	@echo '  AREA=             one area, for bench: AREA=compiler'
	@echo '  PROFILE=debug     or release, for debug: the kernel as it is, optimised'
	@echo '  GDB=gdb           the debugger, for debug; GDB=no waits for one elsewhere'
	@echo '  SANITIZE=         1 for hosted with ASan and UBSan, and for the fuzzers'

run: $(PROGRAM) $(MISSING) build/$(RUN).iso ## build, then boot in QEMU, the console in this terminal
	@$(if $(PROGRAM),printf 'run %s %s' '$(notdir $(PROGRAM))' "$$ARGS" >build/first-line)
	@scripts/qemu.sh run build/$(RUN).iso $(FIRST_LINE) $(QEMUFLAGS)

# Asked for only where the file is not there.
$(PROGRAM) $(MISSING):
	@echo 'make: there is no file $@' >&2; exit 1

debug: $(PROFILE.$(PROFILE)).elf $(PROFILE.$(PROFILE)).iso ## the same under gdb, stopped before its first instruction
	@scripts/gdb/debug.sh $(PROFILE.$(PROFILE)) $(QEMUFLAGS)

build: build/kernel.iso ## the kernel and its boot image, in build/

# The last line is the count, also when there is nothing to test because it does not build. What is missing is installed
# first, and shown while it is: under -j no step is.
define tests
@{ $(MAKE) -s node_modules/.stamp && \
  STEPS_LOCKED=yes flock -o $(STEP) \
  $(MAKE) --no-print-directory -j$$(nproc) build build/test.iso build/debug.elf; } || \
  { echo '0 passed, 1 failed'; exit 1; }
@$(1) $(TSX) scripts/test.ts
endef

test: ## every test, in under five minutes
	$(call tests)

test-long: ## the same with the fuzzers' long runs: hours
	$(call tests,LONG=1)

bench: node_modules/.stamp ## figures against the goals, and build/bench.json
	@$(TSX) tests/bench/main.ts $(AREA)

hosted: $(HOSTED_GOALS) ## the kernel's rooms as a library for Linux, in build/hosted/

setup: ## install what is missing: tools by apt-get, packages by npm
	@scripts/setup.sh
	@$(MAKE) -s node_modules/.stamp

clean: ## remove everything that was built
	@rm -rf build

# ---- tools --------------------------------------------------------------------------------------------------

build/setup.stamp: scripts/setup.sh
	@scripts/setup.sh
	@mkdir -p $(@D) && touch $@

# npm begins by removing node_modules, and the stamp with it: an installation that was interrupted is repeated.
# (Some versions of npm copy scripts/nasm-bin, others link it.) Its cache is in the home folder, if one can write there.
node_modules/.stamp: package.json package-lock.json $(wildcard scripts/nasm-bin/*) | build/setup.stamp
	@[ -w "$$HOME" ] || export npm_config_cache="$(CURDIR)/build/npm"; \
	  $(STEP) 'setup npm packages' npm ci --loglevel=error
	@touch $@

# ---- TypeScript -> Wasm -> C -> object ----------------------------------------------------------------------

# The compiler in one file starts in half the time.
build/compile/main.mjs: $(COMPILER) node_modules/.stamp
	@$(STEP) 'bundle scripts/compile' $(TSX) scripts/compile/bundle.ts $@

FOR_CLANG := $(DOORS) $(wildcard scripts/compile/rt/*) Makefile

# The compiler keeps what it made of each module and each object that clang made of those, and makes again what came from
# something else. build/NAME.objects is a list for the linker: it changes when an object does.
define compile
build/$(1).compiled: $(KERNEL_SOURCE) $(wildcard $(dir $(ENTRY.$(1)))*.ts) build/compile/main.mjs $(FOR_CLANG)
	@$(STEP) 'compile $(ENTRY.$(1)) -> wasm -> C -> objects' \
	  node build/compile/main.mjs $(ENTRY.$(1)) -o build/$(1) --doors=boot/doors.h $(CHECKING.$(1)) \
	  --objects=build/$(1).objects -- \
	  $(CLANG) $(CFLAGS) $(UNIT_CFLAGS) $(OPTIMISE.$(1))
	@touch $$@
build/$(1).objects: build/$(1).compiled ;
endef
$(foreach kernel,$(KERNELS),$(eval $(call compile,$(kernel))))

# ---- the same for Linux: scripts/hosted ---------------------------------------------------------------------

$(addprefix $(HOSTED)/,palimpsest.h library.c library.h library.glue.c library.wasm library.json) &: \
    $(KERNEL_SOURCE) $(COMPILER) $(wildcard scripts/hosted/*) $(DOORS) node_modules/.stamp
	@$(STEP) 'compile kernel/ -> wasm -> C for Linux' $(TSX) scripts/hosted/main.ts $(HOSTED)

HOSTED_SOURCE := $(HOSTED)/library.glue.c $(HOSTED)/library.c $(HOSTED)/palimpsest.h scripts/hosted/host.c Makefile

$(HOSTED)/libpalimpsest.a: $(HOSTED_SOURCE)
	@$(STEP) 'clang $(HOSTED)/library.glue.c' $(CLANG) $(HOSTED_CFLAGS) -c $< -o $(@D)/library.o
	@$(STEP) 'clang scripts/hosted/host.c' $(CLANG) $(HOST_CFLAGS) -c scripts/hosted/host.c -o $(@D)/host.o
	@rm -f $@ && ar rcs $@ $(@D)/library.o $(@D)/host.o

$(HOSTED)/sanitized/libpalimpsest.a: $(HOSTED_SOURCE) | $(HOSTED)/sanitizers.stamp
	@mkdir -p $(@D)
	@$(STEP) 'clang $(HOSTED)/library.glue.c with sanitizers' \
	  $(CLANG) $(HOSTED_CFLAGS) $(SANITIZERS) -fsanitize=fuzzer-no-link -c $< -o $(@D)/library.o
	@$(STEP) 'clang scripts/hosted/host.c with sanitizers' \
	  $(CLANG) $(HOST_CFLAGS) $(SANITIZERS) -c scripts/hosted/host.c -o $(@D)/host.o
	@rm -f $@ && ar rcs $@ $(@D)/library.o $(@D)/host.o

$(HOSTED)/fuzz-%: tests/hosted/fuzz/%.c $(wildcard tests/hosted/fuzz/*.h) $(HOSTED)/sanitized/libpalimpsest.a
	@$(STEP) 'clang $<' $(CLANG) $(HOST_CFLAGS) $(SANITIZERS) -fsanitize=fuzzer $< $(lastword $^) -o $@

$(HOSTED)/heap-replay: $(wildcard scripts/replay/*.[ch]) scripts/hosted/steps.h $(HOSTED)/libpalimpsest.a
	@$(STEP) 'clang scripts/replay' $(CLANG) $(HOST_CFLAGS) -I scripts/hosted $(filter %.c,$^) $(lastword $^) -o $@

# The sanitizers' run-time libraries are a package of their own; the first use of them finds out whether they are here.
$(HOSTED)/sanitizers.stamp:
	@mkdir -p $(@D)
	@echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' >$(@D)/sanitizers.c
	@$(CLANG) $(SANITIZERS) -fsanitize=fuzzer $(@D)/sanitizers.c -o $(@D)/sanitizers 2>/dev/null || \
	  { echo 'hosted: SANITIZE=1 needs the package libclang-rt-14-dev' >&2; exit 1; }
	@touch $@

# ---- assembly, link, image ----------------------------------------------------------------------------------

build/boot/%.o: boot/%.asm node_modules/.stamp Makefile
	@mkdir -p $(@D)
	@$(STEP) 'nasm $<' $(NASM) $(NASMFLAGS) -MD $(@:.o=.d) -MP $< -o $@
-include $(BOOT_OBJECTS:.o=.d)

build/symbols/main.mjs: $(wildcard scripts/symbols/*.ts) scripts/compile/elf.ts node_modules/.stamp
	@$(STEP) 'bundle scripts/symbols' node_modules/.bin/esbuild scripts/symbols/main.ts --bundle --platform=node \
	  --format=esm --target=node18 --log-level=warning --outfile=$@

# With the table of the code's functions and lines: scripts/symbols.
$(KERNELS:%=build/%.elf): build/%.elf: build/%.objects $(BOOT_OBJECTS) linker.ld build/symbols/main.mjs
	@$(STEP) 'link $@' node build/symbols/main.mjs $@ build/$*.json \
	  $(LLD) $(LDFLAGS) -T linker.ld -Map=$(@:.elf=.map) $(BOOT_OBJECTS) $<

$(KERNELS:%=build/%.iso): build/%.iso: build/%.elf build/boot-options $(MODULES) scripts/iso.sh
	@$(STEP) 'image $@' scripts/iso.sh $@ $< $(MODULES)

# Changes when the options do: the image is made again then, and only then.
build/boot-options: FORCE | build/setup.stamp
	@printf '%s\n' "$$CMDLINE" '$(MODULES)' | cmp -s - $@ || printf '%s\n' "$$CMDLINE" '$(MODULES)' >$@
