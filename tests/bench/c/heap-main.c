/*
 * heap mix LIVE PAIRS STEPS     `allocator <tab> ns a pair <tab> instructions a pair <tab> of the dearest take <tab> give`
 * heap efficiency SEED          `mean of payload / arena over 50 rounds`
 */
#define _GNU_SOURCE
#include "allocators.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_STOP_INSTRUMENTATION
#endif
#include "../../../scripts/hosted/steps.h"

/* ---- random mixes: as many blocks as are given stay out; a pair gives a random one back and takes another ---- */
#define SMALLEST 1.0
#define LARGEST 65536.0

static void **blocks;

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (uint64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}
static void *taken(const struct allocator *with, struct random *random) {
  void *const block = with->take(random_log(random, SMALLEST, LARGEST));
  must(block != NULL, "out of memory");
  return block;
}
static void mix_fill(const struct allocator *with, struct random *random, uint64_t live, uint64_t warm) {
  with->start();
  for (uint64_t i = 0; i < live; i++) blocks[i] = taken(with, random);
  for (uint64_t i = 0; i < warm; i++) {
    void **const place = &blocks[random_below(random, live)];
    with->give(*place);
    *place = taken(with, random);
  }
}
static void mix_empty(const struct allocator *with, uint64_t live) {
  for (uint64_t i = 0; i < live; i++) with->give(blocks[i]);
}

/* Sizes and places are chosen before the clock starts. */
static double mix_time(const struct allocator *with, uint64_t live, uint64_t pairs) {
  struct random random = {live * 2 + 1};
  uint64_t *const size = calloc(pairs, 8);
  uint32_t *const which = calloc(pairs, 4);
  mix_fill(with, &random, live, 4 * live);
  for (uint64_t i = 0; i < pairs; i++) {
    size[i] = random_log(&random, SMALLEST, LARGEST);
    which[i] = random_below(&random, live);
  }
  const uint64_t start = now();
  for (uint64_t i = 0; i < pairs; i++) {
    with->give(blocks[which[i]]);
    blocks[which[i]] = with->take(size[i]);
  }
  const uint64_t time = now() - start;
  mix_empty(with, live);
  free(size), free(which);
  return (double)time / pairs;
}

/* What callgrind counts, of the functions that it is told to. */
static void mix_run(const struct allocator *with, uint64_t live, uint64_t pairs) {
  struct random random = {live * 2 + 1};
  blocks = calloc(live, sizeof *blocks);
  mix_fill(with, &random, live, 4 * live);
  CALLGRIND_START_INSTRUMENTATION;
  for (uint64_t i = 0; i < pairs; i++) {
    void **const place = &blocks[random_below(&random, live)];
    with->give(*place);
    *place = taken(with, &random);
  }
  CALLGRIND_STOP_INSTRUMENTATION;
}

struct counted {
  double pair;
  uint64_t take, give;
};
static struct counted mix_count(const struct allocator *with, uint64_t live, uint64_t pairs) {
  struct random random = {live * 2 + 1};
  struct counted counted = {0, 0, 0};
  uint64_t sum = 0;
  mix_fill(with, &random, live, 4 * live);
  for (uint64_t i = 0; i < pairs; i++) {
    const uint64_t size = random_log(&random, SMALLEST, LARGEST);
    void **const place = &blocks[random_below(&random, live)];
    steps_begin();
    with->give(*place);
    const uint64_t give = steps_end();
    steps_begin();
    *place = with->take(size);
    const uint64_t take = steps_end();
    sum += give + take;
    if (give > counted.give) counted.give = give;
    if (take > counted.take) counted.take = take;
  }
  mix_empty(with, live);
  counted.pair = (double)sum / pairs;
  return counted;
}

static void mix(uint64_t live, uint64_t pairs, uint64_t steps) {
  blocks = calloc(live, sizeof *blocks);
  for (int i = 0; i < ALLOCATORS; i++) {
    const double time = mix_time(&allocators[i], live, pairs);
    const struct counted counted = mix_count(&allocators[i], live, steps);
    printf("%s\t%.2f\t%.1f\t%" PRIu64 "\t%" PRIu64 "\n", allocators[i].name, time, counted.pair, counted.take, counted.give);
  }
}

/*
 * ---- efficiency: a fixed arena of 64 MiB; sizes log-uniform from 1 byte to 64 KiB, one in a thousand up to 1 MiB;
 * alignment 8, one in twenty log-uniform from 16 to 4,096; allocate until the first failure, record live payload / arena,
 * free a random half; 50 rounds ----
 */
enum { ARENA = 64 << 20, ROUNDS = 50, BLOCKS_MOST = 1 << 20 };

static double efficiency(uint64_t seed) {
  struct random random = {seed * 0x9e3779b97f4a7c15ull | 1};
  static void *block[BLOCKS_MOST];
  static uint32_t bytes[BLOCKS_MOST];
  uint64_t count = 0, live = 0;
  double sum = 0;
  fixed_start(ARENA);
  for (int round = 0; round < ROUNDS; round++) {
    for (;;) {
      const double most = random_below(&random, 1000) == 0 ? 1048577.0 : 65537.0;
      const uint64_t size = random_log(&random, 1, most);
      const uint64_t align = random_below(&random, 20) == 0 ? 16ull << random_below(&random, 9) : 8;
      void *const place = fixed_take(size, align);
      if (place == NULL) break;
      must(count < BLOCKS_MOST, "more blocks than there is room for");
      block[count] = place, bytes[count] = size, count++, live += size;
    }
    sum += (double)live / ARENA;
    for (uint64_t left = count / 2; left > 0; left--) {
      const uint64_t i = random_below(&random, count);
      fixed_give(block[i]);
      live -= bytes[i], count--;
      block[i] = block[count], bytes[i] = bytes[count];
    }
  }
  return sum / ROUNDS;
}

int main(int words, char **word) {
  steps_ready();
  const char *const what = words > 1 ? word[1] : "";
  if (strcmp(what, "mix") == 0 && words == 5) mix(strtoull(word[2], NULL, 10), strtoull(word[3], NULL, 10), strtoull(word[4], NULL, 10));
  else if (strcmp(what, "pairs") == 0 && words == 5) {
    mix_run(&allocators[atoi(word[2]) % ALLOCATORS], strtoull(word[3], NULL, 10), strtoull(word[4], NULL, 10));
  } else if (strcmp(what, "efficiency") == 0 && words == 3) printf("%.5f\n", efficiency(strtoull(word[2], NULL, 10)));
  else stop("usage: heap mix LIVE PAIRS STEPS | efficiency SEED");
  return 0;
}
