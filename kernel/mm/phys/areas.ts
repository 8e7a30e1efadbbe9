/**
 * Whole areas: those that are free from end to end, for whoever needs runs. The lowest is always at hand; those below
 * 16 MiB, which old devices need, come last, and are a set of their own.
 *
 *   whole      level 1         0       1     …   1       bit i: word i of level 0 has areas; the end is said to
 *              level 0    | 0 … 0 | 0110…0 | … | 0 |     bit i: area i, from LOW_AREAS on
 *                                highWord     end
 *   lowWhole   one word   00000110                       bit i: area i, below LOW_AREAS
 *
 * highWord() is the lowest word that has areas, or the end, which has none: so a search always finds a word, and in a
 * small memory no level above these two ever changes.
 */
import { load64, store64 } from "../../doors/machine.ts";
import { type Frame, frameNumber, type VirtAddr } from "../../lib/addr.ts";
import {
  bitTreeAdd, bitTreeAddAt, bitTreeBytes, bitTreeInit, bitTreeIsSound, bitTreeNext, bitTreeNextAt, bitTreeRemove,
  bitTreeWord, bitTreeWordAt, NO_MEMBER,
} from "../../lib/bit-tree.ts";
import { countTrailingZeros, rotateLeft } from "../../lib/bits.ts";
import { wordsHide, wordsOffer } from "./frame-bits.ts";
import { ALL_FREE, AREA_FRAMES, AREA_ORDER, areasFor, LOW_AREAS } from "./units.ts";
import { highWordsLeave, wordIsAdded } from "./upper-levels.ts";
import { areasTree, highWord, highWordSetFirst } from "./whole-areas.ts";

const LOW_MASK = 0xffn;
const NO_ORDER = 0x1_0000_0000;

let lowWhole = 0n;
let areaCount = 0;
let highCount = 0; // areas from LOW_AREAS on
let end = 0; // the word of the tree that holds no area
let runOrder = NO_ORDER;

/** Bytes that areasInit needs for frames 0..limit-1. */
export function areasBytes(limit: number): number {
  return bitTreeBytes(endFor(areasFor(limit)) * 64);
}

/** No area is whole; `at` is a multiple of 8. */
export function areasInit(at: VirtAddr, limit: number): void {
  areaCount = areasFor(limit);
  highCount = Math.max(areaCount - LOW_AREAS, 0);
  end = endFor(areaCount);
  bitTreeInit(areasTree(), at, end * 64);
  bitTreeAddAt(areasTree(), 1, BigInt(end));
  lowWhole = 0n;
  highWordSetFirst(end);
  runOrder = highCount > 0 ? AREA_ORDER : NO_ORDER;
}

/** Is it one of the areas that are not low? For any number. */
export function areaIsHigh(area: bigint): boolean {
  return BigInt.asUintN(64, area - BigInt(LOW_AREAS)) < BigInt(highCount);
}
export function areaIsWhole(area: number): boolean {
  const bits = area < LOW_AREAS ? lowWhole : bitTreeWord(areasTree(), area);
  return ((bits >> (BigInt(area) & 63n)) & 1n) !== 0n;
}
/** The lowest whole area that is not low, and the lowest that is; or NO_MEMBER. */
export function wholeAreaHigh(): number {
  const word = highWord();
  const areas = highWordAreas(word);
  return areas === 0n ? NO_MEMBER : word * 64 + countTrailingZeros(areas);
}
export function wholeAreaLow(): number {
  return lowWhole === 0n ? NO_MEMBER : countTrailingZeros(lowWhole);
}
/** The lowest whole area of all from `from` (0..areas) on, or NO_MEMBER. */
export function wholeAreaNext(from: number): number {
  const low = from < LOW_AREAS ? lowWhole & (ALL_FREE << BigInt(from)) : 0n;
  if (low !== 0n) return countTrailingZeros(low);
  const area = bitTreeNext(areasTree(), from);
  return area < areaCount ? area : NO_MEMBER;
}

/** A whole area is broken: its frames are for whoever wants some of them. */
export function areaOpen(area: number): void {
  wordRemove(area, 1n);
  wordsOffer(area);
}
/** Every frame of it is free again. */
export function areaClose(area: number): void {
  wordsHide(area);
  wordAdd(area, 1n);
}
/** `count` whole areas are handed out (a power of two, the first a multiple of it), or are whole again. */
export function areasTake(area: number, count: number): void {
  for (let done = 0; done < count; done += 64) wordRemove(area + done, areaMask(count));
}
export function areasGive(area: number, count: number): void {
  for (let done = 0; done < count; done += 64) wordAdd(area + done, areaMask(count));
}

/** For those who look for longer runs: the word of the tree that holds no area, and the low areas. */
export function areasEnd(): number {
  return end;
}
export function areasLow(): bigint {
  return lowWhole;
}

/** For audits: do the set's own levels agree? Looks at every word of it. */
export function areasAreSound(): boolean {
  return bitTreeIsSound(areasTree(), end * 64 - 1) && highWord() === bitTreeNextAt(areasTree(), 1, 0);
}

// ---- one area, the lowest that is not low --------------------------------------------------------------------
/** The order of a run that is one area; NO_ORDER when no area can be had: one comparison for both. */
export function areaRunOrder(): number {
  return runOrder;
}
export function highWordAreas(word: number): bigint {
  return load64(bitTreeWordAt(areasTree(), 0, BigInt(word)));
}
/** It has these left. */
export function highWordSet(word: number, left: bigint): void {
  store64(bitTreeWordAt(areasTree(), 0, BigInt(word)), left);
}
/** It has none left, `area` was the last: the next word is the lowest. Answers the first frame of `area`. */
export function highWordLeave(word: number, area: number): Frame {
  const index = BigInt(word);
  const at = bitTreeWordAt(areasTree(), 1, index >> 6n);
  const left = load64(at) & ~(1n << (index & 63n));
  store64(at, left);
  if (left === 0n) return highWordsLeave(area);
  highWordSetFirst(Number(index & ~63n) + countTrailingZeros(left)); // none is below
  return frameNumber(area * AREA_FRAMES);
}

/** The area is whole; it is not low. The last step of its caller, which then need not save a register. */
export function highAreaAdd(area: bigint): void {
  const word = area >> 6n;
  const at = bitTreeWordAt(areasTree(), 0, word);
  const before = load64(at);
  if (before !== 0n) {
    store64(at, before | (1n << (area & 63n)));
    return;
  }
  store64(at, rotateLeft(1n, Number(area)));
  if (Number(word) < highWord()) highWordSetFirst(Number(word));
  const above = bitTreeWordAt(areasTree(), 1, word >> 6n);
  const words = load64(above);
  if (words === 0n) wordIsAdded(word, areasTree());
  else store64(above, words | (1n << (word & 63n)));
}

// ---- any of them ---------------------------------------------------------------------------------------------
/** Of the areas from `area` on those in `mask`, which are bits of one word, low ones among them or not. */
function wordAdd(area: number, mask: bigint): void {
  const bits = area < LOW_AREAS ? (mask << BigInt(area)) & LOW_MASK : 0n;
  lowWhole |= bits;
  const high = (mask << (BigInt(area) & 63n)) & ~bits;
  if (high === 0n) return;
  bitTreeAdd(areasTree(), area - (area % 64), high);
  highWordSetFirst(Math.min(highWord(), Math.trunc(area / 64)));
}
function wordRemove(area: number, mask: bigint): void {
  const bits = area < LOW_AREAS ? (mask << BigInt(area)) & LOW_MASK : 0n;
  lowWhole &= ~bits;
  const high = (mask << (BigInt(area) & 63n)) & ~bits;
  if (high === 0n) return;
  bitTreeRemove(areasTree(), area - (area % 64), high);
  highWordSetFirst(bitTreeNextAt(areasTree(), 1, highWord()));
}
function areaMask(count: number): bigint {
  return count >= 64 ? ALL_FREE : (1n << BigInt(count)) - 1n;
}

/** Its words before the end's. */
function endFor(areas: number): number {
  return Math.trunc(areas / 64) + 1;
}
