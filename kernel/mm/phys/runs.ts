/**
 * Runs: consecutive frames. One of 2^order frames is aligned to its length and has one record, its head's, which stands
 * for all of them until runSplit. Stretches of any length (ranges.ts) are made of such runs.
 *
 * Runs of one area, 2 MiB, have a short way of their own: the lowest whole area is at hand (areas.ts), nothing depends
 * on an order, and nothing is called but once in 64 areas.
 */
import { CHECKING } from "../../base/checking.ts";
import { poison, unpoison } from "../../doors/machine.ts";
import { type Frame, frameNumber, frameBytes, NO_FRAME, PAGE_BYTES } from "../../lib/addr.ts";
import { countTrailingZeros, rotateLeft } from "../../lib/bits.ts";
import { areaTakeElsewhere, runCheck, runGiveAny, runTakeAny } from "./any-run.ts";
import { areaIsHigh, areaRunOrder, highAreaAdd, highWordAreas, highWordLeave, highWordSet } from "./areas.ts";
import { areaFill, PAIR, pairOf, pairOfWord } from "./frame-bits.ts";
import { runGiveRefuse } from "./frame-refusals.ts";
import { FRAME, frameOwner, frameRecord, ownerFramesLess, recordOpen, recordOpenRun, RUN } from "./frame-table.ts";
import { framesFreed, framesUntouched, takeIsToFail } from "./freed-pattern.ts";
import { framesCountTaken } from "./open-word.ts";
import type { Owner } from "./owners.ts";
import { ALL_FREE, AREA_FRAMES, AREA_ORDER, AREA_WORDS, runFrames, wordEnd, wordMask } from "./units.ts";
import { highWord } from "./whole-areas.ts";

/** Turns a frame's number by this to the left: that of its area, or far more if it is not the area's first. */
const AREA_TURN = 64 - AREA_ORDER;

/**
 * 2^order frames for `owner`, aligned to their length (order 0..18: up to 1 GiB); NO_FRAME if there are none. Order 0
 * is frameTake. Cost: from order 9 on, a look at each 64 areas with a whole one among them up to the first that fit,
 * and a store for each 64 frames. For shorter runs 64 looks at words that have something free, and then a whole area is
 * broken; when there is none, a look at each word that has something free.
 */
export function runTake(order: number, owner: Owner): Frame {
  if (order !== areaRunOrder()) return runTakeAny(order, owner);
  const word = highWord();
  const areas = highWordAreas(word);
  if (areas === 0n) return areaTakeElsewhere(owner);
  if (CHECKING && takeIsToFail()) return NO_FRAME;
  const left = areas & (areas - 1n);
  highWordSet(word, left);
  const area = word * 64 + countTrailingZeros(areas);
  const first = frameNumber(area * AREA_FRAMES);
  unpoison(frameBytes(first), AREA_FRAMES * PAGE_BYTES);
  if (CHECKING) framesUntouched(first, AREA_FRAMES);
  const pair = pairOfWord(area * AREA_WORDS);
  areaFill(pair, 0n);
  PAIR.setHeads(pair, 1n);
  framesCountTaken(AREA_FRAMES);
  recordOpenRun(first, AREA_ORDER, owner);
  return left === 0n ? highWordLeave(word, area) : first;
}

/**
 * Takes back a run by its head. Panics, with the record in the log, for what is not the head of a run of this order
 * without references. Cost: a store for each 64 frames; for a short run also a look at each word of its area.
 */
export function runGive(first: Frame, order: number): void {
  const area = rotateLeft(BigInt.asUintN(64, BigInt(first)), AREA_TURN);
  if (order !== AREA_ORDER || !areaIsHigh(area)) {
    runGiveAny(first, order);
    return;
  }
  const pair = pairOfWord(Number(area) * AREA_WORDS);
  const record = frameRecord(first);
  if (PAIR.heads(pair) !== 1n || FRAME.references(record) !== RUN || FRAME.order(record) !== AREA_ORDER) {
    runGiveRefuse(first, order);
  }
  if (CHECKING) framesFreed(first, AREA_FRAMES);
  poison(frameBytes(first), AREA_FRAMES * PAGE_BYTES);
  PAIR.setHeads(pair, 0n);
  areaFill(pair, ALL_FREE);
  ownerFramesLess(FRAME.owner(record), AREA_FRAMES);
  framesCountTaken(-AREA_FRAMES);
  highAreaAdd(area);
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
