/*
 * What is compared: each function exists as ts_NAME, compiled from TypeScript, and as c_NAME, written in C. Numbers of
 * the kernel's dialect are int64_t, its words and addresses uint64_t or pointers: the same registers on both sides.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Kernel, mm/phys: frames by number, -1 for none; runs of 2^order frames from order 9 on. */
#define FRAMES_API(F)                                                                      \
  F(int64_t, framesMetadataBytes, (int64_t limit))                                         \
  F(void, framesInit, (void *metadata, int64_t limit, void *table))                        \
  F(void, framesAdd, (int64_t first, int64_t count))                                       \
  F(void, bitsFree, (int64_t frame, uint64_t mask))                                        \
  F(void, framesCountTaken, (int64_t count))                                               \
  F(int64_t, framesFree, (void))                                                           \
  F(void *, kernelFrames, (void))                                                          \
  F(int64_t, ownerFrames, (void *owner))                                                   \
  F(int64_t, frameTake, (void *owner))                                                     \
  F(void, frameGive, (int64_t frame))                                                      \
  F(int64_t, runTake, (int64_t order, void *owner))                                        \
  F(void, runGive, (int64_t first, int64_t order))                                         \
  F(void, runSplit, (int64_t first, int64_t order))

/* tests/bench/programs: statuses are 0 or negative; page tables are frames of the bitmap, seen at DIRECT_MAP. */
#define PROGRAMS_API(F)                                                                    \
  F(void, bitmapInit, (void *bitmaps, int64_t limit))                                      \
  F(void, bitmapAdd, (int64_t first, int64_t count))                                       \
  F(int64_t, bitmapFree, (void))                                                           \
  F(int64_t, bitmapTake, (void))                                                           \
  F(void, bitmapGive, (int64_t frame))                                                     \
  F(void, pageTablesInit, (void))                                                          \
  F(int64_t, pageMap, (int64_t root, uint64_t page, int64_t frame, uint64_t flags))        \
  F(int64_t, pageUnmap, (int64_t root, uint64_t page))                                     \
  F(uint64_t, pageTranslate, (int64_t root, uint64_t va))                                  \
  F(void, firstFitInit, (void *start, int64_t size))                                       \
  F(void *, firstFitTake, (uint64_t size))                                                 \
  F(void, firstFitGive, (void *bytes))                                                     \
  F(void, crc32Init, (void))                                                               \
  F(int64_t, crc32, (const uint8_t *bytes, int64_t length))                                \
  F(int64_t, pack, (uint8_t *to, const uint8_t *from, int64_t length))                     \
  F(int64_t, unpack, (uint8_t *to, const uint8_t *from, int64_t packed))                   \
  F(int64_t, scanCharacters, (const uint8_t *text, int64_t length))                        \
  F(uint64_t, scanTokens, (const uint8_t *text, int64_t length))                           \
  F(void, treeInit, (void *nodes, int64_t count))                                          \
  F(bool, treeInsert, (uint64_t key))                                                      \
  F(bool, treeRemove, (uint64_t key))                                                      \
  F(bool, treeFind, (uint64_t key))

/* Kernel, mm/paging: roots are frames; statuses are 0 or negative, and what is owed is one until flushNow pays it. */
#define PAGING_API(F)                                                                      \
  F(void, tablesInit, (void))                                                              \
  F(void, tablesReachAll, (void))                                                          \
  F(int64_t, mapPage, (int64_t root, uint64_t page, int64_t frame, uint64_t flags))        \
  F(int64_t, mapRange, (int64_t root, uint64_t first, int64_t frame, int64_t count, uint64_t flags))            \
  F(int64_t, mapPages, (int64_t root, uint64_t first, int64_t frame, int64_t count, uint64_t flags, int64_t level)) \
  F(int64_t, mapLargest, (int64_t root, uint64_t first, int64_t frame, int64_t count, uint64_t flags, int64_t top)) \
  F(uint64_t, translate, (int64_t root, uint64_t va))                                      \
  F(int64_t, unmapPage, (int64_t root, uint64_t page))                                     \
  F(int64_t, unmapRange, (int64_t root, uint64_t first, int64_t count))                    \
  F(int64_t, flushNow, (int64_t owed))

#define API(F) FRAMES_API(F) PAGING_API(F) PROGRAMS_API(F)

#define DECLARE(result, name, arguments) result ts_##name arguments; result c_##name arguments;
API(DECLARE)
#undef DECLARE

/* One side of the comparison. */
struct side {
#define MEMBER(result, name, arguments) result (*name) arguments;
  API(MEMBER)
#undef MEMBER
};

/* Where a physical address is seen: kernel/lib/addr.ts says the kernel's, tests/bench/build.ts puts this in its place. */
#define DIRECT_MAP 0x0000040000000000ull

/* Ends the program: an invariant is broken. */
_Noreturn __attribute__((cold)) void c_panic(const char *message, uint64_t value);
