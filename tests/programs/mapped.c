/* Maps memory of every kind, forks, and ends: its child is there to be looked at. With a number: ends that process. */
#include "check.h"

_Noreturn void start(word *stack) {
  if (stack[0] > 1) {
    word pid = 0;
    for (const char *digit = (const char *)stack[2]; *digit; digit++) pid = pid * 10 + *digit - '0';
    check(CALL3(KILL, pid, 9, 0) == 0, "kill");
    CALL0(YIELD);
    end(0);
  }
  const word at = 0x100000000;
  CALL1(BRK, CALL1(BRK, 0) + 3 * PAGE);
  AT(CALL1(BRK, 0) - 1) = 1;
  map(at, 8 * PAGE, 3, PRIVATE | FIXED);
  AT(at + PAGE) = 1;
  CALL3(MPROTECT, at + 4 * PAGE, 2 * PAGE, 0);
  map(at + 0x10000, 4 * PAGE, 1, SHARED | FIXED);
  word id = CALL3(SHMGET, 0xbeef, 2 * PAGE, 01600);
  AT(CALL3(SHMAT, id, at + 0x20000, 0) + PAGE) = 1;
  CALL3(SHMCTL, id, 0, 0);
  word file = CALL3(MEMFD_CREATE, "memory", 0, 0);
  CALL3(FTRUNCATE, file, 1ul << 40, 0);
  mapFile(at + 0x30000, PAGE, 3, 2 | FIXED, file, 1ul << 39);
  word child = CALL0(FORK);
  if (child != 0) {
    sayNumber(child);
    say("\n");
    end(0);
  }
  int ends[2];
  CALL1(PIPE, ends);
  CALL3(READ, ends[0], at, 1); /* nobody writes */
  end(1);
}
