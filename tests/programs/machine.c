/* What programs ask about the machine and their limits. */
#include "check.h"

enum { NOENT = 2, SRCH = 3, FAULT = 14, INVAL = 22, NOSYS = 38, STACK = 3, NOFILE = 7 };
#define HEAP 0x444444440000

static int same(const char *a, const char *b) {
  while (*a != 0 && *a == *b) a++, b++;
  return *a == *b;
}
static word limit(word resource, word *to) { return call6(PRLIMIT, 0, resource, 0, (word)to, 0, 0); }

_Noreturn void start(word *stack) {
  (void)stack;
  static char names[6 * 65];
  check(CALL1(UNAME, names) == 0 && same(names, "Linux") && same(names + 4 * 65, "x86_64"), "uname");
  check(CALL1(UNAME, HEAP) == ERROR(FAULT), "to the program's memory alone");
  struct { word uptime, loads[3], total, free, rest[4]; unsigned short processes, pad[3]; word high[2]; unsigned unit; } info;
  check(CALL1(SYSINFO, &info) == 0 && info.unit == 4096 && info.free < info.total, "sysinfo");
  check(info.processes >= 1, "which knows of a process");
  word limits[2];
  check(limit(STACK, limits) == 0 && limits[0] == 8 << 20, "a stack has 8 MiB");
  check(limit(NOFILE, limits) == 0 && limits[0] == 448 && limits[1] == 448, "there are 448 descriptors");
  check(limit(16, limits) == ERROR(INVAL) && limit(STACK, (word *)HEAP) == ERROR(FAULT), "prlimit refuses");
  check(call6(PRLIMIT, 0, STACK, (word)limits, 0, 0, 0) == ERROR(NOSYS), "to set a limit");
  check(call6(PRLIMIT, 1 << 20, STACK, 0, 0, 0, 0) == ERROR(SRCH), "of nobody");
  static word chance[1000];
  check(CALL3(GETRANDOM, chance, 64, 0) == 64 && chance[0] != chance[1], "getrandom");
  check(CALL3(GETRANDOM, chance, 8000, 1) >= 256 && CALL3(GETRANDOM, chance, 0, 0) == 0, "of any number of bytes");
  check(CALL3(GETRANDOM, HEAP, 8, 0) == ERROR(FAULT) && CALL3(GETRANDOM, chance, 8, 8) == ERROR(INVAL), "refuses");
  char name[16];
  check(CALL3(PRCTL, 16, name, 0) == 0 && same(name, "machine"), "PR_GET_NAME");
  check(CALL3(PRCTL, 15, "a name that is far too long", 0) == 0, "PR_SET_NAME");
  check(CALL3(PRCTL, 16, name, 0) == 0 && same(name, "a name that is "), "cuts");
  check(CALL3(PRCTL, 15, HEAP, 0) == ERROR(FAULT) && CALL3(PRCTL, 999, 0, 0) == ERROR(INVAL), "and refuses");
  check(CALL0(RSEQ) == ERROR(NOSYS) && CALL0(273) == 0, "what a C library asks for at its start");
  say("the machine is as Linux would tell\n");
  end(0);
}
