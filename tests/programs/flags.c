/* Sets every flag that a program can have before it calls the kernel, and uses SSE across calls and turns. */
#include "calls.h"

_Noreturn void start(word *stack) {
  (void)stack;
  word flags;
  __asm__ volatile("pushfq; orl $0x40400, (%%rsp); popfq" ::: "memory"); /* AC, DF */
  word pid = CALL0(GETPID);
  __asm__ volatile("pushfq; pop %0; cld" : "=r"(flags)::"memory");
  if ((flags & 0x40400) != 0x40400) end(1);
  __asm__ volatile("pushfq; andl $~0x40000, (%%rsp); popfq" ::: "memory");

  word before[2] = {0x1122334455667788, 0x99aabbccddeeff00}, after[2];
  word child = CALL0(FORK);
  if (child == 0) before[0] = ~before[0], before[1] = ~before[1];
  for (int i = 0; i < 200; i++) {
    __asm__ volatile("movups %1, %%xmm7\n\tmov $24, %%eax\n\tsyscall\n\tmovups %%xmm7, %0" /* sched_yield */
                     : "=m"(after) : "m"(before) : "rax", "rcx", "r11", "xmm7", "memory");
    if (after[0] != before[0] || after[1] != before[1]) end(2);
  }
  if (child == 0) end(7);
  int status;
  if (CALL3(WAIT4, child, &status, 0) != child || status != 7 << 8) end(3);
  if (pid != CALL0(GETPID)) end(4);
  say("flags and SSE are the program's own\n");
  end(0);
}
