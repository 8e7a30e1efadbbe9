/* Never ends by itself, in the way that it is told. */
#include "check.h"

static int is(const char *a, const char *b) {
  while (*a != 0 && *a == *b) a++, b++;
  return *a == *b;
}

_Noreturn void start(word *stack) {
  const char *how = (const char *)stack[2];
  int ends[2];
  if (is(how, "pipe")) {
    CALL1(PIPE, ends);
    CALL1(CLOSE, ends[0]);
    CALL3(WRITE, ends[1], "x", 1);
    say("not so: it goes on\n");
    end(1);
  }
  if (is(how, "fork")) CALL0(FORK);
  if (is(how, "raw")) {
    unsigned settings[9];
    CALL3(IOCTL, 0, 0x5401, settings);
    settings[3] = 0;
    CALL3(IOCTL, 0, 0x5402, settings);
  }
  if (!is(how, "fork") || CALL0(GETPPID) == 0) say("ready\n");
  if (is(how, "sleep")) CALL3(READ, 0, ends, 1);
  for (;;) continue;
}
