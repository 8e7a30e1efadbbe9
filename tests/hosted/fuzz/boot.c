/*
 * What a multiboot2 loader may leave in memory. Bytes outside the information are poisoned, so that a look at one of
 * them is seen; nothing becomes usable that no entry of the map calls so, and nothing that the information lies in.
 */
#include <sanitizer/asan_interface.h>
#include "fuzz.h"

enum { MEMORY = 8 << 20, PLACE = 0x572010, LONGEST = 4096 };
static uint8_t *memory;

static void drop(char byte) { (void)byte; }

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
  pal_memoryMapBuild();
  uint64_t end = 0;
  for (int64_t i = 0; i < pal_regionCount(); i++) {
    CLAIM(pal_regionStart(i) >= end && pal_regionEnd(i) > pal_regionStart(i));
    CLAIM(pal_regionStart(i) % 4096 == 0 && pal_regionEnd(i) % 4096 == 0);
    end = pal_regionEnd(i);
    if (pal_regionKind(i) != PAL_REGION_USABLE) continue;
    CLAIM(pal_regionStart(i) >= 0x100000 && (end <= PLACE || pal_regionStart(i) >= PLACE + total));
    bool given = false;
    for (int64_t r = 0; r < pal_rangeCount(); r++) {
      if (pal_rangeKind(r) == PAL_MEMORY_USABLE) given |= pal_rangeStart(r) < end && pal_rangeEnd(r) > pal_regionStart(i);
      else CLAIM(pal_rangeEnd(r) <= pal_regionStart(i) || pal_rangeStart(r) >= end);
    }
    CLAIM(given);
    for (int64_t m = 0; m < pal_moduleCount(); m++) {
      CLAIM(pal_moduleStart(m) == pal_moduleEnd(m) || pal_moduleEnd(m) <= pal_regionStart(i) || pal_moduleStart(m) >= end);
    }
  }
  return 0;
}
