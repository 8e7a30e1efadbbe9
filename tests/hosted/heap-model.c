/*
 * heap-model OPERATIONS SEED     that many random operations on heaps of several kinds, against a list of what is out, with
 *                                an audit after every thousand; says what the heaps went through
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "palimpsest.h"

#define CLAIM(condition)                                                           \
  do {                                                                             \
    if (!(condition)) {                                                            \
      printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);               \
      exit(1);                                                                     \
    }                                                                              \
  } while (0)

enum { BLOCKS = 20000, BETWEEN_AUDITS = 1000, PAGE = 4096, MIB = 1 << 20 };
static const uint64_t ROOM = 64 * MIB;

struct block {
  uint8_t *bytes;
  uint64_t size, mark;
};
static struct block blocks[BLOCKS];
static uint64_t count, out_bytes;
static uint8_t *room;

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled". */
static uint64_t random_state;
static uint64_t choose(uint64_t below) {
  random_state ^= random_state >> 12, random_state ^= random_state << 25, random_state ^= random_state >> 27;
  return below == 0 ? 0 : (random_state * UINT64_C(2685821657736338717) >> 32) % below;
}
/* Most are small; each doubling up to the largest comes. */
static uint64_t some_size(int doublings) {
  const uint64_t top = UINT64_C(1) << choose((uint64_t)doublings);
  return choose(4) == 0 ? top + choose(9) - (top > 4 ? 4 : 0) : top / 2 + choose(top + 1);
}

/* The first and the last words of a block are its mark; small ones are full of it. Two that overlap lose theirs. */
enum { EDGE = 128 };
static void edges(const struct block *block, uint64_t size, void (*with)(uint8_t *, uint64_t, uint8_t)) {
  const uint64_t low = size < EDGE ? size : EDGE, high = size - low < EDGE ? size - low : EDGE;
  with(block->bytes, low, (uint8_t)block->mark);
  if (size == block->size) with(block->bytes + size - high, high, (uint8_t)(block->mark >> 8));
}
static void write_edge(uint8_t *at, uint64_t bytes, uint8_t mark) { memset(at, mark, bytes); }
static void claim_edge(uint8_t *at, uint64_t bytes, uint8_t mark) {
  for (uint64_t i = 0; i < bytes; i++) CLAIM(at[i] == mark);
}

static uint64_t refused, moved, resized;
static void mark(struct block *block, uint8_t *bytes, uint64_t size) {
  *block = (struct block){bytes, size, choose(1 << 16)};
  out_bytes += size;
  edges(block, size, write_edge);
}
static void take(int doublings) {
  const uint64_t size = some_size(doublings), align = choose(8) == 0 ? UINT64_C(8) << choose(10) : 8;
  uint8_t *const bytes = (uint8_t *)(align == 8 ? pal_heapTakeFor((int64_t)choose(200), size) : pal_heapTakeAligned(size, align));
  if (bytes == NULL) {
    refused++;
    return;
  }
  CLAIM((uintptr_t)bytes % align == 0 && bytes >= room && bytes + size <= room + 2 * ROOM);
  mark(&blocks[count++], bytes, size);
}
static void resize(uint64_t index, int doublings) {
  struct block *const block = &blocks[index];
  const uint64_t size = choose(2) == 0 ? block->size + choose(64) : some_size(doublings);
  uint8_t *const bytes = (uint8_t *)pal_heapResize((uintptr_t)block->bytes, size);
  if (bytes == NULL) {
    refused++;
    return;
  }
  resized++, moved += bytes != block->bytes;
  const uint64_t kept = size < block->size ? size : block->size;
  block->bytes = bytes;
  edges(block, kept < block->size && kept > EDGE ? EDGE : kept, claim_edge);
  out_bytes -= block->size;
  mark(block, bytes, size);
}
static void give(uint64_t index) {
  const struct block block = blocks[index];
  edges(&block, block.size, claim_edge);
  blocks[index] = blocks[--count];
  out_bytes -= block.size;
  pal_heapGive((uintptr_t)block.bytes);
}

/* In turn it fills up and empties; `live` blocks are about what it may have. */
static void heap(const char *name, uint64_t live, int doublings, uint64_t operations) {
  const int64_t used = pal_heapUsed(), largest = pal_heapLargest(), size = pal_heapSize(), pages = pal_pagesCommitted();
  uint64_t emptied = 0;
  refused = moved = resized = 0;
  for (uint64_t done = 1; done <= operations; done++) {
    const uint64_t choice = choose(100), takes = done / 5000 % 2 == 0 ? 60 : 35;
    if (choice < takes && count < live) take(doublings);
    else if (choice < takes + 10 && count > 0) resize(choose(count), doublings);
    else if (count > 0) give(choose(count));
    CLAIM(pal_heapUsed() >= used + (int64_t)out_bytes && pal_heapUsed() + pal_heapFree() == pal_heapSize());
    if (done % BETWEEN_AUDITS == 0) CLAIM(pal_heapAudit() == PAL_OK);
    if (done % 50000 != 0 && done != operations) continue;
    while (count > 0) give(choose(count));
    emptied++;
    CLAIM(pal_heapAudit() == PAL_OK && pal_heapUsed() == used && out_bytes == 0);
    CLAIM(pal_heapLargest() >= largest && pal_heapSize() - size == pal_heapLargest() - largest); /* one free block */
    CLAIM(pal_pagesCommitted() - pages <= 32); /* what it may keep besides */
  }
  printf("%s: %" PRIu64 " operations, %" PRIu64 " refused, %" PRIu64 " resized, %" PRIu64 " of them moved, %" PRIu64
         " times empty\n", name, operations, refused, resized, moved, emptied);
}

int main(int argc, char **argv) {
  CLAIM(argc == 3);
  const uint64_t operations = strtoull(argv[1], NULL, 0), part = operations / 4;
  random_state = strtoull(argv[2], NULL, 0) * 2 + 1;
  room = mmap(NULL, 2 * ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CLAIM(room != MAP_FAILED);
  pal_memory(NULL, 0);
  pal_heapInit((uintptr_t)room, 256 * 1024);
  heap("a fixed heap of 256 KiB", 2000, 13, part);
  pal_heapInit((uintptr_t)room, 8 * MIB);
  heap("a fixed heap of 8 MiB", 2000, 18, part);
  CLAIM(pal_heapInitPresent((uintptr_t)room, 64 * 1024, ROOM) == PAL_OK);
  heap("a heap that grows", 3000, 16, part);
  CLAIM(pal_heapInitPresent((uintptr_t)room, PAGE, 4 * MIB) == PAL_OK);
  heap("a heap that grows too little", 1500, 20, operations - 3 * part);
  printf("%" PRIu64 " operations\n", operations);
  return 0;
}
