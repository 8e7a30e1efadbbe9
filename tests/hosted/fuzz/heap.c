/*
 * The heap against a list of what is out. Every block is filled with a byte of its own from end to end, which must still
 * be there when it is given back; its size is not rounded, so that AddressSanitizer sees a byte too many.
 *
 * With PLANT=overrun, underrun, use-after-free or double-free in the environment that mistake is made with blocks of more
 * than 100 bytes, when they are given back: so that the tests see it found.
 */
#include "fuzz.h"

enum { ARENA = 16 * 1024, BLOCKS = 256 };
struct block {
  uint8_t *bytes;
  uint64_t size;
  uint8_t mark;
};
static _Alignas(16) uint8_t arena[ARENA];
static struct block blocks[BLOCKS];
static int count;

static void take(uint64_t size, uint64_t align) {
  const int64_t largest = pal_heapLargest(), used = pal_heapUsed();
  uint8_t *const bytes = (uint8_t *)(align > 8 ? pal_heapTakeAligned(size, align) : pal_heapTake(size));
  if (bytes == NULL) {
    CLAIM(size > ARENA || size + 2 * align + 16 > (uint64_t)largest || largest == 0);
    CLAIM(pal_heapUsed() == used);
    return;
  }
  CLAIM(size <= (uint64_t)largest && (uintptr_t)bytes % align == 0);
  CLAIM(bytes >= arena && bytes + size <= arena + ARENA);
  struct block *const block = &blocks[count++];
  *block = (struct block){bytes, size, (uint8_t)(count * 37)};
  memset(bytes, block->mark, size);
}

static void resize(int index, uint64_t size) {
  struct block *const block = &blocks[index];
  uint8_t *const bytes = (uint8_t *)pal_heapResize((uintptr_t)block->bytes, size);
  if (bytes == NULL) return;
  for (uint64_t i = 0; i < size && i < block->size; i++) CLAIM(bytes[i] == block->mark);
  memset(bytes, block->mark, size);
  block->bytes = bytes, block->size = size;
}

static bool plants(const char *mistake) {
  static const char *planted;
  if (planted == NULL) planted = getenv("PLANT") == NULL ? "" : getenv("PLANT");
  return strcmp(planted, mistake) == 0;
}

static void give(int index) {
  const struct block block = blocks[index];
  volatile uint8_t *const bytes = block.bytes;
  const bool planting = block.size > 100;
  if (planting && plants("overrun")) bytes[block.size] = 1;
  if (planting && plants("underrun")) bytes[-1] = 1;
  blocks[index] = blocks[--count];
  for (uint64_t i = 0; i < block.size; i++) CLAIM(block.bytes[i] == block.mark);
  pal_heapGive((uintptr_t)block.bytes);
  if (planting && plants("use-after-free")) bytes[50] = 1;
  if (planting && plants("double-free")) pal_heapGive((uintptr_t)block.bytes);
  CLAIM(PANICS(pal_heapGive((uintptr_t)block.bytes)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const int64_t arena_size = 64 + (size > 0 ? data[0] : 0) * 64 % (ARENA - 63);
  fuzz_start(data, size);
  pal_memory(NULL, 0);
  pal_heapInit((uintptr_t)arena, arena_size);
  const int64_t largest = pal_heapLargest(), used = pal_heapUsed();
  count = 0;
  while (fuzz_more()) {
    const uint64_t choice = fuzz_take(1);
    if (choice < 120 && count < BLOCKS) {
      take(choice % 8 == 0 ? fuzz_take(8) : fuzz_take(choice % 2 + 1) % 2048, choice % 5 == 0 ? 8u << choice % 7 : 8);
    }
    else if (choice < 150 && count > 0) resize((int)(fuzz_take(1) % (unsigned)count), fuzz_take(2) % 2048);
    else if (choice < 230 && count > 0) give((int)(fuzz_take(1) % (unsigned)count));
    else CLAIM(pal_heapAudit() == PAL_OK);
    CLAIM(pal_heapUsed() + pal_heapFree() == pal_heapSize());
  }
  CLAIM(pal_heapAudit() == PAL_OK);
  while (count > 0) give(0);
  CLAIM(pal_heapAudit() == PAL_OK && pal_heapLargest() == largest && pal_heapUsed() == used);
  return 0;
}
