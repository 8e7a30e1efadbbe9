/* mmap in all its ways, brk, and mprotect: what is there before, at the ends, and under what grows down. */
#include "check.h"

enum { NONE = 0, READABLE = 1, BOTH = 3, RUN = 5 };
enum { LOW = 0x40, GROWSDOWN = 0x100, NORESERVE = 0x4000, POPULATE = 0x8000 };

static void shared(void) {
  word at = map(0, 3 * PAGE, BOTH, SHARED);
  AT(at) = 1;
  word child = CALL0(FORK);
  if (child == 0) {
    AT(at) = AT(at) + 1;
    AT(at + PAGE) = 7; /* a page that nobody had touched */
    end(0);
  }
  int status;
  CALL3(WAIT4, child, &status, 0);
  check(AT(at) == 2 && AT(at + PAGE) == 7, "what a child writes to shared memory its parent reads");
  check(AT(at + 2 * PAGE) == 0, "and what nobody wrote is zero");
  word own = map(0, PAGE, BOTH, PRIVATE);
  AT(own) = 1;
  check(endOf(writeByte, own) == 0 && AT(own) == 1, "private memory is each one's own");
  check(CALL3(MUNMAP, at + PAGE, PAGE, 0) == 0 && AT(at) == 2, "a part of shared memory goes");
}

static void fixed(void) {
  word at = map(0, 8 * PAGE, BOTH, PRIVATE);
  for (word i = 0; i < 8; i++) AT(at + i * PAGE) = i + 1;
  check(map(at + 2 * PAGE, 3 * PAGE, READABLE, PRIVATE | FIXED) == at + 2 * PAGE, "MAP_FIXED has its place");
  check(AT(at + 2 * PAGE) == 0 && AT(at + 4 * PAGE) == 0, "and replaces what was there");
  check(AT(at + PAGE) == 2 && AT(at + 5 * PAGE) == 6, "but not its neighbours");
  check(endOf(writeByte, at + 2 * PAGE) == 11, "with its own rights");
  check(map(at + 7 * PAGE, 2 * PAGE, BOTH, PRIVATE | NOREPLACE) == ERROR(17), "NOREPLACE replaces nothing: EEXIST");
  check(map(at + 1, PAGE, BOTH, PRIVATE | FIXED) == ERROR(22), "a fixed place begins with a page: EINVAL");
  check(map(at, 2 * PAGE, 7, PRIVATE | FIXED) == ERROR(13) && AT(at) == 1, "what is refused has replaced nothing");
  check(map(0x444444440000, PAGE, BOTH, PRIVATE | FIXED) == ERROR(12), "not over the kernel's heap");
  check(map(0x7fffffffe000, PAGE, BOTH, PRIVATE | FIXED) == ERROR(12), "nor over the end");
  check(map(0x443fffffffff000, PAGE, BOTH, PRIVATE | FIXED) == ERROR(12), "nor beyond");
  check(map(0x7fffffffd000, 2 * PAGE, BOTH, PRIVATE | NOREPLACE) == ERROR(12), "nor in part");
}

static void hints(void) {
  word free = map(0, 4 * PAGE, BOTH, PRIVATE);
  CALL3(MUNMAP, free, 4 * PAGE, 0);
  check(map(free + 5, PAGE, BOTH, PRIVATE) == free + PAGE, "a hint that is free is taken, rounded up");
  word other = map(free + PAGE, PAGE, BOTH, PRIVATE);
  check(other < ERROR(4096) && other != free + PAGE, "one that is not free is only a hint");
  check(map(-PAGE, PAGE, BOTH, PRIVATE) < ERROR(4096), "nor does a mad one harm");
  check(map(0x444444440000, PAGE, BOTH, PRIVATE) < 1ul << 47, "or one at the kernel's heap");
  word low = map(0, PAGE, BOTH, PRIVATE | LOW);
  check(low >= 0x40000000 && low < 0x80000000, "MAP_32BIT is in the second GiB");
}

static void refusals(void) {
  check(map(0, 0, BOTH, PRIVATE) == ERROR(22), "no size: EINVAL");
  check(map(0, PAGE, BOTH, 0x20) == ERROR(22) && map(0, PAGE, BOTH, 0x24) == ERROR(22), "neither kind: EINVAL");
  check(map(0, PAGE, 16, PRIVATE) == ERROR(22), "a right that nobody knows: EINVAL");
  check(mapFile(0, PAGE, BOTH, 2, 77, 0) == ERROR(9), "no file: EBADF");
  check(mapFile(0, PAGE, BOTH, 2, 1, 0) == ERROR(19), "the console cannot be mapped: ENODEV");
  check(mapFile(0, PAGE, BOTH, PRIVATE, -1, 5) == ERROR(22), "a misaligned offset: EINVAL");
  check(map(0, 1ul << 60, BOTH, PRIVATE) == ERROR(12), "no room: ENOMEM");
  check(map(0, (1ul << 47) - PAGE, BOTH, PRIVATE) == ERROR(12), "nor for nearly all: ENOMEM");
  check(map(0, -1, BOTH, PRIVATE) == ERROR(12), "nor for everything: ENOMEM");
  check(map(0, PAGE, BOTH, 0x23 | 0x800000) == ERROR(95), "SHARED_VALIDATE knows its flags: EOPNOTSUPP");
  check(map(0, PAGE, BOTH, 0x23) < ERROR(4096), "and is shared memory");
  check(map(0, 1ul << 38, BOTH, PRIVATE | NORESERVE) < ERROR(4096), "room is not memory");
}

static void populated(void) {
  byte there[3] = {9, 9, 9};
  word at = map(0, 3 * PAGE, BOTH, PRIVATE | POPULATE);
  check(CALL3(MINCORE, at, 3 * PAGE, there) == 0 && there[0] == 1 && there[2] == 1, "MAP_POPULATE brings all pages");
  at = map(0, 3 * PAGE, BOTH, PRIVATE);
  AT(at + PAGE) = 1;
  check(CALL3(MINCORE, at, 3 * PAGE, there) == 0, "mincore");
  check(there[0] == 0 && there[1] == 1 && there[2] == 0, "without it those that are touched come");
}

static void growsDown(void) {
  word other = map(0, PAGE, BOTH, PRIVATE);
  word at = map(0, 2 * PAGE, BOTH, PRIVATE | GROWSDOWN);
  AT(at - PAGE) = 1;
  AT(at - 4 * PAGE) = 2;
  check(AT(at - 3 * PAGE) == 0, "what grows down does so when it is touched");
  check(CALL3(MUNMAP, other, PAGE, 0) == 0, "munmap");
  word below = at - 512 * PAGE;
  check(map(below, PAGE, BOTH, PRIVATE | NOREPLACE) == below, "something lies below");
  check(endOf(writeByte, below + 257 * PAGE) == 0, "up to 256 pages above that it grows");
  check(endOf(writeByte, below + 256 * PAGE) == 11, "and not nearer: the guard gap");
  check(map(0, PAGE, BOTH, SHARED | GROWSDOWN) == ERROR(22), "shared memory does not: EINVAL");
}

static void protection(void) {
  word at = map(0, 6 * PAGE, BOTH, PRIVATE);
  for (word i = 0; i < 6; i++) AT(at + i * PAGE) = i + 1;
  check(CALL3(MPROTECT, at + PAGE, 2 * PAGE, NONE) == 0, "PROT_NONE");
  check(endOf(readByte, at + PAGE) == 11 && endOf(readByte, at) == 0, "nobody may read it");
  check(CALL3(WRITE, 1, at + PAGE, 1) == ERROR(14), "the kernel neither, for this program");
  check(CALL3(MPROTECT, at, 6 * PAGE, READABLE) == 0 && AT(at + PAGE) == 2 && AT(at + 2 * PAGE) == 3, "it was kept");
  check(endOf(writeByte, at + PAGE) == 11, "and is read-only now");
  check(CALL3(MPROTECT, at, 6 * PAGE, BOTH) == 0, "all can be written again");
  AT(at + PAGE) = 9;
  word child = CALL0(FORK);
  if (child == 0) { /* hidden pages are copied on write as others are */
    CALL3(MPROTECT, at, 6 * PAGE, BOTH);
    AT(at + PAGE) = 1;
    end(AT(at + 2 * PAGE));
  }
  int status;
  CALL3(MPROTECT, at, 6 * PAGE, NONE);
  CALL3(WAIT4, child, &status, 0);
  CALL3(MPROTECT, at, 6 * PAGE, BOTH);
  check(status == 3 << 8 && AT(at + PAGE) == 9, "hidden pages over a fork");
  check(CALL3(MPROTECT, at, 6 * PAGE, 7) == ERROR(13), "never writable and executable: EACCES");
  check(CALL3(MPROTECT, at, 6 * PAGE, RUN) == 0, "but one or the other");
  CALL3(MUNMAP, at + 2 * PAGE, PAGE, 0);
  check(CALL3(MPROTECT, at, 6 * PAGE, READABLE) == ERROR(12), "over a hole: ENOMEM");
  check(endOf(writeByte, at) == 11, "and nothing has changed");
  check(CALL3(MUNMAP, at - 16 * PAGE, 64 * PAGE, 0) == 0 || 1, "holes do munmap no harm");
  check(CALL3(MUNMAP, 0xffff800000000000, PAGE, 0) == ERROR(22), "munmap of the kernel's: EINVAL");
  check(CALL3(MPROTECT, 0x444444440000, PAGE, BOTH) == ERROR(12), "mprotect of the kernel's heap: ENOMEM");
}

static void heap(void) {
  word start = CALL1(BRK, 0), page = (start + 4095) & -PAGE;
  check(map(page + 8 * PAGE, PAGE, BOTH, PRIVATE | NOREPLACE) == page + 8 * PAGE, "a mapping above the heap");
  check(CALL1(BRK, page + 6 * PAGE) == page + 6 * PAGE, "the heap grows under it");
  check(CALL1(BRK, page + 7 * PAGE + 1) == page + 6 * PAGE, "a page stays between them");
  check(CALL1(BRK, page + 20 * PAGE) == page + 6 * PAGE, "nor does it grow over it");
  AT(page) = 5;
  AT(page + 5 * PAGE) = 6;
  check(CALL1(BRK, page + PAGE) == page + PAGE && AT(page) == 5, "it shrinks");
  check(endOf(readByte, page + PAGE) == 11, "and what it had is gone");
  check(CALL1(BRK, -PAGE) == page + PAGE && CALL1(BRK, 1ul << 46) == page + PAGE, "no heap is so large");
  check(CALL1(BRK, 0xffff800000000000) == page + PAGE, "nor the kernel's");
}

_Noreturn void start(word *stack) {
  (void)stack;
  shared();
  fixed();
  hints();
  refusals();
  populated();
  growsDown();
  protection();
  heap();
  say("mmap is as Linux has it\n");
  end(0);
}
