/**
 * Runs: consecutive frames. One of 2^order frames is aligned to its length and has one record, its head's, which stands
 * for all of them until runSplit. Stretches of any length (ranges.ts) are made of such runs.
 *
 * A search goes from word to word of the bitmaps that has anything free, 64 frames or 64 areas at a time.
 */
import { CHECKING } from "../../base/checking.ts";
import { panic } from "../../base/panic.ts";
import { poison, unpoison } from "../../doors/machine.ts";
import { type Frame, frameNumber, frameBytes, NO_FRAME, PAGE_BYTES } from "../../lib/addr.ts";
import { bitTreeNextAt, bitTreeWord, NO_MEMBER } from "../../lib/bit-tree.ts";
import { countTrailingZeros } from "../../lib/bits.ts";
import {
  ALL_FREE, AREA_FRAMES, AREA_ORDER, areaAboveLow, areaFill, areaIsWhole, areaNext, areaOpen, areasGive, areasTake,
  bitOf, bitsAreThere, frameIsHead, isOutside, PAIR, pairOf, pairOfWord, pairWord, wholeAreas, wordAboveLow,
  wordHide, wordNext,
} from "./frame-bits.ts";
import { runGiveRefuse } from "./frame-refusals.ts";
import { FRAME, frameOwner, frameRecord, ownerFramesLess, recordOpen, recordOpenRun, RUN } from "./frame-table.ts";
import { areaOpenedClose, bitsFree, frameGive, framesCountTaken, frameTake, wordEnd, wordMask } from "./frames.ts";
import { framesFreed, framesUntouched, takeIsToFail } from "./freed-pattern.ts";
import type { Owner } from "./owners.ts";

/** The longest run: 2^18 frames, 1 GiB. */
export const ORDER_MAX = 18;
/** What fits into a word of a bitmap. */
const WORD_ORDER = 6;
const NO_BIT = 64;
/** Broken areas are looked through so far before a whole one is broken for a short run. */
const LOOKS = 64;

/** Frames in a run. */
export function runFrames(order: number): number {
  return Number(1n << BigInt(order));
}

/**
 * 2^order frames for `owner`, aligned to their length (order 0..18: up to 1 GiB); NO_FRAME if there are none. Order 0
 * is frameTake. Cost: from order 9 on, a look at each 64 areas with a whole one among them up to the first that fit,
 * and a store for each 64 frames. For shorter runs 64 looks at words that have something free, and then a whole area is
 * broken; when there is none, a look at each word that has something free.
 */
export function runTake(order: number, owner: Owner): Frame {
  if (order === 0) return frameTake(owner);
  if (order < 0 || order > ORDER_MAX) panic("frames: no run has this order", BigInt.asUintN(64, BigInt(order)));
  if (!bitsAreThere()) panic("frames: a run was taken before there was a pool");
  if (CHECKING && takeIsToFail()) return NO_FRAME;
  const area = order === AREA_ORDER ? areaNext(areaAboveLow()) : NO_MEMBER;
  if (area !== NO_MEMBER) return areaRunOpen(area, owner);
  const first = order < AREA_ORDER ? shortRunFind(order) : longRunFind(order);
  if (first !== NO_FRAME) runOpen(first, order, owner);
  return first;
}

/**
 * Takes back a run by its head. Panics, with the record in the log, for what is not the head of a run of this order
 * without references. Cost: a store for each 64 frames; for a short run also a look at each word of its area.
 */
export function runGive(first: Frame, order: number): void {
  if (order === 0) {
    frameGive(first);
    return;
  }
  runCheck(first, order);
  runClose(first, order);
}

/**
 * The 2^order frames of a run become frames of their own, each with a record like the head's, and are given back one by
 * one from then on. Panics as runGive does. Cost: three stores for each frame.
 */
export function runSplit(first: Frame, order: number): void {
  if (order === 0) return;
  runCheck(first, order);
  const owner = frameOwner(first);
  const end = first + runFrames(order);
  ownerFramesLess(owner, end - first);
  for (let frame: number = first; frame < end; frame++) recordOpen(frameNumber(frame), owner);
  for (let frame: number = first; frame < end; frame = wordEnd(frame, end)) {
    const pair = pairOf(frame);
    PAIR.setHeads(pair, PAIR.heads(pair) | wordMask(frame, end));
  }
}

// ---- for the rest of the room --------------------------------------------------------------------------------
/** Hands out 2^order frames that are known to be free and are aligned; none of them may lie in an open whole area. */
export function runOpen(first: Frame, order: number, owner: Owner): void {
  const count = runFrames(order);
  unpoison(frameBytes(first), count * PAGE_BYTES);
  if (CHECKING) framesUntouched(first, count);
  if (order < AREA_ORDER) shortBitsTake(first, first + count);
  else longBitsTake(first, count);
  const pair = pairOf(first);
  PAIR.setHeads(pair, PAIR.heads(pair) | bitOf(first));
  framesCountTaken(count);
  if (order === 0) recordOpen(first, owner);
  else recordOpenRun(first, order, owner);
}

/** The same for one whole area, of which most long runs are: without what depends on the order. */
function areaRunOpen(area: number, owner: Owner): Frame {
  const first = frameNumber(area * AREA_FRAMES);
  unpoison(frameBytes(first), AREA_FRAMES * PAGE_BYTES);
  if (CHECKING) framesUntouched(first, AREA_FRAMES);
  areasTake(area, 1);
  const pair = pairOf(first);
  areaFill(pair, 0n);
  PAIR.setHeads(pair, PAIR.heads(pair) | 1n);
  framesCountTaken(AREA_FRAMES);
  recordOpenRun(first, AREA_ORDER, owner);
  return first;
}

/** Panics unless it is the head of a run of this order without references. */
export function runCheck(first: Frame, order: number): void {
  if (isOutside(first) || !frameIsHead(first)) runGiveRefuse(first, order);
  const record = frameRecord(first);
  if (FRAME.references(record) !== RUN || FRAME.order(record) !== order) runGiveRefuse(first, order);
}

/** The run's frames are free; it has been checked. */
export function runClose(first: Frame, order: number): void {
  const count = runFrames(order);
  if (CHECKING) framesFreed(first, count);
  poison(frameBytes(first), count * PAGE_BYTES);
  const pair = pairOf(first);
  PAIR.setHeads(pair, PAIR.heads(pair) ^ bitOf(first));
  ownerFramesLess(frameOwner(first), count);
  framesCountTaken(-count);
  const end = first + count;
  if (order === AREA_ORDER) {
    areaFill(pair, ALL_FREE);
    areasGive(Math.trunc(first / AREA_FRAMES), 1);
  } else if (order > AREA_ORDER) {
    wordsFill(first, count, ALL_FREE);
    areasGive(Math.trunc(first / AREA_FRAMES), Math.trunc(count / AREA_FRAMES));
  } else {
    for (let frame: number = first; frame < end; frame = wordEnd(frame, end)) bitsFree(frame, wordMask(frame, end));
  }
}

// ---- bits ----------------------------------------------------------------------------------------------------
/** Within one area. */
function shortBitsTake(first: number, end: number): void {
  const area = Math.trunc(first / AREA_FRAMES);
  if (areaIsWhole(area)) areaOpen(area);
  for (let frame = first; frame < end; frame = wordEnd(frame, end)) {
    const pair = pairOf(frame);
    const left = PAIR.free(pair) & ~wordMask(frame, end);
    PAIR.setFree(pair, left);
    if (left === 0n) wordHide(pairWord(pair));
  }
}

function longBitsTake(first: number, count: number): void {
  areasTake(Math.trunc(first / AREA_FRAMES), Math.trunc(count / AREA_FRAMES));
  wordsFill(first, count, 0n);
}

/** The free bits of whole words. */
function wordsFill(first: number, count: number, free: bigint): void {
  const end = pairOf(first + count);
  for (let pair: bigint = pairOf(first); pair < end; pair += BigInt(PAIR.SIZE)) PAIR.setFree(pair, free);
}

// ---- searches ------------------------------------------------------------------------------------------------
function shortRunFind(order: number): Frame {
  let word = wordNext(wordAboveLow());
  for (let looks = 0; word !== NO_MEMBER; looks++) {
    const bit = runInWord(word, order);
    if (bit !== NO_BIT) return frameNumber(word * 64 + bit);
    if (looks === LOOKS && areaNext(areaAboveLow()) !== NO_MEMBER) break;
    word = wordNext(word + 1);
  }
  let area = areaNext(areaAboveLow());
  if (area === NO_MEMBER) {
    for (word = wordNext(0); word !== NO_MEMBER && word < wordAboveLow(); word = wordNext(word + 1)) {
      const bit = runInWord(word, order);
      if (bit !== NO_BIT) return frameNumber(word * 64 + bit);
    }
    area = areaNext(0);
  }
  return area === NO_MEMBER ? NO_FRAME : frameNumber(area * AREA_FRAMES);
}

/** Where a run of 2^order free frames starts in the word, or NO_BIT; with order 7 or 8, if it starts with the word. */
function runInWord(word: number, order: number): number {
  const pair = pairOfWord(word);
  if (order <= WORD_ORDER) return runInBits(PAIR.free(pair), order);
  const words = runFrames(order - WORD_ORDER);
  if (word % words !== 0) return NO_BIT;
  for (let i = 0; i < words; i++) {
    if (PAIR.free(pair + BigInt(i * PAIR.SIZE)) !== ALL_FREE) return NO_BIT;
  }
  return 0;
}

/** Whole areas one after the other; the open one too, if it is whole. */
function longRunFind(order: number): Frame {
  let area = wholeRunFind(order - AREA_ORDER, areaAboveLow());
  if (area === NO_MEMBER) {
    areaOpenedClose();
    area = wholeRunFind(order - AREA_ORDER, areaAboveLow());
  }
  if (area === NO_MEMBER) area = wholeRunFind(order - AREA_ORDER, 0);
  return area === NO_MEMBER ? NO_FRAME : frameNumber(area * AREA_FRAMES);
}

/**
 * The first of 2^order whole areas, aligned to their number, none of them below `from` (which is in the first word).
 */
function wholeRunFind(order: number, from: number): number {
  const whole = wholeAreas();
  for (let word = bitTreeNextAt(whole, 1, 0); word !== NO_MEMBER; word = bitTreeNextAt(whole, 1, word + 1)) {
    let bits = bitTreeWord(whole, word * 64);
    if (word === 0) bits &= ALL_FREE << BigInt(from);
    if (order <= WORD_ORDER) {
      const bit = runInBits(bits, order);
      if (bit !== NO_BIT) return word * 64 + bit;
    } else if (bits === ALL_FREE && word % runFrames(order - WORD_ORDER) === 0 && areWhole(word, order - WORD_ORDER)) {
      return word * 64;
    }
  }
  return NO_MEMBER;
}

/** Are all areas whole of 2^order words from `word` on? (The set has room for a search behind its last word.) */
function areWhole(word: number, order: number): boolean {
  const whole = wholeAreas();
  for (let i = 1; i < runFrames(order); i++) {
    if (bitTreeNextAt(whole, 1, word + i) !== word + i) return false;
    if (bitTreeWord(whole, (word + i) * 64) !== ALL_FREE) return false;
  }
  return true;
}

/** The lowest bit at which 2^order ones start (order 0..6), aligned to their number; NO_BIT if there are none. */
function runInBits(bits: bigint, order: number): number {
  let starts = bits;
  for (let i = 0; i < order; i++) starts &= starts >> (1n << BigInt(i));
  return countTrailingZeros(starts & alignedBits(order));
}

/** Every 2^order-th bit. */
function alignedBits(order: number): bigint {
  switch (order) {
    case 0:
      return ALL_FREE;
    case 1:
      return 0x5555_5555_5555_5555n;
    case 2:
      return 0x1111_1111_1111_1111n;
    case 3:
      return 0x0101_0101_0101_0101n;
    case 4:
      return 0x0001_0001_0001_0001n;
    case 5:
      return 0x0000_0001_0000_0001n;
    default:
      return 1n;
  }
}
