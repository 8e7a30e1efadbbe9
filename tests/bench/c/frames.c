/* Physical frames, one by one: taken from one word of the bitmap until that has none left; a tree finds the next. */
#include "frame-pool.h"

static struct pair nothing; /* for when there is no word to take from */
struct pool pool = {.current = &nothing};

/* ---- owners: a list through their records */
enum { KERNEL = 2, TABLE = 3, HEAP = 5, OPEN = 1 };

static struct owner kernel_owner, tables_owner, heap_owner, *owners;

void *c_kernelFrames(void) { return &kernel_owner; }
int64_t c_ownerFrames(void *owner) { return ((struct owner *)owner)->frames; }

static void owner_open(struct owner *owner, uint32_t kind) {
  *owner = (struct owner){.header = (uint64_t)kind << 32, .next = owners, .kind = kind, .state = OPEN};
  if (owners) owners->previous = owner;
  owners = owner;
}

/* ---- the pool */
static size_t areas_end(size_t areas) { return areas / 64 + 1; }

int64_t c_framesMetadataBytes(int64_t limit) {
  const size_t areas = (limit + AREA_FRAMES - 1) / AREA_FRAMES;
  size_t words = areas * AREA_WORDS * 2;
  for (size_t level = 0, a = areas_end(areas) * 64, b = areas * AREA_WORDS; level < TREE_LEVELS; level++) {
    words += (a = tree_words_for(a)) + (b = tree_words_for(b));
  }
  return words * 8;
}

void c_framesInit(void *metadata, int64_t limit, void *table) {
  const size_t areas = (limit + AREA_FRAMES - 1) / AREA_FRAMES;
  pool = (struct pool){.pairs = metadata, .current = &nothing, .records = table, .limit = limit};
  for (size_t i = 0; i < areas * AREA_WORDS; i++) pool.pairs[i] = (struct pair){0, 0};
  uint64_t *const rest = tree_init(&pool.partial, (uint64_t *)&pool.pairs[areas * AREA_WORDS], areas * AREA_WORDS);
  pool.high_areas = areas > LOW_AREA ? areas - LOW_AREA : 0;
  pool.first = pool.end = areas_end(areas);
  tree_init(&pool.whole, rest, pool.end * 64);
  tree_add_at(&pool.whole, 1, pool.end);
  owners = NULL;
  owner_open(&heap_owner, HEAP);
  owner_open(&tables_owner, TABLE);
  owner_open(&kernel_owner, KERNEL);
}

int64_t c_framesFree(void) { return pool.free; }

/* ---- the lowest word that has a frame: broken areas before whole ones, low memory last */
static int64_t area_break(size_t from) {
  int64_t area = from < LOW_AREA && pool.low_whole ? __builtin_ctzll(pool.low_whole) : tree_next(&pool.whole, 0);
  if (area >= (int64_t)pool.high_areas + LOW_AREA) return NO_MEMBER;
  area_open(area);
  return area * AREA_WORDS;
}

static int64_t word_choose(void) {
  int64_t word = tree_next(&pool.partial, LOW_WORD);
  if (word == NO_MEMBER) word = area_break(LOW_AREA);
  if (word == NO_MEMBER) word = tree_next(&pool.partial, 0);
  if (word == NO_MEMBER) word = area_break(0);
  return word;
}

static COLD int64_t take_elsewhere(struct owner *owner) {
  if (!pool.pairs) c_panic("frames: a frame was taken before there was a pool", 0);
  const int64_t last = pool.current == &nothing ? NO_MEMBER : pool.current - pool.pairs;
  int64_t word = last == NO_MEMBER ? NO_MEMBER : tree_remove_far(&pool.partial, last);
  if (word == NO_MEMBER || last < LOW_WORD) word = word_choose();
  if (word == NO_MEMBER) {
    pool.current = &nothing;
    return NO_FRAME;
  }
  pool.current = &pool.pairs[word];
  return c_frameTake(owner);
}

/* ---- taking and giving */
/* The next pair above that has a free frame, if one is in the same word of the set; otherwise `pair` itself. */
static inline struct pair *pair_near(struct pair *pair) {
  const size_t word = pair - pool.pairs;
  if (pair == &nothing || word < LOW_WORD) return pair;
  const int64_t near = tree_remove_near(&pool.partial, word);
  return near == NO_MEMBER ? pair : &pool.pairs[near];
}

int64_t c_frameTake(void *owner) {
  struct pair *pair = pool.current;
  uint64_t free = pair->free;
  if (!free) {
    pair = pair_near(pair);
    free = pair->free;
    if (!free) return take_elsewhere(owner);
    pool.current = pair;
  }
  const uint64_t rest = free & (free - 1);
  pair->free = rest;
  pair->heads |= free ^ rest;
  pool.free--;
  const int64_t frame = (pair - pool.pairs) * 64 + __builtin_ctzll(free);
  record_open(frame, 1, 0, owner);
  return frame;
}

static _Noreturn COLD void give_refuse(int64_t frame) {
  if (is_outside(frame)) c_panic("frames: given back, but outside memory", frame);
  if (is_head(frame)) c_panic("frames: given back with references, or the head of a run", frame);
  if (pair_of(frame)->free & bit_of(frame)) c_panic("frames: given back twice", frame);
  c_panic("frames: given back, but inside a run or never the pool's", frame);
}

static COLD void word_is_free(int64_t frame) {
  struct pair *const area = area_of(pair_of(frame));
  if (area != area_of(pool.current) && area_is_free(area)) area_close((area - pool.pairs) / AREA_WORDS);
}

static COLD void words_have_one(int64_t frame) { tree_add_at(&pool.partial, 1, (uint64_t)frame >> 12); }

void c_frameGive(int64_t frame) {
  if (is_outside(frame)) give_refuse(frame);
  struct pair *const pair = pair_of(frame);
  const uint64_t heads = pair->heads & ~bit_of(frame);
  if (heads == pair->heads) give_refuse(frame);
  struct record *const record = &pool.records[frame];
  if (record->references) give_refuse(frame);
  pair->heads = heads;
  record->owner->frames--;
  pool.free++;
  const uint64_t before = pair->free;
  if (!before) {
    pair->free = 1ull << (frame & 63);
    uint64_t *const words = &pool.partial.level[0][(uint64_t)frame >> 12], others = *words;
    *words = others | 1ull << ((frame >> 6) & 63);
    if (!others) words_have_one(frame);
    return;
  }
  const uint64_t free = before | bit_of(frame);
  pair->free = free;
  if (free == ALL_FREE) word_is_free(frame);
}

bool area_opened_close(void) {
  if (pool.current == &nothing) return false;
  struct pair *const area = area_of(pool.current);
  if (!area_is_free(area)) return false;
  pool.current = &nothing;
  area_close((area - pool.pairs) / AREA_WORDS);
  return true;
}

/* ---- setting up, not measured */
/* Frames of one word. */
void c_bitsFree(int64_t frame, uint64_t mask) {
  struct pair *const pair = pair_of(frame);
  const uint64_t before = pair->free;
  pair->free |= mask;
  if (!before) tree_add(&pool.partial, pair - pool.pairs, 1);
  if (pair->free == ALL_FREE) word_is_free(frame);
}
void c_framesCountTaken(int64_t count) { pool.free -= count; }

void c_framesAdd(int64_t first, int64_t count) {
  if (first < 0 || count < 0 || count > (int64_t)pool.limit - first) c_panic("frames: range outside the bitmap", first);
  for (int64_t frame = first, end = first + count, next; frame < end; frame = next) {
    next = (frame & ~63) + 64 < end ? (frame & ~63) + 64 : end;
    struct pair *const pair = pair_of(frame);
    const uint64_t mask = ALL_FREE >> (64 - (next - frame)) << (frame & 63);
    if ((pair->free | pair->heads) & mask) c_panic("frames: range is the pool's already", first);
    c_bitsFree(frame, mask);
  }
  pool.total += count;
  pool.free += count;
}
