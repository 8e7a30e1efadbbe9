/*
 * heap mix LIVE PAIRS          for each allocator: `name <tab> ns a pair`
 * heap pairs WHICH LIVE PAIRS  the same pairs of one allocator, for callgrind
 * heap dearest LIVE PAIRS      of the kernel's: instructions of the dearest pair <tab> take <tab> give
 * heap efficiency SEED         mean of payload / arena over 50 rounds
 * heap fuzz MIXES              of so many random mixes, the worst: `ns a pair <tab> of the C library's <tab> what it was`
 * heap trace FILE              `ns an operation <tab> of the C library's`
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
#include "../../../scripts/replay/trace.h"

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

/* Counted one by one: the dearest. */
static void mix_dearest(const struct allocator *with, uint64_t live, uint64_t pairs) {
  struct random random = {live * 2 + 1};
  uint64_t most = 0, most_take = 0, most_give = 0;
  blocks = calloc(live, sizeof *blocks);
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
    if (give + take > most) most = give + take;
    if (give > most_give) most_give = give;
    if (take > most_take) most_take = take;
  }
  printf("%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", most, most_take, most_give);
}

static void mix(uint64_t live, uint64_t pairs) {
  blocks = calloc(live, sizeof *blocks);
  for (int i = 0; i < ALLOCATORS; i++) {
    printf("%s\t%.2f\n", allocators[i].name, mix_time(&allocators[i], live, i == FIRST_FIT ? pairs / 20 : pairs));
  }
}

/* ---- random mixes of all kinds: how many blocks, of which sizes ---- */
struct kind {
  uint64_t seed, live;
  double low, high;
};
enum { FUZZ_PAIRS = 400, FUZZ_LIVE = 1000, FUZZ_RUNS = 3, FUZZ_AGAIN = 30 };

static double fuzz_time(const struct allocator *with, struct kind kind) {
  struct random random = {kind.seed};
  static uint64_t size[FUZZ_PAIRS];
  static uint32_t which[FUZZ_PAIRS];
  with->start();
  for (uint64_t i = 0; i < kind.live; i++) blocks[i] = with->take(random_log(&random, kind.low, kind.high));
  for (int i = 0; i < FUZZ_PAIRS; i++) {
    size[i] = random_log(&random, kind.low, kind.high);
    which[i] = random_below(&random, kind.live);
  }
  const uint64_t start = now();
  for (int i = 0; i < FUZZ_PAIRS; i++) {
    with->give(blocks[which[i]]);
    blocks[which[i]] = with->take(size[i]);
  }
  const uint64_t time = now() - start;
  for (uint64_t i = 0; i < kind.live; i++) with->give(blocks[i]);
  return (double)time / FUZZ_PAIRS;
}
/* The fastest of several runs each: what else the machine does only adds. */
static double fuzz_ratio(struct kind kind, int runs, double *kernel, double *library) {
  *kernel = *library = 1e9;
  for (int run = 0; run < runs; run++) {
    const double own = fuzz_time(&allocators[KERNEL], kind), other = fuzz_time(&allocators[C_LIBRARY], kind);
    if (own < *kernel) *kernel = own;
    if (other < *library) *library = other;
  }
  return *kernel / *library;
}
static void fuzz(uint64_t mixes) {
  struct random random = {12345};
  double worst = 0, kernel = 0, library = 0;
  struct kind which = {0, 0, 0, 0};
  blocks = calloc(FUZZ_LIVE, sizeof *blocks);
  for (uint64_t i = 0; i < mixes; i++) {
    const double low = random_log(&random, 1, 8192), high = low + 1 + random_log(&random, 1, 65536);
    const struct kind kind = {random_next(&random) | 1, random_log(&random, 2, FUZZ_LIVE), low, high};
    double own, other;
    if (fuzz_ratio(kind, FUZZ_RUNS, &own, &other) <= worst) continue;
    const double ratio = fuzz_ratio(kind, FUZZ_AGAIN, &own, &other); /* was it the machine's doing? */
    if (ratio <= worst) continue;
    worst = ratio, kernel = own, library = other, which = kind;
  }
  printf("%.1f\t%.1f\t%" PRIu64 " blocks of %.0f to %.0f bytes\n", kernel, library, which.live, which.low, which.high);
}

/* ---- traces ---- */
static double trace_time(const struct allocator *with, const struct trace *trace) {
  void **const out = calloc(trace->ids + 1, sizeof *out);
  uint64_t best = ~0ull;
  for (int run = 0; run < 9; run++) {
    with->start();
    const uint64_t start = now();
    for (uint64_t i = 0; i < trace->count; i++) {
      const struct step step = trace->steps[i];
      if (step.kind == 'a') out[step.id] = with->take(step.size);
      else if (step.kind == 'r') out[step.id] = with->resize(out[step.id], step.size);
      else with->give(out[step.id]), out[step.id] = NULL;
    }
    const uint64_t time = now() - start;
    if (time < best) best = time;
    for (uint64_t id = 0; id < trace->ids; id++) {
      if (out[id] != NULL) with->give(out[id]);
      out[id] = NULL;
    }
  }
  free(out);
  return (double)best / trace->count;
}
static void replay(const char *file) {
  const struct trace trace = trace_read(file);
  printf("%.2f\t%.2f\n", trace_time(&allocators[KERNEL], &trace), trace_time(&allocators[C_LIBRARY], &trace));
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
  const char *const what = words > 1 ? word[1] : "";
  const char *const text = words > 2 ? word[2] : "0";
  const uint64_t first = strtoull(text, NULL, 10), second = words > 3 ? strtoull(word[3], NULL, 10) : 0;
  steps_ready();
  if (strcmp(what, "mix") == 0 && second > 0) mix(first, second);
  else if (strcmp(what, "pairs") == 0 && words == 5) {
    mix_run(&allocators[first % ALLOCATORS], second, strtoull(word[4], NULL, 10));
  } else if (strcmp(what, "dearest") == 0 && second > 0) mix_dearest(&allocators[KERNEL], first, second);
  else if (strcmp(what, "efficiency") == 0) printf("%.5f\n", efficiency(first));
  else if (strcmp(what, "fuzz") == 0) fuzz(first);
  else if (strcmp(what, "trace") == 0) replay(text);
  else stop("usage: heap mix|pairs|dearest|efficiency|fuzz|trace …");
  return 0;
}
