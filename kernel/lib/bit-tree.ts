/**
 * A set of numbers 0..limit-1 as a tree of bits: of each word that has members, the level above has one bit.
 *
 *   level 4                     0           1 word: up to 2^29 members
 *   level 1           0                   1 ...        bit i: word i of level 0 is not zero
 *   level 0    0110…0   0000…0   …   1000…1            bit i: i is a member
 *
 * So the next member above a number is found in at most ten words, however many there are and wherever they lie
 * (van Emde Boas, "Preserving Order in a Forest in Less Than Logarithmic Time", with words for nodes).
 */
import { fillWords, load64, store64 } from "../doors/machine.ts";
import { countTrailingZeros } from "./bits.ts";
import { layout, u64 } from "./layout.ts";

/*
 *   BIT_TREE, 40 bytes: where the words of each level lie
 *   +0   | level0 | … | +32 level4 |
 */
export const BIT_TREE = layout(40, { level0: u64, level1: u64, level2: u64, level3: u64, level4: u64 });
const LEVELS = 5;
const WORD_BYTES = 8;
/** What a tree can hold: 2^29 numbers. */
export const BIT_TREE_LIMIT = 0x2000_0000;

/** No member. */
export const NO_MEMBER = -1;

/** Bytes that bitTreeInit needs for the numbers 0..limit-1: an eighth of them, and a sixtieth of that. */
export function bitTreeBytes(limit: number): number {
  let bytes = 0;
  let bits = limit;
  for (let level = 0; level < LEVELS; level++) {
    bits = wordsFor(bits);
    bytes += bits * WORD_BYTES;
  }
  return bytes;
}

/**
 * Makes the record at `tree` an empty set of numbers below `limit`, its words at `memory` (8-aligned,
 * bitTreeBytes(limit) of them). Cost: one store for each 63 numbers.
 */
export function bitTreeInit(tree: bigint, memory: bigint, limit: number): void {
  fillWords(memory, 0n, Math.trunc(bitTreeBytes(limit) / WORD_BYTES));
  let at = memory;
  let bits = limit;
  for (let level = 0; level < LEVELS; level++) {
    store64(levelAt(tree, level), at);
    bits = wordsFor(bits);
    at += BigInt(bits * WORD_BYTES);
  }
}

/**
 * Adds the members that `mask` has from `first` on, at least one; they must lie in one word of 64. At most five words
 * change.
 */
export function bitTreeAdd(tree: bigint, first: number, mask: bigint): void {
  const index = BigInt(first);
  const at = wordAt(tree, 0, index >> 6n);
  const before = load64(at);
  store64(at, before | (mask << (index & 63n)));
  if (before === 0n) bitTreeAddAt(tree, 1, index >> 6n); // else those above know
}

/** Takes them out, members or not. At most five words change. */
export function bitTreeRemove(tree: bigint, first: number, mask: bigint): void {
  const index = BigInt(first);
  const at = wordAt(tree, 0, index >> 6n);
  const left = load64(at) & ~(mask << (index & 63n));
  store64(at, left);
  if (left === 0n) bitTreeRemoveAt(tree, 1, index >> 6n);
}

/** The word `index` of the level below `bottom` has members now: the bits that say so, from `bottom` up. */
export function bitTreeAddAt(tree: bigint, bottom: number, index: bigint): void {
  let bit = index;
  for (let level = bottom; level < LEVELS; level++) {
    const at = wordAt(tree, level, bit >> 6n);
    const before = load64(at);
    store64(at, before | (1n << (bit & 63n)));
    if (before !== 0n) return;
    bit >>= 6n;
  }
}

/** It has none any more. */
export function bitTreeRemoveAt(tree: bigint, bottom: number, index: bigint): void {
  let bit = index;
  for (let level = bottom; level < LEVELS; level++) {
    const at = wordAt(tree, level, bit >> 6n);
    const left = load64(at) & ~(1n << (bit & 63n));
    store64(at, left);
    if (left !== 0n) return;
    bit >>= 6n;
  }
}

/**
 * Takes `member` out (if it is one) and answers the lowest member above it, if one lies in the same word of 64; else
 * NO_MEMBER, and nothing is changed: bitTreeRemoveFar goes on. One word.
 */
export function bitTreeRemoveNear(tree: bigint, member: number): number {
  const index = BigInt(member);
  const at = wordAt(tree, 0, index >> 6n);
  const left = load64(at) & ~(1n << (index & 63n));
  const above = left & (0xffff_ffff_ffff_ffffn << (index & 63n));
  if (above === 0n) return NO_MEMBER;
  store64(at, left);
  return Number(index & ~63n) + countTrailingZeros(above);
}

/** Takes `member` out (if it is one) and answers the lowest member of the words above its own, or NO_MEMBER. */
export function bitTreeRemoveFar(tree: bigint, member: number): number {
  bitTreeRemove(tree, member, 1n);
  const word = bitTreeNextAt(tree, 1, Math.trunc(member / 64) + 1);
  return word === NO_MEMBER ? NO_MEMBER : word * 64 + countTrailingZeros(bitTreeWord(tree, word * 64));
}

/** The lowest member that is not below `from` (0..limit), or NO_MEMBER. Looks at ten words at most. */
export function bitTreeNext(tree: bigint, from: number): number {
  return bitTreeNextAt(tree, 0, from);
}

/** The same of the bits of a level: of level 1, the number of a word of level 0 that has members. */
export function bitTreeNextAt(tree: bigint, bottom: number, from: number): number {
  let index = BigInt(from);
  for (let level = bottom; level < LEVELS; level++) {
    const word = load64(wordAt(tree, level, index >> 6n)) & (0xffff_ffff_ffff_ffffn << (index & 63n));
    if (word !== 0n) return lowestBelow(tree, level, bottom, (index & ~63n) + BigInt(countTrailingZeros(word)));
    index = (index >> 6n) + 1n;
  }
  return NO_MEMBER;
}

/** The word of level 0 in which `index` is a bit. */
export function bitTreeWord(tree: bigint, index: number): bigint {
  return load64(wordAt(tree, 0, BigInt(index) >> 6n));
}
/** Where the word `word` of a level lies. */
export function bitTreeWordAt(tree: bigint, level: number, word: bigint): bigint {
  return wordAt(tree, level, word);
}

/** Is `index` a member? */
export function bitTreeHas(tree: bigint, index: number): boolean {
  return ((bitTreeWord(tree, index) >> (BigInt(index) & 63n)) & 1n) !== 0n;
}

/** Does each level say of the one below it what is true, for `limit` numbers? For audits: looks at every word. */
export function bitTreeIsSound(tree: bigint, limit: number): boolean {
  let words = wordsFor(limit);
  for (let level = 0; level + 1 < LEVELS; level++) {
    for (let word = 0; word < words; word++) {
      const bit = (load64(wordAt(tree, level + 1, BigInt(word) >> 6n)) >> (BigInt(word) & 63n)) & 1n;
      if ((bit !== 0n) !== (load64(wordAt(tree, level, BigInt(word))) !== 0n)) return false;
    }
    words = wordsFor(words);
  }
  return true;
}

/** From the set bit `index` of `level` down to the lowest bit of `bottom` under it. */
function lowestBelow(tree: bigint, level: number, bottom: number, index: bigint): number {
  let at = index;
  for (let below = level - 1; below >= bottom; below--) {
    at = (at << 6n) + BigInt(countTrailingZeros(load64(wordAt(tree, below, at))));
  }
  return Number(at);
}

function levelAt(tree: bigint, level: number): bigint {
  return tree + BigInt(level * WORD_BYTES);
}
function wordAt(tree: bigint, level: number, word: bigint): bigint {
  return load64(levelAt(tree, level)) + (word << 3n);
}
/** Words for `bits` bits and one more: a search may begin behind the last. */
function wordsFor(bits: number): number {
  return Math.trunc(bits / 64) + 1;
}
