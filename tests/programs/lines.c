/* Reads the console, and says what it got; ends with the file, or at a line "raw" reads single keys until a q. */
#include "check.h"

static byte buffer[64];

static void raw(void) {
  unsigned settings[9];
  CALL3(IOCTL, 0, 0x5401, settings);
  unsigned before = settings[3];
  settings[3] &= ~(unsigned)(2 | 8); /* ICANON, ECHO */
  check(CALL3(IOCTL, 0, 0x5402, settings) == 0, "settings can be set");
  do {
    check(CALL3(READ, 0, buffer, 64) == 1, "each key is read by itself");
    say("key ");
    sayNumber(buffer[0]);
    say("\n");
  } while (buffer[0] != 'q');
  settings[3] = before;
  CALL3(IOCTL, 0, 0x5402, settings);
}

_Noreturn void start(word *stack) {
  (void)stack;
  struct { int fd; short wanted, found; } polled = {0, 1, 0};
  check(CALL3(POLL, &polled, 1, 0) == 0, "nothing has been typed");
  CALL3(FCNTL, 0, 4, 04000);
  check(CALL3(READ, 0, buffer, 64) == ERROR(11), "and nobody waits who does not want to");
  CALL3(FCNTL, 0, 4, 0);
  say("ready\n");
  check(CALL3(POLL, &polled, 1, -1) == 1 && polled.found == 1, "a line wakes who polls");
  for (word n; (n = CALL3(READ, 0, buffer, 64)) != 0;) {
    say("got ");
    sayNumber(n);
    say(": ");
    CALL3(WRITE, 1, buffer, n);
    if (n == 4 && buffer[0] == 'r' && buffer[1] == 'a' && buffer[2] == 'w') raw();
  }
  say("the end\n");
  end(0);
}
