/*
 * The work of area `frames`: pools of three sizes in which part of the frames are in use, chosen at random. Those in use
 * were never the pool's: to the allocator that is the same, and no record is touched for them. What is free is written
 * word by word (bitsFree), as framesAdd does, which would take a minute for so many stretches. Pools are kept from one
 * workload to the next: each leaves free what it found free.
 */
#define _GNU_SOURCE
#include "workloads.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define MIX(hash, value) ((hash) * 31 + (uint64_t)(value))

enum { TAKEN = 1 << 17, RUNS = 1 << 11, ORDER = 9, AREA = 1 << ORDER, GIB = 1 << 18, PATTERNS = 4096 };
enum { RECORD_BYTES = 32, SIDES = 2, METADATA_BYTES = 16 << 20, LARGEST = 128 };

static uint64_t random_state;
void workloads_seed(uint64_t seed) { random_state = 88172645463325252ull + seed * 0x9e3779b97f4a7c15; }
/* Marsaglia, "Xorshift RNGs". */
static uint64_t random_next(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  return random_state ^= random_state << 17;
}

/* ---- pools: one for each side */
struct kept {
  const struct side *side;
  void *metadata, *records;
  int gib, fill;
  bool is_fragmented;
};
static struct kept kepts[SIDES], *now;

static int64_t taken[TAKEN];
static uint32_t order[TAKEN]; /* in which `ordered` of them are given back */
static int64_t ordered;

/* Words in which a frame is in use with a chance of `used` in a thousand. */
static void patterns_write(uint64_t *patterns, int used) {
  for (int i = 0; i < PATTERNS; i++) {
    patterns[i] = 0;
    for (int bit = 0; bit < 64; bit++) patterns[i] |= (uint64_t)(random_next() % 1000 >= (uint64_t)used) << bit;
  }
}

/* Of a thousand areas of a fragmented pool, those that are free from end to end. */
static int64_t whole_share(int fill) { return 5 * (100 - fill); }

/*
 * `fill` of a hundred frames are in use. In a fragmented pool half of the free ones lie in areas that are free from end
 * to end, evenly spread, and the other areas are so much fuller.
 */
static void pool_prepare(const struct side *side, int gib, int fill, bool is_fragmented) {
  static uint64_t patterns[PATTERNS];
  now = !kepts[0].side || kepts[0].side == side ? &kepts[0] : &kepts[1];
  if (now->side == side && now->gib == gib && now->fill == fill && now->is_fragmented == is_fragmented) return;
  *now = (struct kept){side, now->metadata, now->records, gib, fill, is_fragmented};
  workloads_seed(gib * 100 + fill); /* the same pool on both sides, whatever was done before */
  patterns_write(patterns, is_fragmented ? 2000 * fill / (100 + fill) : 10 * fill);
  const int64_t frames = (int64_t)gib * GIB, whole = is_fragmented ? whole_share(fill) : 0;
  if (side->framesMetadataBytes(frames) > METADATA_BYTES) c_panic("no room for the bitmaps", frames);
  side->framesInit(now->metadata, frames, now->records);
  for (int64_t area = 0; area < frames / AREA; area++) {
    const bool is_whole = area * whole / 1000 != (area + 1) * whole / 1000;
    for (int64_t frame = area * AREA; frame < (area + 1) * AREA; frame += 64) {
      const uint64_t free = is_whole ? UINT64_MAX : patterns[random_next() % PATTERNS];
      if (!free) continue;
      side->bitsFree(frame, free);
      side->framesCountTaken(-__builtin_popcountll(free));
    }
  }
}

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static uint64_t counted(const struct side *side, uint64_t hash) {
  return MIX(MIX(hash, side->framesFree()), side->ownerFrames(side->kernelFrames()));
}

/* ---- kinds: what is called `..._run` is whose calls are counted */
/* Takes all frames, at most TAKEN, and gives them back, until TAKEN were taken. */
static uint64_t bulk_run(const struct side *side) {
  uint64_t hash = 0;
  void *const owner = side->kernelFrames();
  for (int64_t left = TAKEN, count; left > 0; left -= count) {
    count = smaller(left, side->framesFree());
    for (int64_t i = 0; i < count; i++) taken[i] = side->frameTake(owner);
    for (int64_t i = 0; i < count; i++) side->frameGive(taken[count == ordered ? order[i] : i]);
    hash = MIX(hash, taken[count - 1]);
  }
  return counted(side, hash);
}

/* Takes one frame and gives it back. */
static uint64_t repeat_run(const struct side *side) {
  uint64_t hash = 0;
  void *const owner = side->kernelFrames();
  for (int i = 0; i < TAKEN; i++) {
    const int64_t frame = side->frameTake(owner);
    hash = MIX(hash, frame);
    side->frameGive(frame);
  }
  return counted(side, hash);
}

/* Takes all runs of 2 MiB, at most RUNS, and gives them back in any order. */
static uint64_t two_mib_run(const struct side *side) {
  uint64_t hash = 0;
  void *const owner = side->kernelFrames();
  for (int64_t left = RUNS, count; left > 0; left -= count) {
    for (count = 0; count < left; count++) {
      taken[count] = side->runTake(ORDER, owner);
      if (taken[count] < 0) break;
    }
    for (int64_t i = 0; i < count; i++) side->runGive(taken[count == ordered ? order[i] : i], ORDER);
    hash = MIX(hash, taken[count - 1]);
  }
  return counted(side, hash);
}

/* Takes a run of 2 MiB, splits it, and gives its frames back. */
static uint64_t split_run(const struct side *side) {
  uint64_t hash = 0;
  void *const owner = side->kernelFrames();
  for (int i = 0; i < RUNS / 4; i++) {
    const int64_t first = side->runTake(ORDER, owner);
    side->runSplit(first, ORDER);
    for (int frame = 0; frame < AREA; frame++) side->frameGive(first + frame);
    hash = MIX(hash, first);
  }
  return counted(side, hash);
}

/* In order, or in any order: `count` is what a round takes. */
static void order_write(int64_t count, bool is_random) {
  ordered = count;
  for (int64_t i = 0; i < count; i++) order[i] = i;
  for (int64_t i = is_random ? count : 0; i > 1; i--) {
    const int64_t other = random_next() % i;
    const uint32_t moved = order[i - 1];
    order[i - 1] = order[other];
    order[other] = moved;
  }
}

static void singles_prepare(const struct side *side, int gib, int fill, bool is_random) {
  pool_prepare(side, gib, fill, false);
  order_write(smaller(TAKEN, side->framesFree()), is_random);
}

#define POOL(gib, fill)                                                                                    \
  static void pool_##gib##_##fill(const struct side *side) { singles_prepare(side, gib, fill, false); }    \
  static void random_##gib##_##fill(const struct side *side) { singles_prepare(side, gib, fill, true); }   \
  static void fragmented_##gib##_##fill(const struct side *side) {                                         \
    pool_prepare(side, gib, fill, true);                                                                   \
    order_write(smaller(RUNS, (int64_t)gib * (GIB / AREA) * whole_share(fill) / 1000), true);              \
  }
#define FILLS(F, gib) F(gib, 10) F(gib, 50) F(gib, 90) F(gib, 99)
#define POOLS(F) FILLS(F, 1) FILLS(F, 16) FILLS(F, 128)
POOLS(POOL)

/* The name is kind, GiB and percent. */
#define WORKLOADS(gib, fill)                                                                    \
  {"bulk " #gib " " #fill, "call", 2 * TAKEN, pool_##gib##_##fill, bulk_run},                   \
  {"random " #gib " " #fill, "call", 2 * TAKEN, random_##gib##_##fill, bulk_run},               \
  {"repeat " #gib " " #fill, "call", 2 * TAKEN, pool_##gib##_##fill, repeat_run},               \
  {"run " #gib " " #fill, "call", 2 * RUNS, fragmented_##gib##_##fill, two_mib_run},
const struct workload workloads[] = {
  POOLS(WORKLOADS)
  {"split 16 50", "frame", RUNS / 4 * AREA, fragmented_16_50, split_run},
};
const int workload_count = LENGTH(workloads);

/* ---- what the work is done on */
void workloads_init(void) {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  for (int i = 0; i < SIDES; i++) {
    const size_t bytes = METADATA_BYTES + (size_t)LARGEST * GIB * RECORD_BYTES;
    char *const memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (memory == MAP_FAILED) {
      perror("memory for the pools");
      exit(1);
    }
    kepts[i] = (struct kept){.metadata = memory, .records = memory + METADATA_BYTES};
  }
}

void workloads_scrub(void) {}

/* The bitmaps, with what follows from them: the same bytes on both sides. */
uint64_t workloads_memory(void) {
  const uint64_t *const words = now->metadata;
  const int64_t count = now->side->framesMetadataBytes((int64_t)now->gib * GIB) / 8;
  uint64_t hash = 0;
  for (int64_t i = 0; i < count; i++) hash = MIX(hash, words[i]);
  return hash;
}
