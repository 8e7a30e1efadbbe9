/*
 * program             one pass through the library: prints `name <tab> result` lines
 * program MISTAKE     commits it, inside the heap or past the memory; says "went on" if nothing stopped it
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "palimpsest.h"

enum { MIB = 1 << 20, FRAMES = 4 * MIB / 4096, ARENA = 64 * 1024 };

static unsigned char *memory;
static _Alignas(16) unsigned char arena[ARENA];

static unsigned char *take(uint64_t size) { return (unsigned char *)(uintptr_t)pal_heapTake(size); }
static void give(void *bytes) { pal_heapGive((uintptr_t)bytes); }
static void say(const char *name, uint64_t value) { printf("%s\t%llx\n", name, (unsigned long long)value); }

static jmp_buf panicked;
static void note(const char *message, uint64_t value) {
  printf("panic\t%s\t%llx\n", message, (unsigned long long)value);
  longjmp(panicked, 1);
}

static char said[4096];
static void hear(char byte) { strncat(said, &byte, 1); }

static void frames_and_tables(void) {
  pal_framesInit(PAL_DIRECT_MAP, FRAMES, PAL_DIRECT_MAP + 8 * 4096); /* 1024 records in frames 8 to 15 */
  pal_framesAdd(16, FRAMES - 16);
  pal_tablesInit();
  const pal_Frame root = pal_frameTake(pal_kernelTables()), frame = pal_frameTake(pal_kernelFrames());
  memset(memory + root * 4096, 0, 4096);
  say("free", pal_framesFree());
  const pal_Page page = 0x444444440000;
  say("map", pal_mapPage(root, page, frame, PAL_PTE_WRITABLE | PAL_PTE_NO_EXECUTE));
  say("map again", pal_mapPage(root, page, frame, PAL_PTE_NO_EXECUTE) == PAL_ALREADY_MAPPED);
  say("translate", pal_translate(root, page + 0x123) == (uint64_t)frame * 4096 + 0x123);
  say("unmap", (uint64_t)pal_flushNow(pal_unmapPage(root, page)));
  say("translate", pal_translate(root, page) == PAL_NO_PHYS);
  say("free", pal_framesFree());
}

static void machine(void) {
  pal_onLog(hear);
  pal_serialInit();
  PAL_TEXT(hello, "hello, ");
  pal_logHex(&hello.text, 0x600d);
  pal_onLog(NULL);
  printf("log\t%s\n", said);
  say("parse", pal_numberParse((uintptr_t)"64K", 3) && pal_numberParsed() == 65536);
  say("bits", pal_countTrailingZeros(8));
}

static void panics(void) {
  pal_onPanic(note);
  if (setjmp(panicked) == 0) pal_frameGive(3);
  pal_onPanic(NULL);
}

static void mistake(const char *name) {
  unsigned char *const first = take(64), *const second = take(64);
  volatile unsigned char *const bytes = first;
  if (strcmp(name, "none") == 0) bytes[63] = 1;
  if (strcmp(name, "overrun") == 0) bytes[64] = 1;
  if (strcmp(name, "underrun") == 0) bytes[-1] = 1;
  if (strcmp(name, "overrun-read") == 0) printf("%d\n", bytes[64] != 0);
  if (strcmp(name, "overrun-within-rounding") == 0) ((volatile unsigned char *)take(21))[21] = 1;
  if (strcmp(name, "overrun-found-later") == 0) memset(first, 0, 80), give(first);
  if (strcmp(name, "use-after-free") == 0) give(first), bytes[32] = 1;
  if (strcmp(name, "read-after-free") == 0) give(first), printf("%d\n", bytes[0] != 0);
  if (strcmp(name, "write-to-links") == 0) give(first), memset(first, 0x41, 16), take(64);
  if (strcmp(name, "double-free") == 0) give(first), give(first);
  if (strcmp(name, "foreign-free") == 0) give((void *)((uintptr_t)arena - 16));
  if (strcmp(name, "library-overrun") == 0) pal_framesInit((uintptr_t)second, 4096, (uintptr_t)arena);
  if (strcmp(name, "outside") == 0) pal_translate(4 * MIB / 4096, 0);
  if (strcmp(name, "not-canonical") == 0) pal_numberParse(UINT64_C(1) << 47, 1);
  if (strcmp(name, "panic") == 0) pal_frameGive(3);
  puts("went on");
}

int main(int argc, char **argv) {
  memory = malloc(4 * MIB);
  memset(memory, 0xa5, 4 * MIB);
  pal_memory(memory, 4 * MIB);
  pal_heapInit((uintptr_t)arena, sizeof arena);
  if (argc > 1) {
    mistake(argv[1]);
    return 0;
  }
  say("heap", pal_heapUsed() + pal_heapFree() == pal_heapSize());
  frames_and_tables();
  machine();
  panics();
  say("audit", pal_heapAudit());
  free(memory);
  return 0;
}
