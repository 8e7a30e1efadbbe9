/*
 * What a program sees of memory management: the same static binary runs on this kernel and, as the first process, on
 * Linux. Says `row NAME COUNT TICKS` for each, in ticks of the time-stamp counter, which are instructions where QEMU
 * counts them.
 *
 * One page of 4 KiB a fault, in random order; what a row leaves behind is given back within the row that says so.
 */
#include "../../programs/calls.h"

enum {
  REBOOT = 169,
  PAGES = 16384, PAGE_BYTES = 4096,
  CALLS = 100000, MAPPINGS = 2000, BREAKS = 2000, SMALL_FORKS = 200, LARGE_FORKS = 20, ROUNDS = 2000,
  LARGE_PAGES = 4096,
  PROT_RW = 3, MAP_PRIVATE_ANONYMOUS = 0x22, DONTNEED = 4, NO_HUGE_PAGES = 15,
};

static unsigned order[PAGES];

static inline word ticks(void) {
  unsigned low, high;
  __asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high)::"memory");
  return (word)high << 32 | low;
}

static void row(const char *name, word count, word spent) {
  say("row ");
  say(name);
  say(" ");
  sayNumber(count);
  say(" ");
  sayNumber(spent);
  say("\n");
}

/* A permutation of the first `count`, each the same in every run. */
static void shuffle(unsigned count) {
  word seed = 88172645463325252;
  for (unsigned i = 0; i < count; i++) order[i] = i;
  for (unsigned i = count - 1; i > 0; i--) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    unsigned j = seed % (i + 1), kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
}

static volatile byte *map(word pages) {
  word at = call6(MMAP, 0, pages * PAGE_BYTES, PROT_RW, MAP_PRIVATE_ANONYMOUS, -1ul, 0);
  if (at > -4096ul) {
    say("mmap fails\n");
    end(1);
  }
  CALL3(MADVISE, at, pages * PAGE_BYTES, NO_HUGE_PAGES);
  return (volatile byte *)at;
}
static void unmap(volatile byte *at, word pages) { CALL3(MUNMAP, at, pages * PAGE_BYTES, 0); }

/* Ticks of writing a byte to each page, or of reading one. */
static word pagesWrite(volatile byte *at, word pages) {
  word start = ticks();
  for (word i = 0; i < pages; i++) at[(word)order[i] * PAGE_BYTES] = 1;
  return ticks() - start;
}
static word pagesRead(volatile byte *at, word pages) {
  word start = ticks();
  for (word i = 0; i < pages; i++) (void)at[(word)order[i] * PAGE_BYTES];
  return ticks() - start;
}

static void calls(void) {
  word start = ticks();
  for (word i = 0; i < CALLS; i++) CALL0(GETPPID);
  row("call", CALLS, ticks() - start);
}

static void faults(void) {
  shuffle(PAGES);
  volatile byte *at = map(PAGES);
  row("write-fault", PAGES, pagesWrite(at, PAGES));
  word start = ticks();
  word refused = CALL3(MADVISE, at, (word)PAGES * PAGE_BYTES, DONTNEED);
  word spent = ticks() - start;
  if (!refused) row("dontneed", PAGES, spent);
  pagesWrite(at, PAGES);
  start = ticks();
  unmap(at, PAGES);
  row("munmap-page", PAGES, ticks() - start);

  at = map(PAGES);
  row("read-fault", PAGES, pagesRead(at, PAGES));
  unmap(at, PAGES);
}

static void await(word child) { CALL3(WAIT4, child, 0, 0); }

static void copyOnWrite(void) {
  volatile byte *at = map(PAGES);
  pagesWrite(at, PAGES);
  word child = CALL0(FORK);
  if (child == 0) {
    row("copy-on-write", PAGES, pagesWrite(at, PAGES));
    end(0);
  }
  await(child);
  unmap(at, PAGES);
}

static void mappings(void) {
  word start = ticks();
  for (word i = 0; i < MAPPINGS; i++) {
    word at = call6(MMAP, 0, 16 * PAGE_BYTES, PROT_RW, MAP_PRIVATE_ANONYMOUS, -1ul, 0);
    CALL3(MUNMAP, at, 16 * PAGE_BYTES, 0);
  }
  row("map-unmap", MAPPINGS, ticks() - start);
}

/* The break goes back to where it was, and that is part of it. */
static void breaks(void) {
  word begin = CALL1(BRK, 0);
  for (word touched = 0; touched < 2; touched++) {
    word at = begin, start = ticks();
    for (word i = 0; i < BREAKS; i++) {
      at += PAGE_BYTES;
      CALL1(BRK, at);
      if (touched) *(volatile byte *)(at - 1) = 1;
    }
    CALL1(BRK, begin);
    row(touched ? "brk-touched" : "brk", BREAKS, ticks() - start);
  }
}

static void forks(const char *name, word count) {
  word start = ticks();
  for (word i = 0; i < count; i++) {
    word child = CALL0(FORK);
    if (child == 0) end(0);
    await(child);
  }
  row(name, count, ticks() - start);
}

/* A byte there and back, between two processes. */
static void pipes(void) {
  int there[2], back[2];
  byte one = 1;
  if (CALL1(PIPE, there) != 0 || CALL1(PIPE, back) != 0) return;
  word child = CALL0(FORK);
  if (child == 0) {
    CALL1(CLOSE, there[1]);
    while (CALL3(READ, there[0], &one, 1) == 1) CALL3(WRITE, back[1], &one, 1);
    end(0);
  }
  word start = ticks();
  for (word i = 0; i < ROUNDS; i++) {
    CALL3(WRITE, there[1], &one, 1);
    CALL3(READ, back[0], &one, 1);
  }
  row("pipe", ROUNDS, ticks() - start);
  CALL1(CLOSE, there[1]);
  await(child);
}

/* `linux` as argument: it is the first process, and to end is to switch the machine off. */
_Noreturn void start(word *stack) {
  forks("fork", SMALL_FORKS);
  calls();
  faults();
  copyOnWrite();
  mappings();
  breaks();
  volatile byte *at = map(LARGE_PAGES);
  shuffle(LARGE_PAGES);
  pagesWrite(at, LARGE_PAGES);
  forks("fork-16M", LARGE_FORKS);
  unmap(at, LARGE_PAGES);
  pipes();
  say("done\n");
  if (stack[0] > 1) call6(REBOOT, 0xfee1dead, 0x28121969, 0x01234567, 0, 0, 0);
  end(0);
}
