/**
 * One frame of a slab: which of its objects are out, and the list in which it waits.
 *
 *   | object 0 | object 1 | …            | unused | words, if any |     4096 bytes, reached through the direct map
 *
 * An object has no header. That it is free is one bit, and the bits lie where no object's owner can write by mistake:
 *
 *   FRAME.page        | slab, its low 48 bits                    | places, 16 bits |
 *   FRAME.references  objects that are out
 *   FRAME.next, .previous   the slab's list of frames with some out and some free
 *
 *   at most 16 objects (of 248 bytes or more)    place i is 1: object i is free
 *   more                                         place i is 1: word i at the frame's end is not zero,
 *                                                and its bit k is 1: object 64 i + k is free
 *
 * So a frame that is no slab's, or another's, is told by one comparison; a full one has no places.
 */
import { load64, poison, store64, unpoison } from "../../doors/machine.ts";
import {
  DIRECT_MAP, type Frame, frameAfter, frameBytes, frameOf, PAGE_BYTES, physAddr, type VirtAddr, virtAddr,
} from "../../lib/addr.ts";
import { countTrailingZeros } from "../../lib/bits.ts";
import { type Field, layout, u32, u64 } from "../../lib/layout.ts";
import { FRAME, frameRecord } from "../phys/frame-table.ts";
import type { Owner } from "../phys/owners.ts";

const frame32 = u32 as Field<Frame, 4>;
const owner64 = u64 as Field<Owner, 8>;

/*
 *   SLAB, 56 bytes, in memory of the caller's
 *   +0   | owner                         |   of its frames (phys/owners.ts)
 *   +8   | inverse                       |   offset * inverse / 2^24 = offset / stride
 *   +16  | count                         |   objects that are out
 *   +24  | frames                        |   that it has
 *   +32  | stride        | objects       |   from one object to the next; objects in a frame
 *   +40  | words         | partial       |   words at a frame's end; the first frame with some out and some free
 *   +48  | reserve       | objectBytes   |   an empty frame that it keeps; what the owner may touch of an object
 */
export const SLAB = layout(56, {
  owner: owner64, inverse: u64, count: u64, frames: u64, stride: u32, objects: u32, words: u32, partial: frame32,
  reserve: frame32, objectBytes: u32,
});

/** At the end of a list, and for no reserve: frame 0 is never handed out. */
export const NONE = 0 as Frame;
/** Objects that FRAME.page has places for. */
const PLACES = 16;
const PLACES_SHIFT = 16n;
const PLACES_MASK = 0xffffn;
const WORD_BITS = 64;
const INVERSE_SHIFT = 24n;
const INVERSE_ONE = 1 << 24;
const ALL_ONES = 0xffff_ffff_ffff_ffffn;
const OFFSET_MASK = 0xfffn;

/** objectIndex's answer for an address at which no object starts. */
export const NO_OBJECT = -1;

/** Says how objects of `objectBytes` bytes lie in a frame. */
export function shapeSet(slab: bigint, objectBytes: number): void {
  const stride = Math.trunc((objectBytes + 7) / 8) * 8;
  const most = Math.trunc(PAGE_BYTES / stride);
  const words = most <= PLACES ? 0 : Math.trunc((most + WORD_BITS - 1) / WORD_BITS);
  SLAB.setObjectBytes(slab, objectBytes);
  SLAB.setStride(slab, stride);
  SLAB.setWords(slab, words);
  SLAB.setObjects(slab, Math.trunc((PAGE_BYTES - words * 8) / stride));
  SLAB.setInverse(slab, BigInt(Math.trunc((INVERSE_ONE + stride - 1) / stride)));
}

/** All objects of a frame that the slab has just got are free. */
export function frameOpen(slab: bigint, frame: Frame): void {
  const words = SLAB.words(slab);
  const objects = SLAB.objects(slab);
  for (let i = 0; i < words; i++) store64(wordAt(slab, frame, i), onesBelow(objects - i * WORD_BITS));
  poison(frameBytes(frame), PAGE_BYTES);
  placesSet(slab, frame, onesBelow(words === 0 ? objects : words));
}

/** Takes the lowest free object of a frame that has one. */
export function objectTake(slab: bigint, frame: Frame): VirtAddr {
  const record = frameRecord(frame);
  const page = FRAME.page(record);
  let index = countTrailingZeros(page);
  if (SLAB.words(slab) === 0) {
    FRAME.setPage(record, page & (page - 1n));
  } else {
    const at = wordAt(slab, frame, index);
    const bits = bitsRead(at);
    index = index * WORD_BITS + countTrailingZeros(bits);
    bitsWrite(at, bits & (bits - 1n));
    if ((bits & (bits - 1n)) === 0n) FRAME.setPage(record, page & (page - 1n));
  }
  FRAME.setReferences(record, FRAME.references(record) + 1);
  return objectAt(slab, frame, index);
}

/** Marks the object `index` as free; false if it was. */
export function objectGive(slab: bigint, frame: Frame, index: number): boolean {
  const record = frameRecord(frame);
  const page = FRAME.page(record);
  if (SLAB.words(slab) === 0) {
    const place = 1n << BigInt(index);
    if ((page & place) !== 0n) return false;
    FRAME.setPage(record, page | place);
  } else {
    const at = wordAt(slab, frame, index >>> 6);
    const bits = bitsRead(at);
    const bit = 1n << (BigInt(index) & 63n);
    if ((bits & bit) !== 0n) return false;
    bitsWrite(at, bits | bit);
    FRAME.setPage(record, page | (1n << BigInt(index >>> 6)));
  }
  FRAME.setReferences(record, FRAME.references(record) - 1);
  return true;
}

/** Is the object `index` free? */
export function objectIsFree(slab: bigint, frame: Frame, index: number): boolean {
  const page = FRAME.page(frameRecord(frame));
  if (SLAB.words(slab) === 0) return ((page >> BigInt(index)) & 1n) !== 0n;
  return ((bitsRead(wordAt(slab, frame, index >>> 6)) >> (BigInt(index) & 63n)) & 1n) !== 0n;
}

export function objectAt(slab: bigint, frame: Frame, index: number): VirtAddr {
  return virtAddr(frameBytes(frame) + BigInt(index * SLAB.stride(slab)));
}
/** Which object of its frame starts at `at`; NO_OBJECT if none does. */
export function objectIndex(slab: bigint, at: VirtAddr): number {
  const offset = at & OFFSET_MASK;
  const index = Number((offset * SLAB.inverse(slab)) >> INVERSE_SHIFT);
  return index < SLAB.objects(slab) && BigInt(index * SLAB.stride(slab)) === offset ? index : NO_OBJECT;
}

/** Is a frame that is handed out the slab's? */
export function frameIsOf(slab: bigint, frame: Frame): boolean {
  return (FRAME.page(frameRecord(frame)) ^ BigInt.asUintN(64, slab << PLACES_SHIFT)) >> PLACES_SHIFT === 0n;
}
/** Has it no free object? */
export function frameIsFull(frame: Frame): boolean {
  return placesOf(frame) === 0n;
}
/** The frame's places as they are, and as they should be if the words at its end, where it has any, are right. */
export function placesOf(frame: Frame): bigint {
  return FRAME.page(frameRecord(frame)) & PLACES_MASK;
}
export function placesFromWords(slab: bigint, frame: Frame): bigint {
  if (SLAB.words(slab) === 0) return placesOf(frame);
  let places = 0n;
  for (let i = 0; i < SLAB.words(slab); i++) {
    if (bitsRead(wordAt(slab, frame, i)) !== 0n) places |= 1n << BigInt(i);
  }
  return places;
}

/** The frame in whose bytes the direct map shows `at`, if it is there at all. */
export function frameHolding(at: VirtAddr): Frame {
  return frameOf(physAddr(BigInt.asUintN(64, at - DIRECT_MAP)));
}

/** The frame after `frame` in the list, or NONE. */
export function slabFrameNext(frame: Frame): Frame {
  return frameAfter(NONE, FRAME.next(frameRecord(frame)));
}
/** `frame` becomes the first of the list. */
export function listAdd(slab: bigint, frame: Frame): void {
  const record = frameRecord(frame);
  const next = SLAB.partial(slab);
  FRAME.setNext(record, next);
  FRAME.setPrevious(record, NONE);
  if (next !== NONE) FRAME.setPrevious(frameRecord(next), frame);
  SLAB.setPartial(slab, frame);
}
export function listRemove(slab: bigint, frame: Frame): void {
  const record = frameRecord(frame);
  const next = slabFrameNext(frame);
  const previous = frameAfter(NONE, FRAME.previous(record));
  if (previous === NONE) SLAB.setPartial(slab, next);
  else FRAME.setNext(frameRecord(previous), next);
  if (next !== NONE) FRAME.setPrevious(frameRecord(next), previous);
}

function placesSet(slab: bigint, frame: Frame, places: bigint): void {
  FRAME.setPage(frameRecord(frame), BigInt.asUintN(64, (slab << PLACES_SHIFT) | places));
}
/** The lowest `count` bits: none for less than one, all for more than 63. */
function onesBelow(count: number): bigint {
  if (count <= 0) return 0n;
  return count >= WORD_BITS ? ALL_ONES : ALL_ONES >> BigInt(WORD_BITS - count);
}

function wordAt(slab: bigint, frame: Frame, index: number): bigint {
  return frameBytes(frame) + BigInt(PAGE_BYTES - (SLAB.words(slab) - index) * 8);
}
function bitsRead(at: bigint): bigint {
  unpoison(at, 8);
  const bits = load64(at);
  poison(at, 8);
  return bits;
}
function bitsWrite(at: bigint, bits: bigint): void {
  unpoison(at, 8);
  store64(at, bits);
  poison(at, 8);
}
