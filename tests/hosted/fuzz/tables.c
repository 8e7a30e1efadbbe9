/*
 * Page tables against a list of 4 KiB pages. A few places where mistakes are likely, the ends of tables of every level,
 * are windows of pages; operations that fail must leave frames and pages as they were; unmapping everything must give
 * every table back.
 */
#include <errno.h>
#include "fuzz.h"

enum { FRAMES = 512, RECORDS = FRAMES - 4, WINDOWS = 5, PAGES = 1600 };
static const uint64_t windows[WINDOWS] = {
    0x0,                     /* the first page */
    0x1200000 - 8192,        /* ends of tables of level 1, */
    0x40000000 - 4096,       /* level 2, */
    0x8000000000 - 12288,    /* level 3 */
    0x800000000000 - 163840, /* the end of the lower half */
};
static uint8_t *memory;
static pal_Frame root;
static pal_Frame shown[WINDOWS][PAGES]; /* -1 where nothing is mapped */

static uint64_t page_of(int window, int page) { return windows[window] + (uint64_t)page * 4096; }

static void model_set(int w, int page, int64_t count, pal_Frame frame) {
  for (int64_t i = 0; i < count; i++) shown[w][page + i] = frame < 0 ? -1 : frame + i;
}

static void check(int w, int page) {
  const uint64_t va = page_of(w, page) + 0x8a3;
  const uint64_t found = pal_translate(root, va);
  if (va >> 47 != 0 || shown[w][page] < 0) CLAIM(found == PAL_NO_PHYS);
  else CLAIM(found == (uint64_t)shown[w][page] * 4096 + 0x8a3);
}

static bool all(int w, int page, int64_t count, bool mapped) {
  for (int64_t i = 0; i < count; i++) {
    if (page + i >= PAGES || (shown[w][page + i] >= 0) != mapped) return false;
  }
  return true;
}

static void map(int w, int page, int64_t count, pal_Frame frame, uint64_t flags, int64_t top) {
  const int64_t before = pal_framesFree();
  const pal_Status status = top == 1 ? pal_mapRange(root, page_of(w, page), frame, count, flags)
                                     : pal_mapLargest(root, page_of(w, page), frame, count, flags, top);
  if (status == PAL_OK) {
    CLAIM(count > 0 && frame >= 0 && all(w, page, count, false));
    CLAIM((flags & (PAL_PTE_WRITABLE | PAL_PTE_NO_EXECUTE)) != PAL_PTE_WRITABLE);
    model_set(w, page, count, frame);
    return;
  }
  CLAIM(pal_framesFree() == before);
  const int64_t error = pal_statusErrno(status);
  CLAIM(error == EEXIST || error == EINVAL || error == EFAULT || error == ENOMEM);
}

static void unmap(int w, int page, int64_t count) {
  const int64_t before = pal_framesFree();
  const pal_Status status = pal_flushNow(pal_unmapRange(root, page_of(w, page), count));
  if (status == PAL_OK) {
    CLAIM(all(w, page, count, true));
    model_set(w, page, count, -1);
    return;
  }
  CLAIM(pal_framesFree() == before);
}

/* Run by run. */
static void unmap_all(void) {
  for (int w = 0; w < WINDOWS; w++) {
    for (int page = 0; page < PAGES; page++) {
      int count = 0;
      while (page + count < PAGES && shown[w][page + count] >= 0) count++;
      if (count == 0) continue;
      CLAIM(pal_flushNow(pal_unmapRange(root, page_of(w, page), count)) == PAL_OK);
      model_set(w, page, count, -1);
    }
  }
}

/* Mostly near the windows' boundaries. */
static int page_for(void) {
  static const int likely[] = {0, 1, 2, 3, 510, 511, 512, 513};
  const uint64_t choice = fuzz_take(1);
  return choice < 128 ? likely[choice % 8] : (int)(fuzz_take(2) % 600);
}

/* A few, a table's worth, or more than there are. */
static int64_t count_for(uint64_t choice) {
  if (choice % 16 == 0) return (int64_t)(fuzz_take(8) >> 11 | (uint64_t)1 << 36);
  return choice % 4 == 0 ? 512 : (int64_t)(fuzz_take(2) % 700);
}

/* A frame as far from a boundary of 2 MiB as the page is, so that large pages fit. */
static pal_Frame as_far(int w, int page) { return (pal_Frame)(page_of(w, page) >> 12 & 511); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (memory == NULL) memory = aligned_alloc(4096, FRAMES * 4096);
  memset(shown, 0xff, sizeof shown);
  fuzz_start(data, size);
  pal_memory(memory, FRAMES * 4096);
  pal_framesInit(PAL_DIRECT_MAP, FRAMES, PAL_DIRECT_MAP + RECORDS * 4096);
  pal_framesAdd(1, 1 + (int64_t)fuzz_take(1));
  pal_tablesInit();
  root = pal_frameTake(pal_kernelTables());
  memset(memory + root * 4096, 0, 4096);
  const int64_t free_before = pal_framesFree();
  while (fuzz_more()) {
    const uint64_t choice = fuzz_take(1);
    const int w = (int)(fuzz_take(1) % WINDOWS), page = page_for();
    const int64_t count = count_for(choice);
    uint64_t flags = PAL_PTE_NO_EXECUTE | (choice % 2 == 0 ? PAL_PTE_WRITABLE : 0);
    if (choice % 32 == 0) flags = fuzz_take(8);
    if (choice < 90) map(w, page, count, (pal_Frame)(fuzz_take(2) * 64), flags, 1);
    else if (choice < 150) map(w, page, count, as_far(w, page) + (pal_Frame)fuzz_take(1) * 512, flags, 2 + choice % 2);
    else unmap(w, page, count);
    for (int i = 0; i < 8; i++) check(w, (page + i * 37) % PAGES);
  }
  for (int w = 0; w < WINDOWS; w++) {
    for (int page = 0; page < PAGES; page += 7) check(w, page);
  }
  unmap_all();
  CLAIM(pal_framesFree() == free_before);
  CLAIM(pal_framesAudit() == PAL_OK);
  return 0;
}
