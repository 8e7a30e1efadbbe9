/*
 * Says what one call of the frame allocator costs, in instructions: `name <tab> count`. The processor's trap flag stops
 * the program after each instruction, and the signal's handler counts: exact, and without any tool.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

int64_t ts_framesMetadataBytes(int64_t limit);
void ts_framesInit(void *metadata, int64_t limit, void *table);
void ts_framesAdd(int64_t first, int64_t count);
int64_t ts_kernelFrames(void);
int64_t ts_frameTake(int64_t owner);
int64_t ts_frameGive(int64_t frame);
int64_t ts_runTake(int64_t order, int64_t owner);
int64_t ts_runGive(int64_t first, int64_t order);

typedef int64_t function(int64_t, int64_t);
#define F(name) ((function *)(void *)name)

enum { AREA = 512, ORDER = 9, LIMIT = 512 * 1024, RECORD_BYTES = 32 };

static volatile sig_atomic_t steps;
static int64_t answer;
static void on_step(int number) { (void)number, steps++; }

__attribute__((naked)) static void nothing(void) { __asm__("ret"); }

static int64_t stepped(function *volatile call, int64_t a, int64_t b) {
  steps = 0;
  __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq" ::: "memory", "cc");
  answer = call(a, b);
  __asm__ volatile("pushfq; andq $~0x100, (%%rsp); popfq" ::: "memory", "cc");
  return steps;
}

/* Its return is its own, as the call is not. */
static int64_t cost(function *call, int64_t a, int64_t b) {
  const int64_t around = stepped(F(nothing), a, b) - 1;
  return stepped(call, a, b) - around;
}
static void say(const char *name, int64_t count) { printf("%s\t%lld\n", name, (long long)count); }

int main(void) {
  signal(SIGTRAP, on_step);
  void *const memory = mmap(NULL, (size_t)LIMIT * RECORD_BYTES + (1 << 20), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED || ts_framesMetadataBytes(LIMIT) > 1 << 20) return 1;
  ts_framesInit(memory, LIMIT, (char *)memory + (1 << 20));
  const int64_t owner = ts_kernelFrames();

  /* Areas 64 to 127 are free, and of 200 and 300 one frame of each word: words of one and of 64 areas, words of frames. */
  ts_framesAdd(64 * AREA, 64 * AREA);
  for (int64_t word = 0; word < 8; word++) {
    ts_framesAdd(200 * AREA + word * 64, 1);
    ts_framesAdd(201 * AREA + word * 64 + 3, 40);
  }
  const int64_t first = ts_frameTake(owner), second = ts_frameTake(owner);
  say("frameTake, the next word", cost(F(ts_frameTake), owner, 0));
  const int64_t third = answer;
  say("frameGive, the first of its word", cost(F(ts_frameGive), second, 0));
  ts_frameGive(first), ts_frameGive(third);
  for (int i = 0; i < 9; i++) ts_frameTake(owner);
  say("frameTake", cost(F(ts_frameTake), owner, 0));
  say("frameGive", cost(F(ts_frameGive), answer, 0));

  say("runTake", cost(F(ts_runTake), ORDER, owner));
  say("runGive", cost(F(ts_runGive), answer, ORDER));
  ts_framesAdd(400 * AREA, AREA);
  int64_t run = 0, last = 0;
  for (int i = 0; i < 64; i++) last = ts_runTake(ORDER, owner);
  say("runTake, the last of its word", cost(F(ts_runTake), ORDER, owner));
  run = answer;
  say("runTake, none", cost(F(ts_runTake), ORDER, owner));
  if (answer >= 0 || run < 0) return 1;
  say("runGive, the first of its word", cost(F(ts_runGive), run, ORDER));
  ts_runGive(last, ORDER);
  return 0;
}
