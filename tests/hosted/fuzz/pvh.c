/*
 * What a PVH loader may leave in memory, and where it points: at itself mostly, or else anywhere. What its map calls
 * memory may be read, and is there; what lies past the boot page tables' reach is not.
 */
#include <sys/mman.h>
#include "boot.h"

enum { PLACE = 0x2f0000, LONGEST = 4096, NEAR = 4 }; /* below the end of the image: known to be memory */
enum { MAGIC = 0, VERSION = 4, COUNT = 12, MODULES = 16, COMMAND_LINE = 24, RSDP = 32, MAP = 40, MAP_COUNT = 48 };
static uint8_t *memory;

/* A pointer of the input points into the input, unless its second byte is one of the last few. */
static void point_inside(int field, size_t size) {
  uint64_t pointer;
  memcpy(&pointer, memory + PLACE + field, 8);
  if ((pointer >> 8 & 255) >= 256 - NEAR) return;
  pointer = PLACE + pointer % size;
  memcpy(memory + PLACE + field, &pointer, 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (memory == NULL) {
    memory = mmap(NULL, PAL_BOOT_REACH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CLAIM(memory != MAP_FAILED);
    pal_memory(memory, PAL_BOOT_REACH); /* once: it tells AddressSanitizer of every byte */
  }
  if (size > LONGEST) size = LONGEST;
  if (size < 56) return 0;
  pal_onLog(drop);
  pal_serialInit();
  memset(memory + PLACE, 0, LONGEST + 1);
  memcpy(memory + PLACE, data, size);
  const uint32_t magic = 0x336ec578, version = 1;
  memcpy(memory + PLACE + MAGIC, &magic, 4);
  memcpy(memory + PLACE + VERSION, &version, 4);
  memset(memory + PLACE + COUNT + 1, 0, 3); /* lists as long as the input can have */
  memset(memory + PLACE + MAP_COUNT + 1, 0, 3);
  for (int field = MODULES; field <= MAP; field += 8) point_inside(field, size);

  if (pal_bootInfoRead(PAL_PVH_MAGIC, PLACE) == PAL_OK) {
    options_check();
    regions_check(PLACE, PLACE + 56);
  }
  return 0;
}
