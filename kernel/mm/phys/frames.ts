/**
 * Physical frames, two bits each, in two bitmaps of 64 bits a word.
 *
 *   inUse     1 = not to be handed out          managed   1 = this pool's to hand out and take back
 *
 *   managed inUse
 *      0      1     firmware, devices, holes, or reserved by the memory map
 *      1      1     handed out
 *      1      0     free
 *
 * The pool starts with every frame in use and none managed; frameRangeGive is how it gets any.
 * It never reclaims and never waits: when it is empty, it says so.
 */
import { fillWords, load64, store64 } from "../../doors/machine.ts";
import { panic } from "../../base/panic.ts";
import { type Frame, type VirtAddr, NO_FRAME, NOWHERE, virtAddr } from "../../lib/addr.ts";
import { countTrailingZeros } from "../../lib/bits.ts";

const FRAMES_PER_WORD = 64;
const WORD_BYTES = 8;
const ALL_ONES = 0xffff_ffff_ffff_ffffn;

let inUseMap: VirtAddr = NOWHERE;
let managedMap: VirtAddr = NOWHERE;
let wordCount = 0;
let frameLimit = 0; // frames from here up have no bits
let totalCount = 0;
let freeCount = 0;
let firstMaybeFree = 0; // no free frame lies in a word below this one

/** Bytes that framesInit needs for frames 0..limit-1: 64 KiB for each GiB. */
export function framesMetadataBytes(limit: number): number {
  return wordsFor(limit) * WORD_BYTES * 2;
}

/**
 * An empty pool for frames 0..limit-1 whose bitmaps lie at `metadata` (framesMetadataBytes(limit) bytes, 8-aligned).
 * Cost: two stores for each 64 frames.
 */
export function framesInit(metadata: VirtAddr, limit: number): void {
  wordCount = wordsFor(limit);
  frameLimit = limit;
  inUseMap = metadata;
  managedMap = virtAddr(metadata + BigInt(wordCount * WORD_BYTES));
  fillWords(inUseMap, ALL_ONES, wordCount);
  fillWords(managedMap, 0n, wordCount);
  totalCount = 0;
  freeCount = 0;
  firstMaybeFree = wordCount;
}

/** NO_FRAME when the pool is empty. The contents are whatever was there before. Cost: O(words) at worst. */
export function frameTake(): Frame {
  for (let word = firstMaybeFree; word < wordCount; word++) {
    const inUse = wordRead(inUseMap, word);
    if (inUse === ALL_ONES) continue;

    const bit = countTrailingZeros(ALL_ONES - inUse);
    wordWrite(inUseMap, word, inUse | bitMask(bit));
    firstMaybeFree = word;
    freeCount--;
    return (word * FRAMES_PER_WORD + bit) as Frame;
  }
  firstMaybeFree = wordCount; // so that asking again costs nothing
  return NO_FRAME;
}

/** Takes back a frame that frameTake handed out. Panics for one that is free, reserved, or outside. */
export function frameGive(frame: Frame): void {
  if (!frameIsManaged(frame)) panic("frames: given back, but never the pool's", frameValue(frame));
  const word = wordOf(frame);
  const inUse = wordRead(inUseMap, word);
  const mask = bitMask(bitOf(frame));
  if ((inUse & mask) === 0n) panic("frames: given back twice", frameValue(frame));

  wordWrite(inUseMap, word, inUse - mask);
  if (word < firstMaybeFree) firstMaybeFree = word;
  freeCount++;
}

/**
 * Hands `count` frames from `first` on to the pool for good: they become managed and free. Panics, with nothing
 * changed, if any is outside the bitmap or the pool's already. Cost: three loads and two stores for each 64 frames.
 */
export function frameRangeGive(first: Frame, count: number): void {
  if (first < 0 || count < 0 || count > frameLimit - first) {
    panic("frames: range outside the bitmap", frameValue(first));
  }
  if (count === 0) return;
  const end = first + count;
  const lastWord = wordOf(end - 1);

  for (let word = wordOf(first); word <= lastWord; word++) {
    if ((wordRead(managedMap, word) & rangeMask(word, first, end)) !== 0n) {
      panic("frames: range is the pool's already", frameValue(first));
    }
  }
  for (let word = wordOf(first); word <= lastWord; word++) {
    const mask = rangeMask(word, first, end);
    wordWrite(managedMap, word, wordRead(managedMap, word) | mask);
    wordWrite(inUseMap, word, wordRead(inUseMap, word) & ~mask);
  }
  totalCount += count;
  freeCount += count;
  if (wordOf(first) < firstMaybeFree) firstMaybeFree = wordOf(first);
}

/** Frames that the pool owns, free or handed out. */
export function framesTotal(): number {
  return totalCount;
}
export function framesFree(): number {
  return freeCount;
}
/** One above the highest frame that has bits. */
export function framesLimit(): number {
  return frameLimit;
}

/** In the pool and not handed out? False for every frame that is not the pool's. */
export function frameIsFree(frame: Frame): boolean {
  return isInside(frame) && (wordRead(inUseMap, wordOf(frame)) & bitMask(bitOf(frame))) === 0n;
}
/** The pool's, free or handed out? */
export function frameIsManaged(frame: Frame): boolean {
  return isInside(frame) && (wordRead(managedMap, wordOf(frame)) & bitMask(bitOf(frame))) !== 0n;
}

function isInside(frame: Frame): boolean {
  return frame >= 0 && frame < frameLimit;
}

// ---- words and bits ----------------------------------------------------------------------------------------
function wordRead(map: VirtAddr, word: number): bigint {
  return load64(map + BigInt(word * WORD_BYTES));
}
function wordWrite(map: VirtAddr, word: number, value: bigint): void {
  store64(map + BigInt(word * WORD_BYTES), value);
}
function wordOf(frame: number): number {
  return Math.trunc(frame / FRAMES_PER_WORD);
}
function bitOf(frame: number): number {
  return frame & (FRAMES_PER_WORD - 1);
}
function bitMask(bit: number): bigint {
  return 1n << BigInt(bit);
}
function wordsFor(limit: number): number {
  return Math.trunc((limit + FRAMES_PER_WORD - 1) / FRAMES_PER_WORD);
}

/** The bits in `word` of the frames first..end-1, of which the word holds at least one. */
function rangeMask(word: number, first: number, end: number): bigint {
  const base = word * FRAMES_PER_WORD;
  const from = first > base ? first - base : 0;
  const to = end - base < FRAMES_PER_WORD ? end - base : FRAMES_PER_WORD;
  return (ALL_ONES >> BigInt(FRAMES_PER_WORD - (to - from))) << BigInt(from);
}

/** As a panic shows it: NO_FRAME and other negatives as all ones downwards. */
function frameValue(frame: Frame): bigint {
  return BigInt.asUintN(64, BigInt(frame));
}
