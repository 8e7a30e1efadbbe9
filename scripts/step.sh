#!/bin/sh
# One step of a build, as one line: what is done and how long it took.
#
#   scripts/step.sh "compile kernel/main.ts -> wasm -> C" command [argument ...]
#
# The first word of the label is its column. Output of a step that succeeds is dropped: the tools run with warnings as
# errors, so there is nothing in it that anybody must act on. A step that fails prints its own output and nothing else,
# and its status is returned.
set -u

label=$1
shift
verb=${label%% *}
what=${label#"$verb"}
what=${what# }

# Hundredths of a second since boot: no process is started, and no one can set this clock.
now() {
  read -r uptime _ </proc/uptime
  echo "${uptime%.*}${uptime#*.}"
}

# A step that is still running is shown on a terminal, unless steps run side by side and would write over each other.
live=no
alone='flock 9'
case ${MAKEFLAGS-} in
  *--jobserver*) alone='' ;;
  *) if [ -t 1 ]; then live=yes; fi ;;
esac

# One step at a time, unless make runs them side by side: those of another make in this folder are waited for. What is
# locked is this file. Who runs a make that has the lock as a whole says STEPS_LOCKED=yes.
if [ "${STEPS_LOCKED-}" = yes ]; then alone=''; fi
exec 9<"$0"

# The seconds so far, every second: a step of minutes is seen to go on. Ctrl-C does not reach what a shell runs in the
# background, so it looks by itself whether this shell is still there.
show_seconds() {
  while sleep 1 && kill -0 $$ 2>/dev/null; do
    printf '\r  %-9s %-56.56s %4d   s' "$verb" "$what" $((($(now) - start) / 100))
  done
}

start=$(now)
if [ $live = yes ]; then
  printf '  %-9s %.60s ...' "$verb" "$what"
  show_seconds 9<&- &
fi
$alone 2>/dev/null
output=$("$@" 2>&1 </dev/null 9<&-)
status=$?
spent=$(($(now) - start))
if [ $live = yes ]; then
  kill $!
  wait $! 2>/dev/null
  printf '\r\033[K'
fi

if [ $status -ne 0 ]; then
  printf '%s\n' "${output:-$1: failed with status $status and said nothing}" >&2
  exit $status
fi
printf '  %-9s %-56.56s %4d.%d s\n' "$verb" "$what" $((spent / 100)) $((spent % 100 / 10))
