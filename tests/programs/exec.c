/* execve, vfork, clone and wait: itself again, as its first argument says, and others. */
#include "check.h"

enum { CLONE = 56, VFORK = 58, EXECVE = 59, GETPPID_ = 110, SETPGID = 109, GETPGID = 121, WAITID = 247, KILL_ = 62,
       GETTID = 186, DUP2_ = 33 };
enum { SIGKILL = 9, SIGSTOP = 19, SIGCONT = 18 };
static int status;
static volatile int shared;
static byte big[140000];
static byte stack2[8192] __attribute__((aligned(16)));

static int same(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}
static word wait(word pid) { return call6(WAIT4, pid, (word)&status, 0, 0, 0, 0); }

/* vfork in C: the child returns on the parent's stack, so the call and what the child does are one piece. */
static word vforkExec(const char *path, char *const *argv) {
  word child;
  __asm__ volatile(
      "syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\t"
      "incl %[shared]\n\tmov $59, %%eax\n\tsyscall\n\tmov $60, %%eax\n\tmov $99, %%edi\n\tsyscall\n1:"
      : "=a"(child), [shared] "+m"(shared)
      : "a"(VFORK), "D"(path), "S"(argv), "d"(0)
      : "rcx", "r11", "memory");
  return child;
}

static void again(word *stack) {
  const char *what = (const char *)stack[2];
  if (same(what, "echo")) {
    for (word i = 3; i <= stack[0]; i++) say((const char *)stack[i]), say("\n");
    char **envp = (char **)(stack + stack[0] + 2);
    for (; *envp; envp++) say(*envp), say("\n");
    end(5);
  }
  if (same(what, "count")) end(stack[0] == 2 ? 0 : 1);
  if (same(what, "closed")) end(CALL3(WRITE, 9, "", 0) == ERROR(9) && CALL3(WRITE, 8, "", 0) == 0 ? 0 : 1);
  if (same(what, "sse")) {
    word low;
    __asm__ volatile("movq %%xmm5, %0" : "=r"(low));
    unsigned csr;
    __asm__ volatile("stmxcsr %0" : "=m"(csr));
    end(low == 0 && csr == 0x1f80 ? 0 : 1);
  }
}

_Noreturn void start(word *stack) {
  if (stack[0] > 1) again(stack);
  char *echo[] = {"exec", "echo", "one", "two three", 0};
  char *environment[] = {"HOME=/", "A=b", 0};
  word child = CALL0(FORK);
  if (child == 0) CALL3(EXECVE, "/bin/exec", echo, environment), end(1);
  check(wait(child) == child && status == 5 << 8, "a module by name, wherever it says that it is");
  char *count[] = {"x", "count", 0};
  child = CALL0(FORK);
  if (child == 0) {
    __asm__ volatile("mov $1, %%eax\n\tmovq %%rax, %%xmm5" ::: "rax", "xmm5");
    CALL3(EXECVE, "/proc/self/exe", count, 0), end(1);
  }
  check(wait(child) == child && status == 0, "/proc/self/exe is oneself");
  char *hello[] = {"hello", "from exec", 0};
  child = CALL0(FORK);
  if (child == 0) CALL3(EXECVE, "hello", hello, 0), end(1);
  check(wait(child) == child && status == 0, "another one");
  char *closed[] = {"exec", "closed", 0};
  child = CALL0(FORK);
  if (child == 0) {
    CALL3(DUP2_, 1, 8, 0);
    CALL3(292, 1, 9, 02000000);
    CALL3(EXECVE, "exec", closed, 0), end(1);
  }
  check(wait(child) == child && status == 0, "what is to be closed is");
  char *sse[] = {"exec", "sse", 0};
  child = CALL0(FORK);
  if (child == 0) {
    unsigned csr = 0x9fc0;
    __asm__ volatile("mov $1, %%eax\n\tmovq %%rax, %%xmm5\n\tldmxcsr %0" ::"m"(csr) : "rax", "xmm5");
    CALL3(EXECVE, "exec", sse, 0), end(1);
  }
  check(wait(child) == child && status == 0, "registers are a new program's");

  check(CALL3(EXECVE, "nobody", echo, 0) == ERROR(2), "nobody's name: ENOENT");
  check(CALL3(EXECVE, "", echo, 0) == ERROR(2), "no name: ENOENT");
  check(CALL3(EXECVE, "/", echo, 0) == ERROR(13), "a folder: EACCES");
  check(CALL3(EXECVE, "text", echo, 0) == ERROR(8), "no program: ENOEXEC");
  check(CALL3(EXECVE, 8, echo, 0) == ERROR(14), "a name that cannot be read: EFAULT");
  check(CALL3(EXECVE, "exec", 8, 0) == ERROR(14), "arguments that cannot: EFAULT");
  char *wrong[] = {"exec", (char *)0xffff800000000000, 0};
  check(CALL3(EXECVE, "exec", wrong, 0) == ERROR(14), "the kernel's: EFAULT");
  check(CALL3(EXECVE, "exec", echo, -8) == ERROR(14), "and an environment at the end of all: EFAULT");
  for (word i = 0; i < sizeof big - 1; i++) big[i] = 'x';
  char *many[] = {"exec", (char *)big, 0};
  check(CALL3(EXECVE, "exec", many, 0) == ERROR(7), "too much: E2BIG");
  big[100000] = 0;
  char *twice[] = {"exec", (char *)big, (char *)big, 0};
  check(CALL3(EXECVE, "exec", twice, 0) == ERROR(7), "too much in parts: E2BIG");

  shared = 0;
  char *const selfCount[] = {"exec", "count", 0};
  child = vforkExec("exec", selfCount);
  check(shared == 1, "vfork: the child has the parent's memory, and has left it");
  check(wait(child) == child && status == 0, "and its own afterwards");
  child = vforkExec("nobody", selfCount);
  check(shared == 2 && wait(child) == child && status == 99 << 8, "or it has ended");

  int tidParent = 0, tidChild = 0;
  child = call6(CLONE, 0x1300011, 0, (word)&tidParent, (word)&tidChild, 0, 0);
  if (child == 0) end((word)tidChild == CALL0(GETPID) && tidParent == 0 ? 3 : 4);
  check((word)tidParent == child && tidChild == 0, "clone tells the parent in its memory, the child in its own");
  check(wait(child) == child && status == 3 << 8, "and it was so");
  word *top = (word *)(stack2 + sizeof stack2 - 16);
  __asm__ volatile(
      "syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\tmov %%rsp, %%rdi\n\tmov %%rdi, (%%rdi)\n\t"
      "mov $60, %%eax\n\tmov $7, %%edi\n\tsyscall\n1:"
      : "=a"(child)
      : "a"(CLONE), "D"(0x4111), "S"(top), "d"(0)
      : "rcx", "r11", "memory");
  check(*top == (word)top, "with VM and VFORK it has a stack of its own in the same memory");
  check(wait(child) == child && status == 7 << 8, "and ends");
  check(call6(CLONE, 0x111, (word)top, 0, 0, 0, 0) == ERROR(22), "memory shared by two that run: EINVAL");
  check(call6(CLONE, 0x10f11, (word)top, 0, 0, 0, 0) == ERROR(22), "threads: EINVAL");
  check(call6(CLONE, 0, 0, 0, 0, 0, 0) == ERROR(22), "no signal at the end: EINVAL");
  check(call6(CLONE, 0x80011, 0, 0, 0, 1ul << 63, 0) == ERROR(1), "a thread's base that is nowhere: EPERM");

  word first = CALL0(FORK);
  if (first == 0) end(1);
  word second = CALL0(FORK);
  if (second == 0) {
    CALL3(SETPGID, 0, 0, 0);
    shared++; /* a page of its own, at the cost of a fault */
    for (;;) CALL0(YIELD);
  }
  check(CALL3(SETPGID, second, second, 0) == 0 && CALL1(GETPGID, second) == second, "a group of its own");
  check(wait(0) == first && status == 1 << 8, "of one's own group");
  check(CALL3(WAIT4, 0, &status, 0) == ERROR(10), "there is no other: ECHILD");
  check(CALL3(WAIT4, -(long)second, &status, 1) == 0, "of the other there is, and it lives");
  check(CALL3(WAIT4, -1, &status, 64) == ERROR(22), "options that there are not: EINVAL");
  CALL3(KILL_, -(long)second, SIGSTOP, 0);
  check(CALL3(WAIT4, -(long)second, &status, 2) == second && status == ((SIGSTOP << 8) | 0x7f), "it stops");
  check(CALL3(WAIT4, second, &status, 3) == 0, "which is told once");
  CALL3(KILL_, second, SIGCONT, 0);
  int info[32];
  check(call6(WAITID, 1, second, (word)info, 8, 0, 0) == 0 && info[2] == 6 && info[6] == SIGCONT, "it goes on");
  CALL3(KILL_, second, SIGKILL, 0);
  check(call6(WAITID, 2, second, (word)info, 0x1000004, 0, 0) == 0 && (word)info[4] == second, "waitid tells");
  check(info[0] == 17 && info[2] == 2 && info[6] == SIGKILL, "how it ended, and leaves it");
  word usage[18];
  usage[0] = usage[1] = -1;
  check(call6(WAIT4, second, (word)&status, 0, (word)usage, 0, 0) == second && status == SIGKILL, "for wait4");
  check(usage[0] < 100 && usage[1] < 1000000 && usage[8] > 0, "which tells what it used");
  check(call6(WAITID, 0, 0, (word)info, 4, 0, 0) == ERROR(10), "and then there is none: ECHILD");
  check(call6(WAITID, 0, 0, (word)info, 0, 0, 0) == ERROR(22), "waiting for nothing: EINVAL");
  check(call6(WAITID, 9, 0, (word)info, 4, 0, 0) == ERROR(22), "for nobody: EINVAL");

  word parent = CALL0(GETPID);
  child = CALL0(FORK);
  if (child == 0) {
    word grandchild = CALL0(FORK);
    if (grandchild != 0) end(0);
    while (CALL0(GETPPID_) != 0) CALL0(YIELD);
    say("an orphan has no parent\n");
    end(0);
  }
  check(wait(child) == child && status == 0 && CALL0(GETPID) == parent, "a child that leaves one behind");
  for (int i = 0; i < 100; i++) CALL0(YIELD);
  say("programs are as Linux has them\n");
  end(0);
}
