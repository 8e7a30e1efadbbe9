/* mremap, madvise, mincore, msync, mlock as Linux has them. */
#include "check.h"

enum { MAYMOVE = 1, TO = 2, DONTUNMAP = 4, BOTH = 3 };

static word remap(word at, word before, word after, word flags, word to) {
  return call6(MREMAP, at, before, after, flags, to, 0);
}
static word filled(word count, word flags) {
  word at = map(0, count * PAGE, BOTH, flags);
  for (word i = 0; i < count; i++) AT(at + i * PAGE) = i + 1;
  return at;
}
static int holds(word at, word count) {
  for (word i = 0; i < count; i++) {
    if (AT(at + i * PAGE) != (byte)(i + 1)) return 0;
  }
  return 1;
}

static void moves(void) {
  word at = filled(4, PRIVATE);
  check(remap(at, 4 * PAGE, 2 * PAGE, 0, 0) == at && holds(at, 2), "it shrinks where it is");
  check(endOf(readByte, at + 2 * PAGE) == 11, "and the rest is gone");
  check(remap(at, 2 * PAGE, 3 * PAGE, 0, 0) == at && holds(at, 2) && AT(at + 2 * PAGE) == 0, "it grows where it is");
  map(at + 3 * PAGE, PAGE, 1, PRIVATE | NOREPLACE);
  check(remap(at, 3 * PAGE, 5 * PAGE, 0, 0) == ERROR(12), "it cannot grow over another: ENOMEM");
  word to = remap(at, 3 * PAGE, 5 * PAGE, MAYMOVE, 0);
  check(to != at && to < ERROR(4096) && holds(to, 2) && AT(to + 4 * PAGE) == 0, "but it may move, and grow");
  check(endOf(readByte, at) == 11, "and the old place is nobody's");
  AT(to) = 1;
  at = filled(700, PRIVATE); /* over more than one table */
  word place = map(0, 800 * PAGE, BOTH, PRIVATE) + 3 * PAGE;
  AT(place - PAGE) = 77;
  AT(place) = 99;
  check(remap(at, 700 * PAGE, 650 * PAGE, MAYMOVE | TO, place) == place, "to a fixed place");
  check(holds(place, 650) && AT(place - PAGE) == 77 && AT(place + 650 * PAGE) == 0, "which is replaced, and no more");
  check(endOf(readByte, at + 699 * PAGE) == 11, "and the old one is gone to its end");
  word child = CALL0(FORK);
  if (child == 0) {
    word moved = remap(place, 650 * PAGE, 651 * PAGE, MAYMOVE | TO, place + 2048 * PAGE);
    AT(moved + PAGE) = 3;
    end(moved == place + 2048 * PAGE && AT(moved + 2 * PAGE) == 3 ? 4 : 5);
  }
  int status;
  CALL3(WAIT4, child, &status, 0);
  check(status == 4 << 8 && holds(place, 650), "what a fork shares moves in one alone");
}

static void keeps(void) {
  word at = filled(3, PRIVATE);
  word to = remap(at, 3 * PAGE, 3 * PAGE, MAYMOVE | DONTUNMAP, 0);
  check(to != at && holds(to, 3), "DONTUNMAP moves the pages");
  check(AT(at) == 0 && AT(at + 2 * PAGE) == 0, "and leaves the place");
  AT(at) = 9;
  check(AT(to) == 1, "which is another's now");
  at = filled(2, SHARED);
  to = remap(at, 0, 2 * PAGE, MAYMOVE, 0);
  check(holds(to, 2) && holds(at, 2), "no size: shared memory is mapped once more");
  AT(to) = 8;
  check(AT(at) == 8, "the same");
  word own = filled(2, PRIVATE);
  check(remap(own, 0, 2 * PAGE, MAYMOVE, 0) == ERROR(22), "private memory is not: EINVAL");
}

static void refusals(void) {
  word at = filled(4, PRIVATE);
  check(remap(at, PAGE, 0, MAYMOVE, 0) == ERROR(22), "to nothing: EINVAL");
  check(remap(at + 1, PAGE, PAGE, MAYMOVE, 0) == ERROR(22), "misaligned: EINVAL");
  check(remap(at, PAGE, PAGE, 8, 0) == ERROR(22), "a flag that nobody knows: EINVAL");
  check(remap(at, PAGE, PAGE, TO, at + 64 * PAGE) == ERROR(22), "fixed and not to move: EINVAL");
  check(remap(at, 2 * PAGE, 2 * PAGE, MAYMOVE | TO, at + PAGE) == ERROR(22), "over itself: EINVAL");
  check(remap(at, PAGE, 2 * PAGE, MAYMOVE | DONTUNMAP, 0) == ERROR(22), "DONTUNMAP and another size: EINVAL");
  check(remap(at, PAGE, PAGE, MAYMOVE | TO, 0x444444440000) == ERROR(22), "to the kernel's heap: EINVAL");
  check(remap(at, PAGE, PAGE, MAYMOVE | TO, 0xffff800000000000) == ERROR(22), "to its half: EINVAL");
  check(remap(0xffff800000000000, PAGE, PAGE, MAYMOVE, 0) == ERROR(14), "from its half: EFAULT");
  check(remap(at + 64 * PAGE, PAGE, 2 * PAGE, MAYMOVE, 0) == ERROR(14), "from nowhere: EFAULT");
  check(CALL3(MPROTECT, at + PAGE, PAGE, 1) == 0, "mprotect");
  check(remap(at, 3 * PAGE, 9 * PAGE, MAYMOVE, 0) == ERROR(14), "two regions: EFAULT");
  check(remap(at, PAGE, 1ul << 46, MAYMOVE, 0) == ERROR(12), "no room: ENOMEM");
  CALL3(MPROTECT, at + PAGE, PAGE, 3);
  check(holds(at, 4), "and nothing has changed");
}

static void advice(void) {
  byte there[4];
  word at = filled(4, PRIVATE);
  check(CALL3(MADVISE, at + PAGE, PAGE, 4) == 0 && AT(at + PAGE) == 0, "DONTNEED: zero again");
  check(AT(at) == 1 && AT(at + 2 * PAGE) == 3, "and its neighbours as they were");
  check(CALL3(MADVISE, at, PAGE, 8) == 0, "FREE");
  for (word hint = 0; hint < 4; hint++) check(CALL3(MADVISE, at, 4 * PAGE, hint) == 0, "hints");
  for (word hint = 12; hint < 18; hint++) check(CALL3(MADVISE, at, 4 * PAGE, hint) == 0, "more hints");
  check(CALL3(MADVISE, at, 4 * PAGE, 20) == 0 && CALL3(MADVISE, at, 4 * PAGE, 21) == 0, "COLD, PAGEOUT");
  check(CALL3(MADVISE, at, PAGE, 99) == ERROR(22) && CALL3(MADVISE, at, PAGE, 9) == ERROR(22), "others: EINVAL");
  check(CALL3(MADVISE, at + 1, PAGE, 4) == ERROR(22), "misaligned: EINVAL");
  check(CALL3(MADVISE, 0xffff800000000000, PAGE, 4) == ERROR(12), "the kernel's: ENOMEM");
  word more = map(0, 4 * PAGE, BOTH, PRIVATE);
  check(CALL3(MADVISE, more, 2 * PAGE, 23) == 0 && CALL3(MADVISE, more + 2 * PAGE, PAGE, 22) == 0, "POPULATE");
  check(CALL3(MINCORE, more, 4 * PAGE, there) == 0 && there[0] && there[1] && there[2] && !there[3], "they are there");
  CALL3(MPROTECT, more, PAGE, 1);
  check(CALL3(MADVISE, more, PAGE, 23) == ERROR(22), "to be written where it may not: EINVAL");
  CALL3(MUNMAP, more + PAGE, PAGE, 0);
  check(CALL3(MADVISE, more, 4 * PAGE, 4) == ERROR(12), "over a hole: ENOMEM, and the rest was advised");
  check(CALL3(MINCORE, more + 2 * PAGE, PAGE, there) == 0 && there[0] == 0, "it was");
  check(CALL3(MINCORE, more, 4 * PAGE, there) == ERROR(12), "mincore over a hole: ENOMEM");
  check(CALL3(MINCORE, more, PAGE, 0x444444440000) == ERROR(14), "to the kernel's heap: EFAULT");
  check(CALL3(MINCORE, more + 1, PAGE, there) == ERROR(22), "misaligned: EINVAL");
  at = filled(2, SHARED);
  check(CALL3(MADVISE, at, 2 * PAGE, 4) == 0 && holds(at, 2), "shared memory is there after DONTNEED");
  check(CALL3(MADVISE, at, PAGE, 8) == ERROR(22), "and is not FREE: EINVAL");
  at = filled(2, PRIVATE);
  check(CALL3(MADVISE, at, PAGE, 18) == 0 && CALL3(MADVISE, at + PAGE, PAGE, 10) == 0, "WIPEONFORK, DONTFORK");
  word child = CALL0(FORK);
  if (child == 0) end(AT(at) == 0 && endOf(readByte, at + PAGE) == 11 ? 6 : 7);
  int status;
  CALL3(WAIT4, child, &status, 0);
  check(status == 6 << 8 && holds(at, 2), "a child has it empty, and the other not at all");
}

static void syncs(void) {
  word at = filled(2, SHARED);
  check(CALL3(MSYNC, at, 2 * PAGE, 4) == 0 && CALL3(MSYNC, at, 2 * PAGE, 1) == 0, "msync");
  check(CALL3(MSYNC, at, PAGE, 5) == ERROR(22) && CALL3(MSYNC, at, PAGE, 8) == ERROR(22), "at once and not: EINVAL");
  check(CALL3(MSYNC, at + 1, PAGE, 4) == ERROR(22), "misaligned: EINVAL");
  check(CALL3(MSYNC, at, 512 * PAGE, 4) == ERROR(12), "over a hole: ENOMEM");
  check(CALL3(MLOCK, at, PAGE, 0) == 0 && CALL3(MSYNC, at, PAGE, 2) == ERROR(16), "what is locked: EBUSY");
}

static void locks(void) {
  byte there[4];
  word at = map(0, 4 * PAGE, BOTH, PRIVATE);
  check(CALL3(MLOCK, at + 5, PAGE, 0) == 0, "mlock");
  check(CALL3(MINCORE, at, 4 * PAGE, there) == 0 && there[0] && there[1] && !there[2], "the pages are there");
  check(CALL3(MADVISE, at, PAGE, 4) == ERROR(22), "and cannot be given up: EINVAL");
  check(CALL3(MUNLOCK, at, 4 * PAGE, 0) == 0 && CALL3(MADVISE, at, PAGE, 4) == 0, "until they are unlocked");
  check(CALL3(MLOCK2, at + 2 * PAGE, PAGE, 1) == 0, "mlock2 on fault");
  check(CALL3(MINCORE, at, 4 * PAGE, there) == 0 && !there[2], "brings nothing");
  check(CALL3(MLOCK2, at, PAGE, 2) == ERROR(22), "a flag that nobody knows: EINVAL");
  check(CALL3(MLOCK, at, 512 * PAGE, 0) == ERROR(12), "over a hole: ENOMEM");
  check(CALL3(MLOCK, 0x444444440000, PAGE, 0) == ERROR(12), "the kernel's heap: ENOMEM");
  check(CALL3(MLOCK, 0xfffffffffffff000, PAGE, 0) == ERROR(12), "the kernel's half: ENOMEM");
  word large = map(0, 2049 * PAGE, BOTH, PRIVATE);
  check(CALL3(MLOCK, large, 2049 * PAGE, 0) == ERROR(12), "more than 8 MiB: ENOMEM");
  check(CALL3(MLOCKALL, 1, 0, 0) == ERROR(12), "nor all of it");
  CALL3(MUNMAP, large, 2049 * PAGE, 0);
  check(CALL3(MLOCKALL, 0, 0, 0) == ERROR(22) && CALL3(MLOCKALL, 4, 0, 0) == ERROR(22), "nothing: EINVAL");
  check(CALL3(MLOCKALL, 2, 0, 0) == 0, "what is to come");
  word next = map(0, 2 * PAGE, BOTH, PRIVATE);
  check(CALL3(MINCORE, next, 2 * PAGE, there) == 0 && there[0] && there[1], "is there at once");
  check(map(0, 2049 * PAGE, BOTH, PRIVATE) == ERROR(12), "or not at all");
  check(CALL0(MUNLOCKALL) == 0 && map(0, 2049 * PAGE, BOTH, PRIVATE) < ERROR(4096), "until munlockall");
}

_Noreturn void start(word *stack) {
  (void)stack;
  moves();
  keeps();
  refusals();
  advice();
  syncs();
  locks();
  say("mremap, madvise and mlock are as Linux has them\n");
  end(0);
}
