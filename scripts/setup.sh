#!/bin/sh
# Finds out which tools the project needs and this machine lacks, says so, and installs them.
#
# Silent when nothing is missing. It installs with apt-get, through sudo when the caller is not root; where that is not
# possible it prints the list and fails, and changes nothing. What only some tests want is installed likewise, but where
# it cannot be, the rest goes on without. The packages are those of Debian 12 and Ubuntu 24.04.
set -u
cd "$(dirname "$0")/.."

# One line a tool: the package that has it, what is looked for, what it is for.
tools() {
  cat <<'END'
nodejs          node>=18.19         runs the compiler and the tests
npm             npm>=8              fetches the pinned compiler and test packages
nasm            nasm                assembles boot/
clang-14        clang-14            compiles the generated C
lld-14          ld.lld-14|ld.lld    links the kernel
llvm-14         llvm-symbolizer-14  finds the functions and lines that a panic tells
qemu-system-x86 qemu-system-x86_64  the machine that the kernel runs on
grub-common     grub-mkrescue       makes the boot image
grub-pc-bin     grub-for-pc         the boot loader in that image
xorriso         xorriso             writes the image (grub-mkrescue calls it)
mtools          mformat             writes its EFI part (grub-mkrescue calls it)
util-linux      flock               lets one make wait for another
END
}

# The same of what the kernel is built and run without, and some tests are left out.
wishes() {
  cat <<'END'
libclang-rt-14-dev clang-sanitizers shows in tests what the allocators' users do wrong
gdb                gdb              steps through the kernel's TypeScript (make debug)
grub-efi-amd64-bin grub-for-uefi    lets the boot image start under UEFI, too
ovmf               ovmf             UEFI for QEMU
busybox-static     static-busybox   programs that nobody here wrote, for the kernel to run
gcc                gcc              builds test programs with the C library of GNU
libc6-dev          static-libc      that library, to be linked into them
musl-tools         musl-gcc         builds them with another one
END
}

is_there() {
  case $1 in
    'node>=18.19') version_reaches node 18 19 ;;
    'npm>=8') version_reaches npm 8 0 ;;
    'ld.lld-14|ld.lld') has ld.lld-14 || has ld.lld ;;
    clang-sanitizers) has clang-14 && has_sanitizers "$(clang-14 -print-resource-dir)" ;;
    grub-for-pc) [ -e "${GRUB_DIR:-/usr/lib/grub}/i386-pc/kernel.img" ] ;;
    grub-for-uefi) [ -e "${GRUB_DIR:-/usr/lib/grub}/x86_64-efi/kernel.img" ] ;;
    static-busybox) has busybox && ! ldd "$(command -v busybox)" >/dev/null 2>&1 ;; # ldd knows of dynamic ones
    static-libc) has gcc && [ -e "$(gcc -print-file-name=libc.a)" ] ;;
    ovmf) [ -e "${OVMF:-/usr/share/ovmf/OVMF.fd}" ] ;;
    *) has "$1" ;;
  esac
}

has() {
  command -v "$1" >/dev/null 2>&1
}

# has_sanitizers FOLDER, of clang's own files
has_sanitizers() {
  for library in "$1"/lib/linux/libclang_rt.fuzzer-*.a; do
    [ -e "$library" ] && return
  done
  return 1
}

# version_reaches COMMAND MAJOR MINOR
version_reaches() {
  has "$1" || return 1
  found=$("$1" --version 2>/dev/null) || return 1
  found=${found#v}
  major=${found%%.*}
  minor=${found#*.}
  minor=${minor%%.*}
  case $major$minor in
    '' | *[!0-9]*) return 1 ;;
  esac
  [ "$major" -gt "$2" ] || { [ "$major" -eq "$2" ] && [ "$minor" -ge "$3" ]; }
}

# Those of the lines on stdin that this machine lacks.
missing() {
  while read -r package tool why; do
    is_there "$tool" || printf '  %-18s %s\n' "$package" "$why"
  done
}

packages_of() {
  printf '%s\n' "$1" | while read -r package _; do printf '%s ' "$package"; done
}

# Says on stderr why nothing could be installed and what to do about it. Only a tool that is needed is a failure.
give_up() {
  printf 'setup: %s\n' "$1" >&2
  if [ -z "$lacking" ]; then
    printf 'setup: some tests are left out without %s\n' "$(packages_of "$wanted")" >&2
    exit 0
  fi
  printf 'setup: install these packages, or what they contain, then run make again:\n' >&2
  printf '  %s\n' "$(packages_of "$lacking")" >&2
  exit 1
}

# install PACKAGE ...
install() {
  scripts/step.sh 'setup apt-get install' $as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=120 "$@"
}

lacking=$(tools | missing)
wanted=$(wishes | missing)
[ -n "$lacking$wanted" ] || exit 0

printf 'Missing on this machine:\n'
printf '%s\n' "$lacking" "$wanted" | while IFS= read -r line; do [ -z "$line" ] || printf '%s\n' "$line"; done
has apt-get || give_up 'there is no apt-get here to install them with'

as_root=''
if [ "$(id -u)" -ne 0 ]; then
  has sudo || give_up 'installing needs root, and there is no sudo'
  echo 'They will be installed with apt-get, through sudo: a few minutes, once.'
  sudo true || give_up 'sudo was refused'
  as_root=sudo
else
  echo 'They will be installed with apt-get: a few minutes, once.'
fi

# The package lists may be old or absent. A mirror that fails here is not the end: the installation decides.
scripts/step.sh 'setup apt-get update' $as_root apt-get update

# Word splitting is wanted: one argument a package.
# shellcheck disable=SC2046
[ -z "$lacking" ] || install $(packages_of "$lacking") || give_up 'apt-get could not install them'

hash -r
lacking=$(tools | missing)
if [ -n "$lacking" ]; then
  printf 'Still missing, or too old, after the installation:\n%s\n' "$lacking" >&2
  give_up 'the packages of this system do not have what is needed'
fi

# Last: by now nothing that is needed is lacking.
# shellcheck disable=SC2046
[ -z "$wanted" ] || install $(packages_of "$wanted") || give_up 'apt-get could not install it'
