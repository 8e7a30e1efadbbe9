/* Signals that nobody handles: what they do to whom, and what wait4 tells. */
#include "check.h"

enum { SIGKILL = 9, SIGUSR1 = 10, SIGTERM = 15, SIGCHLD = 17, SIGCONT = 18, SIGSTOP = 19 };
static int status;

static word spinner(void) {
  word child = CALL0(FORK);
  if (child != 0) return child;
  for (;;) __asm__ volatile("" ::: "memory");
}
static word sleeper(void) { /* waits for a child that never ends */
  word child = CALL0(FORK);
  if (child != 0) return child;
  word spins = spinner();
  CALL3(WAIT4, spins, 0, 0);
  end(1);
}
static void pause(void) {
  for (int i = 0; i < 50; i++) CALL0(YIELD);
}

_Noreturn void start(word *stack) {
  (void)stack;
  word child = spinner();
  check(CALL3(KILL, child, 0, 0) == 0, "signal 0 asks whether it is there");
  check(CALL3(KILL, child, SIGTERM, 0) == 0, "and SIGTERM is sent");
  check(CALL3(WAIT4, child, &status, 0) == child && status == SIGTERM, "who spins is ended");
  check(CALL3(KILL, child, 0, 0) == ERROR(3), "then it is not there: ESRCH");
  check(CALL3(KILL, CALL0(GETPID), 65, 0) == ERROR(22), "there is no signal 65: EINVAL");
  check(CALL3(KILL, 99999, SIGTERM, 0) == ERROR(3), "nor such a process: ESRCH");
  check(CALL3(KILL, -99999, SIGTERM, 0) == ERROR(3), "nor such a group: ESRCH");

  child = sleeper();
  pause();
  check(CALL3(KILL, child, SIGKILL, 0) == 0, "SIGKILL to who sleeps");
  check(CALL3(WAIT4, child, &status, 0) == child && status == SIGKILL, "it is woken for its end");
  check(CALL3(KILL, -1, SIGKILL, 0) == 0, "to all others: the one whose parent has ended");
  pause();
  check(CALL3(KILL, -1, SIGKILL, 0) == ERROR(3), "and then there is no other");

  child = spinner();
  check(CALL3(KILL, child, SIGCHLD, 0) == 0 && CALL3(KILL, child, SIGCONT, 0) == 0, "signals that do nothing");
  pause();
  check(CALL3(WAIT4, child, &status, 1) == 0, "do nothing");
  check(CALL3(TKILL, child, SIGUSR1, 0) == 0, "to a thread");
  check(CALL3(WAIT4, child, &status, 0) == child && status == SIGUSR1, "which is the process");
  child = spinner();
  check(CALL3(TGKILL, child + 1, child, SIGUSR1) == ERROR(3), "a thread of another group is none: ESRCH");
  check(CALL3(TGKILL, child, child, SIGUSR1) == 0, "of its own it is one");
  check(CALL3(WAIT4, child, &status, 0) == child && status == SIGUSR1, "and is ended");

  child = spinner();
  check(CALL3(KILL, child, SIGSTOP, 0) == 0, "SIGSTOP");
  pause();
  check(CALL3(KILL, child, SIGTERM, 0) == 0, "SIGTERM to who is stopped");
  pause();
  check(CALL3(WAIT4, child, &status, 1) == 0, "waits");
  check(CALL3(KILL, child, SIGCONT, 0) == 0, "until it goes on");
  check(CALL3(WAIT4, child, &status, 0) == child && status == SIGTERM, "and ends");
  child = spinner();
  check(CALL3(KILL, child, SIGSTOP, 0) == 0, "SIGSTOP again");
  pause();
  check(CALL3(KILL, child, SIGKILL, 0) == 0, "SIGKILL does not wait");
  check(CALL3(WAIT4, child, &status, 0) == child && status == SIGKILL, "for who is stopped");

  say("signals are as Linux has them\n");
  CALL3(KILL, 0, SIGTERM, 0);
  say("and who sends one to its own group is not spared\n");
  end(1);
}
