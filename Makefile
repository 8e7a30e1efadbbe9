# Palimpsest. `make run` sets everything up, builds, and boots the kernel; `make` alone lists what there is.
#
# Everything made here goes to build/. What is up to date is not made again, and nothing is started to find that out.

MEMORY ?= 512M
CMDLINE ?=
MODULES ?=
QEMUFLAGS ?=
export MEMORY CMDLINE

# A kernel is build/NAME.elf, made from what ENTRY.NAME imports; the recipes below are the same for each.
KERNELS := kernel test
ENTRY.kernel := kernel/main.ts
ENTRY.test := tests/qemu/kernel/main.ts

STEP := scripts/step.sh
TSX := node_modules/.bin/tsx
NASM := node_modules/.bin/nasm
CLANG := clang-14
# Looked up when it is used: a fresh machine gets it during this very run. The name with a number is lld-14's only one.
LLD = $(shell command -v ld.lld-14 || command -v ld.lld)

# DESIGN.md, "Toolchain", says why each. Warnings are on for the sake of boot/doors.h; the generated code around it has
# helpers that are not used.
CFLAGS := -O2 -g -std=gnu11 -ffreestanding -nostdlibinc -mno-red-zone -mgeneral-regs-only -fno-stack-protector \
  -fno-pic -fno-strict-aliasing -fwrapv -fno-finite-loops -fno-omit-frame-pointer -mcmodel=kernel \
  -fno-asynchronous-unwind-tables -Wall -Werror -Wno-unused -isystem scripts/compile/rt -I boot
NASMFLAGS := -f elf64 -g -F dwarf -I boot/ -Werror
LDFLAGS := --no-undefined --fatal-warnings -z noexecstack -z max-page-size=4096

KERNEL_SOURCE := $(shell find kernel -name '*.ts')
COMPILER := $(shell find scripts/compile -type f)
BOOT_OBJECTS := $(patsubst boot/%.asm,build/boot/%.o,$(wildcard boot/*.asm))

.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := help
.PHONY: help run build test setup clean FORCE

help: ## this list
	@echo 'Palimpsest, a kernel in TypeScript:'
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20
	@echo 'Variables, with what they are if not given:'
	@echo '  MEMORY=512M       memory of the machine, for run'
	@echo '  CMDLINE=          boot options, for run: CMDLINE="heap.size=2M"'
	@echo '  MODULES=          files that GRUB loads beside the kernel, for run'
	@echo '  QEMUFLAGS=        further flags, for run: QEMUFLAGS="-machine q35"'

run: build ## build, then boot in QEMU, the console in this terminal
	@scripts/qemu.sh run build/kernel.iso $(QEMUFLAGS)

build: build/kernel.iso ## the kernel and its boot image, in build/

# The last line is the count, also when there is nothing to test because it does not build.
test: ## every test, in under five minutes
	@$(MAKE) --no-print-directory build build/test.iso || { echo '0 passed, 1 failed'; exit 1; }
	@$(TSX) scripts/test.ts

setup: ## install what is missing: tools by apt-get, packages by npm
	@scripts/setup.sh
	@$(MAKE) --no-print-directory node_modules/.stamp

clean: ## remove everything that was built
	@rm -rf build

# ---- tools --------------------------------------------------------------------------------------------------

build/setup.stamp: scripts/setup.sh
	@scripts/setup.sh
	@mkdir -p $(@D) && touch $@

# npm begins by removing node_modules, and the stamp with it: an installation that was interrupted is repeated.
# (Some versions of npm copy scripts/nasm-bin, others link it.)
node_modules/.stamp: package.json package-lock.json $(wildcard scripts/nasm-bin/*) | build/setup.stamp
	@$(STEP) 'setup npm packages' npm ci --loglevel=error
	@touch $@

# ---- TypeScript -> Wasm -> C -> object ----------------------------------------------------------------------

define compile
build/$(1).c build/$(1).h build/$(1).glue.c build/$(1).wasm build/$(1).json &: \
    $(KERNEL_SOURCE) $(wildcard $(dir $(ENTRY.$(1)))*.ts) $(COMPILER) boot/doors.h node_modules/.stamp
	@mkdir -p $$(@D)
	@$(STEP) 'compile $(ENTRY.$(1)) -> wasm -> C' \
	  $(TSX) scripts/compile/main.ts $(ENTRY.$(1)) -o build/$(1) --doors=boot/doors.h
endef
$(foreach kernel,$(KERNELS),$(eval $(call compile,$(kernel))))

$(KERNELS:%=build/%.o): build/%.o: build/%.glue.c build/%.c build/%.h boot/doors.h Makefile
	@$(STEP) 'clang $<' $(CLANG) $(CFLAGS) -c $< -o $@

# ---- assembly, link, image ----------------------------------------------------------------------------------

build/boot/%.o: boot/%.asm node_modules/.stamp Makefile
	@mkdir -p $(@D)
	@$(STEP) 'nasm $<' $(NASM) $(NASMFLAGS) -MD $(@:.o=.d) -MP $< -o $@
-include $(BOOT_OBJECTS:.o=.d)

$(KERNELS:%=build/%.elf): build/%.elf: build/%.o $(BOOT_OBJECTS) linker.ld
	@$(STEP) 'link $@' $(LLD) $(LDFLAGS) -T linker.ld -Map=$(@:.elf=.map) $(BOOT_OBJECTS) $< -o $@

$(KERNELS:%=build/%.iso): build/%.iso: build/%.elf build/boot-options $(MODULES) scripts/iso.sh
	@$(STEP) 'image $@' scripts/iso.sh $@ $< $(MODULES)

# Changes when the options do: the image is made again then, and only then.
build/boot-options: FORCE | build/setup.stamp
	@printf '%s\n' "$$CMDLINE" '$(MODULES)' | cmp -s - $@ || printf '%s\n' "$$CMDLINE" '$(MODULES)' >$@
