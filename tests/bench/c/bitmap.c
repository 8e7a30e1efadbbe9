/* Frames in two bitmaps, `in_use` and `managed`; the lowest free frame is taken. */
#include "api.h"

#define ALL_ONES UINT64_MAX

static struct {
  uint64_t *in_use, *managed;
  size_t words;
  int64_t limit, free;
  size_t first_maybe_free; /* no free frame lies in a word below this one */
} pool;

static inline uint64_t mask_of(int64_t frame) { return 1ull << (frame & 63); }

void c_bitmapInit(void *bitmaps, int64_t limit) {
  const size_t words = (limit + 63) / 64;
  pool.in_use = bitmaps;
  pool.managed = pool.in_use + words;
  pool.words = pool.first_maybe_free = words;
  pool.limit = limit;
  pool.free = 0;
  for (size_t i = 0; i < words; i++) {
    pool.in_use[i] = ALL_ONES;
    pool.managed[i] = 0;
  }
}

int64_t c_bitmapTake(void) {
  for (size_t word = pool.first_maybe_free; word < pool.words; word++) {
    const uint64_t in_use = pool.in_use[word];
    if (in_use == ALL_ONES) continue;
    const int bit = __builtin_ctzll(~in_use);
    pool.in_use[word] = in_use | 1ull << bit;
    pool.first_maybe_free = word;
    pool.free--;
    return (int64_t)(word * 64 + bit);
  }
  pool.first_maybe_free = pool.words;
  return -1;
}

void c_bitmapGive(int64_t frame) {
  const size_t word = (uint64_t)frame / 64;
  if (frame < 0 || frame >= pool.limit || !(pool.managed[word] & mask_of(frame))) {
    c_panic("bitmap: given back, but never the pool's", frame);
  }
  if (!(pool.in_use[word] & mask_of(frame))) c_panic("bitmap: given back twice", frame);
  pool.in_use[word] &= ~mask_of(frame);
  if (word < pool.first_maybe_free) pool.first_maybe_free = word;
  pool.free++;
}

/* Setting up, not measured. */
void c_bitmapAdd(int64_t first, int64_t count) {
  if (first < 0 || count < 0 || count > pool.limit - first) c_panic("bitmap: range outside", first);
  for (int64_t frame = first; frame < first + count; frame++) {
    if (pool.managed[frame / 64] & mask_of(frame)) c_panic("bitmap: range is the pool's already", first);
    pool.managed[frame / 64] |= mask_of(frame);
    pool.in_use[frame / 64] &= ~mask_of(frame);
  }
  pool.free += count;
  if (count > 0 && (size_t)first / 64 < pool.first_maybe_free) pool.first_maybe_free = first / 64;
}

int64_t c_bitmapFree(void) { return pool.free; }
