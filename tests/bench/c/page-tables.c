/*
 * Four-level page tables: ranges are mapped all or nothing, tables that become empty are given back, and nothing is
 * writable and executable.
 */
#include "api.h"

enum { OK = 0, NOT_MAPPED = -6, NO_MEMORY = -12, BAD_ADDRESS = -14, ALREADY_MAPPED = -17, INVALID = -22 };
enum { ENTRIES = 512, TOP_LEVEL = 4 };

#define PRESENT 1ull
#define WRITABLE 2ull
#define USER 4ull
#define HUGE 0x80ull
#define NO_EXECUTE (1ull << 63)
#define FLAGS_ALLOWED (WRITABLE | USER | 0x18 | 0x100 | NO_EXECUTE)
#define FRAME_BITS 0x000ffffffffff000ull
#define KERNEL_HALF 0xffff800000000000ull
#define PHYS_LIMIT (1ull << 52)
#define BOOT_REACH (1ull << 32)

typedef uint64_t pte;

/* Once, in program order: the CPU reads entries too. */
static inline pte pte_read(const pte *entry) { return *(const volatile pte *)entry; }
static inline void pte_write(pte *entry, pte value) { *(volatile pte *)entry = value; }
static inline bool is_table(pte value) { return (value & (PRESENT | HUGE)) == PRESENT; }

static inline uint64_t span(int level) { return 1ull << (12 + 9 * (level - 1)); }
static inline int64_t frames_in(int level) { return 1ll << (9 * (level - 1)); }
static inline bool is_canonical(uint64_t va) { return va >> 47 == 0 || va >> 47 == 0x1ffff; }

static inline void *frame_bytes(int64_t frame) { return (void *)(DIRECT_MAP + ((uint64_t)frame << 12)); }
static inline pte *table_of(pte entry) { return (pte *)(DIRECT_MAP + (entry & FRAME_BITS)); }
static inline int index_of(uint64_t va, int level) { return va >> (3 + 9 * level) & 511; }

/* `invlpg` is not for programs: what is left is its effect on the compiler. */
static inline void flush_page(uint64_t va) { __asm__ volatile("" ::"r"(va) : "memory"); }

/* As in the kernel: the CPU's own way to fill memory. */
static inline void clear_page(void *page) {
  uint64_t count = ENTRIES;
  __asm__ volatile("rep stosq" : "+D"(page), "+c"(count) : "a"(0ull) : "memory");
}

/* ---- tables put aside: a list through the first word of each */
static struct {
  int64_t first;
  int count;
} stock;

void c_pageTablesInit(void) {
  stock.first = -1;
  stock.count = 0;
}

static int64_t stock_pop(void) {
  const int64_t frame = stock.first;
  stock.first = *(int64_t *)frame_bytes(frame);
  stock.count--;
  return frame;
}

static bool stock_up(int count) {
  while (stock.count < count) {
    const int64_t frame = c_bitmapTake();
    if (frame == -1 || (uint64_t)frame << 12 >= BOOT_REACH) {
      if (frame != -1) c_bitmapGive(frame);
      while (stock.count > 0) c_bitmapGive(stock_pop());
      return false;
    }
    *(int64_t *)frame_bytes(frame) = stock.first;
    stock.first = frame;
    stock.count++;
  }
  return true;
}

static int64_t table_take(void) {
  if (stock.count == 0) c_panic("pages: a table was taken that nobody put aside", 0);
  const int64_t frame = stock_pop();
  clear_page(frame_bytes(frame));
  return frame;
}

/* ---- walking */
/* The entry at which a walk for `va` ends, at `level` or above it, and in `stop` where that was. */
static pte *walk(int64_t root, uint64_t va, int level, int *stop) {
  pte *table = frame_bytes(root);
  for (int at = TOP_LEVEL; at > level; at--) {
    pte *entry = &table[index_of(va, at)];
    const pte value = pte_read(entry);
    if (!is_table(value)) {
      *stop = at;
      return entry;
    }
    table = table_of(value);
  }
  *stop = level;
  return &table[index_of(va, level)];
}

uint64_t c_pageTranslate(int64_t root, uint64_t va) {
  if (!is_canonical(va)) return UINT64_MAX;
  int level;
  const pte value = pte_read(walk(root, va, 1, &level));
  if (!(value & PRESENT)) return UINT64_MAX;
  const uint64_t inside = span(level) - 1;
  return (value & FRAME_BITS & ~inside) | (va & inside);
}

static int range_check(uint64_t first, int64_t count, int level) {
  if (count < 1 || (first & (span(level) - 1))) return INVALID;
  if (!is_canonical(first) || count > (1ll << 35) / frames_in(level)) return BAD_ADDRESS;
  const uint64_t last = first + count * span(level) - 1;
  return last >> 47 == first >> 47 ? OK : BAD_ADDRESS;
}

/* Of `count` entries from the one for `page` on, those in the same table. */
static int64_t entries_here(uint64_t page, int level, int64_t count) {
  const int64_t rest = ENTRIES - index_of(page, level);
  return count < rest ? count : rest;
}

static bool are_empty(const pte *entry, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    if (pte_read(&entry[i])) return false;
  }
  return true;
}

/* ---- mapping */
static int target_check(uint64_t first, int64_t frame, int64_t count, uint64_t flags, int level) {
  const uint64_t pa = (uint64_t)frame << 12;
  if (frame < 0 || (pa & (span(level) - 1)) || pa + count * span(level) > PHYS_LIMIT) return INVALID;
  if ((flags & ~FLAGS_ALLOWED) || (flags & (WRITABLE | NO_EXECUTE)) == WRITABLE) return INVALID;
  return (flags & USER) && first >= KERNEL_HALF ? INVALID : OK;
}

/* Is the range empty, and how many tables does it lack? */
static int plan(int64_t root, uint64_t first, int64_t count, int level, uint64_t user, int *missing) {
  *missing = 0;
  for (int64_t done = 0; done < count;) {
    const uint64_t page = first + done * span(level);
    const pte slot = pte_read((pte *)frame_bytes(root) + index_of(page, TOP_LEVEL));
    if ((slot & PRESENT) && (slot & USER) != user) return INVALID;
    int stop;
    const pte *entry = walk(root, page, level, &stop);
    const int64_t here = entries_here(page, level, count - done);
    if (stop > level) {
      if (pte_read(entry)) return ALREADY_MAPPED;
      for (int at = level; at < stop; at++) {
        if (done == 0 || !(page & (span(at + 1) - 1))) ++*missing;
      }
    } else if (!are_empty(entry, here)) {
      return ALREADY_MAPPED;
    }
    done += here;
  }
  return OK;
}

/* The same as walk, but builds the tables that are missing; they have been put aside. */
static pte *reach(int64_t root, uint64_t va, int level, uint64_t user) {
  int stop;
  pte *entry = walk(root, va, level, &stop);
  if (stop == level) return entry;
  if (pte_read(entry) || !stock_up(stop - level)) return NULL;
  for (int at = stop - 1; at >= level; at--) {
    const int64_t table = table_take();
    pte_write(entry, (uint64_t)table << 12 | PRESENT | WRITABLE | user);
    entry = (pte *)frame_bytes(table) + index_of(va, at);
  }
  return entry;
}

static int map_level(int64_t root, uint64_t first, int64_t frame, int64_t count, uint64_t flags, int level) {
  int missing = 0;
  int status = range_check(first, count, level);
  if (status == OK) status = target_check(first, frame, count, flags, level);
  if (status == OK) status = plan(root, first, count, level, flags & USER, &missing);
  if (status != OK) return status;
  if (!stock_up(missing)) return NO_MEMORY;

  const uint64_t leaf = flags | PRESENT | (level > 1 ? HUGE : 0);
  for (int64_t done = 0; done < count;) {
    const uint64_t page = first + done * span(level);
    pte *entry = reach(root, page, level, flags & USER);
    const int64_t here = entries_here(page, level, count - done);
    for (int64_t i = 0; i < here; i++) {
      pte_write(&entry[i], (uint64_t)(frame + (done + i) * frames_in(level)) << 12 | leaf);
    }
    done += here;
  }
  return OK;
}

int64_t c_pageMap(int64_t root, uint64_t page, int64_t frame, uint64_t flags) {
  return map_level(root, page, frame, 1, flags, 1);
}

/* ---- unmapping */
static int unmap_plan(int64_t root, uint64_t first, int64_t count) {
  for (int64_t done = 0; done < count;) {
    const uint64_t page = first + (done << 12);
    int level;
    const pte value = pte_read(walk(root, page, 1, &level));
    if (!(value & PRESENT)) return NOT_MAPPED;
    if ((page & (span(level) - 1)) || count - done < frames_in(level)) return INVALID;
    done += frames_in(level);
  }
  return OK;
}

/* Gives back the table of `level` that covers `page` if it is empty, and then those above it likewise. */
static void prune(int64_t root, uint64_t page, int level) {
  const int highest = page >= KERNEL_HALF ? TOP_LEVEL - 2 : TOP_LEVEL - 1;
  for (int at = level; at <= highest; at++) {
    int stop;
    pte *above = walk(root, page, at + 1, &stop);
    if (stop != at + 1) return;
    const pte value = pte_read(above);
    if (!are_empty(table_of(value), ENTRIES)) return;
    pte_write(above, 0);
    flush_page(page);
    c_bitmapGive((value & FRAME_BITS) >> 12);
  }
}

static int unmap_range(int64_t root, uint64_t first, int64_t count) {
  int status = range_check(first, count, 1);
  if (status == OK) status = unmap_plan(root, first, count);
  if (status != OK) return status;

  for (int64_t done = 0; done < count;) {
    const uint64_t page = first + (done << 12);
    int level;
    pte_write(walk(root, page, 1, &level), 0);
    flush_page(page);
    done += frames_in(level);
    if (done >= count || entries_here(page, level, 2) == 1) prune(root, page, level);
  }
  return OK;
}

int64_t c_pageUnmap(int64_t root, uint64_t page) { return unmap_range(root, page, 1); }
