/*
 * heap-replay FILE …      replays traces on the kernel's heap: first with contents, which are checked, then for the
 *                         clock, then a sample of the operations for their instructions. A line each.
 *
 * The heap begins with a page and grows. What it uses is the most that it ever had, in whole pages; utilisation is the
 * most that was out, as it was asked for, of that.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include "palimpsest.h"
#include "steps.h"
#include "trace.h"

enum { PAGE = 4096, RUNS_LEAST = 3, SAMPLE = 100 };
static const uint64_t ROOM = 1ull << 34, CLOCK_LEAST = 50 * 1000 * 1000;

static const char *file;
static uint8_t *room;
static struct out {
  uint64_t *bytes;
  uint64_t size, mark;
} *out;

static _Noreturn void stop(uint64_t operation, const char *what) {
  fprintf(stderr, "%s: operation %" PRIu64 ": %s\n", file, operation + 1, what);
  exit(1);
}

static void start(const struct trace *trace) {
  memset(out, 0, trace->ids * sizeof *out);
  if (pal_heapInitPresent((uintptr_t)room, PAGE, ROOM) != PAL_OK) stop(0, "the heap does not start");
}
static inline void *take(uint64_t size) { return (void *)pal_heapTake(size); }
static inline void *resize(void *bytes, uint64_t size) { return (void *)pal_heapResize((uintptr_t)bytes, size); }
static inline void give(void *bytes) { pal_heapGive((uintptr_t)bytes); }

/* ---- with contents: every word of a block is another's, and its last bytes are the mark's ---- */
static void fill(struct out *block) {
  const uint64_t words = block->size / 8;
  for (uint64_t i = 0; i < words; i++) block->bytes[i] = block->mark + i;
  memset(block->bytes + words, (uint8_t)block->mark, block->size % 8);
}
static bool is_intact(const struct out *block, uint64_t size) {
  const uint64_t words = size / 8;
  uint64_t wrong = 0;
  for (uint64_t i = 0; i < words; i++) wrong |= block->bytes[i] ^ (block->mark + i);
  const uint8_t *const end = (const uint8_t *)(block->bytes + words);
  for (uint64_t i = 0; size == block->size && i < size % 8; i++) wrong |= end[i] ^ (uint8_t)block->mark;
  return wrong == 0;
}

static void with_contents(const struct trace *trace) {
  start(trace);
  const int64_t used = pal_heapUsed();
  for (uint64_t i = 0; i < trace->count; i++) {
    const struct step step = trace->steps[i];
    struct out *const block = &out[step.id];
    if (step.kind != 'a' && !is_intact(block, block->size)) stop(i, "what was written to the block is not there");
    if (step.kind == 'f') {
      give(block->bytes);
      block->bytes = NULL;
      continue;
    }
    block->bytes = step.kind == 'a' ? take(step.size) : resize(block->bytes, step.size);
    if (block->bytes == NULL) stop(i, "the heap has no room");
    if ((uintptr_t)block->bytes % 8 != 0) stop(i, "the block is not at a multiple of 8");
    const uint64_t kept = step.size < block->size ? step.size : block->size;
    if (step.kind == 'r' && !is_intact(block, kept)) stop(i, "the contents changed when the block was resized");
    block->size = step.size;
    block->mark = (i + 1) * 0x9e3779b97f4a7c15ull;
    fill(block);
    if (i % 1000 == 0 && pal_heapAudit() != PAL_OK) stop(i, "the audit finds damage");
  }
  for (uint64_t id = 0; id < trace->ids; id++) {
    if (out[id].bytes == NULL) continue;
    if (!is_intact(&out[id], out[id].size)) stop(trace->count, "what was written to a block is not there");
    give(out[id].bytes);
  }
  if (pal_heapAudit() != PAL_OK || pal_heapUsed() != used) stop(trace->count, "all was given back, and not all is free");
}

/* ---- without: the operations alone ---- */
static inline void operation(const struct step step) {
  struct out *const block = &out[step.id];
  if (step.kind == 'a') block->bytes = take(step.size);
  else if (step.kind == 'r') block->bytes = resize(block->bytes, step.size);
  else give(block->bytes);
}
static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}
/* The fastest of several runs, in operations a second. */
static double throughput(const struct trace *trace) {
  uint64_t best = ~0ull, all = 0;
  for (int runs = 0; runs < RUNS_LEAST || all < CLOCK_LEAST; runs++) {
    start(trace);
    const uint64_t begun = now();
    for (uint64_t i = 0; i < trace->count; i++) operation(trace->steps[i]);
    const uint64_t time = now() - begun + 1;
    all += time;
    if (time < best) best = time;
  }
  return (double)trace->count * 1e9 / (double)best;
}
static double instructions(const struct trace *trace) {
  const uint64_t every = trace->count / SAMPLE + 1;
  uint64_t sum = 0, count = 0;
  start(trace);
  for (uint64_t i = 0; i < trace->count; i++) {
    const struct step step = trace->steps[i];
    struct out *const block = &out[step.id];
    if (i % every != every / 2) {
      operation(step);
      continue;
    }
    steps_begin();
    if (step.kind == 'a') block->bytes = take(step.size);
    else if (step.kind == 'r') block->bytes = resize(block->bytes, step.size);
    else give(block->bytes);
    sum += steps_end(), count++;
  }
  return count == 0 ? 0 : (double)sum / (double)count;
}

int main(int words, char **word) {
  if (words < 2) {
    fprintf(stderr, "usage: heap-replay FILE.rep …\n");
    return 2;
  }
  room = mmap(NULL, 2 * ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) stop(0, "there are no addresses for a heap");
  pal_memory(NULL, 0);
  steps_ready();
  double sum = 0;
  printf("%-24s %10s %12s %6s %12s %12s %6s\n", "trace", "operations", "a second", "instr", "peak payload", "heap used",
         "util");
  for (int i = 1; i < words; i++) {
    file = word[i];
    struct trace trace = trace_read(file);
    out = calloc(trace.ids + 1, sizeof *out);
    with_contents(&trace);
    const uint64_t used = (uint64_t)pal_pagesCommittedMost() * PAGE;
    const double utilisation = 100.0 * (double)trace.peak / (double)used;
    const char *const slash = strrchr(file, '/');
    printf("%-24s %10" PRIu64 " %12.0f", slash == NULL ? file : slash + 1, trace.count, throughput(&trace));
    printf(" %6.0f %12" PRIu64 " %12" PRIu64 " %5.1f%%\n", instructions(&trace), trace.peak, used, utilisation);
    fflush(stdout);
    sum += utilisation;
    free(trace.steps), free(out);
  }
  if (words > 2) printf("%-24s %69.1f%%\n", "mean", sum / (words - 1));
  return 0;
}
