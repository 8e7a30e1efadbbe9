/* Linked to begin at address zero: page zero holds its headers, and is read like any. */
#include "calls.h"

_Noreturn void start(word *stack) {
  (void)stack;
  volatile byte *zero = 0;
  __asm__("" : "+r"(zero)); /* an address like any, not one that nobody can have */
  if (zero[1] != 'E' || zero[2] != 'L' || zero[3] != 'F') end(1);
  say("page zero begins with ELF\n");
  end(0);
}
