/*
 * paging-model OPERATIONS SEED     that many random operations on page tables of all sizes, often short of memory,
 *                                  against a model and a walker written from the manual; says what there was of them
 *
 * Three windows of 3 GiB. The model has a word for each entry that the tables could have: 0, TABLE, or the leaf itself.
 */
#include "fuzz/fuzz.h"

enum { FRAMES = 2048, RECORDS = FRAMES - 16, WINDOWS = 3, GIBS = 3, ENTRIES = 512 };
enum { BETWEEN_LOOKS = 64, BETWEEN_CLEARS = 512 };
#define P UINT64_C(1)
#define W UINT64_C(2)
#define U UINT64_C(4)
#define CACHE UINT64_C(0x18)
#define SEEN UINT64_C(0x60) /* A and D */
#define PS UINT64_C(0x80)
#define G UINT64_C(0x100)
#define NX (UINT64_C(1) << 63)
#define ADDRESS UINT64_C(0x000ffffffffff000)
#define TABLE UINT64_MAX
#define BIT(n) (UINT64_C(1) << (n))

/* By level 1 to 3: bytes of an entry, and pages. */
static const uint64_t span[] = {0, BIT(12), BIT(21), BIT(30)};
static const int64_t pages_in[] = {0, 1, 512, 512 * 512};
static const uint64_t windows[WINDOWS] = {
    0x8000000000 - 0x40000000,      /* over the end of a slot of 512 GiB */
    0x800000000000 - 0xc0000000,    /* to the end of the lower half */
    0xffffd08000000000 - 0x40000000 /* the same in the kernel's */
};
static int64_t limit_frames; /* frames that the CPU can name */

struct gib {
  uint64_t self, entries2[ENTRIES], entries1[ENTRIES][ENTRIES];
  int used, used1[ENTRIES]; /* entries of its table, and of theirs */
};
static struct gib model[WINDOWS][GIBS];
static uint8_t *memory;
static pal_Frame root;
static int64_t free_at_start;
static uint64_t random_state;
static uint64_t counts[6][2], short_of_memory, looks, clears, leaves_seen;

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled". */
static uint64_t choose(uint64_t below) {
  random_state ^= random_state >> 12, random_state ^= random_state << 25, random_state ^= random_state >> 27;
  return (random_state * UINT64_C(2685821657736338717) >> 32) % below;
}

/* ---- the model ---- */
struct place {
  struct gib *gib; /* NULL: in no window */
  int i2, i1;
};
static struct place place_of(uint64_t va) {
  for (int w = 0; w < WINDOWS; w++) {
    const uint64_t at = va - windows[w];
    if (at < GIBS * span[3]) return (struct place){&model[w][at >> 30], (int)(at >> 21 & 511), (int)(at >> 12 & 511)};
  }
  return (struct place){NULL, 0, 0};
}
static uint64_t *entry_of(uint64_t va, int level) {
  const struct place p = place_of(va);
  if (p.gib == NULL) return NULL;
  return level == 3 ? &p.gib->self : level == 2 ? &p.gib->entries2[p.i2] : &p.gib->entries1[p.i2][p.i1];
}
/* The leaf that maps `va`, and its level; 0 if none does. */
static uint64_t leaf_of(uint64_t va, int *level) {
  for (*level = 3; *level >= 1; --*level) {
    const uint64_t *const entry = entry_of(va, *level);
    if (entry == NULL) break;
    if (*entry != TABLE) return *entry;
  }
  return 0;
}
/* One entry is used, or one less: tables come and go. */
static void count_use(uint64_t va, int level, int change) {
  const struct place p = place_of(va);
  if (level == 1) {
    p.gib->used1[p.i2] += change;
    if (p.gib->used1[p.i2] != (change > 0)) return;
    p.gib->entries2[p.i2] = change > 0 ? TABLE : 0;
    level = 2;
  }
  if (level == 2) {
    p.gib->used += change;
    if (p.gib->used == (change > 0)) p.gib->self = change > 0 ? TABLE : 0;
  }
}
/* GiBs in use of the slot of 512 GiB: in the lower half its table of level 3 comes and goes. */
static int slot_used(uint64_t va) {
  int used = 0;
  for (int w = 0; w < WINDOWS; w++) {
    for (int g = 0; g < GIBS; g++) {
      used += (windows[w] + (uint64_t)g * span[3]) >> 39 == va >> 39 && model[w][g].self != 0;
    }
  }
  return used;
}
/* The user's or the kernel's, as its first page was. */
static uint64_t *kind_of(uint64_t va) {
  static uint64_t kinds[3];
  return &kinds[va >> 39 < 2 ? va >> 39 : 2];
}
static void set(uint64_t va, int level, uint64_t leaf) {
  if (va >> 63 == 0 && slot_used(va) == 0) *kind_of(va) = leaf & U;
  *entry_of(va, level) = leaf;
  count_use(va, level, leaf != 0 ? 1 : -1);
}
static void split(uint64_t va, int level) {
  va &= ~(span[level] - 1);
  uint64_t leaf = *entry_of(va, level);
  if (level == 2) leaf &= ~PS;
  *entry_of(va, level) = TABLE; /* which it stays: the first of what follows says so again */
  const struct place p = place_of(va);
  if (level == 3) p.gib->used = ENTRIES;
  else p.gib->used1[p.i2] = ENTRIES;
  for (uint64_t i = 0; i < ENTRIES; i++) *entry_of(va + i * span[level - 1], level - 1) = leaf + i * span[level - 1];
}
static void cut(uint64_t va) {
  int level;
  while (leaf_of(va, &level) != 0 && (va & (span[level] - 1)) != 0) split(va, level);
}
static int64_t tables_wanted(void) {
  int64_t count = 0;
  uint64_t last_slot = UINT64_MAX;
  for (int w = 0; w < WINDOWS; w++) {
    for (int g = 0; g < GIBS; g++) {
      const struct gib *const gib = &model[w][g];
      const uint64_t va = windows[w] + (uint64_t)g * span[3];
      if (va >> 63 == 0 && va >> 39 != last_slot && slot_used(va) > 0) count++, last_slot = va >> 39;
      if (gib->self != TABLE) continue;
      count++;
      for (int i = 0; i < ENTRIES; i++) count += gib->entries2[i] == TABLE;
    }
  }
  return count;
}

/* ---- the walker: Intel SDM vol. 3A, "4-Level Paging and 5-Level Paging" ---- */
static const uint64_t *table_at(uint64_t entry) { return (const uint64_t *)(memory + (entry & ADDRESS)); }

/* The leaf as it stands in the table, and its level; 0 if the CPU would find none. */
static uint64_t cpu_leaf(uint64_t va, int *level) {
  uint64_t entry = (uint64_t)root * 4096;
  for (*level = 4;; --*level) {
    entry = table_at(entry)[va >> (3 + 9 * *level) & 511];
    if ((entry & P) == 0) return 0;
    if (*level == 1 || (*level < 4 && (entry & PS) != 0)) return entry;
  }
}
/* Every leaf under the table is the model's, entry for entry; how many there are. Tables may be for the kernel and the
   user at once only if a leaf may, and always allow writing and executing. */
static int64_t cpu_look(uint64_t table, int level, uint64_t base) {
  int64_t leaves = 0;
  int64_t used = 0;
  for (uint64_t i = 0; i < ENTRIES; i++) {
    const uint64_t entry = table_at(table)[i];
    uint64_t va = base + (i << (3 + 9 * level));
    if (level == 4 && i >= 256) va |= UINT64_C(0xffff) << 48;
    if (entry == 0) continue;
    used++;
    CLAIM((entry & P) != 0);
    if (level > 1 && (level == 4 || (entry & PS) == 0)) {
      CLAIM((entry & (W | NX | PS)) == W);
      leaves += cpu_look(entry & ADDRESS, level - 1, va);
      continue;
    }
    const uint64_t *const wanted = entry_of(va, level);
    CLAIM(wanted != NULL && *wanted == entry);
    leaves++;
  }
  CLAIM(pal_tableEntries((int64_t)(table / 4096)) == used); /* as its record counts them */
  return leaves;
}
static int64_t model_leaves(void) {
  int64_t count = 0;
  for (int w = 0; w < WINDOWS; w++) {
    for (int g = 0; g < GIBS; g++) {
      const struct gib *const gib = &model[w][g];
      if (gib->self != TABLE) {
        count += gib->self != 0;
        continue;
      }
      for (int i = 0; i < ENTRIES; i++) count += gib->entries2[i] == TABLE ? gib->used1[i] : gib->entries2[i] != 0;
    }
  }
  return count;
}

/* ---- what is asked for ---- */
struct asked {
  int level;
  uint64_t va, flags;
  int64_t count;
  pal_Frame frame;
};
static uint64_t near(int level) {
  static const uint64_t likely[] = {0, 1, 2, 509, 510, 511};
  uint64_t va = windows[choose(WINDOWS)] + choose(GIBS) * span[3];
  if (level <= 2) va += likely[choose(6)] * span[2];
  if (level <= 1 && choose(4) > 0) va += likely[choose(6)] * span[1];
  return va;
}
static void hostile(struct asked *a) {
  static const uint64_t flips[] = {BIT(47), BIT(48), BIT(63), UINT64_C(0xffff) << 48};
  static const uint64_t odd[] = {P, PS, 0x20, 0x40, 0x200, BIT(52), BIT(62), ADDRESS & BIT(40)};
  static const int64_t many[] = {0, -1, (INT64_C(1) << 35) + 1, INT64_C(1) << 52, INT64_MIN >> 11};
  switch (choose(9)) {
    case 0: a->va += 1 + choose(4095); break;
    case 1: a->va ^= flips[choose(4)]; break;
    case 2: a->count = many[choose(5)]; break;
    case 3: a->count = (int64_t)(((a->va | (BIT(47) - 1)) - a->va) / span[a->level]) + 2; break;
    case 4: a->frame = choose(2) == 0 ? -1 : limit_frames - (int64_t)choose(2); break;
    case 5: a->flags |= odd[choose(8)]; break;
    case 6: a->flags = (a->flags | W) & ~NX; break;
    case 7: a->flags ^= U; break;
    default: a->va += span[1];
  }
}
static struct asked ask(bool is_map) {
  static const int sizes[] = {1, 1, 1, 2, 2, 3};
  struct asked a = {is_map ? sizes[choose(6)] : 1, 0, NX, 1, 0};
  int level = 0;
  a.va = near(a.level);
  for (int i = 0; i < 5 && !is_map && leaf_of(a.va, &level) == 0; i++) a.va = near(1);
  const uint64_t leaf = leaf_of(a.va, &level);
  if (leaf != 0 && choose(3) == 0) a.count = pages_in[level];
  else a.count = 1 + (int64_t)choose(a.level == 3 ? 2 : choose(24) == 0 ? 1100 : choose(3) == 0 ? 40 : 4);
  static const uint64_t rights[] = {W | NX, W | NX, NX, 0};
  a.flags = rights[choose(4)] | (choose(8) == 0 ? CACHE : 0) | (choose(2) == 0 ? G : 0);
  if (a.va >> 63 == 0) a.flags |= leaf != 0 ? leaf & U : U; /* all of a slot is the user's here */
  a.frame = (int64_t)choose((uint64_t)(limit_frames / pages_in[a.level] - 2048)) * pages_in[a.level];
  if (a.level == 1 && choose(2) == 0) a.frame = (a.frame & ~INT64_C(511)) + (int64_t)(a.va >> 12 & 511);
  if (choose(8) == 0) hostile(&a);
  return a;
}

static const char *const names[] = {"map", "unmap", "protect", "split", "join", "look"};

/* ---- what may be wrong with it: bits of a set, for the order is the mapper's own ---- */
enum cause { EMPTY, MISPLACED, UNCANONICAL, WRAPPING, FRAMELESS, UNKNOWN, BOTH, HALF, TAKEN, ABSENT, JOINT, CAUSES };
static const int64_t statuses[CAUSES] = {
    PAL_EMPTY_RANGE,  PAL_MISALIGNED,    PAL_NOT_CANONICAL, PAL_WRAPS,          PAL_NO_SUCH_FRAME,  PAL_UNKNOWN_FLAG,
    PAL_WRITABLE_CODE, PAL_WRONG_HALF, PAL_ALREADY_MAPPED, PAL_NOT_MAPPED, PAL_NOT_JOINABLE,
};
static bool is_canonical(uint64_t va) { return va >> 47 == 0 || va >> 47 == 0x1ffff; }

static unsigned range_wrong(const struct asked *a, int level) {
  unsigned wrong = 0;
  if (a->count < 1) wrong |= 1u << EMPTY;
  if ((a->va & (span[level] - 1)) != 0) wrong |= 1u << MISPLACED;
  if (!is_canonical(a->va)) wrong |= 1u << UNCANONICAL;
  else if (a->count > (int64_t)(((a->va | (BIT(47) - 1)) - a->va) / span[level]) + 1) wrong |= 1u << WRAPPING;
  return wrong;
}
static unsigned frames_wrong(const struct asked *a, int level) {
  unsigned wrong = 0;
  if (a->frame % pages_in[level] != 0) wrong |= 1u << MISPLACED;
  if (a->frame < 0 || a->count > (limit_frames - a->frame) / pages_in[level]) wrong |= 1u << FRAMELESS;
  return wrong;
}
static unsigned flags_wrong(const struct asked *a) {
  unsigned wrong = 0;
  if ((a->flags & ~(W | U | CACHE | G | NX)) != 0) wrong |= 1u << UNKNOWN;
  if ((a->flags & (W | NX)) == W) wrong |= 1u << BOTH;
  if ((a->flags & U) != 0 && a->va >> 63 == 1) wrong |= 1u << HALF;
  return wrong;
}
/* Was it done? `memory_needed`: what there may have been too little of. */
static bool settled(int kind, int64_t status, unsigned wrong, int64_t free_before, int64_t memory_needed) {
  counts[kind][status != PAL_OK]++;
  if (status != PAL_OK) CLAIM(pal_framesFree() == free_before);
  if (status == PAL_NO_MEMORY) {
    CLAIM(wrong == 0 && free_before < memory_needed);
    short_of_memory++;
    return false;
  }
  if (wrong == 0 && status == PAL_OK) return true;
  for (int i = 0; i < CAUSES; i++) {
    if ((wrong >> i & 1) != 0 && status == statuses[i]) return false;
  }
  fprintf(stderr, "%s: status %lld, causes 0x%x\n", names[kind], (long long)status, wrong);
  abort();
}
static bool present(uint64_t va, int64_t count) {
  const uint64_t last = va + (uint64_t)(count - 1) * span[1];
  for (int level; va <= last;) {
    if (leaf_of(va, &level) == 0) return false;
    va = (va & ~(span[level] - 1)) + span[level];
    if (va == 0) break;
  }
  return true;
}

/* ---- operations ---- */
enum { MAP, UNMAP, PROTECT, SPLIT, JOIN, LOOK };

/* Of a range of `level`: empty, and of the right kind? The tables that it lacks are added to `missing`. */
static unsigned room_wrong(uint64_t va, int64_t count, int level, uint64_t user) {
  unsigned wrong = 0;
  for (int64_t i = 0; i < count; i++, va += span[level]) {
    const uint64_t *const entry = entry_of(va, level);
    int at;
    if (entry == NULL) return wrong | 1u << CAUSES; /* out of the windows: not asked for */
    if (va >> 63 == 0 && slot_used(va) > 0 && user != *kind_of(va)) wrong |= 1u << HALF;
    if (*entry != 0 || leaf_of(va, &at) != 0) wrong |= 1u << TAKEN;
  }
  return wrong;
}
/* The largest that stands there on both sides' boundaries, up to `top`. */
static int level_fitting(uint64_t va, int64_t frame, int64_t left, int top) {
  for (int level = top; level > 1; level--) {
    const uint64_t inside = (uint64_t)pages_in[level] - 1;
    if (((va >> 12 | (uint64_t)frame) & inside) == 0 && left >= pages_in[level]) return level;
  }
  return 1;
}
static void map(void) {
  struct asked a = ask(true);
  const uint64_t way = choose(4);
  const int top = way == 3 ? 2 + (int)choose(2) : 0;
  if (way < 2) a.level = 1;
  if (way == 0) a.count = 1;
  if (way == 3) {
    const bool in_step = ((a.va >> 12 ^ (uint64_t)a.frame) & 511) == 0;
    if (a.level > 1 && a.count > 0 && a.count < 4096) a.count = in_step ? a.count * pages_in[a.level] : a.count % 700;
    a.level = 1;
  }
  unsigned wrong = range_wrong(&a, a.level) | frames_wrong(&a, a.level) | flags_wrong(&a);
  if (wrong == 0) {
    const uint64_t user = a.flags & U;
    uint64_t va = a.va;
    for (int64_t left = a.count; left > 0;) {
      const int level = way == 3 ? level_fitting(va, a.frame + (int64_t)((va - a.va) >> 12), left, top) : a.level;
      wrong |= room_wrong(va, 1, level, user);
      if ((wrong >> CAUSES & 1) != 0) return; /* the model knows nothing there */
      left -= way == 3 ? pages_in[level] : 1;
      va += span[level];
    }
  }
  const int64_t before = pal_framesFree();
  int64_t status;
  if (way == 0) status = pal_mapPage(root, a.va, a.frame, a.flags);
  else if (way == 1) status = pal_mapRange(root, a.va, a.frame, a.count, a.flags);
  else if (way == 2) status = pal_mapPages(root, a.va, a.frame, a.count, a.flags, a.level);
  else status = pal_mapLargest(root, a.va, a.frame, a.count, a.flags, top);
  const int64_t needed = a.count / ENTRIES + 7;
  if (way == 3 && status == PAL_NO_MEMORY) wrong = 0; /* it may not come as far as the piece that is wrong */
  if (!settled(MAP, status, wrong, before, needed)) return;
  uint64_t va = a.va;
  for (int64_t left = a.count; left > 0;) {
    const int64_t frame = a.frame + (int64_t)((va - a.va) >> 12);
    const int level = way == 3 ? level_fitting(va, frame, left, top) : a.level;
    set(va, level, (uint64_t)frame << 12 | a.flags | P | (level > 1 ? PS : 0));
    left -= way == 3 ? pages_in[level] : 1;
    va += span[level];
  }
}
static void unmap(void) {
  const struct asked a = ask(false);
  unsigned wrong = range_wrong(&a, 1);
  if (wrong == 0 && !present(a.va, a.count)) wrong |= 1u << ABSENT;
  const int64_t before = pal_framesFree();
  const int64_t status = pal_flushNow(pal_unmapRange(root, a.va, a.count));
  if (!settled(UNMAP, status, wrong, before, 4)) return;
  const uint64_t end = a.va + (uint64_t)a.count * span[1];
  cut(a.va), cut(end);
  for (uint64_t va = a.va; va != end;) {
    int level;
    CLAIM(leaf_of(va, &level) != 0);
    set(va, level, 0);
    va += span[level];
  }
}
static void protect(void) {
  const struct asked a = ask(false);
  unsigned wrong = range_wrong(&a, 1) | flags_wrong(&a);
  if (wrong == 0 && !present(a.va, a.count)) wrong |= 1u << ABSENT;
  int level;
  for (int end = 0; wrong == 0 && end < 2; end++) { /* at most two slots: the first page, and the last */
    const uint64_t leaf = leaf_of(end == 0 ? a.va : a.va + (uint64_t)(a.count - 1) * span[1], &level);
    if ((leaf & U) != (a.flags & U)) wrong |= 1u << HALF;
  }
  const int64_t before = pal_framesFree();
  const int64_t status = pal_flushNow(pal_protectRange(root, a.va, a.count, a.flags));
  if (!settled(PROTECT, status, wrong, before, 4)) return;
  const uint64_t end = a.va + (uint64_t)a.count * span[1];
  cut(a.va), cut(end);
  for (uint64_t va = a.va; va != end;) {
    int level;
    CLAIM(leaf_of(va, &level) != 0);
    uint64_t *const entry = entry_of(va, level);
    *entry = (*entry & (ADDRESS | PS | P)) | a.flags;
    va += span[level];
  }
}
static uint64_t last_split;
static void split_one(void) {
  const uint64_t va = ask(false).va & ~(span[1] - 1);
  int level = 0;
  const uint64_t leaf = is_canonical(va) ? leaf_of(va, &level) : 0;
  const unsigned wrong = !is_canonical(va) ? 1u << UNCANONICAL : leaf == 0 ? 1u << ABSENT : 0;
  const int64_t before = pal_framesFree();
  if (!settled(SPLIT, pal_flushNow(pal_splitPage(root, va)), wrong, before, 1) || level == 1) return;
  split(va, level);
  last_split = va;
}
static void join(void) {
  const int level = 2 + (int)choose(2);
  struct asked a = ask(false);
  if (choose(4) > 0) a.va = last_split & ~(span[level] - 1);
  unsigned wrong = 0;
  if ((a.va & (span[level] - 1)) != 0) wrong |= 1u << MISPLACED;
  if (!is_canonical(a.va)) wrong |= 1u << UNCANONICAL;
  uint64_t first = 0;
  if (wrong == 0) {
    const uint64_t *const entry = entry_of(a.va, level);
    if (entry == NULL || *entry != TABLE) wrong |= 1u << ABSENT;
    for (uint64_t i = 0; wrong == 0 && i < ENTRIES; i++) {
      const uint64_t part = *entry_of(a.va + i * span[level - 1], level - 1);
      if (i == 0) first = part;
      const bool is_start = part != 0 && part != TABLE && (first & ADDRESS & (span[level] - 1)) == 0;
      if (!is_start || part != first + i * span[level - 1]) wrong |= 1u << JOINT;
    }
  }
  const int64_t before = pal_framesFree();
  if (!settled(JOIN, pal_flushNow(pal_joinPages(root, a.va, level)), wrong, before, 0)) return;
  for (uint64_t i = 0; i < ENTRIES; i++) *entry_of(a.va + i * span[level - 1], level - 1) = 0;
  const struct place p = place_of(a.va);
  if (level == 3) p.gib->used = 0;
  else p.gib->used1[p.i2] = 0;
  *entry_of(a.va, level) = first | PS;
}
/* What the kernel says of an address is what the CPU finds there, and what the model knows. */
static void look_at(uint64_t va) {
  int level = 0, cpu_level = 0;
  const uint64_t leaf = is_canonical(va) ? leaf_of(va, &level) : 0;
  if (is_canonical(va)) CLAIM((cpu_leaf(va, &cpu_level) & ~SEEN) == leaf && (leaf == 0 || cpu_level == level));
  counts[LOOK][leaf == 0]++;
  CLAIM(pal_translateRights(root, va) == (leaf & (P | W | U | NX)));
  const uint64_t pa = pal_translate(root, va);
  if (leaf == 0) CLAIM(pa == PAL_NO_PHYS);
  else CLAIM(pa == (leaf & ADDRESS) + (va & (span[level] - 1)) && pal_entryStop() == level);
}

/* ---- all of it ---- */
static void agree_all(void) {
  const int64_t leaves = cpu_look((uint64_t)root * 4096, 4, 0);
  CLAIM(leaves == model_leaves());
  CLAIM(pal_framesFree() == free_at_start - tables_wanted());
  leaves_seen += (uint64_t)leaves, looks++;
}
static void clear(void) {
  for (int w = 0; w < WINDOWS; w++) {
    const uint64_t end = windows[w] + GIBS * span[3];
    int level;
    for (uint64_t va = windows[w]; va != end; va = (va & ~(span[level] - 1)) + span[level]) {
      if (leaf_of(va, &level) == 0) continue;
      CLAIM(pal_flushNow(pal_unmapRange(root, va, pages_in[level])) == PAL_OK);
      set(va, level, 0);
    }
  }
  CLAIM(pal_framesFree() == free_at_start && tables_wanted() == 0);
  CLAIM(!pal_flushIsOwed());
  clears++;
}
/* No frame is there but `left`. The tables of the kernel half's slots are there for good, as boot makes them. */
static void start(int64_t left) {
  pal_memory(memory, FRAMES * 4096);
  pal_framesInit(PAL_DIRECT_MAP, FRAMES, PAL_DIRECT_MAP + RECORDS * 4096);
  pal_framesAdd(1, left + 3);
  pal_tablesInit();
  root = pal_frameTake(pal_kernelTables());
  memset(memory + root * 4096, 0, 4096);
  for (uint64_t va = windows[2]; va < windows[2] + 2 * span[3]; va += span[3]) {
    CLAIM(pal_entryReach(root, va, 3, 0) != PAL_NO_ENTRY);
  }
  free_at_start = pal_framesFree();
  CLAIM(free_at_start == left);
}

int main(int argc, char **argv) {
  CLAIM(argc == 3);
  const int64_t operations = atoll(argv[1]);
  random_state = strtoull(argv[2], NULL, 0) * 2 + 1;
  memory = aligned_alloc(4096, FRAMES * 4096);
  memset(memory, 0xa5, FRAMES * 4096);
  limit_frames = (int64_t)(pal_physicalLimit() >> 12);
  for (int64_t done = 0; done < operations; done++) {
    if (done % BETWEEN_CLEARS == 0) {
      if (done > 0) agree_all(), clear();
      start(choose(3) > 0 ? 1500 : (int64_t)choose(40));
    }
    const uint64_t kind = choose(16);
    if (kind < 6) map();
    else if (kind < 8) unmap();
    else if (kind < 11) protect();
    else if (kind < 13) split_one();
    else if (kind < 14) join();
    else look_at(ask(choose(2) == 0).va + choose(4096));
    for (int i = 0; i < 3; i++) look_at(near(1) - choose(2));
    if (done % BETWEEN_LOOKS == 0) agree_all();
  }
  agree_all(), clear();
  CLAIM(pal_framesAudit() == PAL_OK);
  for (int i = 0; i < 6; i++) {
    printf("%s: %llu done, %llu refused\n", names[i], (unsigned long long)counts[i][0], (unsigned long long)counts[i][1]);
  }
  printf("%llu without memory, %llu looks at %llu leaves, %llu times empty\n", (unsigned long long)short_of_memory,
         (unsigned long long)looks, (unsigned long long)leaves_seen, (unsigned long long)clears);
  printf("%lld operations\n", (long long)operations);
  return 0;
}
