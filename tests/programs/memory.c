/* brk, mmap, munmap, mprotect as Linux has them. */
#include "check.h"

_Noreturn void start(word *stack) {
  (void)stack;
  word heap = CALL1(BRK, 0);
  check(CALL1(BRK, heap + 10000) == heap + 10000, "brk grows");
  *(volatile byte *)(heap + 9999) = 1;
  check(CALL1(BRK, heap) == heap, "brk shrinks");
  check(CALL1(BRK, heap + 10000) == heap + 10000, "brk grows again");
  check(*(volatile byte *)(heap + 9999) == 0, "and what comes back is zero");
  check(CALL1(BRK, 1) == heap + 10000, "brk refuses what lies below");

  word at = map(0, 5 * 4096, 3, 0x22);
  check(at % 4096 == 0 && at > heap, "mmap finds room");
  for (int i = 0; i < 5; i++) *(volatile byte *)(at + i * 4096) = i + 1;
  check(CALL3(MUNMAP, at + 4096, 4096, 0) == 0, "a page in the middle goes");
  check(map(at + 4096, 4096, 3, 0x100022) == at + 4096, "and can be had again, where nothing is");
  check(map(at, 4096, 3, 0x100022) == ERROR(17), "but not where something is: EEXIST");
  check(*(volatile byte *)(at + 4096) == 0, "the new one is zero");
  check(*(volatile byte *)(at + 2 * 4096) == 3, "its neighbour is as it was");
  check(CALL3(MPROTECT, at, 5 * 4096, 1) == 0, "mprotect takes the right to write away");
  check(CALL3(MPROTECT, at, 5 * 4096, 3) == 0, "and gives it back");
  *(volatile byte *)(at + 4 * 4096) = 9;
  check(*(volatile byte *)(at + 4 * 4096) == 9, "what was there can be written");
  check(CALL3(MPROTECT, at + 5 * 4096, 4096, 3) == ERROR(12), "mprotect of nothing: ENOMEM");
  check(CALL3(MPROTECT, at + 1, 4096, 3) == ERROR(22), "misaligned: EINVAL");
  check(map(0, 0, 3, 0x22) == ERROR(22), "no size: EINVAL");
  check(map(0x444444440000, 4096, 3, 0x32) == ERROR(12), "the kernel's heap is nobody's");
  check(map(0xffff800000000000, 4096, 3, 0x32) == ERROR(12), "nor is its half");
  check(map(0, 4096, 7, 0x22) == ERROR(13), "nothing is writable and executable: EACCES");
  check(CALL3(MUNMAP, at, 5 * 4096, 0) == 0, "all of it goes");
  check(CALL3(WRITE, 1, at, 1) == ERROR(14), "and the kernel cannot read it either: EFAULT");
  check(CALL3(WRITE, 1, 0x444444440000, 1) == ERROR(14), "nor what is its own");
  check(CALL3(WRITE, 1, 0xffffffff80100000, 1) == ERROR(14), "nor its image");
  check(CALL3(WRITE, 9, "x", 1) == ERROR(9), "no file: EBADF");
  check(CALL0(9999) == ERROR(38), "no call: ENOSYS");
  say("memory is as Linux has it\n");
  end(0);
}
