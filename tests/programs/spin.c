/* Two that never call the kernel: each has its turn, because the timer takes the CPU away. */
#include "calls.h"

static volatile word turns;

_Noreturn void start(word *stack) {
  (void)stack;
  word child = CALL0(FORK);
  if (child == 0) {
    for (volatile word i = 0; i < 40000000; i++) turns++;
    end(5);
  }
  for (volatile word i = 0; i < 40000000; i++) turns++;
  int status;
  CALL3(WAIT4, child, &status, 0);
  say("both have come to their end\n");
  end(status == 5 << 8 ? 0 : 1);
}
