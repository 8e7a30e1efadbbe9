/**
 * The frame table: a record for each frame. The record of a frame that is handed out is valid; that of a free frame
 * holds what its last owner left, or what was in memory when the machine was switched on.
 *
 *   FRAME, 32 bytes
 *   +0   | references                    | kind          | node  | order |
 *   +8   | next                          | previous                      |
 *   +16  | owner                                                         |
 *   +24  | page                                                          |
 *
 * references: mappings and pins; of a table its entries in use; RUN in the head of a run. kind: one of KIND. node:
 * NUMA. order: of the run, a power of two. next, previous: one list at a time. owner: an OWNER. page: which page of the
 * owner's it holds; nobody has said if 0.
 *
 * A run has one record, its head's: what it says is true of all its frames. The others have none until runSplit.
 */
import { panic } from "../../base/panic.ts";
import { store64 } from "../../doors/machine.ts";
import { type Frame, frameNumber, FRAME_TABLE, NO_FRAME, type VirtAddr, virtAddr } from "../../lib/addr.ts";
import { layout, u16, u32, u64, u8 } from "../../lib/layout.ts";
import { OWNER, type Owner, ownerField } from "./owners.ts";

export const FRAME = layout(32, {
  references: u32, kind: u16, node: u8, order: u8, next: u32, previous: u32, owner: ownerField, page: u64,
});
/** The record's size as a shift. */
export const FRAME_SHIFT = 5n;

/** In `references`: more than one frame. So one comparison tells a single frame without references from all others. */
export const RUN = 0x8000_0000;
const REFERENCES = 0x7fff_ffff;
const ORDER_SHIFT = 56n;
const NO_LINK = 0xffff_ffff;

let table: VirtAddr = FRAME_TABLE;

/** Records are at `at` + 32 * frame from now on. Whoever takes frames sees to it that there is memory. */
export function frameTableSet(at: VirtAddr): void {
  table = at;
}
export function frameRecord(frame: Frame): VirtAddr {
  return virtAddr(table + (BigInt(frame) << FRAME_SHIFT));
}

// ---- what others ask of a frame that is handed out -----------------------------------------------------------
export function frameOwner(frame: Frame): Owner {
  return FRAME.owner(frameRecord(frame));
}
/** One of KIND. */
export function frameKind(frame: Frame): number {
  return FRAME.kind(frameRecord(frame));
}
/** The run whose head it is has 2^order frames; 0 for a single frame. */
export function frameOrder(frame: Frame): number {
  return FRAME.order(frameRecord(frame));
}

export function framePage(frame: Frame): bigint {
  return FRAME.page(frameRecord(frame));
}
export function framePageSet(frame: Frame, page: bigint): void {
  FRAME.setPage(frameRecord(frame), page);
}

/** The next of a list that the frame is in, or NO_FRAME; whoever has the frame decides which list that is. */
export function frameNext(frame: Frame): Frame {
  const next = FRAME.next(frameRecord(frame));
  return frameNumber(next === NO_LINK ? NO_FRAME : next);
}
export function frameNextSet(frame: Frame, next: Frame): void {
  FRAME.setNext(frameRecord(frame), next === NO_FRAME ? NO_LINK : next);
}

/** How many mappings and pins there are; a frame is given back when there are none. */
export function frameReferences(frame: Frame): number {
  return FRAME.references(frameRecord(frame)) & REFERENCES;
}
/** One more. Panics for the 2^31st. */
export function frameReferenceAdd(frame: Frame): void {
  const record = frameRecord(frame);
  const references = FRAME.references(record);
  if ((references & REFERENCES) === REFERENCES) panic("frames: too many references", BigInt(frame));
  FRAME.setReferences(record, references + 1);
}
/** One less; how many are left. Panics if there was none. */
export function frameReferenceDrop(frame: Frame): number {
  const record = frameRecord(frame);
  const references = FRAME.references(record);
  if ((references & REFERENCES) === 0) panic("frames: a reference dropped that nobody had", BigInt(frame));
  FRAME.setReferences(record, references - 1);
  return (references - 1) & REFERENCES;
}

// ---- for the allocator ---------------------------------------------------------------------------------------
/** The record of a frame that is handed out now, alone and without references. */
export function recordOpen(frame: Frame, owner: Owner): void {
  const record = frameRecord(frame);
  FRAME.setOwner(record, owner);
  FRAME.setPage(record, 0n);
  store64(record, OWNER.header(owner)); // references, kind, node and order at once
  OWNER.setFrames(owner, OWNER.frames(owner) + 1n);
}
/** The same for the head of a run of 2^order frames, 1 or more. */
export function recordOpenRun(frame: Frame, order: number, owner: Owner): void {
  const record = frameRecord(frame);
  FRAME.setOwner(record, owner);
  FRAME.setPage(record, 0n);
  store64(record, OWNER.header(owner) + (BigInt(order) << ORDER_SHIFT) + BigInt(RUN));
  OWNER.setFrames(owner, OWNER.frames(owner) + (1n << BigInt(order)));
}
/** Its owner has `count` frames less. */
export function ownerFramesLess(owner: Owner, count: number): void {
  OWNER.setFrames(owner, OWNER.frames(owner) - BigInt(count));
}
