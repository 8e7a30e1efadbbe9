/* What a program of the tests claims: said and ended with 1 if it is not so. */
#pragma once
#include "calls.h"

#define ERROR(number) ((word) - (number))
enum { PAGE = 4096, PRIVATE = 0x22, SHARED = 0x21, FIXED = 0x10, NOREPLACE = 0x100000 };
#define AT(address) (*(volatile byte *)(address))
static inline word map(word at, word size, word prot, word flags) {
  return call6(MMAP, at, size, prot, flags, -1, 0);
}
static inline word mapFile(word at, word size, word prot, word flags, word file, word offset) {
  return call6(MMAP, at, size, prot, flags, file, offset);
}

/* What a child in which `act` runs ends with, as wait4 tells it: a signal's number, or the exit code times 256. */
static inline word endOf(void (*act)(word), word argument) {
  word child = CALL0(FORK);
  if (child == 0) {
    act(argument);
    end(0);
  }
  int status = -1;
  if (CALL3(WAIT4, child, &status, 0) != child) return -1;
  return status;
}
static inline void readByte(word at) { (void)AT(at); }
static inline void writeByte(word at) { AT(at) = 1; }

static inline void check(int isTrue, const char *what) {
  if (isTrue) return;
  say("not so: ");
  say(what);
  say("\n");
  end(1);
}
