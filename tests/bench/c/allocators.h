/* The heap, first fit in C, and the C library's malloc, under one interface. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct allocator {
  const char *name;
  void (*start)(void); /* nothing is out any more, and the heap is as at first */
  void *(*take)(uint64_t size);
  void *(*resize)(void *block, uint64_t size);
  void (*give)(void *block);
};
enum { KERNEL, FIRST_FIT, C_LIBRARY, ALLOCATORS };
extern const struct allocator allocators[ALLOCATORS];

/* The most bytes that they have room for. */
#define ROOM (1ull << 30)

/* The heap with a size of its own. */
void fixed_start(uint64_t size);
void *fixed_take(uint64_t size, uint64_t align);
void fixed_give(void *block);

_Noreturn void stop(const char *what);
static inline void must(bool holds, const char *what) {
  if (!holds) stop(what);
}

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled". */
struct random {
  uint64_t state;
};
static inline uint64_t random_next(struct random *random) {
  random->state ^= random->state >> 12, random->state ^= random->state << 25, random->state ^= random->state >> 27;
  return random->state * 2685821657736338717ull;
}
static inline uint64_t random_below(struct random *random, uint64_t limit) {
  return (random_next(random) >> 32) * limit >> 32;
}
/* From `low` to `high`, each doubling as likely as another. */
uint64_t random_log(struct random *random, double low, double high);
