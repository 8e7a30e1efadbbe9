/* System calls of Linux on x86-64, for programs that have no C library. */
#pragma once

typedef unsigned long word;
typedef unsigned char byte;

static inline word call6(word number, word a, word b, word c, word d, word e, word f) {
  register word r10 __asm__("r10") = d;
  register word r8 __asm__("r8") = e;
  register word r9 __asm__("r9") = f;
  word answer;
  __asm__ volatile("syscall"
                   : "=a"(answer)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return answer;
}
#define CALL3(number, a, b, c) call6(number, (word)(a), (word)(b), (word)(c), 0, 0, 0)
#define CALL1(number, a) CALL3(number, a, 0, 0)
#define CALL0(number) CALL3(number, 0, 0, 0)

enum { READ = 0, WRITE = 1, OPEN = 2, CLOSE = 3, STAT = 4, FSTAT = 5, POLL = 7, LSEEK = 8, IOCTL = 16, PREAD = 17,
       PWRITE = 18, READV = 19, WRITEV = 20, ACCESS = 21, PIPE = 22, DUP = 32, DUP2 = 33, FCNTL = 72, GETCWD = 79,
       CHDIR = 80, READLINK = 89, UNAME = 63, SYSINFO = 99, PRCTL = 157, PRLIMIT = 302, GETRANDOM = 318,
       RSEQ = 334, OPENAT = 257, NEWFSTATAT = 262, PPOLL = 271, DUP3 = 292, PIPE2 = 293 };
enum { MMAP = 9, MPROTECT = 10, MUNMAP = 11, BRK = 12, YIELD = 24, GETPID = 39, FORK = 57, EXIT = 60,
       WAIT4 = 61, GETPPID = 110 };

enum { MREMAP = 25, MSYNC = 26, MINCORE = 27, MADVISE = 28, SHMGET = 29, SHMAT = 30, SHMCTL = 31, SHMDT = 67,
       FTRUNCATE = 77, MLOCK = 149, MUNLOCK = 150, MLOCKALL = 151, MUNLOCKALL = 152, MEMFD_CREATE = 319, MLOCK2 = 325 };
enum { KILL = 62, TKILL = 200, TGKILL = 234 };

static inline word length(const char *text) {
  word n = 0;
  while (text[n]) n++;
  return n;
}
static inline void say(const char *text) { CALL3(WRITE, 1, text, length(text)); }
static inline void sayNumber(word n) {
  char digits[20];
  int at = 20;
  do digits[--at] = '0' + n % 10; while (n /= 10);
  CALL3(WRITE, 1, digits + at, 20 - at);
}
static inline _Noreturn void end(word code) {
  CALL1(EXIT, code);
  __builtin_unreachable();
}

/* RSP at the start points to the number of arguments; the C function wants it in a register, and the stack aligned. */
_Noreturn void start(word *stack);
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n\tud2");
