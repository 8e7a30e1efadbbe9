/*
 * Random system calls with hostile arguments: `hostile SEED CALLS`. Three processes at a time make them, a few hundred
 * each, and begin again as children of the first one, which makes none of its own: what they do to themselves, up to
 * unmapping their own code, is theirs. Says how many came to their end, and how many were ended.
 */
#include "calls.h"

enum { NANOSLEEP = 35 };
enum { NO_HANG = 1, SIGKILL = 9, AT_ONCE = 3, CALLS_EACH = 400, PATIENCE = 10, SCRATCH_BYTES = 4 * 4096 };

static byte scratch[SCRATCH_BYTES] __attribute__((aligned(4096)));
static word seed;

static word random(void) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed * 2685821657736338717ul;
}
static word below(word n) { return random() % n; }

/* Not here: what ends others, waits for the console, or outlives who made it (shmget). */
static const unsigned short numbers[] = {
    0,   1,   3,   4,   5,   6,   7,   8,   9,   9,   9,   10,  10,  11,  11,  12,  12,  13,  14,  16,  17,  18,  19,
    20,  21,  22,  24,  25,  25,  26,  27,  28,  28,  30,  31,  32,  33,  35,  39,  56,  57,  58,  59,  63,  67,
    72,  77,  79,  89,  96,  97,  98,  99,  102, 104, 107, 108, 109, 110, 111, 112, 121, 124, 131, 149, 150, 151, 152,
    157, 158, 201, 202, 204, 218, 228, 229, 230, 257, 262, 267, 271, 273, 292, 293, 295, 296, 302, 318, 319, 324, 325,
    332, 334, 435, 451,
};

static word address(void) {
  switch (below(14)) {
    case 0: return 0;
    case 1: return (word)scratch + SCRATCH_BYTES - 1 - below(9);
    case 2: return (word)scratch + below(SCRATCH_BYTES) / 8 * 8 + 1;
    case 3: return 0x444444440000ul + below(4096);
    case 4: return 0x444444440000ul - below(8192);
    case 5: return 0xffff800000000000ul + (below(64) << 12);
    case 6: return 0xffffffff80100000ul + below(1 << 20);
    case 7: return 0x800000000000ul + below(8192);
    case 8: return below(30) == 0 ? 0x7fffffffe000ul - below(3 * 4096) : 0x7ffffff00000ul;
    case 9: return below(30) == 0 ? (word)&below : 0x200ul;
    case 10: return random();
    case 11: return below(1ul << 47) & -4096ul;
    default: return 0x10000000ul + (below(64) << 12);
  }
}
static word size(void) {
  switch (below(10)) {
    case 0: return 0;
    case 1: return 1;
    case 2: return 4095 + below(3);
    case 3: return below(1 << 20);
    case 4: return 1ul << below(64);
    case 5: return -below(8192);
    default: return (1 + below(16)) << 12;
  }
}
static word small(void) { return below(8) == 0 ? -below(3) : below(12); }
static word flags(void) {
  switch (below(4)) {
    case 0: return random();
    case 1: return 1ul << below(32);
    default: return 0x22 | below(2) << 4 | below(2) << 15 | below(8);
  }
}
static word argument(void) {
  switch (below(6)) {
    case 0: return size();
    case 1: return small();
    case 2: return flags();
    case 3: return below(8);
    default: return address();
  }
}

/* Would a call about memory from `at` on take its own code or stack away, after which it calls no more? */
static int endsItself(word number, word at, word bytes) {
  if (number < MMAP || (number > MUNMAP && number != MREMAP && number != MADVISE)) return 0;
  word end = at + bytes < at ? -1ul : at + bytes;
  return at < 0x300000 || end > 0x7ffffff00000;
}

static _Noreturn void attack(word calls) {
  for (word file = 0; file < 3; file++) CALL1(CLOSE, file);
  for (word i = 0; i < calls; i++) {
    word number = below(40) == 0 ? random() : numbers[below(sizeof numbers / sizeof *numbers)];
    if (number == KILL || number == EXIT) continue;
    word self = CALL0(GETPID);
    word first = argument(), second = argument();
    if (endsItself(number, first, second) && below(100) != 0) continue;
    call6(number, first, second, argument(), argument(), argument(), argument());
    if (CALL0(GETPID) != self) break; /* a child of its own, which does not go on */
  }
  end(0);
}

static word numberOf(const byte *text) {
  word n = 0;
  while (*text >= '0' && *text <= '9') n = n * 10 + (*text++ - '0');
  return n;
}

static word children[AT_ONCE], waited[AT_ONCE];

/* Whoever sleeps too long, for what never comes, is ended. */
static void rest(void) {
  word tenMilliseconds[2] = {0, 10000000};
  CALL3(NANOSLEEP, tenMilliseconds, 0, 0);
  for (word i = 0; i < AT_ONCE; i++) {
    if (children[i] != 0 && ++waited[i] == PATIENCE) CALL3(KILL, children[i], SIGKILL, 0);
  }
}

_Noreturn void start(word *stack) {
  if (stack[0] != 3) end(2);
  seed = numberOf((byte *)stack[2]) * 88172645463325252ul + 1;
  word left = numberOf((byte *)stack[3]), ended = 0, killed = 0, running = 0;
  while (left > 0 || running > 0) {
    for (word i = 0; i < AT_ONCE && left > 0; i++) {
      if (children[i] != 0) continue;
      word calls = left < CALLS_EACH ? left : CALLS_EACH;
      random();
      word child = CALL0(FORK);
      if (child == 0) attack(calls);
      if (child > -4096ul) break;
      children[i] = child;
      waited[i] = 0;
      left -= calls;
      running++;
    }
    int status;
    word child = CALL3(WAIT4, -1ul, &status, NO_HANG);
    if (child == 0 || child > -4096ul) {
      rest();
      continue;
    }
    for (word i = 0; i < AT_ONCE; i++) {
      if (children[i] != child) continue;
      children[i] = 0;
      running--;
      if ((status & 0x7f) == 0) ended++;
      else killed++;
    }
  }
  say("hostile: ");
  sayNumber(ended);
  say(" came to their end, ");
  sayNumber(killed);
  say(" were ended\n");
  end(0);
}
