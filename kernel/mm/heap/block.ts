/**
 * The heap's blocks: end to end from a zone's first byte to its end mark, a used block of no size.
 *
 *   used   | word | what the owner stores …                                | next block's word
 *   free   | word | next, previous | junk …                      | size    | next block's word
 *          8        8                                             8
 *
 *   word       | check, 16 bits | tag, 8 | size, 40 bits, a multiple of 8, whose low three bits are flags |
 *     USED         the block is its owner's
 *     BEFORE_FREE  the block before this one is free: `size` is to be found below the word
 *   tag        who took it (heap-tags.ts)
 *   check      a hash of tag, size and USED with the word's own address: what was overwritten, never was a word, or was
 *              copied from elsewhere does not fit, but for one in 65,536; no single wrong bit ever does
 *   next, previous   32 bits each: the list of free blocks of about this size (classes.ts), in units of 8 bytes
 *   size       once more at the free block's end, so that the next block finds its start
 *
 * So a used block costs 8 bytes and what its size is rounded up by, and the least is 24 bytes with 16 for the owner.
 * All but the owner's bytes is poisoned (doors/machine.ts), but for the moment in which the heap itself looks at it.
 */
import { load32, load64, poison, store32, store64, unpoison } from "../../doors/machine.ts";
import { NOWHERE, type VirtAddr, virtAddr } from "../../lib/addr.ts";

export const WORD_BYTES = 8n;
/** A word, two links, a size. */
export const BLOCK_MIN = 24n;

export const USED = 1n;
export const BEFORE_FREE = 2n;
const SIZE_MASK = 0xff_ffff_fff8n;
const TAG_SHIFT = 40n;
const CHECK_SHIFT = 48n;
/** What the check covers: all below it but BEFORE_FREE. */
const CHECKED = 0xffff_ffff_fffdn;
/** Odd, and so chosen that its product with any power of two below 2^48 differs from 0 in the upper 16 bits. */
const HASH = 0x9e37_79b9_7f4a_7c15n;

/** From where links count: below every block, so that none has the link 0. */
let linkBase: VirtAddr = NOWHERE;

/** Blocks lie within 32 GiB from `start` on. */
export function linksFrom(start: VirtAddr): void {
  linkBase = virtAddr(start - WORD_BYTES);
}

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

/** The word of a block, as it is. */
export function wordRead(at: VirtAddr): bigint {
  unpoison(at, 8);
  const word = load64(at);
  poison(at, 8);
  return word;
}
function wordWrite(at: VirtAddr, word: bigint): void {
  unpoison(at, 8);
  store64(at, word);
  poison(at, 8);
}

/** Does the word fit its place? */
export function wordFits(block: VirtAddr, word: bigint): boolean {
  return checkOf(block, word) === word >> CHECK_SHIFT;
}
export function wordSize(word: bigint): bigint {
  return word & SIZE_MASK;
}
export function wordTag(word: bigint): number {
  return Number((word >> TAG_SHIFT) & 0xffn);
}
export function wordIsUsed(word: bigint): boolean {
  return (word & USED) !== 0n;
}
/** Would the word fit if it were a used block's? That is what a block looks like that was one, until it is reused. */
export function wordWasUsed(block: VirtAddr, word: bigint): boolean {
  return wordFits(block, word | USED);
}

/** Writes a used block's word; `before` is BEFORE_FREE or 0. */
export function usedWrite(block: VirtAddr, size: bigint, before: bigint, tag: number): void {
  const word = size | USED | (BigInt(tag) << TAG_SHIFT);
  wordWrite(block, word | before | (checkOf(block, word) << CHECK_SHIFT));
}
/** Writes a free block's word and its size at the end. The block before it is used; the next must be told. */
export function freeWrite(block: VirtAddr, size: bigint): void {
  wordWrite(block, size | (checkOf(block, size) << CHECK_SHIFT));
  wordWrite(virtAddr(block + size - WORD_BYTES), size);
}
/** The block at `block`, whose word is `word`, is free and has become the end of another. */
export function usedErase(block: VirtAddr, word: bigint): void {
  wordWrite(block, word ^ USED);
}
/** The used block at `block`, whose word is `word`, has a free one before it from now on; or has it no more. */
export function beforeFreeSet(block: VirtAddr, word: bigint): void {
  wordWrite(block, word | BEFORE_FREE);
}
export function beforeFreeClear(block: VirtAddr, word: bigint): void {
  wordWrite(block, word & ~BEFORE_FREE);
}
/** The size that stands below the word of a block with BEFORE_FREE. */
export function sizeBefore(block: VirtAddr): bigint {
  return wordRead(virtAddr(block - WORD_BYTES));
}

// ---- links ---------------------------------------------------------------------------------------------------
/** A link to `block`; 0 is none. */
export function linkTo(block: VirtAddr): number {
  return Number((block - linkBase) >> 3n);
}
export function linkBlock(link: number): VirtAddr {
  return virtAddr(linkBase + (BigInt(link) << 3n));
}
export function nextRead(block: VirtAddr): number {
  return linkRead(virtAddr(block + 8n));
}
export function previousRead(block: VirtAddr): number {
  return linkRead(virtAddr(block + 12n));
}
export function nextWrite(block: VirtAddr, link: number): void {
  linkWrite(virtAddr(block + 8n), link);
}
export function previousWrite(block: VirtAddr, link: number): void {
  linkWrite(virtAddr(block + 12n), link);
}
function linkRead(at: VirtAddr): number {
  unpoison(at & ~7n, 8);
  const link = load32(at);
  poison(at & ~7n, 8);
  return link;
}
function linkWrite(at: VirtAddr, link: number): void {
  unpoison(at & ~7n, 8);
  store32(at, link);
  poison(at & ~7n, 8);
}

function checkOf(block: VirtAddr, word: bigint): bigint {
  return BigInt.asUintN(64, ((word & CHECKED) ^ block) * HASH) >> CHECK_SHIFT;
}
