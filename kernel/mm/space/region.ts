/**
 * A region: a stretch of whole pages of one space with one purpose. And where regions come from.
 *
 *   REGION, 96 bytes, in a slab: whole frames, reached through the direct map
 *   +0   | start         | end           |   its bytes are start..end-1, whole pages
 *   +16  | left          | right         |   the tree (region-tree.ts): what a lookup reads lies in 32 bytes
 *   +32  | parent        | hole          |   hole: the largest between two regions of its subtree, in bytes
 *   +48  | low           | high          |   where the first region of its subtree starts, where the last one ends
 *   +64  | backing       | offset        |   what its bytes are, and with which byte of that it starts
 *   +80  | permissions | kind | height   |   what may be done there, and TREATMENT; what backs it; of its subtree
 *   +88  | rest                          |
 */
import { staticBytes } from "../../doors/machine.ts";
import type { VirtAddr } from "../../lib/addr.ts";
import { bytes, type Field, layout, u16, u64, u8 } from "../../lib/layout.ts";
import { KIND, OWNER, ownerOpen } from "../phys/owners.ts";
import { SLAB, slabCount, slabGive, slabInit, slabTake, slabTrim } from "../slab/slab.ts";

/** The address of a REGION. */
export type Region = VirtAddr & { readonly __region: "Region" };
export const NO_REGION = 0n as Region;
const region64 = u64 as Field<Region, 8>;

export const REGION = layout(96, {
  start: u64, end: u64, left: region64, right: region64, parent: region64, hole: u64, low: u64, high: u64, backing: u64,
  offset: u64, permissions: u16, kind: u8, height: u8, rest: bytes(12),
});

/** What may be done with a region's bytes, added up; USER: by programs. */
export const PERMISSION = { NONE: 0, READ: 1, WRITE: 2, EXECUTE: 4, USER: 8 } as const;

/**
 * How it is treated, in the same word. LOCKED: its pages are to be there. READ_ONLY: it can never be made writable.
 * DONT_FORK: a fork does not get it; WIPE_ON_FORK: it gets it empty.
 */
export const TREATMENT = { LOCKED: 0x100, READ_ONLY: 0x200, DONT_FORK: 0x400, WIPE_ON_FORK: 0x800 } as const;
export const TREATMENTS = 0xf00;

/**
 * What a region's bytes are, and what `offset` means; it moves with the start.
 * ANONYMOUS: frames of the space's own; the address at which it was made, so that neighbours continue each other.
 * FIXED: memory that somebody else keeps; its physical address. DEVICE: the same, a device's and uncached.
 * OBJECT: what `backing` names, and what is written is the space's own; a byte of it. STACK: as ANONYMOUS, and it grows
 * down. SHARED: as OBJECT, and who writes changes the object.
 */
export const BACKING = { ANONYMOUS: 1, FIXED: 2, DEVICE: 3, OBJECT: 4, STACK: 5, SHARED: 6 } as const;

const slab = staticBytes(SLAB.SIZE, 8);
const slabOwner = staticBytes(OWNER.SIZE, 8);

/** No regions are there, in any space. The frames of all regions have one owner, of kind SLAB. */
export function regionSlabInit(): void {
  slabInit(slab, REGION.SIZE, ownerOpen(slabOwner, KIND.SLAB, 0n));
}

/** A region in no tree, with nothing said about it; NO_REGION when there is no memory. */
export function regionTake(): Region {
  return slabTake(slab) as Region;
}
/** It is in no tree. */
export function regionGive(region: Region): void {
  slabGive(slab, region);
}

/** Regions in all spaces together. */
export function regionsOut(): number {
  return slabCount(slab);
}
/** The frame that the slab keeps in reserve goes back. */
export function regionSlabTrim(): void {
  slabTrim(slab);
}

/**
 * Which byte of what it shows is at `va`: what the record of a frame of its own knows as its page, wherever the region
 * may be moved to.
 */
export function regionByte(region: Region, va: bigint): bigint {
  return BigInt.asUintN(64, REGION.offset(region) + va - REGION.start(region));
}
export function regionHasObject(region: Region): boolean {
  const kind = REGION.kind(region);
  return kind === BACKING.OBJECT || kind === BACKING.SHARED;
}
export function regionSize(region: Region): bigint {
  return REGION.end(region) - REGION.start(region);
}
