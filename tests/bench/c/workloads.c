/* The work. It calls both sides through the same pointers, so that only what is called differs. */
#define _GNU_SOURCE
#include "workloads.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define MIX(hash, value) ((hash) * 31 + (uint64_t)(value))

static uint64_t random_state;

void workloads_seed(uint64_t seed) { random_state = 88172645463325252ull + seed * 0x9e3779b97f4a7c15; }

/* Marsaglia, "Xorshift RNGs". */
static uint64_t random_next(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  return random_state ^= random_state << 17;
}

static void shuffle(uint32_t *order, size_t count) {
  for (size_t i = 0; i < count; i++) order[i] = i;
  for (size_t i = count; i > 1; i--) {
    const size_t other = random_next() % i;
    const uint32_t moved = order[i - 1];
    order[i - 1] = order[other];
    order[other] = moved;
  }
}

/* ---- bitmap: 1 GiB of frames, all taken; the lowest of them come and go */
enum { FRAMES = 1 << 18, RESERVED = 256, HELD = 512, FRAME_OPS = 100000, SCANS = 500 };

static uint64_t bitmaps[FRAMES / 64 * 2];
static uint16_t frame_slots[FRAME_OPS];
static int64_t held[HELD];

static void bitmap_prepare(const struct side *side) {
  for (int i = 0; i < FRAME_OPS; i++) frame_slots[i] = random_next() % HELD;
  side->bitmapInit(bitmaps, FRAMES);
  side->bitmapAdd(RESERVED, FRAMES - RESERVED);
  for (int64_t i = RESERVED; i < FRAMES; i++) side->bitmapTake();
  for (int i = 0; i < HELD; i++) held[i] = RESERVED + i;
}

static uint64_t bitmap_run(const struct side *side) {
  uint64_t hash = 0;
  for (int i = 0; i < FRAME_OPS; i++) {
    int64_t *frame = &held[frame_slots[i]];
    if (*frame < 0) {
      *frame = side->bitmapTake();
      hash = MIX(hash, *frame);
    } else {
      side->bitmapGive(*frame);
      *frame = -1;
    }
  }
  return MIX(hash, side->bitmapFree());
}

/* The lowest free frame, and then one at the other end of the bitmap. */
static uint64_t scan_run(const struct side *side) {
  uint64_t hash = 0;
  for (int i = 0; i < SCANS; i++) {
    side->bitmapGive(RESERVED + i);
    side->bitmapGive(FRAMES - 1 - i);
    hash = MIX(hash, side->bitmapTake());
    hash = MIX(hash, side->bitmapTake());
  }
  return hash;
}

/* ---- page tables: four dense stretches of 8 MiB, in any order */
enum { RAM = 32 << 20, STRETCH = 2048, PAGES = 4 * STRETCH };
#define PAGE_FLAGS (2 | 1ull << 63)

static uint32_t page_order[PAGES], page_order2[PAGES];
static int64_t root;

static uint64_t page_of(uint32_t index) {
  static const uint64_t starts[] = {0x400000, 0x444444440000, 0x7fffff000000, 0xffffe80000000000};
  return starts[index / STRETCH] + ((uint64_t)(index % STRETCH) << 12);
}

static void tables_prepare(const struct side *side) {
  shuffle(page_order, PAGES);
  shuffle(page_order2, PAGES);
  side->bitmapInit(bitmaps, RAM >> 12);
  side->bitmapAdd(RESERVED, (RAM >> 12) - RESERVED);
  side->pageTablesInit();
  root = side->bitmapTake();
  memset((void *)(DIRECT_MAP + ((uint64_t)root << 12)), 0, 4096);
}

static uint64_t map_run(const struct side *side) {
  uint64_t hash = 0;
  for (int i = 0; i < PAGES; i++) {
    hash = MIX(hash, side->pageMap(root, page_of(page_order[i]), RESERVED + i, PAGE_FLAGS));
  }
  return MIX(hash, side->bitmapFree());
}

static void mapped_prepare(const struct side *side) {
  tables_prepare(side);
  map_run(side);
}

static uint64_t translate_run(const struct side *side) {
  uint64_t hash = 0;
  for (int round = 0; round < 4; round++) {
    for (int i = 0; i < PAGES; i++) hash = MIX(hash, side->pageTranslate(root, page_of(page_order2[i]) + 5));
  }
  return hash;
}

static uint64_t unmap_run(const struct side *side) {
  uint64_t hash = 0;
  for (int i = 0; i < PAGES; i++) hash = MIX(hash, side->pageUnmap(root, page_of(page_order2[i])));
  return MIX(hash, side->bitmapFree());
}

/* ---- first fit: 512 blocks of up to 2,000 bytes come and go */
enum { ARENA = 8 << 20, BLOCKS = 512, HEAP_OPS = 50000 };

static _Alignas(4096) char arena[ARENA];
static uint16_t heap_slots[HEAP_OPS], heap_sizes[HEAP_OPS];
static void *blocks[BLOCKS];

static void heap_prepare(const struct side *side) {
  for (int i = 0; i < HEAP_OPS; i++) {
    heap_slots[i] = random_next() % BLOCKS;
    heap_sizes[i] = 1 + random_next() % 2000;
  }
  side->firstFitInit(arena, ARENA);
  memset(blocks, 0, sizeof blocks);
}

static uint64_t heap_run(const struct side *side) {
  uint64_t hash = 0;
  for (int i = 0; i < HEAP_OPS; i++) {
    void **block = &blocks[heap_slots[i]];
    if (*block) {
      side->firstFitGive(*block);
      *block = NULL;
    } else {
      *block = side->firstFitTake(heap_sizes[i]);
      hash = MIX(hash, (char *)*block - arena);
    }
  }
  return hash;
}

/* ---- text, trees */
enum { TEXT = 1 << 16, KEYS = 1 << 14, NODE_BYTES = 40 };

static _Alignas(64) uint8_t text[TEXT], packed[TEXT * 2], unpacked[TEXT];
static int64_t packed_length;
static uint64_t keys[KEYS];
static uint32_t key_order[KEYS];
static _Alignas(64) char nodes[KEYS * NODE_BYTES];

static void nothing(const struct side *side) { (void)side; }

static void crc_prepare(const struct side *side) { side->crc32Init(); }
static uint64_t crc_run(const struct side *side) { return side->crc32(text, TEXT); }
static uint64_t characters_run(const struct side *side) { return side->scanCharacters(text, TEXT); }
static uint64_t tokens_run(const struct side *side) { return side->scanTokens(text, TEXT); }

static uint64_t pack_run(const struct side *side) { return packed_length = side->pack(packed, text, TEXT); }
static void unpack_prepare(const struct side *side) { pack_run(side); }
static uint64_t unpack_run(const struct side *side) { return side->unpack(unpacked, packed, packed_length); }

static bool unpacked_is_text(void) { return memcmp(unpacked, text, TEXT) == 0; }

static void tree_prepare(const struct side *side) {
  for (int i = 0; i < KEYS; i++) keys[i] = random_next() | 1;
  shuffle(key_order, KEYS);
  side->treeInit(nodes, KEYS);
}
static uint64_t insert_run(const struct side *side) {
  uint64_t hash = 0;
  for (int i = 0; i < KEYS; i++) hash = MIX(hash, side->treeInsert(keys[i]));
  return hash;
}
static void full_prepare(const struct side *side) {
  tree_prepare(side);
  insert_run(side);
}
static uint64_t find_run(const struct side *side) {
  uint64_t hash = 0;
  for (int i = 0; i < KEYS; i++) hash = MIX(hash, side->treeFind(keys[key_order[i]] ^ (i & 1)));
  return hash;
}
static uint64_t remove_run(const struct side *side) {
  uint64_t hash = 0;
  for (int i = 0; i < KEYS; i++) hash = MIX(hash, side->treeRemove(keys[key_order[i]]));
  return hash;
}

const struct workload workloads[] = {
  {"bitmap: take, give", "call", FRAME_OPS, bitmap_prepare, bitmap_run},
  {"bitmap: long scan", "pair", SCANS, bitmap_prepare, scan_run},
  {"pages: map", "page", PAGES, tables_prepare, map_run},
  {"pages: translate", "page", PAGES * 4, mapped_prepare, translate_run},
  {"pages: unmap", "page", PAGES, mapped_prepare, unmap_run},
  {"first fit: mix", "call", HEAP_OPS, heap_prepare, heap_run},
  {"pack", "byte", TEXT, nothing, pack_run},
  {"unpack", "byte", TEXT, unpack_prepare, unpack_run, unpacked_is_text},
  {"tree: insert", "key", KEYS, tree_prepare, insert_run},
  {"tree: find", "key", KEYS, full_prepare, find_run},
  {"tree: remove", "key", KEYS, full_prepare, remove_run},
  {"scan: characters", "byte", TEXT, nothing, characters_run},
  {"scan: tokens", "byte", TEXT, nothing, tokens_run},
  {"crc32", "byte", TEXT, crc_prepare, crc_run},
};
const int workload_count = LENGTH(workloads);

/* ---- what the work is done on */
/* Lines of words from a small vocabulary, some with letters of two and three bytes, and of numbers. */
static void text_write(void) {
  static const char *const letters[] = {"a", "e", "i", "n", "s", "t", "r", "o", "\xc3\xa9", "\xe2\x88\x80"};
  static char words[64][40];
  for (size_t word = 0; word < LENGTH(words); word++) {
    for (int n = 2 + random_next() % 8; n > 0; n--) strcat(words[word], letters[random_next() % LENGTH(letters)]);
  }
  size_t length = 0;
  while (length < TEXT) {
    char token[48];
    if (random_next() % 5) snprintf(token, sizeof token, "%s", words[random_next() % LENGTH(words)]);
    else snprintf(token, sizeof token, "%lu", (unsigned long)(random_next() >> random_next() % 60));
    strcat(token, random_next() % 10 ? " " : "\n");
    for (const char *p = token; *p && length < TEXT; p++) text[length++] = *p;
  }
}

void workloads_init(void) {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_FIXED_NOREPLACE;
  if (mmap((void *)DIRECT_MAP, RAM, PROT_READ | PROT_WRITE, flags, -1, 0) != (void *)DIRECT_MAP) {
    perror("memory at DIRECT_MAP");
    exit(1);
  }
  workloads_seed(0);
  text_write();
}

void workloads_scrub(void) {
  memset((void *)DIRECT_MAP, 0xaa, RAM);
  memset(packed, 0xaa, sizeof packed);
  memset(unpacked, 0xaa, sizeof unpacked);
}

static uint64_t words_hash(uint64_t hash, const void *start, size_t bytes) {
  const uint64_t *const words = start;
  for (size_t i = 0; i < bytes / 8; i++) hash = MIX(hash, words[i]);
  return hash;
}

uint64_t workloads_memory(void) {
  const uint64_t hash = words_hash(0, (void *)DIRECT_MAP, RAM);
  return words_hash(words_hash(hash, packed, sizeof packed), unpacked, sizeof unpacked);
}
