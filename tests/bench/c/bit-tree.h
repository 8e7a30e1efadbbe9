/* A set of numbers as a tree of bits: of each word that has members, the level above has one bit. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define COLD __attribute__((cold, noinline))

enum { TREE_LEVELS = 5, NO_MEMBER = -1 };

struct bit_tree {
  uint64_t *level[TREE_LEVELS];
};

/* Words for `bits` bits and one more: a search may begin behind the last. */
static inline size_t tree_words_for(size_t bits) { return bits / 64 + 1; }

/* An empty set of numbers below `limit`, its words at `memory`; where they end. */
static inline uint64_t *tree_init(struct bit_tree *tree, uint64_t *memory, size_t limit) {
  size_t bits = limit;
  for (int level = 0; level < TREE_LEVELS; level++) {
    tree->level[level] = memory;
    bits = tree_words_for(bits);
    for (size_t i = 0; i < bits; i++) *memory++ = 0;
  }
  return memory;
}

/* The word `index` of the level below has members now: the bits that say so, from `level` up. */
static COLD void tree_add_at(struct bit_tree *tree, int level, size_t index) {
  for (; level < TREE_LEVELS; level++, index >>= 6) {
    uint64_t *const word = &tree->level[level][index >> 6], before = *word;
    *word = before | 1ull << (index & 63);
    if (before) return; /* those above know */
  }
}
/* It has none any more. */
static COLD void tree_remove_at(struct bit_tree *tree, int level, size_t index) {
  for (; level < TREE_LEVELS; level++, index >>= 6) {
    if (tree->level[level][index >> 6] &= ~(1ull << (index & 63))) return;
  }
}

/* The members that `mask` has from `first` on, all in one word. */
static inline void tree_add(struct bit_tree *tree, size_t first, uint64_t mask) {
  uint64_t *const word = &tree->level[0][first >> 6], before = *word;
  *word = before | mask << (first & 63);
  if (!before) tree_add_at(tree, 1, first >> 6);
}
static inline void tree_remove(struct bit_tree *tree, size_t first, uint64_t mask) {
  if (!(tree->level[0][first >> 6] &= ~(mask << (first & 63)))) tree_remove_at(tree, 1, first >> 6);
}

/* From the set bit `index` of `level` down to the lowest bit of `bottom` under it. */
static inline int64_t tree_lowest_below(const struct bit_tree *tree, int level, int bottom, size_t index) {
  while (--level >= bottom) index = index << 6 | __builtin_ctzll(tree->level[level][index]);
  return index;
}

/* The lowest set bit of the level `bottom` from `from` on, or NO_MEMBER. */
static int64_t tree_next_at(const struct bit_tree *tree, int bottom, size_t from) {
  for (int level = bottom; level < TREE_LEVELS; level++) {
    const uint64_t word = tree->level[level][from >> 6] & UINT64_MAX << (from & 63);
    if (word) return tree_lowest_below(tree, level, bottom, (from & ~63ull) + __builtin_ctzll(word));
    from = (from >> 6) + 1;
  }
  return NO_MEMBER;
}
/* Takes `member` out if another lies above it in its word, and answers that; else NO_MEMBER, and nothing is changed. */
static inline int64_t tree_remove_near(struct bit_tree *tree, size_t member) {
  uint64_t *const word = &tree->level[0][member >> 6];
  const uint64_t left = *word & ~(1ull << (member & 63)), above = left & UINT64_MAX << (member & 63);
  if (!above) return NO_MEMBER;
  *word = left;
  return (member & ~63ull) | __builtin_ctzll(above);
}
/* Takes it out, and answers the lowest member of the words above its own. */
static inline int64_t tree_remove_far(struct bit_tree *tree, size_t member) {
  tree_remove(tree, member, 1);
  const int64_t word = tree_next_at(tree, 1, (member >> 6) + 1);
  return word == NO_MEMBER ? NO_MEMBER : word * 64 + __builtin_ctzll(tree->level[0][word]);
}
static inline int64_t tree_next(const struct bit_tree *tree, size_t from) { return tree_next_at(tree, 0, from); }
