/* Clocks, sleeping, and SIGALRM where nobody handles it. Nothing is timed from above: a busy machine is no failure. */
#include "check.h"

enum { NANOSLEEP = 35, GETITIMER = 36, ALARM = 37, SETITIMER = 38, GETTIMEOFDAY = 96, GETRUSAGE = 98, TIMES = 100,
       TIME = 201, CLOCK_GETTIME = 228, CLOCK_GETRES = 229, CLOCK_NANOSLEEP = 230 };
enum { KILL_ = 62, SIGKILL = 9, SIGALRM = 14, SIGSTOP = 19, FAULT = 14, INVAL = 22, CHILD_ERROR = 10 };
#define HEAP 0x444444440000
#define SECOND 1000000000

typedef struct { word seconds, nanoseconds; } Time;
static int status;

static word now(word clock) {
  Time time;
  check(CALL3(CLOCK_GETTIME, clock, &time, 0) == 0 && time.nanoseconds < SECOND, "clock_gettime");
  return time.seconds * SECOND + time.nanoseconds;
}
static word wait(word pid) { return call6(WAIT4, pid, (word)&status, 0, 0, 0, 0); }
static word sleepFor(word nanoseconds) {
  Time time = {nanoseconds / SECOND, nanoseconds % SECOND};
  return CALL3(NANOSLEEP, &time, 0, 0);
}

_Noreturn void start(word *stack) {
  (void)stack;
  word date = now(0), since = now(1);
  check(date > 1700000000ul * SECOND && date < 4102444800ul * SECOND, "the date is of this century");
  check(now(1) > since && now(4) > since && now(6) > since && now(7) > since, "time goes on");
  check(now(5) >= date, "on coarse clocks, too");
  Time of;
  check(CALL3(GETTIMEOFDAY, &of, 0, 0) == 0 && of.nanoseconds < 1000000, "microseconds");
  check(of.seconds >= date / SECOND && CALL1(TIME, 0) >= of.seconds, "and seconds are the same time");
  check(CALL3(CLOCK_GETTIME, 99, &of, 0) == ERROR(INVAL), "no clock: EINVAL");
  check(CALL3(CLOCK_GETTIME, 0, HEAP, 0) == ERROR(FAULT), "no memory of the program's: EFAULT");
  check(CALL3(CLOCK_GETRES, 1, &of, 0) == 0 && of.seconds == 0 && of.nanoseconds == 1, "clock_getres");
  check(CALL3(CLOCK_GETRES, 1, 0, 0) == 0 && CALL3(CLOCK_GETRES, 99, 0, 0) == ERROR(INVAL), "of what there is");

  since = now(1);
  check(sleepFor(30000000) == 0 && now(1) - since >= 30000000, "nanosleep is not shorter");
  since = now(1) + 20000000;
  of = (Time){since / SECOND, since % SECOND};
  check(call6(CLOCK_NANOSLEEP, 1, 1, (word)&of, 0, 0, 0) == 0 && now(1) >= since, "until a moment");
  check(call6(CLOCK_NANOSLEEP, 1, 1, (word)&of, 0, 0, 0) == 0, "which may be past");
  since = now(0) + 20000000;
  of = (Time){since / SECOND, since % SECOND};
  check(call6(CLOCK_NANOSLEEP, 0, 1, (word)&of, 0, 0, 0) == 0 && now(0) >= since, "or of the date");
  of = (Time){0, SECOND};
  check(CALL3(NANOSLEEP, &of, 0, 0) == ERROR(INVAL), "a second and more of nanoseconds: EINVAL");
  of = (Time){-1, 0};
  check(CALL3(NANOSLEEP, &of, 0, 0) == ERROR(INVAL), "a negative time: EINVAL");
  check(CALL3(NANOSLEEP, HEAP, 0, 0) == ERROR(FAULT), "no time at all: EFAULT");
  check(call6(CLOCK_NANOSLEEP, 2, 0, (word)&of, 0, 0, 0) == ERROR(INVAL), "no sleep on that clock: EINVAL");

  /* Who is due first wakes first, whoever began first: the first ends with what is its own, and tells by a pipe. */
  int ends[2];
  check(CALL1(PIPE, ends) == 0, "a pipe");
  for (int i = 3; i > 0; i--) {
    if (CALL0(FORK) != 0) continue;
    sleepFor(i * 100000000);
    byte one = '0' + i;
    CALL3(WRITE, ends[1], &one, 1);
    end(0);
  }
  byte order[4] = {0};
  for (int i = 0; i < 3; i++) check(CALL3(READ, ends[0], order + i, 1) == 1, "somebody wakes");
  check(order[0] == '1' && order[1] == '2' && order[2] == '3', "in the order of the moments");
  for (int i = 0; i < 3; i++) check(wait(-1) != ERROR(CHILD_ERROR), "three have slept");

  word child = CALL0(FORK);
  if (child == 0) sleepFor(1000ul * SECOND), end(0);
  for (int i = 0; i < 20; i++) CALL0(YIELD);
  check(CALL3(KILL_, child, SIGKILL, 0) == 0 && wait(child) == child && status == SIGKILL, "a sleeper is ended");
  child = CALL0(FORK);
  if (child == 0) of = (Time){1ul << 62, 0}, CALL3(NANOSLEEP, &of, 0, 0), end(0);
  for (int i = 0; i < 20; i++) CALL0(YIELD);
  check(CALL3(KILL_, child, SIGKILL, 0) == 0 && wait(child) == child && status == SIGKILL, "who sleeps for ever, too");

  check(CALL1(ALARM, 100) == 0 && CALL1(ALARM, 0) == 100 && CALL1(ALARM, 0) == 0, "alarm tells what was left");
  word every[4] = {0, 20000, 5, 1}, before[4];
  check(CALL3(SETITIMER, 0, every, 0) == 0 && CALL3(GETITIMER, 0, before, 0) == 0, "setitimer");
  check(before[0] == 0 && before[1] == 20000 && before[2] <= 5, "getitimer tells it");
  every[2] = every[3] = 0;
  check(CALL3(SETITIMER, 0, every, before) == 0 && before[2] <= 5, "and what was before");
  check(CALL3(GETITIMER, 0, before, 0) == 0 && before[2] == 0 && before[3] == 0, "no time takes it back");
  every[3] = 1000000;
  check(CALL3(SETITIMER, 0, every, 0) == ERROR(INVAL), "a second of microseconds: EINVAL");
  check(CALL3(SETITIMER, 1, every, 0) == ERROR(INVAL), "the CPU's time: EINVAL");
  child = CALL0(FORK);
  if (child == 0) {
    word soon[4] = {0, 0, 0, 20000};
    CALL3(SETITIMER, 0, soon, 0);
    for (;;) __asm__ volatile("" ::: "memory");
  }
  check(wait(child) == child && status == SIGALRM, "SIGALRM ends who spins");
  child = CALL0(FORK);
  if (child == 0) {
    word soon[4] = {0, 0, 0, 20000};
    CALL3(SETITIMER, 0, soon, 0);
    sleepFor(1000ul * SECOND);
    end(0);
  }
  check(wait(child) == child && status == SIGALRM, "and who sleeps");
  CALL1(ALARM, 100);
  child = CALL0(FORK);
  if (child == 0) end(CALL1(ALARM, 0) == 0 ? 0 : 1);
  check(wait(child) == child && status == 0 && CALL1(ALARM, 0) > 0, "it is not a child's");

  word used[18], ticks[4];
  while (now(2) < 30000000) CALL0(YIELD);
  check(CALL3(GETRUSAGE, 0, used, 0) == 0 && used[0] * 1000000 + used[1] >= 30000, "getrusage");
  check(CALL3(GETRUSAGE, -1, used, 0) == 0 && used[8] > 0, "of children");
  check(CALL3(GETRUSAGE, 7, used, 0) == ERROR(INVAL) && CALL3(GETRUSAGE, 0, HEAP, 0) == ERROR(FAULT), "or not");
  check(CALL1(TIMES, ticks) > 0 && ticks[0] >= 3 && ticks[1] == 0, "times");
  CALL1(ALARM, 100); /* and ends with it: nothing of it may be left */
  say("time is as Linux has it\n");
  end(0);
}
