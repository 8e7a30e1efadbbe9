/* Says what it was given, touches its memory, forks, and waits for its child. */
#include "calls.h"

static byte table[1 << 20]; /* never all there */
static int shared = 1;

_Noreturn void start(word *stack) {
  say("hello, world\n");
  for (word i = 1; i < stack[0]; i++) {
    say("argument ");
    say((const char *)stack[1 + i]);
    say("\n");
  }
  table[5000] = 7;
  if (table[5000] != 7 || table[500000] != 0) end(2);
  word child = CALL0(FORK);
  if (child == 0) {
    shared++;
    say("child\n");
    end(shared + 40);
  }
  int status = 0;
  word ended = CALL3(WAIT4, -1, &status, 0);
  say("child ended with ");
  sayNumber(status >> 8);
  say("\n");
  end(ended == child && shared == 1 ? 0 : 3);
}
