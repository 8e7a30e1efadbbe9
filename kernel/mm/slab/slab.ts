/**
 * Slabs: objects of one size on whole frames, used where the direct map shows them. So a slab needs no page tables, and
 * the rooms below the heap can have objects that come and go.
 *
 * It never maps, never waits and never reclaims. Of frames without an object in use it keeps one, so that an object
 * taken and given back in turn does not cost a frame each time; the others go back to mm/phys at once.
 */
import { CHECKING } from "../../base/checking.ts";
import { panic } from "../../base/panic.ts";
import { poison, unpoison } from "../../doors/machine.ts";
import { type Frame, frameBytes, NO_FRAME, NOWHERE, PAGE_BYTES, type VirtAddr } from "../../lib/addr.ts";
import { FRAME, framePageSet, frameRecord } from "../phys/frame-table.ts";
import { frameGive, frameIsTaken, frameTake } from "../phys/frames.ts";
import type { Owner } from "../phys/owners.ts";
import { frameFill, objectFreed, objectUntouched, slabGiveRefuse } from "./slab-check.ts";
import {
  frameHolding, frameIsFull, frameIsOf, frameOpen, listAdd, listRemove, NO_OBJECT, NONE, objectGive, objectIndex,
  objectTake, shapeSet, SLAB,
} from "./slab-frame.ts";

export { SLAB };
export const SLAB_OBJECT_MAX = 2048;
const SLAB_OBJECT_MIN = 8;

/**
 * Makes the SLAB.SIZE bytes at `slab` (8-aligned, in memory of the caller's) a slab without objects. Objects have
 * `objectBytes` bytes, 8 to 2048, and start at multiples of 8; if it is a power of two, at multiples of it. Their
 * frames are counted as `owner`'s.
 */
export function slabInit(slab: bigint, objectBytes: number, owner: Owner): void {
  if (objectBytes < SLAB_OBJECT_MIN || objectBytes > SLAB_OBJECT_MAX) {
    panic("slab: no objects of this size", BigInt.asUintN(64, BigInt(objectBytes)));
  }
  SLAB.setOwner(slab, owner);
  SLAB.setCount(slab, 0n);
  SLAB.setFrames(slab, 0n);
  SLAB.setPartial(slab, NONE);
  SLAB.setReserve(slab, NONE);
  shapeSet(slab, objectBytes);
}

/**
 * An object; NOWHERE when a frame is needed and there is none: nothing has changed then. Its contents are whatever was
 * there before. Cost: at most four words of the slab, three of a frame's record and one of the frame; when the list is
 * empty, at most eight words more, and a frameTake.
 */
export function slabTake(slab: bigint): VirtAddr {
  let frame = SLAB.partial(slab);
  if (frame === NONE) {
    frame = frameReady(slab);
    if (frame === NONE) return NOWHERE;
  }
  const at = objectTake(slab, frame);
  if (frameIsFull(frame)) listRemove(slab, frame);
  SLAB.setCount(slab, SLAB.count(slab) + 1n);
  unpoison(at, SLAB.objectBytes(slab));
  if (CHECKING) objectUntouched(slab, at);
  return at;
}

/**
 * Takes back what slabTake(slab) gave. Panics, with a line that describes it, for everything else: another slab's, no
 * slab's, a place inside an object, an object that is free. Cost: as slabTake; when the frame has become empty, and one
 * is kept already, a frameGive.
 */
export function slabGive(slab: bigint, at: VirtAddr): void {
  const frame = frameHolding(at);
  if (!frameIsTaken(frame) || !frameIsOf(slab, frame)) slabGiveRefuse(slab, at);
  const index = objectIndex(slab, at);
  if (index === NO_OBJECT) slabGiveRefuse(slab, at);
  const wasFull = frameIsFull(frame);
  if (!objectGive(slab, frame, index)) slabGiveRefuse(slab, at);

  if (CHECKING) objectFreed(slab, at);
  poison(at, SLAB.objectBytes(slab));
  SLAB.setCount(slab, SLAB.count(slab) - 1n);
  if (FRAME.references(frameRecord(frame)) === 0) frameEmptied(slab, frame);
  else if (wasFull) listAdd(slab, frame);
}

/** The empty frame that it keeps goes back too. */
export function slabTrim(slab: bigint): void {
  const frame = SLAB.reserve(slab);
  if (frame === NONE) return;
  SLAB.setReserve(slab, NONE);
  frameReturn(slab, frame);
}

/** Objects that are out. */
export function slabCount(slab: bigint): number {
  return Number(SLAB.count(slab));
}
/** Frames that it has, an empty one in reserve among them. */
export function slabFrames(slab: bigint): number {
  return Number(SLAB.frames(slab));
}

/** A frame with free objects, in the list: the reserve, or a new one; NONE if there is neither. */
function frameReady(slab: bigint): Frame {
  let frame = SLAB.reserve(slab);
  if (frame !== NONE) {
    SLAB.setReserve(slab, NONE);
  } else {
    frame = frameTake(SLAB.owner(slab));
    if (frame === NO_FRAME) return NONE;
    SLAB.setFrames(slab, SLAB.frames(slab) + 1n);
    if (CHECKING) frameFill(frame);
    frameOpen(slab, frame);
  }
  listAdd(slab, frame);
  return frame;
}

/** The last object of `frame`, which is in the list (two objects at least are in each), came back. */
function frameEmptied(slab: bigint, frame: Frame): void {
  listRemove(slab, frame);
  if (SLAB.reserve(slab) === NONE) SLAB.setReserve(slab, frame);
  else frameReturn(slab, frame);
}

function frameReturn(slab: bigint, frame: Frame): void {
  SLAB.setFrames(slab, SLAB.frames(slab) - 1n);
  framePageSet(frame, 0n);
  unpoison(frameBytes(frame), PAGE_BYTES);
  frameGive(frame);
}
