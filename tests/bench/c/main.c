/*
 * bench check           each workload once on each side: `name <tab> what TypeScript answers <tab> what C answers`
 * bench time RUNS       `name <tab> operation <tab> ns of TypeScript <tab> ns of C`, medians for one operation
 * bench count           `name <tab> operations`; each run, TypeScript's first, is one call of `measured` for callgrind
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include "workloads.h"

/* Valgrind goes without counting, and faster, until it is told to; its header comes with it. */
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_STOP_INSTRUMENTATION
#endif

#define TS_MEMBER(result, name, arguments) ts_##name,
#define C_MEMBER(result, name, arguments) c_##name,
static const struct side sides[2] = {{API(TS_MEMBER)}, {API(C_MEMBER)}};

enum { RUNS_MAX = 1001 };

/* What callgrind counts: nothing but this call. The barrier keeps it from becoming a jump. */
__attribute__((noinline)) uint64_t measured(const struct workload *workload, const struct side *side) {
  const uint64_t result = workload->run(side);
  __asm__ volatile("" ::: "memory");
  return result;
}

/* Of this process: what others take of the CPU is not counted. */
static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (uint64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static uint64_t timed(const struct workload *workload, const struct side *side, int seed) {
  workloads_seed(seed);
  workload->prepare(side);
  const uint64_t start = now();
  measured(workload, side);
  return now() - start;
}

static int by_value(const void *left, const void *right) {
  const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return a < b ? -1 : a > b;
}
static double median(uint64_t *values, int count) {
  qsort(values, count, sizeof *values, by_value);
  return values[count / 2];
}

static void check(const struct workload *workload) {
  printf("%s", workload->name);
  for (int side = 0; side < 2; side++) {
    workloads_scrub();
    workloads_seed(0);
    workload->prepare(&sides[side]);
    const uint64_t result = measured(workload, &sides[side]);
    if (workload->is_right && !workload->is_right()) c_panic(workload->name, result);
    printf("\t%016" PRIx64 "-%016" PRIx64, result, workloads_memory());
  }
  printf("\n");
}

/*
 * The sides take turns, and take turns at being first: what changes with time changes both. The work of each run is
 * new, so that no branch predictor learns it by heart.
 */
static void compare(const struct workload *workload, int runs) {
  static uint64_t times[2][RUNS_MAX];
  for (int run = 0; run < runs; run++) {
    for (int turn = 0; turn < 2; turn++) {
      const int side = (run + turn) & 1;
      times[side][run] = timed(workload, &sides[side], run);
    }
  }
  const double ts = median(times[0], runs) / workload->operations, c = median(times[1], runs) / workload->operations;
  printf("%s\t%s\t%.4f\t%.4f\n", workload->name, workload->operation, ts, c);
}

static void count(const struct workload *workload) {
  for (int side = 0; side < 2; side++) {
    workloads_seed(0);
    workload->prepare(&sides[side]);
    CALLGRIND_START_INSTRUMENTATION;
    measured(workload, &sides[side]);
    CALLGRIND_STOP_INSTRUMENTATION;
  }
  printf("%s\t%" PRIu64 "\n", workload->name, workload->operations);
}

_Noreturn void c_panic(const char *message, uint64_t value) {
  fprintf(stderr, "%s value=0x%" PRIx64 "\n", message, value);
  abort();
}

/* The kernel's panic: `ud2` with the message in RDI, a length and its bytes, and a value in RSI. */
static void on_illegal_instruction(int number, siginfo_t *info, void *context) {
  const greg_t *const registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  const uint32_t *const message = (const uint32_t *)registers[REG_RDI];
  (void)info;
  if (registers[REG_RAX] == 0x70616e6963) {
    fprintf(stderr, "%.*s value=0x%llx\n", (int)*message, (const char *)(message + 1), registers[REG_RSI]);
  }
  _exit(128 + number);
}

int main(int count_of_words, char **words) {
  const char *const mode = count_of_words > 1 ? words[1] : "";
  const int runs = count_of_words > 2 ? atoi(words[2]) : 21;
  const bool is_check = strcmp(mode, "check") == 0, is_time = strcmp(mode, "time") == 0;
  if ((!is_check && !is_time && strcmp(mode, "count") != 0) || runs < 1 || runs > RUNS_MAX) {
    fprintf(stderr, "usage: bench check | time [RUNS] | count\n");
    return 2;
  }
  const struct sigaction action = {.sa_sigaction = on_illegal_instruction, .sa_flags = SA_SIGINFO};
  sigaction(SIGILL, &action, NULL);
  workloads_init();
  for (int i = 0; i < workload_count; i++) {
    if (is_check) check(&workloads[i]);
    else if (is_time) compare(&workloads[i], runs);
    else count(&workloads[i]);
    fflush(stdout);
  }
  return 0;
}
