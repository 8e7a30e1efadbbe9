/*
 * What a multiboot2 loader may leave in memory. Bytes outside the information are poisoned, so that a look at one of
 * them is seen.
 */
#include <sanitizer/asan_interface.h>
#include "boot.h"

enum { MEMORY = 8 << 20, PLACE = 0x572010, LONGEST = 4096 };
static uint8_t *memory;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (memory == NULL) memory = malloc(MEMORY);
  if (size > LONGEST) size = LONGEST;
  pal_memory(memory, MEMORY);
  pal_onLog(drop);
  pal_serialInit();
  memcpy(memory + PLACE + 8, data, size);
  const uint32_t total = 8 + (uint32_t)size;
  memcpy(memory + PLACE, &total, 4);
  ASAN_POISON_MEMORY_REGION(memory, PLACE);
  ASAN_POISON_MEMORY_REGION(memory + PLACE + total, MEMORY - PLACE - total);

  if (pal_bootInfoRead(PAL_MULTIBOOT2_MAGIC, PLACE) != PAL_OK) return 0;
  options_check();
  regions_check(PLACE, PLACE + total);
  return 0;
}
