/*
 * The work of area `paging`: 100,000 pages of the kernel half one by one, in order and in any order, and ranges. What
 * is called `..._run` is whose calls are counted. Frames that are shown are never touched.
 */
#define _GNU_SOURCE
#include "workloads.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define MIX(hash, value) ((hash) * 31 + (uint64_t)(value))
#define DATA (2 | 1ull << 63)
#define HOME 0xffff900000000000ull
#define DIRECT 0xffff800000000000ull

enum { PAGES = 100000, LARGE = 512, GIB = 1 << 18, NARROW = GIB, WIDE = 64 * GIB, RAM_FRAMES = 1 << 16, RANGES = 195 };

static uint64_t random_state;
void workloads_seed(uint64_t seed) { random_state = 88172645463325252ull + seed * 0x9e3779b97f4a7c15; }
/* Marsaglia, "Xorshift RNGs". */
static uint64_t random_next(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  return random_state ^= random_state << 17;
}

static void *metadata, *records;
static int64_t root;
static uint32_t order[PAGES]; /* pages from HOME on */
static uint64_t chosen[WIDE / 64];

static void must(bool holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "paging: %s\n", what);
  exit(1);
}

static uint64_t page_at(uint64_t index) { return HOME + (index << 12); }

static void empty_prepare(const struct side *side) {
  side->framesInit(metadata, RAM_FRAMES, records);
  side->framesAdd(1, RAM_FRAMES - 1);
  side->tablesInit();
  side->tablesReachAll();
  root = side->frameTake(side->kernelFrames());
  memset((void *)(DIRECT_MAP + ((uint64_t)root << 12)), 0, 4096);
  for (uint32_t i = 0; i < PAGES; i++) order[i] = i;
}

/* PAGES different ones of `count` pages, in any order; the first of each 2 MiB is mapped, so that tables are there. */
static void scattered_prepare(const struct side *side, uint32_t count) {
  empty_prepare(side);
  for (uint32_t i = 0; i < count; i += LARGE) must(side->mapPage(root, page_at(i), i, DATA) == 0, "not mapped");
  memset(chosen, 0, sizeof chosen);
  for (uint32_t i = 0; i < PAGES; i++) {
    uint64_t page;
    do page = random_next() % count;
    while (page % LARGE == 0 || chosen[page / 64] >> page % 64 & 1);
    chosen[page / 64] |= 1ull << page % 64;
    order[i] = page;
  }
}
static void narrow_prepare(const struct side *side) { scattered_prepare(side, NARROW); }
static void wide_prepare(const struct side *side) { scattered_prepare(side, WIDE); }

/* ---- page by page */
static uint64_t map_run(const struct side *side) {
  uint64_t hash = 0;
  for (int i = 0; i < PAGES; i++) hash = MIX(hash, side->mapPage(root, page_at(order[i]), i, DATA));
  return MIX(hash, side->framesFree());
}
static uint64_t translate_run(const struct side *side) {
  uint64_t hash = 0;
  for (int i = 0; i < PAGES; i++) hash = MIX(hash, side->translate(root, page_at(order[i]) + 5));
  return hash;
}
static uint64_t unmap_run(const struct side *side) {
  uint64_t hash = 0;
  for (int i = 0; i < PAGES; i++) hash = MIX(hash, side->flushNow(side->unmapPage(root, page_at(order[i]))));
  return MIX(hash, side->framesFree());
}

static void mapped_prepare(const struct side *side) {
  empty_prepare(side);
  map_run(side);
}
/* In another order than they were mapped in. */
static void again(const struct side *side) {
  map_run(side);
  for (uint32_t i = PAGES; i > 1; i--) {
    const uint32_t other = random_next() % i, moved = order[i - 1];
    order[i - 1] = order[other];
    order[other] = moved;
  }
}
static void narrow_mapped_prepare(const struct side *side) {
  narrow_prepare(side);
  again(side);
}
static void wide_mapped_prepare(const struct side *side) {
  wide_prepare(side);
  again(side);
}

/* ---- ranges */
static uint64_t ranges_map_run(const struct side *side, uint64_t ranges, uint64_t size) {
  uint64_t hash = 0;
  for (uint64_t i = 0; i < ranges; i++) hash = MIX(hash, side->mapRange(root, page_at(i * size), i * size, size, DATA));
  return MIX(hash, side->framesFree());
}
static uint64_t ranges_unmap_run(const struct side *side, uint64_t ranges, uint64_t size) {
  uint64_t hash = 0;
  for (uint64_t i = 0; i < ranges; i++) {
    hash = MIX(hash, side->flushNow(side->unmapRange(root, page_at(i * size), size)));
  }
  return MIX(hash, side->framesFree());
}

#define RANGES_OF(name, ranges, size)                                                                        \
  static uint64_t name##_map_run(const struct side *side) { return ranges_map_run(side, ranges, size); }     \
  static uint64_t name##_unmap_run(const struct side *side) { return ranges_unmap_run(side, ranges, size); } \
  static void name##_prepare(const struct side *side) {                                                      \
    empty_prepare(side);                                                                                     \
    ranges_map_run(side, ranges, size);                                                                      \
  }
RANGES_OF(all, 1, PAGES)
RANGES_OF(large, RANGES, LARGE)
RANGES_OF(gib, 1, GIB)

/* The first page of each 2 MiB is there, and so are the tables; the others are mapped. */
static void seamed_prepare(const struct side *side) {
  empty_prepare(side);
  for (uint32_t i = 0; i < RANGES; i++) must(side->mapPage(root, page_at(i * LARGE), i, DATA) == 0, "not mapped");
}
static uint64_t seamed_map_run(const struct side *side) {
  uint64_t hash = 0;
  for (uint64_t i = 0; i < RANGES; i++) {
    hash = MIX(hash, side->mapRange(root, page_at(i * LARGE + 1), i * LARGE + 1, LARGE - 1, DATA));
  }
  return MIX(hash, side->framesFree());
}

/* ---- the direct map of 64 GiB, with pages of each size */
static uint64_t direct_small_run(const struct side *side) { return side->mapRange(root, DIRECT, 0, WIDE, DATA); }
static uint64_t direct_large_run(const struct side *side) {
  return side->mapPages(root, DIRECT, 0, WIDE / LARGE, DATA, 2);
}
static uint64_t direct_huge_run(const struct side *side) { return side->mapLargest(root, DIRECT, 0, WIDE, DATA, 3); }

const struct workload workloads[] = {
  {"map, in order", "page", PAGES, empty_prepare, map_run},
  {"map, scattered over 1 GiB", "page", PAGES, narrow_prepare, map_run},
  {"map, scattered over 64 GiB", "page", PAGES, wide_prepare, map_run},
  {"translate, in order", "page", PAGES, mapped_prepare, translate_run},
  {"translate, scattered over 1 GiB", "page", PAGES, narrow_mapped_prepare, translate_run},
  {"translate, scattered over 64 GiB", "page", PAGES, wide_mapped_prepare, translate_run},
  {"unmap and flush, in order", "page", PAGES, mapped_prepare, unmap_run},
  {"unmap and flush, scattered over 1 GiB", "page", PAGES, narrow_mapped_prepare, unmap_run},
  {"unmap and flush, scattered over 64 GiB", "page", PAGES, wide_mapped_prepare, unmap_run},
  {"map, one range", "page", PAGES, empty_prepare, all_map_run},
  {"map, ranges of 2 MiB", "page", RANGES * LARGE, empty_prepare, large_map_run},
  {"map, ranges of 511 pages, tables there", "page", RANGES * (LARGE - 1), seamed_prepare, seamed_map_run},
  {"map, ranges of 1 GiB", "page", GIB, empty_prepare, gib_map_run},
  {"unmap and flush, one range", "page", PAGES, all_prepare, all_unmap_run},
  {"unmap and flush, ranges of 2 MiB", "page", RANGES * LARGE, large_prepare, large_unmap_run},
  {"unmap and flush, ranges of 1 GiB", "page", GIB, gib_prepare, gib_unmap_run},
  {"direct map of 64 GiB, 4 KiB pages", "page", WIDE, empty_prepare, direct_small_run},
  {"direct map of 64 GiB, 2 MiB pages", "page", WIDE / LARGE, empty_prepare, direct_large_run},
  {"direct map of 64 GiB, largest pages", "page", WIDE / GIB, empty_prepare, direct_huge_run},
};
const int workload_count = LENGTH(workloads);

/* ---- what the work is done on */
void workloads_init(void) {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
  void *const ram = (void *)DIRECT_MAP;
  must(mmap(ram, (size_t)RAM_FRAMES << 12, PROT_READ | PROT_WRITE, flags, -1, 0) == ram, "no memory at DIRECT_MAP");
  metadata = aligned_alloc(4096, 1 << 20);
  records = calloc(RAM_FRAMES, 32);
}

void workloads_scrub(void) { memset((void *)DIRECT_MAP, 0xaa, (size_t)RAM_FRAMES << 12); }

/* Tables are the same frames on both sides, with the same bytes. */
uint64_t workloads_memory(void) {
  const uint64_t *const words = (const uint64_t *)DIRECT_MAP;
  uint64_t hash = 0;
  for (int64_t i = 0; i < (int64_t)RAM_FRAMES * 512; i++) hash = MIX(hash, words[i]);
  return hash;
}
