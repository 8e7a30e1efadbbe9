/* Of 1 GiB that it maps, it touches one page. Then it says how much of it is there: nothing else came. */
#include "calls.h"

_Noreturn void start(word *stack) {
  (void)stack;
  const word size = 1ul << 30;
  byte *memory = (byte *)call6(MMAP, 0, size, 3, 0x22, -1, 0);
  memory[size / 2] = 1;
  if (memory[size / 2] != 1) end(1);
  if (memory[size / 2 + 1] != 0) end(2);
  say("one page of 1 GiB\n");
  for (;;) CALL0(YIELD); /* until it is ended: whoever looks at it has time */
}
