/*
 * Takes memory until there is none: `hog alone` itself, `hog child` in a child, beside which a small process goes on,
 * `hog bomb` by forking without end.
 */
#include "calls.h"

enum { KILLED = 9, READ_WRITE = 3, PRIVATE_ANONYMOUS = 0x22, BYTES = 16 << 20, PAGE_BYTES = 4096 };

static _Noreturn void fill(void) {
  for (;;) {
    word at = call6(MMAP, 0, BYTES, READ_WRITE, PRIVATE_ANONYMOUS, -1ul, 0);
    if (at > -4096ul) end(3);
    for (word page = 0; page < BYTES; page += PAGE_BYTES) *(volatile byte *)(at + page) = 1;
  }
}

static _Noreturn void bomb(void) {
  for (;;) CALL0(FORK);
}

_Noreturn void start(word *stack) {
  if (stack[0] != 2) end(2);
  switch (*(byte *)stack[2]) {
    case 'a': fill();
    case 'b': bomb();
    default: break;
  }
  int status = 0;
  word small = CALL0(FORK);
  if (small == 0) {
    for (word i = 0; i < 200; i++) CALL0(YIELD);
    end(7);
  }
  word hog = CALL0(FORK);
  if (hog == 0) fill();
  CALL3(WAIT4, hog, &status, 0);
  say(status == KILLED ? "the hog was ended\n" : "the hog was not ended\n");
  CALL3(WAIT4, small, &status, 0);
  say(status == 7 << 8 ? "the small one came to its end\n" : "the small one did not\n");
  end(0);
}
