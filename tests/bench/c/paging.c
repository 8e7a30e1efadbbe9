/*
 * Four-level page tables as the kernel has them: ranges are mapped and unmapped all or nothing, a table's record counts
 * its entries, 64 cursors remember tables of level 2, and flushes and dead tables are owed until they are paid.
 */
#include "frame-pool.h"

enum { OK = 0, NOT_MAPPED = -6, NO_MEMORY = -12, ALREADY_MAPPED = -17, NOT_CANONICAL = -270, MISALIGNED = -278 };
enum { WRAPS = -526, EMPTY_RANGE = -534, UNKNOWN_FLAG = -790, WRITABLE_CODE = -1046, WRONG_HALF = -1302 };
enum { NO_SUCH_FRAME = -1558, ENTRIES = 512, TOP_LEVEL = 4, FLUSH_PAGES_MOST = 32, DEBTS = 16 };

#define PRESENT 1ull
#define WRITABLE 2ull
#define USER 4ull
#define HUGE 0x80ull
#define GLOBAL 0x100ull
#define NO_EXECUTE (1ull << 63)
#define FLAGS_ALLOWED (WRITABLE | USER | 0x18 | GLOBAL | NO_EXECUTE)
#define FRAME_BITS 0x000ffffffffff000ull
#define KERNEL_HALF 0xffff800000000000ull
#define HALF_PAGES 0x800000000ll
#define BOOT_REACH (1ull << 32)
#define NO_PHYS UINT64_MAX
#define NO_SLOT 0xffffffffull

typedef uint64_t pte;

uint64_t physical_limit = 1ull << 36;

/* Once, in program order: the CPU reads entries too. What was written before an entry is there when it is. */
static inline pte pte_read(const pte *entry) { return *(const volatile pte *)entry; }
static inline void pte_write(pte *entry, pte value) {
  __asm__ volatile("" ::: "memory");
  *(volatile pte *)entry = value;
  __asm__ volatile("" ::: "memory");
}
static inline bool is_table(pte value) { return (value & (PRESENT | HUGE)) == PRESENT; }

static inline uint64_t span(int level) { return 1ull << ((12 + 9 * (level - 1)) & 63); }
static inline int64_t frames_in(int level) { return span(level) >> 12; }
static inline bool is_canonical(uint64_t va) { return va >> 47 == 0 || va >> 47 == 0x1ffff; }
static inline int index_of(uint64_t va, int level) { return va >> ((3 + 9 * level) & 63) & 511; }

static inline pte *table_bytes(int64_t table) { return (pte *)(DIRECT_MAP + ((uint64_t)table << 12)); }
static inline int64_t frame_of(pte value) { return (value & FRAME_BITS) >> 12; }
static inline int64_t table_with(const pte *entry) { return ((uint64_t)entry - DIRECT_MAP) >> 12; }
static inline struct record *record_of(int64_t frame) { return &pool.records[frame]; }

/* ---- what is the CPU's: one instruction less, or another one */
static inline void flush_page(uint64_t va) { __asm__ volatile("" ::"r"(va) : "memory"); }
static inline uint64_t read_control(void) {
  uint64_t value;
  __asm__ volatile("xor %k0, %k0" : "=r"(value) : : "cc");
  return value;
}
static inline void write_control(uint64_t value) { __asm__ volatile("" ::"r"(value) : "memory"); }
static void flush_space(void) { write_control(read_control()); }
static void flush_all(void) {
  const uint64_t cr4 = read_control();
  if (!(cr4 & 0x80)) return flush_space();
  write_control(cr4 & ~0x80ull);
  write_control(cr4);
}

/* ---- cursors */
static struct cursor {
  int64_t root; /* 0: none */
  uint64_t gib;
  pte *table;
} cursors[64];
static inline struct cursor *cursor_of(uint64_t va) { return &cursors[va >> 30 & 63]; }
static inline bool is_at_cursor(int64_t root, uint64_t va) {
  const struct cursor *cursor = cursor_of(va);
  return cursor->gib == va >> 30 && cursor->root == root;
}
static inline pte *cursor_entry(uint64_t va) { return &cursor_of(va)->table[index_of(va, 2)]; }
static inline void cursor_forget(uint64_t va) { cursor_of(va)->root = 0; }

/* ---- tables put aside: a list through their records */
static struct {
  int64_t first;
  int64_t count;
} stock;
static uint64_t shared_slot;
static bool is_booting;

void c_tablesInit(void) {
  stock.first = NO_FRAME;
  stock.count = 0;
  shared_slot = NO_SLOT;
  is_booting = true;
  for (int i = 0; i < 64; i++) cursors[i].root = 0;
}
void c_tablesReachAll(void) { is_booting = false; }

static int64_t stock_pop(void) {
  const int64_t frame = stock.first;
  stock.first = (int32_t)record_of(frame)->next;
  stock.count--;
  return frame;
}

static bool stock_up(int64_t count, struct owner *owner) {
  while (stock.count < count) {
    const int64_t frame = c_frameTake(owner);
    if (frame == NO_FRAME || (is_booting && (uint64_t)frame << 12 >= BOOT_REACH)) {
      if (frame != NO_FRAME) c_frameGive(frame);
      while (stock.count > 0) c_frameGive(stock_pop());
      return false;
    }
    record_of(frame)->next = stock.first;
    stock.first = frame;
    stock.count++;
  }
  return true;
}

static int64_t table_take(void) {
  if (stock.count == 0) c_panic("paging: a table was taken that nobody put aside", 0);
  const int64_t frame = stock_pop();
  void *bytes = table_bytes(frame);
  uint64_t count = ENTRIES;
  __asm__ volatile("rep stosq" : "+D"(bytes), "+c"(count) : "a"(0ull) : "memory");
  return frame;
}

/* ---- walking */
static COLD pte *walk_from_top(int64_t root, uint64_t va, int level, int *stop) {
  pte *table = table_bytes(root);
  for (int at = TOP_LEVEL; at > level; at--) {
    pte *entry = &table[index_of(va, at)];
    const pte value = pte_read(entry);
    if (!is_table(value)) {
      *stop = at;
      return entry;
    }
    table = table_bytes(frame_of(value));
    if (at == 3) *cursor_of(va) = (struct cursor){root, va >> 30, table};
  }
  *stop = level;
  return &table[index_of(va, level)];
}
static pte *walk(int64_t root, uint64_t va, int level, int *stop) {
  if (level > 2 || !is_at_cursor(root, va)) return walk_from_top(root, va, level, stop);
  pte *above = cursor_entry(va);
  *stop = 2;
  if (level == 2) return above;
  const pte value = pte_read(above);
  if (!is_table(value)) return above;
  *stop = 1;
  return &table_bytes(frame_of(value))[index_of(va, 1)];
}

static int translated_level;

static COLD uint64_t translate_large(pte value, uint64_t va, int level) {
  const uint64_t mask = span(level) - 1;
  translated_level = level;
  return value & PRESENT ? (value & FRAME_BITS & ~mask) | (va & mask) : NO_PHYS;
}
static COLD uint64_t translate_from_top(int64_t root, uint64_t va) {
  if (!is_canonical(va)) return NO_PHYS;
  int stop;
  const pte value = pte_read(walk_from_top(root, va, 1, &stop));
  return translate_large(value, va, stop);
}
uint64_t c_translate(int64_t root, uint64_t va) {
  if (!is_at_cursor(root, va)) return translate_from_top(root, va);
  const pte above = pte_read(cursor_entry(va));
  if (!is_table(above)) return translate_large(above, va, 2);
  const pte value = pte_read(&table_bytes(frame_of(above))[index_of(va, 1)]);
  if (!(value & PRESENT)) return translate_large(value, va, 1);
  translated_level = 1;
  return (va & 0xfff) | (value & FRAME_BITS);
}

/* The entry for `va` at `level`; tables that are missing are built. */
static pte *reach(int64_t root, uint64_t va, int level, uint64_t user) {
  int stop;
  pte *entry = walk(root, va, level, &stop);
  if (stop == level) return entry;
  if (pte_read(entry) || !stock_up(stop - level, record_of(root)->owner)) return NULL;
  for (int at = stop - 1; at >= level; at--) {
    const int64_t table = table_take();
    pte_write(entry, (uint64_t)table << 12 | PRESENT | WRITABLE | user);
    record_of(table_with(entry))->references++;
    entry = table_bytes(table) + index_of(va, at);
  }
  return entry;
}

/* ---- what may be asked for */
static int range_check(uint64_t first, int64_t count, int level) {
  if (count < 1) return EMPTY_RANGE;
  if (first & (span(level) - 1)) return MISALIGNED;
  if (!is_canonical(first)) return NOT_CANONICAL;
  if (count > HALF_PAGES / frames_in(level)) return WRAPS;
  const uint64_t last = first + count * span(level) - 1;
  return last >> 47 == first >> 47 ? OK : WRAPS;
}
static int frames_check(int64_t frame, int64_t count, int level) {
  if (frame < 0) return NO_SUCH_FRAME;
  const uint64_t pa = (uint64_t)frame << 12;
  if (pa & (span(level) - 1)) return MISALIGNED;
  return pa + count * span(level) > physical_limit ? NO_SUCH_FRAME : OK;
}
static int flags_check(uint64_t page, uint64_t flags) {
  if (flags & ~FLAGS_ALLOWED) return UNKNOWN_FLAG;
  if ((flags & (WRITABLE | NO_EXECUTE)) == WRITABLE) return WRITABLE_CODE;
  return (flags & USER) && page >= KERNEL_HALF ? WRONG_HALF : OK;
}
static bool is_slot_of_other(int64_t root, uint64_t page, uint64_t user) {
  const pte slot = pte_read(&table_bytes(root)[index_of(page, TOP_LEVEL)]);
  return (slot & PRESENT) && (slot & USER) != user;
}
static int64_t entries_here(uint64_t page, int level, int64_t count) {
  const int64_t rest = ENTRIES - index_of(page, level);
  return count < rest ? count : rest;
}

/* ---- mapping */
static int plan(int64_t root, uint64_t first, int64_t count, int level, uint64_t user, int64_t *missing) {
  *missing = 0;
  for (int64_t done = 0, here; done < count; done += here) {
    const uint64_t page = first + done * span(level);
    if (is_slot_of_other(root, page, user)) return WRONG_HALF;
    int stop;
    const pte *entry = walk(root, page, level, &stop);
    here = entries_here(page, level, count - done);
    if (stop > level) {
      if (pte_read(entry)) return ALREADY_MAPPED;
      for (int at = level; at < stop; at++) *missing += done == 0 || !(page & (span(at + 1) - 1));
    } else {
      for (int64_t i = 0; i < here; i++) {
        if (pte_read(&entry[i])) return ALREADY_MAPPED;
      }
    }
  }
  return OK;
}

int64_t c_mapPages(int64_t root, uint64_t first, int64_t frame, int64_t count, uint64_t flags, int64_t level) {
  int64_t missing;
  int status = range_check(first, count, level);
  if (status == OK) status = frames_check(frame, count, level);
  if (status == OK) status = flags_check(first, flags);
  if (status == OK) status = plan(root, first, count, level, flags & USER, &missing);
  if (status != OK) return status;
  if (!stock_up(missing, record_of(root)->owner)) return NO_MEMORY;

  const uint64_t step = span(level);
  pte next = (uint64_t)frame << 12 | flags | PRESENT | (level > 1 ? HUGE : 0);
  for (int64_t done = 0, here; done < count; done += here) {
    const uint64_t page = first + done * step;
    pte *entry = reach(root, page, level, flags & USER);
    here = entries_here(page, level, count - done);
    for (int64_t i = 0; i < here; i++, next += step) pte_write(&entry[i], next);
    record_of(table_with(entry))->references += here;
  }
  return OK;
}

int64_t c_mapPage(int64_t root, uint64_t page, int64_t frame, uint64_t flags) {
  const bool is_frame = frame >= 0 && (uint64_t)frame << 12 < physical_limit;
  const bool are_flags = !(flags & ~FLAGS_ALLOWED) && (flags & (WRITABLE | NO_EXECUTE)) != WRITABLE;
  if ((page & 0xfff) || !is_frame || !are_flags || !is_at_cursor(root, page)) goto other;
  const pte above = pte_read(cursor_entry(page));
  if (!is_table(above) || ((above ^ flags) & USER)) goto other;
  pte *entry = &table_bytes(frame_of(above))[index_of(page, 1)];
  if (pte_read(entry)) return ALREADY_MAPPED;
  pte_write(entry, (uint64_t)frame << 12 | flags | PRESENT);
  record_of(frame_of(above))->references++;
  return OK;
other:
  return c_mapPages(root, page, frame, 1, flags, 1);
}

int64_t c_mapRange(int64_t root, uint64_t first, int64_t frame, int64_t count, uint64_t flags) {
  return c_mapPages(root, first, frame, count, flags, 1);
}

int64_t c_mapLargest(int64_t root, uint64_t first, int64_t frame, int64_t count, uint64_t flags, int64_t top) {
  const int checked = range_check(first, count, 1);
  if (checked != OK) return checked;
  for (int64_t done = 0; done < count;) {
    const uint64_t page = first + (done << 12), pa = (uint64_t)(frame + done) << 12;
    int level = top;
    while (level > 1 && (((page | pa) & (span(level) - 1)) || count - done < frames_in(level))) level--;
    int64_t entries = (count - done) / frames_in(level);
    if (level != top && !((page ^ pa) & (span(level + 1) - 1))) entries = entries_here(page, level, entries);
    const int64_t status = c_mapPages(root, page, frame + done, entries, flags, level);
    if (status != OK) {
      if (done > 0) c_flushNow(c_unmapRange(root, first, done));
      return status;
    }
    done += entries * frames_in(level);
  }
  return OK;
}

/* ---- flushes that are owed */
static struct {
  struct {
    uint64_t page;
    uint32_t count, level;
  } list[DEBTS];
  int64_t count, pages;
  bool is_too_much, is_global;
  int64_t tables;
} debt = {.tables = NO_FRAME};

static void owe(int64_t root, uint64_t page, int64_t count, int level, uint64_t flags) {
  if (flags & GLOBAL) debt.is_global = true;
  else if (page < KERNEL_HALF && (read_control() & ~0xfffull) != (uint64_t)root << 12) return;
  debt.pages += count;
  if (debt.count == DEBTS || debt.pages > FLUSH_PAGES_MOST) {
    debt.is_too_much = true;
    return;
  }
  debt.list[debt.count].page = page;
  debt.list[debt.count].count = count;
  debt.list[debt.count++].level = level;
}

static void tables_give(void) {
  while (debt.tables != NO_FRAME) {
    const int64_t table = debt.tables;
    debt.tables = (int32_t)record_of(table)->next;
    c_frameGive(table);
  }
}
int64_t c_flushNow(int64_t owed) {
  if (debt.is_too_much) {
    if (debt.is_global) flush_all();
    else flush_space();
    debt.is_too_much = false;
  } else {
    for (int64_t i = 0; i < debt.count; i++) {
      for (uint32_t n = 0; n < debt.list[i].count; n++) flush_page(debt.list[i].page + n * span(debt.list[i].level));
    }
  }
  debt.count = debt.pages = 0;
  debt.is_global = false;
  if (debt.tables != NO_FRAME) tables_give();
  return owed;
}

/* ---- unmapping; nothing here asks for larger pages, which might have to be split */
struct looked {
  int status;
  bool is_large;
  pte any;
};
static struct looked look(int64_t root, uint64_t first, int64_t count) {
  struct looked seen = {0};
  for (int64_t done = 0; done < count;) {
    const uint64_t page = first + (done << 12);
    int level;
    const pte *entry = walk(root, page, 1, &level);
    pte any = pte_read(entry), every = any;
    if (!(any & PRESENT)) return (struct looked){.status = NOT_MAPPED};
    if (level > 1) {
      seen.is_large = true;
      seen.any |= any;
      done += frames_in(level) - (page >> 12 & (frames_in(level) - 1));
      continue;
    }
    const int64_t here = entries_here(page, 1, count - done);
    for (int64_t i = 1; i < here; i++) {
      const pte value = pte_read(&entry[i]);
      any |= value;
      every &= value;
    }
    if (!(every & PRESENT)) return (struct looked){.status = NOT_MAPPED};
    seen.any |= any;
    done += here;
  }
  return seen;
}

static void prune(int64_t root, uint64_t page, int level) {
  const bool is_shared = page >= KERNEL_HALF || page >> 39 == shared_slot;
  for (int at = level; at <= (is_shared ? TOP_LEVEL - 2 : TOP_LEVEL - 1); at++) {
    int stop;
    pte *above = walk(root, page, at + 1, &stop);
    if (stop != at + 1) return;
    const int64_t table = frame_of(pte_read(above));
    if (record_of(table)->references) return;
    pte_write(above, 0);
    record_of(table_with(above))->references--;
    if (at == 2) cursor_forget(page);
    record_of(table)->next = debt.tables;
    debt.tables = table;
  }
}

int64_t c_unmapRange(int64_t root, uint64_t first, int64_t count) {
  const int status = range_check(first, count, 1);
  if (status != OK) return status;
  const struct looked seen = look(root, first, count);
  if (seen.status != OK) return seen.status;
  if (seen.is_large) c_panic("paging: a page that may have to be split", first);
  for (int64_t done = 0, here; done < count; done += here) {
    const uint64_t page = first + (done << 12);
    int level;
    pte *entry = walk(root, page, 1, &level);
    here = entries_here(page, 1, count - done);
    for (int64_t i = 0; i < here; i++) pte_write(&entry[i], 0);
    owe(root, page, here, 1, seen.any);
    struct record *const record = record_of(table_with(entry));
    record->references -= here;
    if (!record->references) prune(root, page, 1);
  }
  return OK;
}

int64_t c_unmapPage(int64_t root, uint64_t page) {
  if ((page & 0xfff) || !is_at_cursor(root, page)) return c_unmapRange(root, page, 1);
  const pte above = pte_read(cursor_entry(page));
  if (!is_table(above)) return c_unmapRange(root, page, 1);
  pte *entry = &table_bytes(frame_of(above))[index_of(page, 1)];
  const pte value = pte_read(entry);
  struct record *const record = record_of(frame_of(above));
  if (!(value & PRESENT) || record->references == 1) return c_unmapRange(root, page, 1);
  pte_write(entry, 0);
  record->references--;
  owe(root, page, 1, 1, value);
  return OK;
}
