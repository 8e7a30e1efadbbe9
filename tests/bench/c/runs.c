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

static int64_t whole_run_find(int order, int from) {
  int64_t word = tree_next_at(&pool.whole, 1, 0);
  for (; word != NO_MEMBER; word = tree_next_at(&pool.whole, 1, word + 1)) {
    uint64_t bits = pool.whole.level[0][word];
    if (word == 0) bits &= ALL_FREE << from;
    if (order <= WORD_ORDER) {
      const int bit = run_in_bits(bits, order);
      if (bit != NO_BIT) return word * 64 + bit;
    } else if (bits == ALL_FREE && !(word & ((1 << (order - WORD_ORDER)) - 1)) && are_whole(word, order - WORD_ORDER)) {
      return word * 64;
    }
  }
  return NO_MEMBER;
}

static int64_t long_run_find(int order) {
  int64_t area = whole_run_find(order - AREA_ORDER, LOW_AREA);
  if (area == NO_MEMBER) {
    area_opened_close();
    area = whole_run_find(order - AREA_ORDER, LOW_AREA);
  }
  if (area == NO_MEMBER) area = whole_run_find(order - AREA_ORDER, 0);
  return area == NO_MEMBER ? NO_FRAME : area * AREA_FRAMES;
}

/* ---- taking and giving */
static void words_fill(int64_t first, int64_t count, uint64_t free) {
  struct pair *const end = pair_of(first + count);
  for (struct pair *pair = pair_of(first); pair < end; pair++) pair->free = free;
}

static uint64_t area_mask(int64_t count) { return count >= 64 ? ALL_FREE : (1ull << count) - 1; }

/* Orders 9 to 18. */
int64_t c_runTake(int64_t order, void *owner) {
  if (order < AREA_ORDER || order > ORDER_MAX) c_panic("frames: no run has this order", order);
  if (!pool.pairs) c_panic("frames: a run was taken before there was a pool", 0);
  const int64_t first = long_run_find(order), count = 1ll << order, areas = count / AREA_FRAMES;
  if (first == NO_FRAME) return NO_FRAME;
  for (int64_t done = 0; done < areas; done += 64) {
    tree_remove(&pool.whole, first / AREA_FRAMES + done, area_mask(areas));
  }
  words_fill(first, count, 0);
  pair_of(first)->heads |= bit_of(first);
  pool.free -= count;
  record_open(first, count, ((uint64_t)order << ORDER_SHIFT) + RUN, owner);
  return first;
}

static void run_check(int64_t first, int64_t order) {
  if (is_outside(first) || !is_head(first)) c_panic("frames: a run given back that is none", first);
  const struct record *const record = &pool.records[first];
  if (record->references != RUN) c_panic("frames: a run given back with references", first);
  if (record->order != order) c_panic("frames: a run given back that has another length", order);
}

void c_runGive(int64_t first, int64_t order) {
  run_check(first, order);
  const int64_t count = 1ll << order, areas = count / AREA_FRAMES;
  pair_of(first)->heads ^= bit_of(first);
  pool.records[first].owner->frames -= count;
  pool.free += count;
  words_fill(first, count, ALL_FREE);
  for (int64_t done = 0; done < areas; done += 64) {
    tree_add(&pool.whole, first / AREA_FRAMES + done, area_mask(areas));
  }
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
