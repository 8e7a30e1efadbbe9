/* The frame pool against its model, operations decoded from the input, with the bytes of free frames poisoned. */
#include "../frames-model.h"

enum { FRAMES = 6200 }; /* low memory, and four areas behind it */

static uint64_t choose(uint64_t below) {
  return below == 0 ? 0 : fuzz_take(below <= 256 ? 1 : below <= 65536 ? 2 : 8) % below;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static uint8_t *bytes;
  if (bytes == NULL) bytes = aligned_alloc(4096, FRAMES * 4096);
  fuzz_start(data, size);
  const uint64_t mode = fuzz_take(1);
  pool_start((int64_t)(mode < 128 ? choose(1100) : choose(FRAMES + 1)), bytes);
  if (mode % 4 != 0) add(0, limit);
  const uint64_t takes = 6 + mode / 4 % 8;
  while (fuzz_more()) {
    const uint64_t choice = fuzz_take(1);
    if (choice < 8) add((int64_t)choose((uint64_t)limit + 1), (int64_t)choose(700));
    else if (choice < 10) add((int16_t)fuzz_take(2), (int16_t)fuzz_take(2));
    else if (choice < 12) give((pal_Frame)(int64_t)(fuzz_take(8) >> 8) - ((int64_t)1 << 53));
    else if (choice < 13) give_all();
    else step(takes, 11);
    agree();
  }
  agree_all();
  pool_end();
  return 0;
}
