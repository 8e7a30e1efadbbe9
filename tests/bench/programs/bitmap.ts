/**
 * An allocator of numbered frames, two bits each, in two bitmaps of 64 bits a word; the lowest free frame is taken.
 *
 *   inUse     1 = not to be handed out          managed   1 = this pool's to hand out and take back
 *
 *   managed inUse
 *      0      1     reserved
 *      1      1     handed out
 *      1      0     free
 */
import { fillWords, load64, panicTrap, store64 } from "../../../kernel/doors/machine.ts";
import { type Frame, frameNumber, NO_FRAME, NOWHERE, type VirtAddr, virtAddr } from "../../../kernel/lib/addr.ts";
import { countTrailingZeros } from "../../../kernel/lib/bits.ts";

const FRAMES_PER_WORD = 64;
const WORD_BYTES = 8;
const ALL_ONES = 0xffff_ffff_ffff_ffffn;

let inUseMap: VirtAddr = NOWHERE;
let managedMap: VirtAddr = NOWHERE;
let wordCount = 0;
let frameLimit = 0; // frames from here up have no bits
let freeCount = 0;
let firstMaybeFree = 0; // no free frame lies in a word below this one

/** An empty pool for frames 0..limit-1 with its bitmaps at `bitmaps`: 16 bytes for each 64 frames, 8-aligned. */
export function bitmapInit(bitmaps: VirtAddr, limit: number): void {
  wordCount = Math.trunc((limit + FRAMES_PER_WORD - 1) / FRAMES_PER_WORD);
  frameLimit = limit;
  inUseMap = bitmaps;
  managedMap = virtAddr(bitmaps + BigInt(wordCount * WORD_BYTES));
  fillWords(inUseMap, ALL_ONES, wordCount);
  fillWords(managedMap, 0n, wordCount);
  freeCount = 0;
  firstMaybeFree = wordCount;
}

/** The lowest free frame, or NO_FRAME. Cost: one load for each word that is full, from the last word on. */
export function bitmapTake(): Frame {
  for (let word = firstMaybeFree; word < wordCount; word++) {
    const inUse = wordRead(inUseMap, word);
    if (inUse === ALL_ONES) continue;

    const bit = countTrailingZeros(ALL_ONES - inUse);
    wordWrite(inUseMap, word, inUse | bitMask(bit));
    firstMaybeFree = word;
    freeCount--;
    return frameNumber(word * FRAMES_PER_WORD + bit);
  }
  firstMaybeFree = wordCount; // so that asking again costs nothing
  return NO_FRAME;
}

/** Takes back what bitmapTake handed out. Panics for a frame that is free, reserved, or outside. */
export function bitmapGive(frame: Frame): void {
  if (!isManaged(frame)) panicTrap("bitmap: given back, but never the pool's", frameValue(frame));
  const word = wordOf(frame);
  const inUse = wordRead(inUseMap, word);
  const mask = bitMask(bitOf(frame));
  if ((inUse & mask) === 0n) panicTrap("bitmap: given back twice", frameValue(frame));

  wordWrite(inUseMap, word, inUse - mask);
  if (word < firstMaybeFree) firstMaybeFree = word;
  freeCount++;
}

/** `count` frames from `first` on become the pool's, and free. Panics if one is outside, or its already. */
export function bitmapAdd(first: Frame, count: number): void {
  if (first < 0 || count < 0 || count > frameLimit - first) {
    panicTrap("bitmap: range outside", frameValue(first));
  }
  for (let frame = first; frame < first + count; frame = frameNumber(frame + 1)) {
    const word = wordOf(frame);
    const mask = bitMask(bitOf(frame));
    if (isManaged(frame)) panicTrap("bitmap: range is the pool's already", frameValue(first));
    wordWrite(managedMap, word, wordRead(managedMap, word) | mask);
    wordWrite(inUseMap, word, wordRead(inUseMap, word) & ~mask);
  }
  freeCount += count;
  if (count > 0 && wordOf(first) < firstMaybeFree) firstMaybeFree = wordOf(first);
}

/** Of the frames that the pool owns, those that are not handed out. */
export function bitmapFree(): number {
  return freeCount;
}

function isManaged(frame: Frame): boolean {
  const isInside = frame >= 0 && frame < frameLimit;
  return isInside && (wordRead(managedMap, wordOf(frame)) & bitMask(bitOf(frame))) !== 0n;
}

// ---- words and bits ----------------------------------------------------------------------------------------
function wordRead(map: VirtAddr, word: number): bigint {
  return load64(map + BigInt(word * WORD_BYTES));
}
function wordWrite(map: VirtAddr, word: number, value: bigint): void {
  store64(map + BigInt(word * WORD_BYTES), value);
}
function wordOf(frame: Frame): number {
  return Math.trunc(frame / FRAMES_PER_WORD);
}
function bitOf(frame: Frame): number {
  return frame & (FRAMES_PER_WORD - 1);
}
function bitMask(bit: number): bigint {
  return 1n << BigInt(bit);
}

/** As a panic shows it: negatives as all ones downwards. */
function frameValue(frame: Frame): bigint {
  return BigInt.asUintN(64, BigInt(frame));
}
