/* memfd_create, and System V shared memory, as Linux has them. */
#include "check.h"

enum { BOTH = 3, MAP_SHARED = 1, MAP_PRIVATE = 2, CREATE = 01000, EXCLUSIVE = 02000, REMOVE = 0, STATUS = 2 };
struct segment { unsigned key, owner[4], mode, sequence, gap; word unused[2], size, at, dt, ct; unsigned creator, last;
                 word attached, rest[2]; };

static void files(void) {
  char text[8] = {0};
  word file = CALL3(MEMFD_CREATE, "memory", 0, 0);
  check(file < 448, "memfd_create");
  check(CALL3(FTRUNCATE, file, 2 * PAGE + 100, 0) == 0, "ftruncate");
  word at = mapFile(0, 4 * PAGE, BOTH, MAP_SHARED, file, 0);
  word own = mapFile(0, 4 * PAGE, BOTH, MAP_PRIVATE, file, 0);
  word second = mapFile(0, PAGE, 1, MAP_SHARED, file, PAGE);
  AT(at) = 'a';
  AT(at + PAGE) = 'b';
  check(AT(own) == 'a' && AT(second) == 'b', "it is the same wherever it is mapped");
  AT(own) = 'c';
  check(AT(at) == 'a' && AT(own) == 'c', "but what is private is one's own once it is written");
  check(CALL3(PREAD, file, text, 2) == 2, "pread"); /* r10 is 0 */
  check(text[0] == 'a', "reads what was written to memory");
  check(CALL3(LSEEK, file, PAGE, 0) == PAGE && CALL3(WRITE, file, "xy", 2) == 2, "write at a position");
  check(AT(at + PAGE) == 'x' && AT(second + 1) == 'y', "is seen in memory");
  check(CALL3(LSEEK, file, 0, 2) == 2 * PAGE + 100 && CALL3(READ, file, text, 8) == 0, "lseek to the end");
  AT(at + 2 * PAGE + 200) = 1;
  check(endOf(readByte, at + 3 * PAGE) == 7, "behind the last page: SIGBUS");
  check(CALL3(FTRUNCATE, file, PAGE / 2, 0) == 0, "it shrinks");
  check(endOf(readByte, at + PAGE) == 7 && endOf(readByte, second) == 7, "what is behind is gone everywhere: SIGBUS");
  check(endOf(readByte, own + PAGE) == 7 && AT(own) == 'c', "private pages among it");
  check(CALL3(FTRUNCATE, file, 3 * PAGE, 0) == 0 && AT(at + PAGE) == 0 && AT(second) == 0, "it grows, with zeroes");
  check(CALL1(CLOSE, file) == 0 && AT(at) == 'a', "closed, it is there as long as it is mapped");
  check(CALL3(FTRUNCATE, 1, 5, 0) == ERROR(22) && CALL3(FTRUNCATE, 77, 5, 0) == ERROR(9), "the console: EINVAL");
  check(CALL3(MEMFD_CREATE, 0x444444440000, 0, 0) == ERROR(14), "a name in the kernel's heap: EFAULT");
  check(CALL3(MEMFD_CREATE, "x", 64, 0) == ERROR(22), "a flag that nobody knows: EINVAL");
  file = CALL3(MEMFD_CREATE, "large", 0, 0);
  check(CALL3(FTRUNCATE, file, 1ul << 46, 0) == 0, "64 TiB of nothing");
  at = mapFile(0, PAGE, BOTH, MAP_SHARED, file, (1ul << 46) - PAGE);
  AT(at) = 1;
  check(CALL3(LSEEK, file, -PAGE, 2) == (1ul << 46) - PAGE, "lseek from the end");
  check(CALL3(READ, file, text, 8) == 8 && text[0] == 1, "what is written there can be read");
  check(CALL3(FTRUNCATE, file, -1, 0) == ERROR(22) && CALL3(FTRUNCATE, file, 1ul << 60, 0) == ERROR(27), "too large");
  CALL1(CLOSE, file);
}

static void segments(void) {
  struct segment is;
  word id = CALL3(SHMGET, 1234, 3 * PAGE, CREATE | EXCLUSIVE | 0600);
  check(id < ERROR(4096), "shmget makes one");
  check(CALL3(SHMGET, 1234, 0, 0) == id && CALL3(SHMGET, 1234, PAGE, CREATE) == id, "which its key finds");
  check(CALL3(SHMGET, 1234, PAGE, CREATE | EXCLUSIVE) == ERROR(17), "once: EEXIST");
  check(CALL3(SHMGET, 1234, 4 * PAGE, 0) == ERROR(22), "no larger than it is: EINVAL");
  check(CALL3(SHMGET, 99, PAGE, 0) == ERROR(2) && CALL3(SHMGET, 0, 0, CREATE) == ERROR(22), "none: ENOENT, EINVAL");
  word at = CALL3(SHMAT, id, 0, 0), again = CALL3(SHMAT, id, 0, 010000);
  AT(at) = 5;
  check(AT(again) == 5 && endOf(writeByte, again) == 11, "attached twice, once to be read");
  check(CALL3(MPROTECT, again, PAGE, BOTH) == ERROR(13), "and never to be written: EACCES");
  check(CALL3(SHMAT, id, 0, 0100000) == ERROR(13), "nor to be written and run: EACCES");
  check(CALL3(SHMAT, id, at, 0) == ERROR(22) && CALL3(SHMAT, id, at + 1, 0) == ERROR(22), "not over another: EINVAL");
  check(CALL3(SHMAT, id, 0x444444440000, 0) == ERROR(22), "not at the kernel's heap: EINVAL");
  check(CALL3(SHMAT, id, 0xffff800000000000, 040000) == ERROR(22), "nor its half: EINVAL");
  check(CALL3(SHMAT, id, again + 5, 060000) == again && AT(again) == 5, "but in another's place, if it is said");
  AT(again + 1) = 6;
  check(AT(at + 1) == 6, "to be written now");
  check(CALL3(SHMCTL, id, STATUS, &is) == 0 && is.size == 3 * PAGE && is.attached == 2 && is.mode == 0600, "IPC_STAT");
  check(is.key == 1234 && is.creator == CALL0(GETPID), "whose it is");
  word child = CALL0(FORK);
  if (child == 0) {
    AT(at + 2 * PAGE) = 9;
    end(CALL1(SHMDT, at) == 0 && CALL1(SHMDT, at) == ERROR(22) ? 1 : 2);
  }
  int status;
  CALL3(WAIT4, child, &status, 0);
  check(status == 1 << 8 && AT(at + 2 * PAGE) == 9, "a child has it, too, and detaches its own");
  check(CALL3(SHMCTL, id, REMOVE, 0) == 0 && AT(at) == 5, "removed, it is there for those who have it");
  check(CALL3(SHMGET, 1234, 0, 0) == ERROR(2), "but no key finds it");
  check(CALL3(SHMCTL, id, STATUS, &is) == 0 && is.mode == 01600 && is.attached == 2, "it says so");
  check(CALL1(SHMDT, at) == 0 && CALL3(SHMCTL, id, STATUS, &is) == 0, "until the last");
  check(CALL1(SHMDT, again) == 0 && CALL3(SHMCTL, id, STATUS, &is) == ERROR(22), "has detached it");
  check(CALL1(SHMDT, again) == ERROR(22) && CALL1(SHMDT, 0xffff800000000000) == ERROR(22), "what is none: EINVAL");
  id = CALL3(SHMGET, 0, 5, 0600);
  check(CALL3(SHMCTL, id, STATUS, 0x444444440000) == ERROR(14), "to the kernel's heap: EFAULT");
  check(CALL3(SHMGET, 0, 1, 0600) != id, "IPC_PRIVATE is another each time");
  check(CALL3(SHMCTL, id, REMOVE, 0) == 0 && CALL3(SHMAT, id, 0, 0) == ERROR(22), "removed at once if nobody has it");
  check(CALL3(SHMCTL, id + 1, REMOVE, 0) == 0, "the other goes, too");
}

_Noreturn void start(word *stack) {
  (void)stack;
  files();
  segments();
  say("shared memory is as Linux has it\n");
  end(0);
}
