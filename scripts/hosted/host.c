/* The hosted library's own part: what it takes from the C library. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "palimpsest.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif

uint8_t *pal_hostBytes;
uint64_t pal_hostCount;

static void (*on_panic)(const char *message, uint64_t value);
static void (*on_log)(char byte);
static bool divisor_latch; /* COM1: its first two registers are the divisor's for now */

void pal_memory(void *bytes, uint64_t count) {
  pal_hostBytes = bytes;
  pal_hostCount = count;
#ifdef ASAN_UNPOISON_MEMORY_REGION
  ASAN_UNPOISON_MEMORY_REGION(bytes, count); /* whatever an earlier heap left there */
#endif
}
void pal_onPanic(void (*handler)(const char *message, uint64_t value)) { on_panic = handler; }
void pal_onLog(void (*handler)(char byte)) { on_log = handler; }

_Noreturn void pal_hostPanic(const char *message, uint64_t value) {
  if (on_panic != NULL) on_panic(message, value);
  fprintf(stderr, "palimpsest: panic: %s value=0x%" PRIx64 "\n", message, value);
  abort();
}
_Noreturn void pal_hostOutside(uint64_t va, uint64_t count) {
  fprintf(stderr, "palimpsest: %" PRIu64 " bytes at 0x%" PRIx64 " are outside the memory given\n", count, va);
  abort();
}
_Noreturn void pal_hostLacks(const char *door) {
  fprintf(stderr, "palimpsest: there is no %s without a machine\n", door);
  abort();
}

/* ---- ports: a UART that is always ready to send, and nothing else (PC16550D datasheet, "Registers") ---- */
enum { COM1 = 0x3f8, LINE_CONTROL = COM1 + 3, LINE_STATUS = COM1 + 5 };
enum { DIVISOR_LATCH = 0x80, TRANSMITTER_EMPTY = 0x60, NOBODY = 0xff };

uint64_t pal_hostIn(uint64_t port) { return port == LINE_STATUS ? TRANSMITTER_EMPTY : NOBODY; }

void pal_hostOut(uint64_t port, uint64_t value) {
  if (port == LINE_CONTROL) divisor_latch = (value & DIVISOR_LATCH) != 0;
  if (port != COM1 || divisor_latch) return;
  if (on_log != NULL) on_log((char)value);
  else fputc((char)value, stderr);
}
