/**
 * Objects: bytes that regions show, and that are there without them.
 *
 *   OBJECT, 32 bytes, in a slab
 *   +0   | references    | kind          |   regions and whoever else holds it
 *   +8   | start                         |   MODULE: physical address of the first byte, a multiple of the page size
 *   +16  | size                          |   in bytes
 *   +24  | rest                          |
 *
 * A MODULE is a file that the boot loader has put into memory; its frames are reserved, nobody counts them, and a
 * region shows them as they are, to be read.
 */
import { staticBytes } from "../../doors/machine.ts";
import { type Frame, frameOf, NO_FRAME, PAGE_SIZE, type PhysAddr, physAddr, type VirtAddr } from "../../lib/addr.ts";
import { layout, u32, u64 } from "../../lib/layout.ts";
import { KIND, OWNER, ownerOpen } from "../phys/owners.ts";
import { SLAB, slabCount, slabGive, slabInit, slabTake, slabTrim } from "../slab/slab.ts";

/** The address of an OBJECT. */
export type SpaceObject = VirtAddr & { readonly __object: "SpaceObject" };
export const NO_SPACE_OBJECT = 0n as SpaceObject;

export const OBJECT = layout(32, { references: u32, kind: u32, start: u64, size: u64, rest: u64 });
export const OBJECT_KIND = { MODULE: 1 } as const;

const slab = staticBytes(SLAB.SIZE, 8);
const slabOwner = staticBytes(OWNER.SIZE, 8);

/** There are no objects. */
export function objectsInit(): void {
  slabInit(slab, OBJECT.SIZE, ownerOpen(slabOwner, KIND.SLAB, 0n));
}

/** The `size` bytes of a file at `start`, with one reference, the caller's. NO_SPACE_OBJECT when there is no memory. */
export function objectOfModule(start: PhysAddr, size: bigint): SpaceObject {
  const object = slabTake(slab) as SpaceObject;
  if (object === NO_SPACE_OBJECT) return NO_SPACE_OBJECT;
  OBJECT.setReferences(object, 1);
  OBJECT.setKind(object, OBJECT_KIND.MODULE);
  OBJECT.setStart(object, start);
  OBJECT.setSize(object, size);
  return object;
}

/** What a region's `backing` names. */
export function objectOf(backing: bigint): SpaceObject {
  return backing as SpaceObject;
}
export function objectReferenceAdd(object: SpaceObject): void {
  OBJECT.setReferences(object, OBJECT.references(object) + 1);
}
/** The object ends with its last reference. */
export function objectReferenceDrop(object: SpaceObject): void {
  const references = OBJECT.references(object) - 1;
  OBJECT.setReferences(object, references);
  if (references === 0) slabGive(slab, object);
}
/** The frame that the slab keeps in reserve goes back. */
export function objectsTrim(): void {
  slabTrim(slab);
}
export function objectsOut(): number {
  return slabCount(slab);
}

/** The frame that holds the page at byte `offset`, a multiple of the page size; NO_FRAME: the object ends before it. */
export function objectFrame(object: SpaceObject, offset: bigint): Frame {
  return offset >= OBJECT.size(object) ? NO_FRAME : frameOf(physAddr(OBJECT.start(object) + offset));
}
/** How many bytes of that page are the object's; the rest of it is somebody else's. */
export function objectBytes(object: SpaceObject, offset: bigint): number {
  const left = OBJECT.size(object) - offset;
  return Number(left < PAGE_SIZE ? left : PAGE_SIZE);
}
/** Is `frame` one of its own? */
export function objectHolds(object: SpaceObject, frame: Frame): boolean {
  const start = frameOf(physAddr(OBJECT.start(object)));
  return frame >= start && frame - start < Math.floor((Number(OBJECT.size(object)) + 4095) / 4096);
}
