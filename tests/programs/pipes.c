/* Pipes, and waiting at them, as Linux has them. */
#include "check.h"

enum { AGAIN = 11, BADF = 9, FAULT = 14, INVAL = 22, SPIPE = 29, BROKEN = 32, NONBLOCK = 04000, CLOEXEC = 02000000 };
enum { ALL = 65536, ATOMIC = 4096, IN = 1, OUT = 4, ERR = 8, HUP = 16, NVAL = 32 };
#define HEAP 0x444444440000
#define UPPER 0xffffffff80100000

static struct pollfd { int fd; short wanted, found; } polled[3];
static byte buffer[2 * ALL];
static int ends[2];

static void openPipe(word flags) { check(CALL3(PIPE2, ends, flags, 0) == 0, "a pipe can be had"); }
static void closePipe(void) { CALL1(CLOSE, ends[0]), CALL1(CLOSE, ends[1]); }
static word put(word count) { return CALL3(WRITE, ends[1], buffer, count); }
static word get(word count) { return CALL3(READ, ends[0], buffer, count); }
static void await(word code, const char *what) {
  int status;
  check(CALL3(WAIT4, -1, &status, 0) < 1000 && status == (int)code << 8, what);
}

static void alone(void) {
  check(CALL3(PIPE2, ends, 1, 0) == ERROR(INVAL) && CALL1(PIPE, HEAP) == ERROR(FAULT), "pipe2 refuses");
  check(CALL1(PIPE, 0) == ERROR(FAULT) && CALL1(DUP, 1) == 3 && CALL1(CLOSE, 3) == 0, "and nothing is open then");
  openPipe(NONBLOCK | CLOEXEC);
  check(ends[0] == 3 && ends[1] == 4 && CALL3(FCNTL, 3, 1, 0) == 1 && CALL3(FCNTL, 4, 3, 0) == (1 | NONBLOCK), "flags");
  check(get(1) == ERROR(AGAIN), "an empty one has nothing yet");
  check(put(0) == 0 && get(0) == 0, "nothing can be written and read");
  check(CALL3(READ, 4, buffer, 1) == ERROR(BADF) && CALL3(WRITE, 3, "x", 1) == ERROR(BADF), "each end has one way");
  check(put(2 * ALL) == ALL && put(1) == ERROR(AGAIN), "64 KiB and no more");
  check(get(ATOMIC - 1) == ATOMIC - 1 && put(ATOMIC) == ERROR(AGAIN), "what is not to be divided is not");
  check(get(1) == 1 && put(ATOMIC) == ATOMIC, "and goes when it has room");
  check(get(2 * ALL) == ALL && get(1) == ERROR(AGAIN), "all is read");
  check(CALL3(LSEEK, 3, 0, 0) == ERROR(SPIPE), "a pipe has no place");
  word mode[18];
  check(CALL3(FSTAT, 3, mode, 0) == 0 && (unsigned)mode[3] == 010600, "it is a FIFO");
  check(CALL3(WRITE, 4, HEAP, 1) == ERROR(FAULT) && CALL3(WRITE, 4, UPPER, 9) == ERROR(FAULT), "the kernel's is not");
  byte *page = (byte *)call6(MMAP, 0, 8192, 3, 0x22, -1, 0);
  CALL3(MUNMAP, page + 4096, 4096, 0);
  check(CALL3(WRITE, 4, page + 4096, 1) == ERROR(FAULT), "written: a bad first byte");
  check(CALL3(WRITE, 4, page + 4087, 10) == ERROR(FAULT), "a bad last byte");
  check(CALL3(WRITE, 4, page + 1, 4096) == ERROR(FAULT) && get(1) == ERROR(AGAIN), "over a page's end: none of it");
  check(CALL3(WRITE, 4, page, 4096) == 4096, "what is the program's goes");
  check(CALL3(READ, 3, page + 4096, 1) == ERROR(FAULT) && CALL3(READ, 3, HEAP, 1) == ERROR(FAULT), "read: the same");
  check(CALL3(READ, 3, UPPER, 1) == ERROR(FAULT) && CALL3(READ, 3, page + 1, 4096) == ERROR(FAULT), "everywhere");
  check(CALL3(READ, 3, page, 4096) == 4096, "and no byte is lost");
  struct { const void *at; word size; } parts[2] = {{"ab", 2}, {"cd", 2}};
  check(CALL3(WRITEV, 4, parts, 2) == 4, "parts are written");
  parts[0].at = buffer, parts[1].at = buffer + 2, parts[1].size = 9;
  check(CALL3(READV, 3, parts, 2) == 4 && buffer[3] == 'd', "and read, as far as they are there");
  unsigned count = 0;
  check(put(7) == 7 && CALL3(IOCTL, 3, 0x541b, &count) == 0 && count == 7 && get(9) == 7, "FIONREAD counts");
  CALL1(CLOSE, 3);
  closePipe();
}

static void polls(void) {
  openPipe(0);
  polled[0] = (struct pollfd){ends[0], IN, 0}, polled[1] = (struct pollfd){ends[1], OUT, 0};
  polled[2] = (struct pollfd){-1, IN, 7};
  check(CALL3(POLL, polled, 3, 0) == 1 && polled[0].found == 0 && polled[1].found == OUT, "room, and nothing to read");
  check(polled[2].found == 0, "one below 0 is left out");
  struct { void *at; word size; } parts[2] = {{buffer, 2}, {buffer + 2, 9}};
  check(put(2) == 2 && CALL3(READV, ends[0], parts, 2) == 2, "readv does not wait for more than something");
  put(1);
  check(CALL3(POLL, polled, 3, -1) == 2 && polled[0].found == IN, "something to read");
  check(CALL3(WRITE, ends[1], buffer, ALL - ATOMIC) == ALL - ATOMIC, "until there is no room");
  check(CALL3(POLL, polled, 3, 0) == 1 && polled[1].found == 0, "room is what a whole write needs");
  polled[2].fd = 77;
  check(CALL3(POLL, polled, 3, 0) == 2 && polled[2].found == NVAL, "what is not open is told");
  check(CALL3(POLL, polled, 449, 0) == ERROR(INVAL) && CALL3(POLL, HEAP, 1, 0) == ERROR(FAULT), "poll refuses");
  get(ALL);
  CALL1(CLOSE, ends[1]);
  polled[0].wanted = 0;
  check(CALL3(POLL, polled, 1, -1) == 1 && polled[0].found == HUP, "the last writer has gone");
  check(get(1) == 0, "which is the end of the file");
  CALL1(CLOSE, ends[0]);
  openPipe(0);
  CALL1(CLOSE, ends[0]);
  polled[0].fd = ends[1];
  check(CALL3(POLL, polled, 1, -1) == 1 && polled[0].found == ERR, "the last reader has gone");
  CALL1(CLOSE, ends[1]);
}

/* A child writes more than fits while its parent reads, then less than is asked for, then ends. */
static void together(void) {
  openPipe(0);
  if (CALL0(FORK) == 0) {
    CALL1(CLOSE, ends[0]);
    for (int i = 0; i < 2 * ALL; i++) buffer[i] = i % 251;
    check(put(2 * ALL) == 2 * ALL, "a writer waits for room");
    end(0);
  }
  CALL1(CLOSE, ends[1]);
  word have = 0;
  for (word n; (n = CALL3(READ, ends[0], buffer, 1000)) != 0; have += n) {
    for (word i = 0; i < n; i++) check(buffer[i] == (have + i) % 251, "bytes come in their order");
  }
  check(have == 2 * ALL, "and all of them");
  CALL1(CLOSE, ends[0]);
  await(0, "the writer has come to its end");
}

/* A poll that waits for nothing ends when its time has come, and an interval of nonsense is none. */
static void patience(void) {
  struct { word seconds, nanoseconds; } time = {0, 20000000};
  openPipe(0);
  polled[0] = (struct pollfd){ends[0], IN, 9};
  check(CALL3(POLL, polled, 1, 20) == 0 && polled[0].found == 0, "poll waits for 20 ms");
  check(call6(PPOLL, (word)polled, 1, (word)&time, 0, 8, 0) == 0, "and so does ppoll");
  time.nanoseconds = 1000000000;
  check(call6(PPOLL, (word)polled, 1, (word)&time, 0, 8, 0) == ERROR(INVAL), "a second has no more nanoseconds");
  check(call6(PPOLL, (word)polled, 1, HEAP, 0, 8, 0) == ERROR(FAULT), "and the time is the program's");
  closePipe();
}

/* Who polls is woken by who writes; by who closes, too. */
static void woken(void) {
  openPipe(0);
  if (CALL0(FORK) == 0) {
    polled[0] = (struct pollfd){ends[0], IN, 0};
    CALL1(CLOSE, ends[1]);
    check(CALL3(POLL, polled, 1, -1) == 1 && polled[0].found == IN && get(9) == 3, "a byte wakes who polls");
    check(call6(PPOLL, (word)polled, 1, 0, 0, 8, 0) == 1 && polled[0].found == HUP, "and so does the end");
    end(5);
  }
  for (int i = 0; i < 3; i++) CALL0(YIELD);
  put(3);
  for (int i = 0; i < 3; i++) CALL0(YIELD);
  closePipe();
  await(5, "the child was told");
}

/* Of two who write, 1000 times each, what must not be divided is not. */
static void atomic(void) {
  enum { TIMES = 40, SIZE = 3000 };
  openPipe(0);
  for (int who = 1; who <= 2; who++) {
    if (CALL0(FORK) != 0) continue;
    for (int i = 0; i < SIZE; i++) buffer[i] = who;
    struct { const void *at; word size; } parts[2] = {{buffer, 1000}, {buffer, SIZE - 1000}};
    for (int i = 0; i < TIMES; i++) check(CALL3(WRITEV, ends[1], parts, 2) == SIZE, "a writer waits for room");
    end(0);
  }
  CALL1(CLOSE, ends[1]);
  int seen = 0, who = 0;
  for (word n; (n = get(777)) != 0;) {
    for (word i = 0; i < n; i++, seen++) {
      if (seen % SIZE == 0) who = buffer[i];
      check(buffer[i] == who, "writes are not mixed");
    }
  }
  check(seen == 2 * TIMES * SIZE, "and none is lost");
  CALL1(CLOSE, ends[0]);
  await(0, "one has come to its end");
  await(0, "and the other");
}

_Noreturn void start(word *stack) {
  (void)stack;
  alone();
  polls();
  together();
  patience();
  woken();
  atomic();
  say("pipes are as Linux has them\n");
  end(0);
}
