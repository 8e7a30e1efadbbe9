#define _GNU_SOURCE
#include "allocators.h"
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void ts_heapInit(uint64_t start, int64_t size);
int64_t ts_heapInitPresent(uint64_t start, int64_t size, int64_t most);
uint64_t ts_heapTake(uint64_t size);
uint64_t ts_heapTakeAligned(uint64_t size, uint64_t align);
uint64_t ts_heapResize(uint64_t block, uint64_t size);
void ts_heapGive(uint64_t block);
void c_firstFitInit(void *start, int64_t size);
void *c_firstFitTake(uint64_t size);
void c_firstFitGive(void *block);

enum { HEAP_FIRST = 1 << 20 };

void stop(const char *what) {
  fprintf(stderr, "heap: %s\n", what);
  exit(1);
}
_Noreturn void c_panic(const char *message, uint64_t value) {
  (void)value;
  stop(message);
}

static void *reserved(void **place, uint64_t size) {
  if (*place == NULL) {
    *place = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    must(*place != MAP_FAILED, "no room for an arena");
  }
  return *place;
}
static void *heap_room, *first_fit_room;

static void heap_start(void) {
  must(ts_heapInitPresent((uint64_t)reserved(&heap_room, 2 * ROOM), HEAP_FIRST, ROOM) == 0, "the heap does not start");
}
static void *heap_take(uint64_t size) { return (void *)ts_heapTake(size); }
static void *heap_resize(void *block, uint64_t size) { return (void *)ts_heapResize((uint64_t)block, size); }
static void heap_give(void *block) { ts_heapGive((uint64_t)block); }

void fixed_start(uint64_t size) { ts_heapInit((uint64_t)reserved(&heap_room, 2 * ROOM), size); }
void *fixed_take(uint64_t size, uint64_t align) {
  return (void *)(align <= 8 ? ts_heapTake(size) : ts_heapTakeAligned(size, align));
}
void fixed_give(void *block) { ts_heapGive((uint64_t)block); }

static void first_fit_start(void) { c_firstFitInit(reserved(&first_fit_room, ROOM), ROOM); }

/* All requests from one heap that grows, as the others': not a mapping for each large block. Nobody gives memory back. */
static void library_start(void) {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
}
static void *library_take(uint64_t size) { return malloc(size); }
static void *library_resize(void *block, uint64_t size) { return realloc(block, size); }

const struct allocator allocators[ALLOCATORS] = {
    {"kernel", heap_start, heap_take, heap_resize, heap_give},
    {"first fit in C", first_fit_start, c_firstFitTake, NULL, c_firstFitGive},
    {"the C library", library_start, library_take, library_resize, free},
};

uint64_t random_log(struct random *random, double low, double high) {
  const double part = (double)(random_next(random) >> 11) * 0x1p-53;
  return (uint64_t)(low * pow(high / low, part));
}
