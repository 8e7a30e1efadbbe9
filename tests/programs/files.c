/* Descriptors, the console as a file, and paths, as Linux has them. */
#include "check.h"

enum { SRCH = 3, BADF = 9, FAULT = 14, NOENT = 2, INVAL = 22, MFILE = 24, NOTTY = 25, SPIPE = 29, ROFS = 30, RANGE = 34 };
enum { NAMETOOLONG = 36, NOTDIR = 20, DESCRIPTORS = 448 };
enum { DUPFD = 0, GETFD = 1, SETFD = 2, GETFL = 3, SETFL = 4, DUPFD_CLOEXEC = 1030, NONBLOCK = 04000, CLOEXEC = 02000000 };
#define HERE ((word) - 100)
#define HEAP 0x444444440000
#define UPPER 0xffffffff80100000

static struct stat {
  word device, inode, links;
  unsigned mode, uid, gid, pad;
  word rdev, size, block, blocks, times[6], unused[3];
} st;
static int two[2];
static byte buffer[4096];

static word call4(word number, word a, word b, word c, word d) { return call6(number, a, b, c, d, 0, 0); }
static int same(const char *a, const char *b, word count) {
  while (count-- > 0) if (*a++ != *b++) return 0;
  return 1;
}

static void descriptors(void) {
  check(CALL1(DUP, 1) == 3, "0, 1 and 2 are open, and 3 is the lowest that is free");
  check(CALL3(WRITE, 3, "said by 3\n", 10) == 10, "what dup gives is the same file");
  check(CALL3(DUP2, 3, 100, 0) == 100, "dup2 takes the number that is asked for");
  check(CALL1(CLOSE, 3) == 0 && CALL3(WRITE, 3, "x", 1) == ERROR(BADF), "a closed one is none");
  check(CALL1(CLOSE, 3) == ERROR(BADF), "and is not closed again");
  check(CALL3(WRITE, 100, "said by 100\n", 12) == 12, "its copy is open");
  check(CALL3(DUP2, 100, 100, 0) == 100, "dup2 to itself does nothing");
  check(CALL3(DUP3, 100, 100, 0) == ERROR(INVAL), "dup3 refuses that");
  check(CALL3(DUP2, 77, 77, 0) == ERROR(BADF), "but not for one that is not open");
  check(CALL3(DUP2, 1, DESCRIPTORS, 0) == ERROR(BADF), "dup2 knows the last number");
  check(CALL3(DUP2, 1, -1, 0) == ERROR(BADF), "and the first");
  check(CALL3(DUP3, 1, 4, 1) == ERROR(INVAL), "dup3 knows its flags");
  check(CALL3(DUP3, 1, 4, CLOEXEC) == 4 && CALL3(FCNTL, 4, GETFD, 0) == 1, "dup3 marks for execve");
  check(CALL3(FCNTL, 4, SETFD, 0) == 0 && CALL3(FCNTL, 4, GETFD, 0) == 0, "F_SETFD takes the mark away");
  check(CALL3(FCNTL, 4, DUPFD, 4) == 5 && CALL3(FCNTL, 5, GETFD, 0) == 0, "F_DUPFD takes the next number");
  check(CALL3(FCNTL, 4, DUPFD_CLOEXEC, 200) == 200 && CALL3(FCNTL, 200, GETFD, 0) == 1, "F_DUPFD_CLOEXEC marks");
  check(CALL3(FCNTL, 4, DUPFD, DESCRIPTORS) == ERROR(INVAL), "F_DUPFD knows the last number");
  check(CALL3(FCNTL, 4, DUPFD, -1) == ERROR(INVAL), "and the first");
  check(CALL3(FCNTL, 4, GETFL, 0) == 2, "the console is open for reading and writing");
  check(CALL3(FCNTL, 4, SETFL, NONBLOCK) == 0 && CALL3(FCNTL, 5, GETFL, 0) == (2 | NONBLOCK), "copies share flags");
  check(CALL3(FCNTL, 4, SETFL, 0) == 0, "which can be taken away");
  check(CALL3(FCNTL, 4, 9999, 0) == ERROR(INVAL) && CALL3(FCNTL, 77, GETFL, 0) == ERROR(BADF), "fcntl refuses");
  check(CALL1(DUP, 77) == ERROR(BADF) && CALL1(DUP, -1) == ERROR(BADF), "dup refuses what is not open");
  check(CALL1(DUP, 0x100000001) == 3, "a descriptor is an int");
  while (CALL1(DUP, 1) < DESCRIPTORS) continue;
  check(CALL1(DUP, 1) == ERROR(MFILE), "there is an end: EMFILE");
  check(CALL3(OPEN, "/dev/null", 2, 0) == ERROR(MFILE) && CALL1(PIPE, two) == ERROR(MFILE), "for all who open");
  for (int i = 3; i < DESCRIPTORS; i++) check(CALL1(CLOSE, i) == 0, "all can be closed");
}

static void console(void) {
  struct { const char *at; word size; } parts[3] = {{"in ", 3}, {0, 0}, {"parts\n", 6}};
  check(CALL3(WRITEV, 1, parts, 3) == 9, "writev writes its parts");
  check(CALL3(WRITEV, 1, parts, 1025) == ERROR(INVAL), "not more than 1024 of them");
  parts[1].size = -1;
  check(CALL3(WRITEV, 1, parts, 2) == ERROR(INVAL), "nor more bytes than a word with a sign has");
  check(CALL3(WRITEV, 1, HEAP, 2) == ERROR(FAULT), "from the program's memory alone");
  check(CALL3(WRITE, 1, 0, 0) == 0, "nothing can be written");
  check(CALL3(WRITE, 1, HEAP, 1) == ERROR(FAULT) && CALL3(WRITE, 1, UPPER, 1) == ERROR(FAULT), "the kernel's is not");
  check(CALL3(WRITE, 1, buffer, (word)1 << 63) == ERROR(FAULT), "nor more than there can be");
  check(CALL3(LSEEK, 1, 0, 0) == ERROR(SPIPE) && CALL3(LSEEK, 77, 0, 0) == ERROR(BADF), "the console has no place");
  check(call4(PREAD, 0, (word)buffer, 1, 0) == ERROR(SPIPE), "from which to read");
  check(call4(PWRITE, 1, (word)"x", 1, 0) == ERROR(SPIPE), "or to write");
  check(CALL3(FSTAT, 1, &st, 0) == 0 && st.mode == 020620 && st.rdev == 0x501, "it is a character device, 5:1");
  check(call4(NEWFSTATAT, 2, (word) "", (word)&st, 0x1000) == 0 && st.rdev == 0x501, "by newfstatat, too");
  check(CALL3(FSTAT, 1, HEAP, 0) == ERROR(FAULT) && CALL3(FSTAT, 77, &st, 0) == ERROR(BADF), "fstat refuses");
  unsigned terminal[9];
  check(CALL3(IOCTL, 1, 0x5401, terminal) == 0 && (terminal[3] & 2) != 0, "TCGETS: whole lines are read");
  check(CALL3(IOCTL, 1, 0x5402, terminal) == 0 && CALL3(IOCTL, 1, 0x5402, HEAP) == ERROR(FAULT), "TCSETS");
  check(CALL3(IOCTL, 1, 0x5401, UPPER) == ERROR(FAULT), "TCGETS writes to the program's memory alone");
  unsigned group = 0;
  check(CALL3(IOCTL, 1, 0x540f, &group) == 0 && group == CALL0(GETPID), "TIOCGPGRP: the terminal is this program's");
  check(CALL3(IOCTL, 1, 0x5410, &group) == 0, "TIOCSPGRP");
  group = 9999;
  check(CALL3(IOCTL, 1, 0x5410, &group) == ERROR(SRCH), "to a group that there is");
  check(CALL3(IOCTL, 1, 0x5410, HEAP) == ERROR(FAULT) && CALL3(IOCTL, 1, 0x540f, HEAP) == ERROR(FAULT), "by its number");
  check(CALL3(IOCTL, 1, 0x5413, buffer) == 0, "TIOCGWINSZ");
  check(CALL3(IOCTL, 1, 0x1234, buffer) == ERROR(NOTTY) && CALL3(IOCTL, 77, 0x5401, buffer) == ERROR(BADF), "no other");
}

static void paths(void) {
  static char path[5000];
  for (int i = 0; i < 4999; i++) path[i] = 'a';
  check(CALL3(OPEN, "/etc/passwd", 0, 0) == ERROR(NOENT), "there are no files: ENOENT");
  check(call4(OPENAT, HERE, (word) "x", 0, 0) == ERROR(NOENT), "nor where the process is");
  check(CALL3(OPEN, "/tmp/x", 0101, 0644) == ERROR(ROFS), "and none can be made: EROFS");
  check(call4(OPENAT, 1, (word) "x", 0, 0) == ERROR(NOTDIR), "the console is no folder");
  check(call4(OPENAT, 77, (word) "x", 0, 0) == ERROR(BADF), "77 is nothing");
  check(CALL3(OPEN, "", 0, 0) == ERROR(NOENT), "an empty path leads nowhere");
  check(CALL3(OPEN, path, 0, 0) == ERROR(NAMETOOLONG), "a path has an end: ENAMETOOLONG");
  check(CALL3(OPEN, HEAP, 0, 0) == ERROR(FAULT) && CALL3(OPEN, 0, 0, 0) == ERROR(FAULT), "and is the program's");
  check(CALL3(STAT, "/etc/passwd", &st, 0) == ERROR(NOENT), "stat finds no files");
  check(CALL3(STAT, "/", &st, 0) == 0 && st.mode == 040755, "but the folder of all");
  check(CALL3(STAT, "/", HEAP, 0) == ERROR(FAULT), "stat writes to the program's memory alone");
  check(CALL3(ACCESS, "/etc", 0, 0) == ERROR(NOENT) && CALL3(ACCESS, "/", 0, 0) == 0, "access knows what is there");
  check(CALL3(ACCESS, "/", 8, 0) == ERROR(INVAL) && CALL3(ACCESS, "/", 2, 0) == ERROR(ROFS), "and what may be done");
  check(CALL3(READLINK, "/proc/self/exe", buffer, 4096) == 6 && same((char *)buffer, "/files", 6), "/proc/self/exe");
  check(CALL3(READLINK, "/proc/self/exe", buffer, 3) == 3, "readlink cuts");
  check(CALL3(READLINK, "/proc/self/exe", buffer, 0) == ERROR(INVAL), "to one byte at least");
  check(CALL3(READLINK, "/", buffer, 9) == ERROR(INVAL), "/ is no link");
  check(CALL3(READLINK, "/x", buffer, 9) == ERROR(NOENT), "/x is nothing");
  check(CALL3(READLINK, "/proc/self/exe", UPPER, 9) == ERROR(FAULT), "readlink writes to the program's alone");
  check(CALL3(STAT, "/proc/self/exe", &st, 0) == 0 && st.mode == 0100555 && st.size > 4096, "the program is a file");
  check(CALL3(GETCWD, buffer, 4096, 0) == 2 && same((char *)buffer, "/", 2), "the process is in /");
  check(CALL3(GETCWD, buffer, 1, 0) == ERROR(RANGE) && CALL3(GETCWD, HEAP, 9, 0) == ERROR(FAULT), "getcwd refuses");
  check(CALL1(CHDIR, "/") == 0 && CALL1(CHDIR, "/x") == ERROR(NOENT), "it can go nowhere else");
  check(CALL3(OPEN, "/dev/null", 02, 0) == 3 && CALL3(WRITE, 3, "x", 1) == 1, "/dev/null takes all");
  check(CALL3(READ, 3, buffer, 9) == 0 && CALL3(IOCTL, 3, 0x5401, buffer) == ERROR(NOTTY), "and has nothing");
  check(CALL3(FSTAT, 3, &st, 0) == 0 && st.rdev == 0x103, "it is 1:3");
  check(CALL3(OPEN, "/dev/tty", 01, 0) == 4 && CALL3(READ, 4, buffer, 1) == ERROR(BADF), "what is open to be written");
  check(CALL3(OPEN, "/dev/null", 0, 0) == 5 && CALL3(WRITE, 5, "x", 1) == ERROR(BADF), "or read is that alone");
}

_Noreturn void start(word *stack) {
  (void)stack;
  descriptors();
  console();
  paths();
  say("files are as Linux has them\n");
  end(0);
}
