/* First fit over blocks with boundary tags and sealed headers; a block given back merges with its neighbours. */
#include "api.h"

#define SEAL_USED 0x757365649d3a51c7ull
#define SEAL_FREE 0x6672656562c5ae38ull

enum { UNIT = 16, MIN_UNITS = 2 };

struct block {
  uint32_t units, units_before;
  uint64_t seal;
  struct block *next, *previous; /* while it is free */
};
#define HEADER offsetof(struct block, next)

static struct {
  struct block *first, *end, *free; /* the arena, its end mark, the block freed last */
  int64_t units, free_units;
} heap;

static inline struct block *plus(struct block *block, int64_t units) {
  return (struct block *)((char *)block + units * UNIT);
}
static inline struct block *after(struct block *block) { return plus(block, block->units); }
static inline struct block *before(struct block *block) {
  return block->units_before ? plus(block, -(int64_t)block->units_before) : NULL;
}
static inline bool is_place(struct block *block) {
  return block >= heap.first && block < heap.end && ((uintptr_t)block & 15) == 0;
}

static inline uint64_t seal_of(struct block *block, uint64_t mark) {
  return mark ^ (uint64_t)block ^ ((uint64_t)block->units << 32 | block->units_before);
}
static inline bool is_used(struct block *block) { return block->seal == seal_of(block, SEAL_USED); }
static inline bool is_free(struct block *block) { return block->seal == seal_of(block, SEAL_FREE); }

static void write_header(struct block *block, uint32_t units, uint32_t units_before, uint64_t mark) {
  block->units = units;
  block->units_before = units_before;
  block->seal = seal_of(block, mark);
}

/* ---- the list of free blocks */
static void list_insert(struct block *block) {
  block->next = heap.free;
  block->previous = NULL;
  if (heap.free) heap.free->previous = block;
  heap.free = block;
}

static inline void list_remove(struct block *block) {
  struct block *const next = block->next, *const previous = block->previous;
  if (previous ? !is_place(previous) || previous->next != block : heap.free != block) {
    c_panic("heap: a free block was written to", (uint64_t)block);
  }
  if (next && (!is_place(next) || next->previous != block)) {
    c_panic("heap: a free block was written to", (uint64_t)block);
  }
  if (previous) previous->next = next;
  else heap.free = next;
  if (next) next->previous = previous;
}

/* ---- taking and giving */
void c_firstFitInit(void *start, int64_t size) {
  const int64_t units = size / UNIT - 1;
  heap.first = start;
  heap.end = plus(start, units);
  heap.free = NULL;
  heap.units = size / UNIT;
  heap.free_units = units;
  write_header(start, units, 0, SEAL_FREE);
  write_header(heap.end, 1, units, SEAL_USED);
  list_insert(start);
}

/* Is `block`, a neighbour of `of`, free? Its header is checked first. */
static bool is_free_neighbour(struct block *block, struct block *of) {
  if (is_used(block)) return false;
  if (!is_free(block)) c_panic("heap: the header of a neighbour was overwritten", (uint64_t)of);
  return true;
}

/* The block after `block` learns how large `block` is now. */
static void tell_follower(struct block *block) {
  struct block *const follower = after(block);
  write_header(follower, follower->units, block->units, is_used(follower) ? SEAL_USED : SEAL_FREE);
}

/* Makes the free `block` a used one of `units`; the rest stays free if it can be a block. */
static void use(struct block *block, int64_t units) {
  list_remove(block);
  const int64_t whole = block->units;
  if (whole - units < MIN_UNITS) units = whole;
  write_header(block, units, block->units_before, SEAL_USED);
  if (units < whole) {
    struct block *const rest = plus(block, units);
    write_header(rest, whole - units, units, SEAL_FREE);
    tell_follower(rest);
    list_insert(rest);
  }
  heap.free_units -= units;
}

void *c_firstFitTake(uint64_t size) {
  if (size > (uint64_t)heap.units * UNIT) return NULL;
  int64_t units = 1 + (size + UNIT - 1) / UNIT;
  if (units < MIN_UNITS) units = MIN_UNITS;
  for (struct block *block = heap.free; block; block = block->next) {
    if (!is_place(block)) c_panic("heap: a free block was written to", (uint64_t)block);
    if (!is_free(block)) c_panic("heap: the header of a free block was overwritten", (uint64_t)block);
    if (block->units < units) continue;
    use(block, units);
    return (char *)block + HEADER;
  }
  return NULL;
}

void c_firstFitGive(void *bytes) {
  struct block *block = (struct block *)((char *)bytes - HEADER);
  if (!is_place(block)) c_panic("heap: given back, but never the heap's", (uint64_t)bytes);
  if (!is_used(block)) {
    c_panic(is_free(block) ? "heap: given back twice" : "heap: header overwritten", (uint64_t)bytes);
  }
  int64_t units = block->units;
  struct block *const next = after(block), *const previous = before(block);
  heap.free_units += units;
  write_header(block, block->units, block->units_before, SEAL_FREE); /* giving it back again is noticed */
  if (is_free_neighbour(next, block)) {
    list_remove(next);
    units += next->units;
  }
  if (previous && is_free_neighbour(previous, block)) {
    list_remove(previous);
    units += previous->units;
    block = previous;
  }
  write_header(block, units, block->units_before, SEAL_FREE);
  tell_follower(block);
  list_insert(block);
}
