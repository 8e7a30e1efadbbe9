/*
 * regions WORK COUNT: COUNT regions of one page, inserted in random order with holes of seven between them, then WORK
 * many times over, from a function whose name ends in _run: what it calls is what callgrind is asked for.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "api.h"

void ts_framesInit(void *metadata, int64_t limit, void *table);
void ts_framesAdd(int64_t first, int64_t count);
void ts_regionSlabInit(void);
void *ts_regionsEmpty(void *at);
uint64_t ts_regionAt(void *regions, uint64_t va);
int64_t ts_regionInsert(void *, uint64_t start, uint64_t end, int64_t permissions, int64_t kind, uint64_t, uint64_t);
int64_t ts_regionsRemove(void *regions, uint64_t start, uint64_t end);
uint64_t ts_holeFind(void *regions, uint64_t size, uint64_t align, uint64_t low, uint64_t high);

enum { RAM_FRAMES = 1 << 14, STEPS = 2000, PAGE = 4096, STRIDE = 8 * PAGE };

static uint64_t regions[4];
static uint64_t state = 88172645463325252ull;

static uint64_t random_below(uint64_t limit) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state % limit;
}

static void must(bool holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "regions: %s\n", what);
  exit(1);
}

__attribute__((noinline)) static void lookup_run(uint64_t count) {
  for (int i = 0; i < STEPS; i++) must(ts_regionAt(regions, random_below(count) * STRIDE + 5) != 0, "not found");
}
__attribute__((noinline)) static void again_run(uint64_t count) {
  for (int i = 0; i < STEPS; i++) must(ts_regionAt(regions, count / 2 * STRIDE + i) != 0, "not found");
}
/* The only hole that is large enough is three quarters of the way up. */
__attribute__((noinline)) static void hole_run(uint64_t count) {
  const uint64_t high = count * STRIDE;
  for (int i = 0; i < STEPS; i++) must(ts_holeFind(regions, 8 * PAGE, PAGE, 0, high) < high, "no hole");
}
__attribute__((noinline)) static void change_run(uint64_t count) {
  for (int i = 0; i < STEPS; i++) {
    const uint64_t start = random_below(count - 1) * STRIDE + 3 * PAGE;
    must(ts_regionInsert(regions, start, start + PAGE, 1, 1, 0, start) == 0, "not inserted");
    must(ts_regionsRemove(regions, start, start + PAGE) == 0, "not removed");
  }
}

int main(int words, char **word) {
  const uint64_t count = words == 3 ? strtoull(word[2], NULL, 10) : 0;
  must(count >= 4, "usage: regions lookup|again|hole|change COUNT");
  void *const ram = (void *)DIRECT_MAP;
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
  must(mmap(ram, (size_t)RAM_FRAMES * PAGE, PROT_READ | PROT_WRITE, flags, -1, 0) == ram, "no memory at DIRECT_MAP");
  ts_framesInit(aligned_alloc(4096, 1 << 20), RAM_FRAMES, calloc(RAM_FRAMES, 32));
  ts_framesAdd(1, RAM_FRAMES - 1);
  ts_regionSlabInit();
  ts_regionsEmpty(regions);
  uint64_t *const order = calloc(count, 8);
  for (uint64_t i = 0; i < count; i++) {
    const uint64_t other = random_below(i + 1);
    order[i] = order[other];
    order[other] = i;
  }
  for (uint64_t i = 0; i < count; i++) {
    const uint64_t start = order[i] * STRIDE;
    must(ts_regionInsert(regions, start, start + PAGE, 1, 1, 0, start) == 0, "not inserted");
  }
  if (strcmp(word[1], "lookup") == 0) lookup_run(count);
  else if (strcmp(word[1], "again") == 0) again_run(count);
  else if (strcmp(word[1], "change") == 0) change_run(count);
  else {
    ts_regionsRemove(regions, count * 3 / 4 * STRIDE, count * 3 / 4 * STRIDE + PAGE);
    hole_run(count);
  }
  return 0;
}
