/**
 * Objects: bytes that regions show, and that are there without them.
 *
 *   OBJECT, 184 bytes, in a slab
 *   +0   | references    | kind          |   regions and whoever else holds it
 *   +8   | start                         |   MODULE: physical address of the first byte, a multiple of the page size
 *   +16  | size                          |   in bytes
 *   +24  | tree                          |   MEMORY: a FRAME_TREE of its pages
 *   +40  | owner                         |   MEMORY: an OWNER of its pages and of the tree, KIND.SHARED
 *   +96  | next          | previous      |   MEMORY: the list of all, the newest first
 *   +112 | id                            |   MEMORY: 1, 2, …
 *   +120 | notes                         |   MEMORY: of who made it; zero at first
 *
 * A MODULE is a file that the boot loader has put into memory; its frames are reserved, nobody counts them, and a
 * region shows them as they are, to be read. MEMORY has frames of its own, which come zeroed when they are touched
 * first and go with the object; each counts the pages that show it.
 */
import { panic } from "../../base/panic.ts";
import { fillWords, staticBytes, store8 } from "../../doors/machine.ts";
import {
  alignDown, alignUp, type Frame, frameBytes, frameOf, NO_FRAME, PAGE_BYTES, PAGE_SHIFT, PAGE_SIZE, type PhysAddr,
  physAddr, type VirtAddr,
} from "../../lib/addr.ts";
import { bytes, type Field, layout, u32, u64 } from "../../lib/layout.ts";
import { KIND, OWNER, ownerAt, ownerClose, ownerOpen } from "../phys/owners.ts";
import { SLAB, slabCount, slabGive, slabInit, slabTake, slabTrim } from "../slab/slab.ts";
import { treeCut, treeFind, treeReach } from "./frame-tree.ts";

/** The address of an OBJECT. */
export type SpaceObject = VirtAddr & { readonly __object: "SpaceObject" };
export const NO_SPACE_OBJECT = 0n as SpaceObject;
const object64 = u64 as Field<SpaceObject, 8>;

export const OBJECT = layout(184, {
  references: u32, kind: u32, start: u64, size: u64, tree: bytes(16), owner: bytes(56), next: object64,
  previous: object64, id: u64, notes: bytes(64),
});
export const OBJECT_KIND = { MODULE: 1, MEMORY: 2 } as const;

const WORDS = OBJECT.SIZE >> 3;

const slab = staticBytes(SLAB.SIZE, 8);
const slabOwner = staticBytes(OWNER.SIZE, 8);
let first = NO_SPACE_OBJECT;
let lastId = 0n;

/** There are no objects. */
export function objectsInit(): void {
  first = NO_SPACE_OBJECT;
  lastId = 0n;
  slabInit(slab, OBJECT.SIZE, ownerOpen(slabOwner, KIND.SLAB, 0n));
}

/** The `size` bytes of a file at `start`, with one reference, the caller's. NO_SPACE_OBJECT when there is no memory. */
export function objectOfModule(start: PhysAddr, size: bigint): SpaceObject {
  const object = objectTake(OBJECT_KIND.MODULE, size);
  if (object !== NO_SPACE_OBJECT) OBJECT.setStart(object, start);
  return object;
}

/** `size` zeroed bytes, with one reference, the caller's. NO_SPACE_OBJECT when there is no memory for the record. */
export function objectOfMemory(size: bigint): SpaceObject {
  const object = objectTake(OBJECT_KIND.MEMORY, size);
  if (object === NO_SPACE_OBJECT) return NO_SPACE_OBJECT;
  lastId++;
  OBJECT.setId(object, lastId);
  ownerOpen(OBJECT.ownerAt(object), KIND.SHARED, lastId);
  OBJECT.setNext(object, first);
  if (first !== NO_SPACE_OBJECT) OBJECT.setPrevious(first, object);
  first = object;
  return object;
}

/** What a region's `backing` names. */
export function objectOf(backing: bigint): SpaceObject {
  return backing as SpaceObject;
}
export function objectReferenceAdd(object: SpaceObject): void {
  OBJECT.setReferences(object, OBJECT.references(object) + 1);
}
/** The object ends with its last reference: no page shows a frame of its own any more. */
export function objectReferenceDrop(object: SpaceObject): void {
  const references = OBJECT.references(object) - 1;
  OBJECT.setReferences(object, references);
  if (references === 0) objectEnd(object);
}

/** All of kind MEMORY, from here on by OBJECT.next to NO_SPACE_OBJECT. */
export function objectFirst(): SpaceObject {
  return first;
}
/** The frame that the slab keeps in reserve goes back. */
export function objectsTrim(): void {
  slabTrim(slab);
}
export function objectsOut(): number {
  return slabCount(slab);
}

/** Does it have a page at byte `offset`, there or to be made? */
export function objectReaches(object: SpaceObject, offset: bigint): boolean {
  return offset < alignUp(OBJECT.size(object), PAGE_SIZE);
}
/** Of a MODULE: the frame that holds the page at byte `offset`, a multiple of the page size. */
export function objectFrame(object: SpaceObject, offset: bigint): Frame {
  return objectReaches(object, offset) ? frameOf(physAddr(OBJECT.start(object) + offset)) : NO_FRAME;
}
/** How many bytes of that page are the object's; the rest of it is somebody else's. */
export function objectBytes(object: SpaceObject, offset: bigint): number {
  const left = OBJECT.size(object) - offset;
  return Number(left < PAGE_SIZE ? left : PAGE_SIZE);
}
/** Of MEMORY: the frame of the page at byte `offset`; NO_FRAME: it was not touched yet. */
export function objectPageFind(object: SpaceObject, offset: bigint): Frame {
  return treeFind(OBJECT.treeAt(object), offset >> PAGE_SHIFT);
}
/** The same, and it comes now if it was not there. NO_FRAME: there is no memory for it, and nothing has changed. */
export function objectPageReach(object: SpaceObject, offset: bigint): Frame {
  return treeReach(OBJECT.treeAt(object), ownerAt(OBJECT.ownerAt(object)), offset >> PAGE_SHIFT);
}
/** Of MEMORY: it ends with byte `size` now. Nobody shows the pages behind that any more (space-objects.ts). */
export function objectResize(object: SpaceObject, size: bigint): void {
  treeCut(OBJECT.treeAt(object), alignUp(size, PAGE_SIZE) >> PAGE_SHIFT);
  const last = objectPageFind(object, alignDown(size, PAGE_SIZE));
  const used = Number(size & (PAGE_SIZE - 1n));
  if (size < OBJECT.size(object) && used !== 0 && last !== NO_FRAME) {
    for (let i = used; i < PAGE_BYTES; i++) store8(frameBytes(last) + BigInt(i), 0); // it may grow again
  }
  OBJECT.setSize(object, size);
}

/** Of a MODULE: is `frame` one of its own? */
export function objectHolds(object: SpaceObject, frame: Frame): boolean {
  const start = frameOf(physAddr(OBJECT.start(object)));
  return frame >= start && frame - start < Math.floor((Number(OBJECT.size(object)) + 4095) / 4096);
}

function objectEnd(object: SpaceObject): void {
  if (OBJECT.kind(object) === OBJECT_KIND.MEMORY) {
    treeCut(OBJECT.treeAt(object), 0n);
    if (!ownerClose(ownerAt(OBJECT.ownerAt(object)))) panic("space: an object ends, and has frames", object);
    const next = OBJECT.next(object);
    const previous = OBJECT.previous(object);
    if (next !== NO_SPACE_OBJECT) OBJECT.setPrevious(next, previous);
    if (previous !== NO_SPACE_OBJECT) OBJECT.setNext(previous, next);
    else first = next;
  }
  slabGive(slab, object);
}

function objectTake(kind: number, size: bigint): SpaceObject {
  const object = slabTake(slab) as SpaceObject;
  if (object === NO_SPACE_OBJECT) return NO_SPACE_OBJECT;
  fillWords(object, 0n, WORDS);
  OBJECT.setReferences(object, 1);
  OBJECT.setKind(object, kind);
  OBJECT.setSize(object, size);
  return object;
}
