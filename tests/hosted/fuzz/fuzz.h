/* For all fuzz targets: bytes as a stream of choices, and a crash that says what is wrong. */
#pragma once
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "palimpsest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *fuzz_at, *fuzz_end;

static inline void fuzz_start(const uint8_t *data, size_t size) { fuzz_at = data, fuzz_end = data + size; }
static inline bool fuzz_more(void) { return fuzz_at < fuzz_end; }
/* The next `bytes` of the input as a number, zeros after its end. */
static inline uint64_t fuzz_take(int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; i++) value = value << 8 | (fuzz_more() ? *fuzz_at++ : 0);
  return value;
}

#define CLAIM(condition)                                                           \
  do {                                                                             \
    if (!(condition)) {                                                            \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);      \
      abort();                                                                     \
    }                                                                              \
  } while (0)

/* Did `call` panic? Any other panic is a crash. */
#define PANICS(call)                                                               \
  (pal_onPanic(fuzz_panic), setjmp(fuzz_panicked) == 0 ? ((call), pal_onPanic(NULL), false) : (pal_onPanic(NULL), true))
static jmp_buf fuzz_panicked;
__attribute__((unused)) static void fuzz_panic(const char *message, uint64_t value) {
  (void)message, (void)value;
  longjmp(fuzz_panicked, 1);
}
