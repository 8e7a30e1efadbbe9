#!/bin/sh
# make debug: a kernel that waits before its first instruction, and gdb in this terminal.
#
#   scripts/gdb/debug.sh build/debug [QEMU flag ...]     runs build/debug.iso, of which build/debug.elf tells gdb
#
# What the kernel says appears here while it runs, like the output of any program under gdb, and stays in
# build/debug.log; the command `type` types at its prompt. QEMU ends with gdb.
#
# GDB=no starts no gdb: the kernel's console is this terminal, and a debugger elsewhere (an editor's, see
# .vscode/launch.json) finds the machine at build/debug.socket.
set -u

kernel=$1
shift
wait_at=build/debug.socket
console=build/debug.serial
log=build/debug.log
pid=build/debug.pid
stopped="-S -gdb unix:$wait_at,server=on,wait=off"

rm -f "$wait_at" "$console" "$pid"
if [ "$GDB" = no ]; then
  # Said when it is true; the editor waits for it.
  (
    tries=200
    while [ ! -S "$wait_at" ] && [ $tries -gt 0 ]; do
      tries=$((tries - 1))
      sleep 0.05
    done
    [ ! -S "$wait_at" ] || echo "The kernel waits for a debugger: gdb $kernel.elf, target remote $wait_at"
  ) &
  # Word splitting is wanted.
  # shellcheck disable=SC2086
  exec scripts/qemu.sh run "$kernel.iso" $stopped "$@"
fi
if ! command -v "$GDB" >/dev/null; then
  echo "debug: $GDB is not installed; make setup installs gdb" >&2
  exit 2
fi

# What is written to $console is typed at the prompt. (Open for both, or QEMU would meet its end after one writer.)
mkfifo "$console" || exit 1
trap 'kill -KILL "$(cat "$pid" 2>/dev/null)" 2>/dev/null; rm -f "$wait_at" "$console" "$pid"' EXIT
trap 'exit 129' HUP
trap 'exit 143' TERM
trap : INT
# A session of its own for QEMU: Ctrl-C is for gdb, which stops the kernel.
# shellcheck disable=SC2086
setsid scripts/qemu.sh iso "$kernel.iso" $stopped -pidfile "$pid" -serial stdio "$@" <>"$console" | setsid tee "$log" &

# QEMU makes the socket when it is ready, or ends.
while [ ! -S "$wait_at" ]; do
  kill -0 $! 2>/dev/null || exit 1
  sleep 0.05
done
echo "The kernel is stopped before its first instruction; what it will say is kept in $log. To leave: quit."
"$GDB" -q -x scripts/gdb/palimpsest.py -ex "target remote $wait_at" "$kernel.elf"
