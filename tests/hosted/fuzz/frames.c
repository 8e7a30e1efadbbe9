/* The frame pool against one byte a frame. What it must refuse it refuses by a panic that changes nothing. */
#include "fuzz.h"

enum { FRAMES = 700 };
enum state { UNKNOWN, FREE, OUT };
static enum state model[FRAMES];
static int64_t limit, free_count, total;

static void take(void) {
  const pal_Frame frame = pal_frameTake();
  if (frame == PAL_NO_FRAME) {
    CLAIM(free_count == 0);
    return;
  }
  CLAIM(frame >= 0 && frame < limit && model[frame] == FREE);
  model[frame] = OUT;
  free_count--;
}

static void give(pal_Frame frame) {
  const bool right = frame >= 0 && frame < limit && model[frame] == OUT;
  CLAIM(PANICS(pal_frameGive(frame)) == !right);
  if (!right) return;
  model[frame] = FREE;
  free_count++;
}

static void range_give(pal_Frame first, int64_t count) {
  bool right = first >= 0 && count >= 0 && first <= limit && count <= limit - first;
  for (int64_t i = 0; right && i < count; i++) right = model[first + i] == UNKNOWN;
  CLAIM(PANICS(pal_frameRangeGive(first, count)) == !right);
  for (int64_t i = 0; right && i < count; i++) model[first + i] = FREE, free_count++, total++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_start(data, size);
  limit = (int64_t)(fuzz_take(2) % (FRAMES + 1));
  free_count = total = 0;
  memset(model, 0, sizeof model);
  /* Exactly as large as it must be: one byte beyond is AddressSanitizer's. */
  const size_t bytes = (size_t)pal_framesMetadataBytes(limit);
  uint64_t *const metadata = malloc(bytes);
  memset(metadata, 0xa5, bytes);
  pal_memory(NULL, 0);
  pal_framesInit((uintptr_t)metadata, limit);
  while (fuzz_more()) {
    const uint64_t choice = fuzz_take(1);
    if (choice < 100) take();
    else if (choice < 180) give((pal_Frame)(fuzz_take(2) % FRAMES));
    else if (choice < 190) give((pal_Frame)(int64_t)(fuzz_take(8) >> 8) - ((int64_t)1 << 53));
    else if (choice < 250) range_give((pal_Frame)(fuzz_take(2) % FRAMES), (int64_t)(fuzz_take(2) % 200));
    else range_give((int16_t)fuzz_take(2), (int16_t)fuzz_take(2));
    CLAIM(pal_framesFree() == free_count && pal_framesTotal() == total && pal_framesLimit() == limit);
  }
  for (pal_Frame frame = -2; frame < FRAMES + 2; frame++) {
    const enum state state = frame >= 0 && frame < limit ? model[frame] : UNKNOWN;
    CLAIM(pal_frameIsFree(frame) == (state == FREE));
    CLAIM(pal_frameIsManaged(frame) == (state != UNKNOWN));
  }
  free(metadata);
  return 0;
}
