#!/bin/sh
# Makes a boot image: GRUB, the kernel, its command line and its modules.
#
#   scripts/iso.sh IMAGE.iso KERNEL.elf [MODULE ...]
#
# CMDLINE is the kernel's command line; a module's command line is its file name. GRUB starts the kernel at once. If it
# cannot, it says so on serial and switches the machine off, instead of waiting at a prompt that nobody sees.
set -eu

image=$1
kernel=$2
shift 2

# A word as GRUB reads it back unchanged.
quoted() {
  case $1 in
    *\'*)
      echo "iso: GRUB cannot be given the quote in: $1" >&2
      exit 1
      ;;
  esac
  printf " '%s'" "$1"
}

content=$image.content
rm -rf "$content"
trap 'rm -rf "$content"' EXIT
mkdir -p "$content/boot/grub"
cp "$kernel" "$content/boot/kernel.elf"

{
  echo 'set timeout=0'
  printf 'if multiboot2 /boot/kernel.elf'
  set -f # a word of the command line is not a file name pattern
  for word in ${CMDLINE-}; do quoted "$word"; done
  set +f
  echo '; then'
  for module in "$@"; do
    name=$(basename "$module")
    if [ -e "$content/boot/$name" ]; then
      echo "iso: two files would be /boot/$name" >&2
      exit 1
    fi
    cp "$module" "$content/boot/$name"
    printf 'if module2'
    quoted "/boot/$name"
    quoted "$name"
    echo '; then'
  done
  echo 'boot'
  for _ in kernel "$@"; do echo 'fi'; done
  echo 'serial --unit=0'
  echo 'terminal_output serial'
  echo 'echo "grub: the kernel or a module could not be loaded"'
  echo 'halt'
} >"$content/boot/grub/grub.cfg"

# A machine that is starting from the image there was keeps it.
grub-mkrescue --fonts= --locales= --themes= -o "$image.new" "$content"
mv "$image.new" "$image"
