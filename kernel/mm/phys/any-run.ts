/**
 * Runs of any order, as runs.ts has them: checked, opened, closed, and those shorter than an area found. A search goes
 * from word to word of the bitmap that has anything free.
 */
"compiler: cold"; // most runs are of one area, and short: runs.ts
import { CHECKING } from "../../base/checking.ts";
import { panic } from "../../base/panic.ts";
import { poison, unpoison } from "../../doors/machine.ts";
import { type Frame, frameNumber, frameBytes, NO_FRAME, PAGE_BYTES } from "../../lib/addr.ts";
import { NO_MEMBER } from "../../lib/bit-tree.ts";
import { areaRunFind } from "./area-search.ts";
import { areaIsWhole, areaOpen, areasGive, areasLow, areasTake, wholeAreaHigh, wholeAreaLow } from "./areas.ts";
import {
  bitOf, bitsAreThere, frameIsHead, isOutside, PAIR, pairOf, pairOfWord, pairWord, wordAboveLow, wordHide, wordNext,
} from "./frame-bits.ts";
import { runGiveRefuse } from "./frame-refusals.ts";
import { FRAME, frameOwner, frameRecord, ownerFramesLess, recordOpen, recordOpenRun, RUN } from "./frame-table.ts";
import { bitsFree, frameGive, frameTake } from "./frames.ts";
import { framesFreed, framesUntouched, takeIsToFail } from "./freed-pattern.ts";
import { areaOpenedClose, framesCountTaken } from "./open-word.ts";
import type { Owner } from "./owners.ts";
import { NO_BIT, runInBits, WORD_ORDER } from "./run-bits.ts";
import { ALL_FREE, AREA_FRAMES, AREA_ORDER, ORDER_MAX, runFrames, wordEnd, wordMask } from "./units.ts";

/** Broken areas are looked through so far before a whole one is broken for a short run. */
const LOOKS = 64;

/** A run of one area when none is whole but low ones: the open one may be, or there is none. */
export function areaTakeElsewhere(owner: Owner): Frame {
  if (areasLow() !== 0n || areaOpenedClose()) return runTakeAny(AREA_ORDER, owner);
  if (CHECKING) takeIsToFail();
  return NO_FRAME;
}

/** runTake of any order, wherever it is. */
export function runTakeAny(order: number, owner: Owner): Frame {
  if (order === 0) return frameTake(owner);
  if (order < 0 || order > ORDER_MAX) panic("frames: no run has this order", BigInt.asUintN(64, BigInt(order)));
  if (!bitsAreThere()) panic("frames: a run was taken before there was a pool");
  if (CHECKING && takeIsToFail()) return NO_FRAME;
  const first = order < AREA_ORDER ? shortRunFind(order) : areaRunFind(order - AREA_ORDER);
  if (first !== NO_FRAME) runOpen(first, order, owner);
  return first;
}

/** runGive of any. */
export function runGiveAny(first: Frame, order: number): void {
  if (order === 0) {
    frameGive(first);
    return;
  }
  runCheck(first, order);
  runClose(first, order);
}

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
  if (order >= AREA_ORDER) {
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
    if (looks === LOOKS && wholeAreaHigh() !== NO_MEMBER) break;
    word = wordNext(word + 1);
  }
  let area = wholeAreaHigh();
  if (area === NO_MEMBER) {
    for (word = wordNext(0); word !== NO_MEMBER && word < wordAboveLow(); word = wordNext(word + 1)) {
      const bit = runInWord(word, order);
      if (bit !== NO_BIT) return frameNumber(word * 64 + bit);
    }
    area = wholeAreaLow();
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
