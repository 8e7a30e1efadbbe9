/**
 * Ranges: stretches of frames of any length, anywhere or at a chosen place. A range is handed out as runs, the longest
 * that fit from its start on, so that a record is written for each of them and not for each frame.
 */
import { CHECKING } from "../../base/checking.ts";
import { panic } from "../../base/panic.ts";
import { type Frame, frameNumber, NO_FRAME } from "../../lib/addr.ts";
import { NO_MEMBER } from "../../lib/bit-tree.ts";
import { countLeadingZeros, countTrailingZeros } from "../../lib/bits.ts";
import { BUSY, INVALID, OK, type Status } from "../../lib/status.ts";
import { runCheck, runClose, runOpen } from "./any-run.ts";
import { wholeAreaNext } from "./areas.ts";
import {
  bitsAreThere, frameIsHead, framesLimit, isOutside, PAIR, pairOf, pairOfWord, wordNext,
} from "./frame-bits.ts";
import { frameGiveRefuse, runGiveRefuse } from "./frame-refusals.ts";
import { FRAME, frameOrder, frameRecord } from "./frame-table.ts";
import { frameGive } from "./frames.ts";
import { takeIsToFail } from "./freed-pattern.ts";
import { areaOpenedClose } from "./open-word.ts";
import type { Owner } from "./owners.ts";
import { ALL_FREE, AREA_FRAMES, AREA_WORDS, ORDER_MAX, runFrames, wordEnd, wordMask } from "./units.ts";

/** No limit: any frame will do. */
export const ANY_FRAME = 0x4_0000_0000;

/**
 * `count` consecutive frames for `owner`, the lowest there are: the first a multiple of `align` (a power of two), all
 * below frame `limit` (4096 is 16 MiB, 2^20 is 4 GiB; or ANY_FRAME). NO_FRAME: there are none, or `count` is below 1.
 * Cost: a few looks for each stretch of free frames below, and one for each 64 frames of those that are longer than
 * 64; then as rangeGive.
 */
export function rangeTake(count: number, align: number, limit: number, owner: Owner): Frame {
  if (align < 1 || Number(BigInt(align) & BigInt(align - 1)) !== 0) {
    panic("frames: an alignment that is no power of two", BigInt.asUintN(64, BigInt(align)));
  }
  if (!bitsAreThere()) panic("frames: a range was taken before there was a pool");
  if (count < 1 || (CHECKING && takeIsToFail())) return NO_FRAME;
  areaOpenedClose();
  const end = Math.min(limit, framesLimit());
  let first = 0;
  for (;;) {
    first = alignTo(freeNext(first), align);
    if (count > end - first) return NO_FRAME;
    const stop = takenNext(first, first + count);
    if (stop === first + count) break;
    first = stop + 1;
  }
  rangeOpen(frameNumber(first), count, owner);
  return frameNumber(first);
}

/**
 * Hands out the `count` frames from `first` on, these and no others. BUSY: one of them is not free, or not the pool's.
 * INVALID: outside memory, or `count` is below 1. Cost: a look at each 64 frames, then as rangeGive.
 */
export function rangeClaim(first: Frame, count: number, owner: Owner): Status {
  if (count < 1 || isOutside(first) || count > framesLimit() - first) return INVALID;
  if (takenNext(first, first + count) !== first + count) return BUSY;
  areaOpenedClose();
  rangeOpen(first, count, owner);
  return OK;
}

/**
 * Takes back `count` frames from `first` on, however they were handed out, as long as no run reaches beyond them.
 * Panics, with nothing changed, if one does, or if any frame is free, reserved or referenced. Cost: for each run in it
 * a record, and a store for each 64 frames.
 */
export function rangeGive(first: Frame, count: number): void {
  const end = first + count;
  for (let frame: number = first; frame < end; frame += runFrames(frameOrder(frameNumber(frame)))) {
    pieceCheck(frameNumber(frame), end);
  }
  for (let frame: number = first; frame < end; ) {
    const order = frameOrder(frameNumber(frame));
    if (order === 0) frameGive(frameNumber(frame));
    else runClose(frameNumber(frame), order);
    frame += runFrames(order);
  }
}

/** A frame or the head of a run, without references, that ends before `end`. */
function pieceCheck(frame: Frame, end: number): void {
  if (isOutside(frame) || !frameIsHead(frame)) runGiveRefuse(frame, 0);
  const order = frameOrder(frame);
  if (order > 0) runCheck(frame, order);
  else if (FRAME.references(frameRecord(frame)) !== 0) frameGiveRefuse(frame);
  if (runFrames(order) > end - frame) panic("frames: a range given back that ends inside a run", BigInt(frame));
}

/** They are free, and no whole area is open. */
function rangeOpen(first: Frame, count: number, owner: Owner): void {
  const end = first + count;
  for (let frame: number = first; frame < end; ) {
    const order = orderFitting(frame, end - frame);
    runOpen(frameNumber(frame), order, owner);
    frame += runFrames(order);
  }
}

/** Of the longest run that can start at `frame` and has at most `count` frames. */
function orderFitting(frame: number, count: number): number {
  const aligned = countTrailingZeros(BigInt(frame)); // 64 for frame 0
  const short = 63 - countLeadingZeros(BigInt(count));
  return Math.min(aligned, short, ORDER_MAX);
}

/** The lowest free frame from `from` on; framesLimit() or more if there is none. */
function freeNext(from: number): number {
  if (isOutside(from)) return framesLimit();
  const bits = PAIR.free(pairOf(from)) & (ALL_FREE << (BigInt(from) & 63n));
  if (bits !== 0n) return from - (from % 64) + countTrailingZeros(bits);

  const after = Math.trunc(from / 64) + 1;
  let word = wordNext(after);
  while (word !== NO_MEMBER && PAIR.free(pairOfWord(word)) === 0n) word = wordNext(word + 1); // that of frameTake
  const area = wholeAreaNext(Math.trunc((after + AREA_WORDS - 1) / AREA_WORDS));
  const single = word === NO_MEMBER ? framesLimit() : word * 64 + countTrailingZeros(PAIR.free(pairOfWord(word)));
  return area === NO_MEMBER ? single : Math.min(single, area * AREA_FRAMES);
}

/** The lowest frame of from..end-1 that is not free, or `end`. */
function takenNext(from: number, end: number): number {
  for (let frame = from; frame < end; frame = wordEnd(frame, end)) {
    const taken = wordMask(frame, end) & ~PAIR.free(pairOf(frame));
    if (taken !== 0n) return frame - (frame % 64) + countTrailingZeros(taken);
  }
  return end;
}

function alignTo(frame: number, align: number): number {
  return Math.trunc((frame + align - 1) / align) * align;
}
