/**
 * The bitmaps of the frame pool, and what is derived from them so that nothing has to be searched.
 *
 *   PAIR, 16 bytes for 64 frames
 *   +0   | free          |   1: in the pool, not handed out            the truth about a frame being free
 *   +8   | heads         |   1: handed out, alone or as the head of a run: its record is valid
 *
 *   free heads
 *    1    0      free
 *    0    1      handed out: a frame, or the first of a run
 *    0    0      within a run, or never the pool's: firmware, devices, holes, reserved by the memory map
 *
 * An area is 512 frames, 2 MiB: eight pairs. Two sets (lib/bit-tree) follow from the bits:
 *
 *   whole     areas that are free from end to end
 *   partial   words with a free frame in all other areas
 *
 * So single frames come out of broken areas first, and whole ones stay whole for those who need runs. One area may be
 * out of step: the open one, from which single frames are being taken (frames.ts). Were it put among the whole ones
 * each time that its last frame comes back, taking and giving one frame would cost twice as much.
 */
import { fillWords, load64, loadOnce64, staticBytes, store64 } from "../../doors/machine.ts";
import { type Frame, NOWHERE, type VirtAddr, virtAddr } from "../../lib/addr.ts";
import {
  BIT_TREE, bitTreeAdd, bitTreeBytes, bitTreeHas, bitTreeInit, bitTreeIsSound, bitTreeNext, bitTreeRemove,
  bitTreeRemoveFar, bitTreeRemoveNear, bitTreeWordAt, NO_MEMBER,
} from "../../lib/bit-tree.ts";
import { layout, u64 } from "../../lib/layout.ts";
import { ALL_FREE, AREA_WORDS, areasFor, LOW_AREAS } from "./units.ts";
import { wordIsAdded } from "./upper-levels.ts";

export const PAIR = layout(16, { free: u64, heads: u64 });
const PAIR_HEADS = 8n;
const PAIR_SHIFT = 4n;
const LOW_WORDS = 64;
const AREA_BYTES = 128n;
const AREA_BYTES_SHIFT = 7n;
const WORD_SHIFT = 6n;
/** The members that one area has in `partial`. */
const AREA_MASK = 0xffn;

const partial = staticBytes(BIT_TREE.SIZE, 8);

let pairs: VirtAddr = NOWHERE;
let areaCount = 0;
let lowAreas = 0; // LOW_AREAS, or all if there are fewer
let frameLimit = 0; // frames from here up have no bits

/** Bytes that bitsInit needs for frames 0..limit-1: 64 KiB for each GiB and a sixtieth more. */
export function bitsBytes(limit: number): number {
  const areas = areasFor(limit);
  return areas * AREA_WORDS * PAIR.SIZE + bitTreeBytes(areas * AREA_WORDS);
}

/** No frame is in the pool; `at` is a multiple of 128. Cost: two stores for each 64 frames. */
export function bitsInit(at: VirtAddr, limit: number): void {
  areaCount = areasFor(limit);
  lowAreas = Math.min(LOW_AREAS, areaCount);
  frameLimit = limit;
  const pairBytes = areaCount * AREA_WORDS * PAIR.SIZE;
  pairs = at;
  fillWords(at, 0n, Math.trunc(pairBytes / 8));
  const words = areaCount * AREA_WORDS;
  bitTreeInit(partial, at + BigInt(pairBytes), words);
}

export function bitsAreThere(): boolean {
  return pairs !== NOWHERE;
}
export function bitsAreas(): number {
  return areaCount;
}

/** One above the highest frame that has bits. */
export function framesLimit(): number {
  return frameLimit;
}
export function isOutside(frame: number): boolean {
  return BigInt.asUintN(64, BigInt(frame)) >= BigInt(frameLimit);
}

/** The first word that does not lie in low memory; behind the last one if all do. */
export function wordAboveLow(): number {
  return lowAreas * AREA_WORDS;
}

// ---- places --------------------------------------------------------------------------------------------------
export function pairOf(frame: number): VirtAddr {
  return virtAddr(pairs + ((BigInt(frame) >> WORD_SHIFT) << PAIR_SHIFT));
}
export function pairOfWord(word: number): VirtAddr {
  return virtAddr(pairs + (BigInt(word) << PAIR_SHIFT));
}
/** The first of the pair's 64 frames. */
export function pairFirst(pair: VirtAddr): number {
  return Number((pair - pairs) << (WORD_SHIFT - PAIR_SHIFT));
}
export function pairWord(pair: VirtAddr): number {
  return Number((pair - pairs) >> PAIR_SHIFT);
}
/** Where the area of a pair has its first one. */
export function pairAreaStart(pair: VirtAddr): VirtAddr {
  return virtAddr(pair & ~(AREA_BYTES - 1n));
}
export function pairArea(pair: VirtAddr): number {
  return Number((pair - pairs) >> AREA_BYTES_SHIFT);
}
/** PAIR.heads, read once more: to compare a value with memory takes no copy of it, and so one instruction less. */
export function pairHeadsAgain(pair: VirtAddr): bigint {
  return loadOnce64(pair + PAIR_HEADS);
}
export function bitOf(frame: number): bigint {
  return 1n << (BigInt(frame) & 63n);
}

export function frameIsFreeBit(frame: Frame): boolean {
  return (PAIR.free(pairOf(frame)) & bitOf(frame)) !== 0n;
}
export function frameIsHead(frame: Frame): boolean {
  return (PAIR.heads(pairOf(frame)) & bitOf(frame)) !== 0n;
}

// ---- areas and words -----------------------------------------------------------------------------------------
/** Is every frame of the area free whose first pair this is? Looks at its eight words. */
export function areaIsFree(start: VirtAddr): boolean {
  let pair = start;
  let all = ALL_FREE;
  for (let i = 0; i < AREA_WORDS; i++) {
    all &= PAIR.free(pair);
    pair = virtAddr(pair + BigInt(PAIR.SIZE));
  }
  return all === ALL_FREE;
}

/** Is no frame of it the pool's, free or handed out? (Of a run only the head's bit says so.) */
export function areaIsClear(start: VirtAddr): boolean {
  let pair = start;
  let any = 0n;
  for (let i = 0; i < AREA_WORDS; i++) {
    any |= PAIR.free(pair) | PAIR.heads(pair);
    pair = virtAddr(pair + BigInt(PAIR.SIZE));
  }
  return any === 0n;
}

/** The free bits of its eight words. */
export function areaFill(start: VirtAddr, free: bigint): void {
  let pair = start;
  for (let i = 0; i < AREA_WORDS; i++) {
    PAIR.setFree(pair, free);
    pair = virtAddr(pair + BigInt(PAIR.SIZE));
  }
}
/** Is a part of the area handed out? Then each of its words has free frames, or not: */
export function wordsOffer(area: number): void {
  bitTreeAdd(partial, area * AREA_WORDS, AREA_MASK);
}
export function wordsHide(area: number): void {
  bitTreeRemove(partial, area * AREA_WORDS, AREA_MASK);
}
/** The word has a free frame, and its area is not whole. */
export function wordOffer(word: number): void {
  bitTreeAdd(partial, word, 1n);
}
export function wordIsOffered(word: number): boolean {
  return bitTreeHas(partial, word);
}
/** The same of the word of `frame`. The last step of its caller, which then need not save a register. */
export function wordOfFrameOffer(frame: number): void {
  const word = BigInt(frame) >> WORD_SHIFT;
  const at = bitTreeWordAt(partial, 0, word >> WORD_SHIFT);
  const before = load64(at);
  store64(at, before | (1n << (word & 63n)));
  if (before === 0n) wordIsAdded(word >> WORD_SHIFT, partial);
}
/**
 * It has none. Which is the next above it that has, among the 64 that are one word of the set? NO_MEMBER: none, or they
 * are low, and nothing was changed.
 */
export function wordHideNear(word: number): number {
  return word < LOW_WORDS ? NO_MEMBER : bitTreeRemoveNear(partial, word);
}
/** It has none. Which is the next of all others above those 64 that has, or NO_MEMBER? */
export function wordHideFar(word: number): number {
  return bitTreeRemoveFar(partial, word);
}
/** It has none. */
export function wordHide(word: number): void {
  bitTreeRemove(partial, word, 1n);
}

/** The lowest word from `from` (0 to eight times bitsAreas()) on with a free frame in a broken area, or NO_MEMBER. */
export function wordNext(from: number): number {
  return bitTreeNext(partial, from);
}

/** For audits: do the set's own levels agree? Looks at every word of it. */
export function wordsAreSound(): boolean {
  return bitTreeIsSound(partial, areaCount * AREA_WORDS);
}
