/**
 * Physical frames, one by one: who takes one gets any; who gives one back must have it.
 *
 * The pool starts without a frame; framesAdd is how it gets any. It never reclaims and never waits: when it is empty,
 * it says so. What it costs does not depend on how much memory there is, nor on how much of it is free: frames are
 * taken from one word of the bitmap until that has none left, and the next word is found in a tree (frame-bits.ts).
 */
import { CHECKING } from "../../base/checking.ts";
import { panic } from "../../base/panic.ts";
import { poison, unpoison } from "../../doors/machine.ts";
import { type Frame, frameBytes, frameNumber, NO_FRAME, PAGE_BYTES, type VirtAddr, virtAddr } from "../../lib/addr.ts";
import { countTrailingZeros, rotateLeft } from "../../lib/bits.ts";
import { NO_MEMBER } from "../../lib/bit-tree.ts";
import { areasBytes, areasGive, areasInit } from "./areas.ts";
import {
  areaFill, areaIsClear, bitOf, bitsBytes, bitsInit, frameIsFreeBit, frameIsHead, framesLimit, isOutside, PAIR,
  pairArea, pairFirst, pairHeadsAgain, pairOf, pairWord, wordHideNear, wordOffer, wordOfFrameOffer,
} from "./frame-bits.ts";
import { frameHead } from "./frame-log.ts";
import { FRAME, frameRecord, frameTableSet, ownerFramesLess, recordOpen } from "./frame-table.ts";
import { takeElsewhere, wordIsFree } from "./frame-search.ts";
import { frameGiveRefuse, framesAddRefuse } from "./frame-refusals.ts";
import { framesFreed, framesMarkNew, framesUntouched, takeIsToFail } from "./freed-pattern.ts";
import { framesCountTaken, openFrom, openFromSet, openWordInit, pairFrom, wordFrom } from "./open-word.ts";
import { NO_OWNER, type Owner, ownersInit } from "./owners.ts";
import { ALL_FREE, AREA_FRAMES, wordEnd, wordMask } from "./units.ts";

export { framesFree } from "./open-word.ts";

const ALL_BUT_BIT_0 = 0xffff_ffff_ffff_fffen;

let totalCount = 0;

/** Bytes of bitmaps that framesInit needs for frames 0..limit-1: 65 KiB for each GiB. */
export function framesMetadataBytes(limit: number): number {
  return bitsBytes(limit) + areasBytes(limit);
}

/**
 * An empty pool for frames 0..limit-1 (at most 2^34): bitmaps at `metadata` (128-aligned, framesMetadataBytes(limit)
 * bytes), records at `table` + 32 * frame, of which those of the pool's own frames must be memory. The owners are the
 * kernel's. Cost: two stores for each 64 frames; no record is touched.
 */
export function framesInit(metadata: VirtAddr, limit: number, table: VirtAddr): void {
  bitsInit(metadata, limit);
  areasInit(virtAddr(metadata + BigInt(bitsBytes(limit))), limit);
  frameTableSet(table);
  ownersInit();
  openWordInit();
  totalCount = 0;
}

/**
 * A frame for `owner`, with a record that says so and no references; NO_FRAME when there is none. Its contents are
 * whatever was there before. Cost: in the common case two words of the bitmap, one record; once a word, and that is at
 * most once in 64 from a fresh area, at most 70 words more.
 */
export function frameTake(owner: Owner): Frame {
  if (CHECKING && takeIsToFail()) return NO_FRAME;
  let from = openFrom();
  let free = PAIR.free(pairFrom(from));
  if (free === 0n) {
    const near = from === 0n ? NO_MEMBER : wordHideNear(pairWord(pairFrom(from)));
    if (near === NO_MEMBER) return takeAgain(takeElsewhere(owner));
    from = wordFrom(near);
    free = PAIR.free(pairFrom(from));
    if (free === 0n) return takeAgain(takeElsewhere(owner)); // never: so that the compiler knows
    openFromSet(from);
  }
  const pair = pairFrom(from);

  const rest = free & (free - 1n);
  PAIR.setFree(pair, rest);
  PAIR.setHeads(pair, PAIR.heads(pair) | (free ^ rest));
  framesCountTaken(1);
  const frame = frameNumber(pairFirst(pair) + countTrailingZeros(free));
  unpoison(frameBytes(frame), PAGE_BYTES);
  if (CHECKING) framesUntouched(frame, 1);
  recordOpen(frame, owner);
  return frame;
}

/** For the owner that takeElsewhere answered: it need not be kept in a register meanwhile. */
function takeAgain(owner: Owner): Frame {
  return owner === NO_OWNER ? NO_FRAME : frameTake(owner);
}

/**
 * Takes back a frame that is alone (its order is 0) and has no references. Panics, with the frame's record in the log,
 * for one that is free, reserved, part of a run, still referenced, or outside memory. Cost: two words of the bitmap and
 * one record; when its word or area was the last that was full, at most 20 words more.
 */
export function frameGive(frame: Frame): void {
  if (isOutside(frame)) frameGiveRefuse(frame);
  const pair = pairOf(frame);
  const headsLeft = PAIR.heads(pair) & rotateLeft(ALL_BUT_BIT_0, frame);
  if (headsLeft === pairHeadsAgain(pair)) frameGiveRefuse(frame);
  const record = frameRecord(frame);
  if (FRAME.references(record) !== 0) frameGiveRefuse(frame);

  if (CHECKING) framesFreed(frame, 1);
  poison(frameBytes(frame), PAGE_BYTES);
  PAIR.setHeads(pair, headsLeft);
  ownerFramesLess(FRAME.owner(record), 1);
  framesCountTaken(-1);
  const before = PAIR.free(pair);
  if (before === 0n) {
    PAIR.setFree(pair, rotateLeft(1n, frame));
    wordOfFrameOffer(frame);
    return;
  }
  const free = before | bitOf(frame);
  PAIR.setFree(pair, free);
  if (free === ALL_FREE) wordIsFree(frame);
}

/**
 * Hands `count` frames from `first` on to the pool for good. Panics, with nothing changed, if any is outside, or the
 * pool's already. Cost: for each area of 512 frames three loads and two stores for each of its eight words; no record
 * is touched.
 */
export function framesAdd(first: Frame, count: number): void {
  if (first < 0 || count < 0 || count > framesLimit() - first) {
    panic("frames: range outside the bitmap", valueOf(first));
  }
  const end = first + count;
  for (let frame: number = first; frame < end; ) {
    const pair = pairOf(frame);
    if (isArea(frame, end)) {
      if (!areaIsClear(pair)) framesAddRefuse(first);
      frame += AREA_FRAMES;
    } else {
      if (((PAIR.free(pair) | PAIR.heads(pair)) & wordMask(frame, end)) !== 0n) framesAddRefuse(first);
      frame = wordEnd(frame, end);
    }
  }
  if (count > 0 && frameHead(first) !== NO_FRAME) framesAddRefuse(first); // all within a run: no bit says so
  for (let frame: number = first; frame < end; ) {
    if (isArea(frame, end)) {
      areaFill(pairOf(frame), ALL_FREE);
      areasGive(pairArea(pairOf(frame)), 1);
      frame += AREA_FRAMES;
    } else {
      bitsFree(frame, wordMask(frame, end));
      frame = wordEnd(frame, end);
    }
  }
  if (CHECKING) framesMarkNew(first, count);
  totalCount += count;
  framesCountTaken(-count);
}

/** Does a whole area begin there, that ends within the range? */
function isArea(frame: number, end: number): boolean {
  return frame % AREA_FRAMES === 0 && end - frame >= AREA_FRAMES;
}

/** Frames that the pool owns, free or handed out. */
export function framesTotal(): number {
  return totalCount;
}
/** In the pool and not handed out? False for every frame that is not the pool's, outside as well. */
export function frameIsFree(frame: Frame): boolean {
  return !isOutside(frame) && frameIsFreeBit(frame);
}
/** Handed out, alone or as the head of a run? Then its record is valid. */
export function frameIsTaken(frame: Frame): boolean {
  return !isOutside(frame) && frameIsHead(frame);
}

// ---- for the rest of the room --------------------------------------------------------------------------------
/** Frames of one word, those in `mask`, become free: the bits, and the sets that follow from them. */
export function bitsFree(frame: number, mask: bigint): void {
  const pair = pairOf(frame);
  const free = PAIR.free(pair);
  PAIR.setFree(pair, free | mask);
  if (free === 0n) wordOffer(pairWord(pair));
  if ((free | mask) === ALL_FREE) wordIsFree(frameNumber(frame));
}

/** As a panic shows it: NO_FRAME and other negatives as all ones downwards. */
function valueOf(frame: number): bigint {
  return BigInt.asUintN(64, BigInt(frame));
}
