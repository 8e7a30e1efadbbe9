/*
 * The frame pool's data, for frames.c and runs.c. A frame is free, handed out alone or as the head of a run, or within a
 * run; whole areas of 512 free frames and words with free frames in other areas are sets of their own.
 */
#pragma once
#include "api.h"
#include "bit-tree.h"

#define ALL_FREE UINT64_MAX

enum { NO_FRAME = -1, AREA_ORDER = 9, AREA_FRAMES = 512, AREA_WORDS = 8, LOW_WORD = 64, LOW_AREA = 8 };
#define LOW_MASK 0xffull

/* 64 frames. */
struct pair {
  uint64_t free, heads;
};

struct owner {
  uint64_t header; /* what the record of a frame of its begins with */
  uint64_t frames;
  struct owner *next, *previous;
  uint64_t id;
  uint32_t kind, state;
  uint64_t counted;
};

struct record {
  union {
    struct {
      uint32_t references; /* RUN in the head of a run */
      uint16_t kind;
      uint8_t node, order;
    };
    uint64_t header;
  };
  uint32_t next, previous;
  struct owner *owner;
  uint64_t page;
};
#define RUN 0x80000000u
#define ORDER_SHIFT 56

struct pool {
  struct pair *pairs, *current; /* `current`: from which single frames are taken */
  struct record *records;
  struct bit_tree partial, whole; /* words with free frames; whole areas that are not low */
  uint64_t low_whole;             /* whole areas below LOW_AREA */
  size_t high_areas, first, end;  /* the lowest word of `whole` that has areas, or the end, which has none */
  uint64_t limit, total, free;
};
extern struct pool pool;

static inline uint64_t bit_of(int64_t frame) { return 1ull << (frame & 63); }
static inline struct pair *pair_of(int64_t frame) { return &pool.pairs[(uint64_t)frame / 64]; }
static inline struct pair *area_of(struct pair *pair) {
  return pool.pairs + ((pair - pool.pairs) & ~(AREA_WORDS - 1ll));
}
static inline bool is_outside(int64_t frame) { return (uint64_t)frame >= pool.limit; }
static inline bool is_head(int64_t frame) { return pair_of(frame)->heads & bit_of(frame); }

static inline void record_open(int64_t frame, uint64_t frames, uint64_t header, struct owner *owner) {
  struct record *const record = &pool.records[frame];
  record->owner = owner;
  record->page = 0;
  record->header = owner->header + header;
  owner->frames += frames;
}

static inline bool area_is_free(const struct pair *area) {
  uint64_t all = ALL_FREE;
  for (int i = 0; i < AREA_WORDS; i++) all &= area[i].free;
  return all == ALL_FREE;
}

/* Those in `mask` from `area` on are whole, or are no more; they lie in one word. */
static inline void areas_add(size_t area, uint64_t mask) {
  const uint64_t bits = mask << (area & 63), low = area < LOW_AREA ? bits & LOW_MASK : 0, high = bits & ~low;
  pool.low_whole |= low;
  if (!high) return;
  tree_add(&pool.whole, area & ~63ull, high);
  if (area / 64 < pool.first) pool.first = area / 64;
}
static inline void areas_remove(size_t area, uint64_t mask) {
  const uint64_t bits = mask << (area & 63), low = area < LOW_AREA ? bits & LOW_MASK : 0, high = bits & ~low;
  pool.low_whole &= ~low;
  if (!high) return;
  tree_remove(&pool.whole, area & ~63ull, high);
  pool.first = tree_next_at(&pool.whole, 1, pool.first);
}
static inline void area_open(size_t area) {
  areas_remove(area, 1);
  tree_add(&pool.partial, area * AREA_WORDS, 0xff);
}
static inline void area_close(size_t area) {
  tree_remove(&pool.partial, area * AREA_WORDS, 0xff);
  areas_add(area, 1);
}

/* If the area of `current` is free from end to end, it is whole again: true. */
bool area_opened_close(void);
