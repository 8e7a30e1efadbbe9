#!/bin/sh
# Starts the virtual machine: the one place that knows QEMU's flags.
#
#   scripts/qemu.sh run IMAGE.iso [flag ...]   for a person: serial console in this terminal, the end explained
#   scripts/qemu.sh iso IMAGE.iso [flag ...]   for a test: becomes QEMU; the caller's flags say where serial goes
#   scripts/qemu.sh pvh KERNEL.elf [flag ...]  the same without GRUB, through the PVH note: starts five times faster
#
# `scripts/qemu.sh run IMAGE.iso -S -gdb unix:FILE,server=on,wait=off` waits for gdb: scripts/gdb/debug.sh.
#
# MEMORY (512M) is the machine's. Flags that are given come last, so they override: -m 4G, -machine q35, -cpu ….
#
# The kernel ends a run through isa-debug-exit, which makes QEMU's status code * 2 + 1; kernel/arch/debug-exit.ts has
# the codes, and 33 alone is success. With -no-reboot a triple fault ends QEMU with 0, so 0 is none.
set -u

mode=${1-}
image=${2-}
case $mode in
  run | iso) image_flag=-cdrom ;;
  pvh) image_flag=-kernel ;;
  *)
    echo "usage: scripts/qemu.sh run|iso IMAGE.iso [flag ...] | pvh KERNEL.elf [flag ...]" >&2
    exit 2
    ;;
esac
if [ ! -f "$image" ]; then
  echo "qemu: ${image:-an image} is not there; make build makes it" >&2
  exit 2
fi
shift 2

qemu=qemu-system-x86_64
if ! command -v $qemu >/dev/null; then
  echo "qemu: $qemu is not installed; make setup installs it" >&2
  exit 2
fi

# QEMU takes a number without a letter as MiB. A person needs LEAST MiB, for GRUB and the kernel; a test may want less.
LEAST=8
case ${MEMORY:-512M} in
  *[!0-9]*[!0-9]* | [!0-9]* | *[!0-9KkMmGgTt]) amount= ;;
  *) amount=${MEMORY:-512M} ;;
esac
digits=${amount%[KkMmGgTt]}
while [ "${digits#0}" != "$digits" ]; do digits=${digits#0}; done # a leading 0 would be octal
case $amount in
  *[Kk]) mib=$((${digits:-0} / 1024)) ;;
  *[GgTt]) mib=$((${digits:-0} * 1024)) ;;
  *) mib=${digits:-0} ;;
esac
if [ -z "$amount" ] || [ "${#digits}" -gt 9 ]; then
  echo "qemu: MEMORY=$MEMORY is no amount of memory; 512M or 2G is" >&2
  exit 2
fi
if [ "$mode" = run ] && [ "$mib" -lt $LEAST ]; then
  echo "qemu: MEMORY=$MEMORY is too little; the least is ${LEAST}M" >&2
  exit 2
fi

# TCG, not KVM: it is the same everywhere, and a nested KVM may be unable to run a kernel at all.
# Four-level paging only (la57=off). No default devices: what the kernel finds is what is written here.
set -- -accel tcg -cpu max,la57=off -m "${MEMORY:-512M}" -display none -nodefaults -no-reboot \
  -device isa-debug-exit,iobase=0xf4,iosize=4 "$image_flag" "$image" "$@"

[ "$mode" = run ] || exec $qemu "$@"

# Ctrl-C is a byte for the kernel, which ends a program then, and leaves when it is typed twice at the prompt (mon:stdio:
# signals are off, and QEMU's own keys are behind Ctrl-A, for a kernel that hangs). Where it comes as a signal all the
# same, this shell outlives it.
ended_by=
trap 'ended_by=INT' INT
trap 'ended_by=TERM' TERM
terminal=$(stty -g 2>/dev/null)

echo "QEMU, ${MEMORY:-512M} of memory. To leave: exit, Ctrl-C twice at the prompt, or Ctrl-A x."
$qemu -serial mon:stdio "$@"
status=$?

# QEMU puts the terminal back itself, except when it crashes or is killed.
if [ -n "$terminal" ]; then stty "$terminal"; fi

# Ctrl-C is a way to leave like any other: QEMU has said that it was a signal, and it is no error.
case $ended_by in
  INT) exit 0 ;;
  TERM) exit 143 ;;
esac
case $status in
  33) exit 0 ;;
  0) why='reset or power-off, most likely a triple fault' ;;
  1) why='QEMU could not start, or the kernel exited with 0' ;;
  35) why='the kernel panicked' ;;
  12[67]) why="$qemu could not be started" ;;
  1[3-9][0-9]) why="QEMU was ended by signal $((status - 128))" ;;
  *[13579]) why="the kernel ended the run with code $((status / 2))" ;;
  *) why='no exit that is known here' ;;
esac
echo "QEMU ended with status $status: $why." >&2
exit 1
