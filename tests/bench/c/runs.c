/* Runs of 2^order frames from order 9 on: areas that are free from end to end, one after the other. */
#include "frame-pool.h"

enum { ORDER_MAX = 18, WORD_ORDER = 6, NO_BIT = 64 };

/* ---- searching: 64 areas at a time */
/* The lowest bit at which 2^order ones start, aligned to their number. */
static int run_in_bits(uint64_t bits, int order) {
  static const uint64_t aligned[] = {
    ALL_FREE, 0x5555555555555555, 0x1111111111111111, 0x0101010101010101, 0x0001000100010001, 0x0000000100000001, 1,
  };
  for (int i = 0; i < order; i++) bits &= bits >> (1 << i);
  bits &= aligned[order];
  return bits ? __builtin_ctzll(bits) : NO_BIT;
}

static bool are_whole(size_t word, int order) {
  for (size_t i = 1; i < 1ull << order; i++) {
    if (pool.whole.level[0][word + i] != ALL_FREE) return false;
  }
  return true;
}

static int64_t high_run_find(int order) {
  int64_t word = tree_next_at(&pool.whole, 1, 0);
  for (; word < (int64_t)pool.end; word = tree_next_at(&pool.whole, 1, word + 1)) {
    const uint64_t bits = pool.whole.level[0][word];
    if (order <= WORD_ORDER) {
      const int bit = run_in_bits(bits, order);
      if (bit != NO_BIT) return word * 64 + bit;
    } else if (bits == ALL_FREE && !(word & ((1 << (order - WORD_ORDER)) - 1)) && are_whole(word, order - WORD_ORDER)) {
      return word * 64;
    }
  }
  return NO_MEMBER;
}

/* With areas of low memory in it. */
static int64_t low_run_find(int order) {
  if (!pool.low_whole) return NO_MEMBER;
  const uint64_t bits = pool.whole.level[0][0] | pool.low_whole;
  if (order > WORD_ORDER) return bits == ALL_FREE && are_whole(0, order - WORD_ORDER) ? 0 : NO_MEMBER;
  const int bit = run_in_bits(bits, order);
  return bit == NO_BIT ? NO_MEMBER : bit;
}

static int64_t long_run_find(int order) {
  int64_t area = high_run_find(order - AREA_ORDER);
  if (area == NO_MEMBER && area_opened_close()) area = high_run_find(order - AREA_ORDER);
  if (area == NO_MEMBER) area = low_run_find(order - AREA_ORDER);
  return area == NO_MEMBER ? NO_FRAME : area * AREA_FRAMES;
}

/* ---- taking and giving */
static void words_fill(int64_t first, int64_t count, uint64_t free) {
  struct pair *const end = pair_of(first + count);
  for (struct pair *pair = pair_of(first); pair < end; pair++) pair->free = free;
}

static uint64_t area_mask(int64_t count) { return count >= 64 ? ALL_FREE : (1ull << count) - 1; }

/* Any order from 9 on, wherever it is. */
static COLD int64_t run_take_any(int64_t order, void *owner) {
  if (order < AREA_ORDER || order > ORDER_MAX) c_panic("frames: no run has this order", order);
  if (!pool.pairs) c_panic("frames: a run was taken before there was a pool", 0);
  const int64_t first = long_run_find(order), count = 1ll << order, areas = count / AREA_FRAMES;
  if (first == NO_FRAME) return NO_FRAME;
  for (int64_t done = 0; done < areas; done += 64) areas_remove(first / AREA_FRAMES + done, area_mask(areas));
  words_fill(first, count, 0);
  pair_of(first)->heads |= bit_of(first);
  pool.free -= count;
  record_open(first, count, ((uint64_t)order << ORDER_SHIFT) + RUN, owner);
  return first;
}

/* One area when none is whole but low ones: the open one may be, or there is none. */
static COLD int64_t area_take_elsewhere(void *owner) {
  return pool.low_whole || area_opened_close() ? run_take_any(AREA_ORDER, owner) : NO_FRAME;
}

/* No area is left of the 64 words of which the lowest was one: the next word is the lowest. */
static COLD int64_t words_leave(size_t area) {
  const size_t words = area >> 12;
  const uint64_t left = pool.whole.level[2][words >> 6] & ~(1ull << (words & 63));
  if (left) {
    pool.whole.level[2][words >> 6] = left;
    const size_t next = (words & ~63ull) + __builtin_ctzll(left);
    pool.first = next * 64 + __builtin_ctzll(pool.whole.level[1][next]);
  } else {
    tree_remove_at(&pool.whole, 2, words);
    pool.first = tree_next_at(&pool.whole, 1, 0);
  }
  return area * AREA_FRAMES;
}

/* `word` has no area left, `area` was the last. */
static inline int64_t word_leave(size_t word, size_t area) {
  const uint64_t left = pool.whole.level[1][word >> 6] &= ~(1ull << (word & 63));
  if (!left) return words_leave(area);
  pool.first = (word & ~63ull) | __builtin_ctzll(left); /* none is below */
  return area * AREA_FRAMES;
}

/* Orders 9 to 18; for one area a short way. */
int64_t c_runTake(int64_t order, void *owner) {
  if (order != AREA_ORDER || !pool.high_areas) return run_take_any(order, owner);
  const size_t word = pool.first;
  const uint64_t areas = pool.whole.level[0][word], left = areas & (areas - 1);
  if (!areas) return area_take_elsewhere(owner);
  pool.whole.level[0][word] = left;
  const size_t area = word * 64 + __builtin_ctzll(areas);
  struct pair *const pair = &pool.pairs[area * AREA_WORDS];
  for (int i = 0; i < AREA_WORDS; i++) pair[i].free = 0;
  pair->heads = 1;
  pool.free -= AREA_FRAMES;
  record_open(area * AREA_FRAMES, AREA_FRAMES, ((uint64_t)AREA_ORDER << ORDER_SHIFT) + RUN, owner);
  return left ? (int64_t)(area * AREA_FRAMES) : word_leave(word, area);
}

static _Noreturn COLD void run_give_refuse(int64_t first) {
  c_panic("frames: a run of 2 MiB given back that is none", first);
}

static void run_check(int64_t first, int64_t order) {
  if (is_outside(first) || !is_head(first)) c_panic("frames: a run given back that is none", first);
  const struct record *const record = &pool.records[first];
  if (record->references != RUN) c_panic("frames: a run given back with references", first);
  if (record->order != order) c_panic("frames: a run given back that has another length", order);
}

static COLD void run_give_any(int64_t first, int64_t order) {
  run_check(first, order);
  const int64_t count = 1ll << order, areas = count / AREA_FRAMES;
  pair_of(first)->heads ^= bit_of(first);
  pool.records[first].owner->frames -= count;
  pool.free += count;
  words_fill(first, count, ALL_FREE);
  for (int64_t done = 0; done < areas; done += 64) areas_add(first / AREA_FRAMES + done, area_mask(areas));
}

/* The area is whole, which is not low. */
static inline void area_add(size_t area) {
  const size_t word = area / 64;
  uint64_t *const areas = &pool.whole.level[0][word];
  if (*areas) {
    *areas |= 1ull << (area & 63);
    return;
  }
  *areas = 1ull << (area & 63);
  if (word < pool.first) pool.first = word;
  uint64_t *const words = &pool.whole.level[1][word >> 6];
  if (*words) *words |= 1ull << (word & 63);
  else tree_add_at(&pool.whole, 1, word);
}

void c_runGive(int64_t first, int64_t order) {
  const size_t area = (uint64_t)first >> AREA_ORDER | (uint64_t)first << (64 - AREA_ORDER);
  if (order != AREA_ORDER || area - LOW_AREA >= pool.high_areas) {
    run_give_any(first, order);
    return;
  }
  struct pair *const pair = &pool.pairs[area * AREA_WORDS];
  struct record *const record = &pool.records[first];
  if (pair->heads != 1 || record->references != RUN || record->order != AREA_ORDER) run_give_refuse(first);
  pair->heads = 0;
  for (int i = 0; i < AREA_WORDS; i++) pair[i].free = ALL_FREE;
  record->owner->frames -= AREA_FRAMES;
  pool.free += AREA_FRAMES;
  area_add(area);
}

void c_runSplit(int64_t first, int64_t order) {
  run_check(first, order);
  struct owner *const owner = pool.records[first].owner;
  const int64_t count = 1ll << order;
  owner->frames -= count;
  for (int64_t frame = first; frame < first + count; frame++) record_open(frame, 1, 0, owner);
  struct pair *const end = pair_of(first + count);
  for (struct pair *pair = pair_of(first); pair < end; pair++) pair->heads = ALL_FREE;
}
