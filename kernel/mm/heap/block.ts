/**
 * The heap's blocks: end to end from a zone's first byte to its end mark, a used block of no size.
 *
 *   used   | word | what the owner stores …                                | next block's word
 *   free   | word | next, previous | junk …                      | size    | next block's word
 *          8        8                                             8
 *
 *   word, opened   | 0, 16 bits | tag, 8 | size, 40 bits, a multiple of 8, whose low three bits are flags |
 *     USED         the block is its owner's
 *     BEFORE_FREE  the block before this one is free: `size` is to be found below the word
 *     GONE         there is no block any more: it was given back, and has become part of another
 *   tag            who took it (heap-tags.ts); of a free block, whose word is just its size, none
 *   word, stored   opened * SEAL ^ its own address: what was overwritten, never was a word, or was copied from
 *                  elsewhere does not open to 16 zeros, but for one in 65,536; what has one wrong bit never does
 *   next, previous   32 bits each: the list of free blocks of about this size (classes.ts), in units of 8 bytes
 *   size           once more at the free block's end, so that the next block finds its start
 *
 * So a used block costs 8 bytes and what its size is rounded up by, and the least is 24 bytes with 16 for the owner.
 * All but the owner's bytes is poisoned (doors/machine.ts), but for the moment in which the heap itself looks at it.
 */
import { load64, poison, store64, tryLoad8, unpoison } from "../../doors/machine.ts";
import { type VirtAddr, virtAddr } from "../../lib/addr.ts";

export const WORD_BYTES = 8n;
/** A word, two links, a size. */
export const BLOCK_MIN = 24n;
/** No block is larger: 16 GiB. With the largest alignment it still has a class. */
export const HEAP_BLOCK_MAX = 0x4_0000_0000n;

export const USED = 1n;
export const BEFORE_FREE = 2n;
const GONE = 4n;
const SIZE_MASK = 0xff_ffff_fff8n;
const TAG_SHIFT = 40n;
const CHECK_SHIFT = 48n;
/** What must be USED alone in a word that is a used block's, and nothing in one that is a free block's. */
const USED_MASK = 0xffff_0000_0000_0005n;
const FREE_MASK = 0xffff_ff00_0000_0007n;
/**
 * OPEN * SEAL = 1 modulo 2^64. OPEN has no 15 equal bits in a row: so its product with any power of two differs from 0
 * and from -1 in the upper 16 bits, and a wrong bit in a stored word shows there.
 */
const OPEN = 0x9e37_79b9_7f4a_7c15n;
const SEAL = 0xf1de_83e1_9937_733dn;
/** What a stored word, its address taken out, has more when it has BEFORE_FREE. */
const BEFORE_FREE_SEALED = 0xe3bd_07c3_326e_e67an;

/** The bytes that a block needs whose owner asks for `sizeBytes`, which is below 2^40. */
export function blockBytesFor(sizeBytes: bigint): bigint {
  const bytes = (sizeBytes + 15n) & ~7n;
  return bytes < BLOCK_MIN ? BLOCK_MIN : bytes;
}
/** What the owner of the block sees, and the way back. */
export function blockPayload(block: VirtAddr): VirtAddr {
  return virtAddr(block + WORD_BYTES);
}
export function blockOfPayload(va: VirtAddr): VirtAddr {
  return virtAddr(BigInt.asUintN(64, va - WORD_BYTES));
}
export function blockPlus(block: VirtAddr, bytes: bigint): VirtAddr {
  return virtAddr(block + bytes);
}

/** The word of a block, opened. */
export function wordRead(at: VirtAddr): bigint {
  return BigInt.asUintN(64, (rawRead(at) ^ at) * OPEN);
}
/** The same where memory may be absent: of nothing it is no word that fits. One instruction more. */
export function wordTry(at: VirtAddr): bigint {
  unpoison(at, 8);
  const isThere = tryLoad8(at) >= 0;
  poison(at, 8);
  return isThere ? wordRead(at) : USED_MASK;
}
function wordWrite(at: VirtAddr, word: bigint): void {
  rawWrite(at, BigInt.asUintN(64, word * SEAL) ^ at);
}
/** The word as it is stored: for reports. */
export function wordStored(at: VirtAddr): bigint {
  return rawRead(at);
}

/** Is it a word, of whatever block? */
export function wordFits(word: bigint): boolean {
  return word >> CHECK_SHIFT === 0n;
}
/** Is it the word of a used block? Of a free one? */
export function wordIsOfUsed(word: bigint): boolean {
  return (word & USED_MASK) === USED;
}
export function wordIsOfFree(word: bigint): boolean {
  return (word & FREE_MASK) === 0n;
}
/** Does a word that fits say that it is used? */
export function wordSaysUsed(word: bigint): boolean {
  return (word & USED) !== 0n;
}
export function wordSize(word: bigint): bigint {
  return word & SIZE_MASK;
}
export function wordTag(word: bigint): number {
  return Number((word >> TAG_SHIFT) & 0xffn);
}

/** Writes a used block's word; `before` is BEFORE_FREE or 0. */
export function usedWrite(block: VirtAddr, size: bigint, before: bigint, tag: number): void {
  wordWrite(block, size | USED | before | (BigInt(tag) << TAG_SHIFT));
}
/** Writes a free block's word and its size at the end. The block before it is used; the next must be told. */
export function freeWrite(block: VirtAddr, size: bigint): void {
  wordWrite(block, size);
  rawWrite(virtAddr(block + size - WORD_BYTES), size);
}
/** The used block at `block`, whose word is `word`, is free and has become the end of another. */
export function usedErase(block: VirtAddr, word: bigint): void {
  wordWrite(block, word ^ (USED | GONE));
}
/** The block at `block` has a free one before it from now on, and had none. Its word need not be opened for that. */
export function beforeFreeSet(block: VirtAddr): void {
  rawWrite(block, BigInt.asUintN(64, (rawRead(block) ^ block) + BEFORE_FREE_SEALED) ^ block);
}
/** It has one no more, and had. */
export function beforeFreeClear(block: VirtAddr): void {
  rawWrite(block, BigInt.asUintN(64, (rawRead(block) ^ block) - BEFORE_FREE_SEALED) ^ block);
}
/** The size that stands below the word of a block with BEFORE_FREE. */
export function sizeBefore(block: VirtAddr): bigint {
  return rawRead(virtAddr(block - WORD_BYTES));
}

function rawRead(at: VirtAddr): bigint {
  unpoison(at, 8);
  const word = load64(at);
  poison(at, 8);
  return word;
}
function rawWrite(at: VirtAddr, word: bigint): void {
  unpoison(at, 8);
  store64(at, word);
  poison(at, 8);
}
