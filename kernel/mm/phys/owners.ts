/**
 * Whose frames are whose, and what they are for. A taker of frames says who it is; each owner's record counts what it
 * has, so that the sums by owner and by kind are always known, and a frame whose owner has gone is a leak with a name.
 *
 *   OWNER, 56 bytes, in memory of the owner's own (a space has one for its pages and one for its tables)
 *   +0   | header                        |   what the frame record of such a frame begins with: its kind
 *   +8   | frames                        |   handed out to it now
 *   +16  | next          +24 previous    |   the list of all owners
 *   +32  | id                            |   0: the kernel itself; otherwise whoever opened it says what it means
 *   +40  | kind          | state         |
 *   +48  | counted                       |   by an audit
 */
import { panic } from "../../base/panic.ts";
import { staticBytes } from "../../doors/machine.ts";
import { type Field, layout, u32, u64 } from "../../lib/layout.ts";

/** The address of an OWNER. */
export type Owner = bigint & { readonly __brand: "Owner" };
export const NO_OWNER = 0n as Owner;
/** The OWNER at an address: a part of somebody's record. */
export function ownerAt(at: bigint): Owner {
  return at as Owner;
}
/** A field of a record that holds one. */
export const ownerField = u64 as Field<Owner, 8>;

export const OWNER = layout(56, {
  header: u64, frames: u64, next: u64, previous: u64, id: u64, kind: u32, state: u32, counted: u64,
});

/** What frames are for. */
export const KIND = {
  FREE: 0, RESERVED: 1, KERNEL: 2, TABLE: 3, SLAB: 4, HEAP: 5, USER: 6, ZERO: 7, SHARED: 8, POOL: 9, BALLOON: 10,
} as const;
export const KIND_COUNT = 11;
/** Where the kind is in the first word of a frame's record. */
const KIND_SHIFT = 32n;

const STATE = { NEW: 0, OPEN: 1, GONE: 2 } as const;

const kernelOwner = staticBytes(OWNER.SIZE, 8);
const tablesOwner = staticBytes(OWNER.SIZE, 8);
const heapOwner = staticBytes(OWNER.SIZE, 8);

let first: Owner = NO_OWNER;

/** The kernel's own: what has no better name, page tables, the heap. They are open from ownersInit on. */
export function kernelFrames(): Owner {
  return kernelOwner as Owner;
}
export function kernelTables(): Owner {
  return tablesOwner as Owner;
}
export function kernelHeap(): Owner {
  return heapOwner as Owner;
}

/** The kernel's owners and no others, none with a frame. */
export function ownersInit(): void {
  first = NO_OWNER;
  ownerOpen(heapOwner, KIND.HEAP, 0n);
  ownerOpen(tablesOwner, KIND.TABLE, 0n);
  ownerOpen(kernelOwner, KIND.KERNEL, 0n);
}

/**
 * Makes the OWNER.SIZE bytes at `at` an owner without frames. They stay the caller's and must stay where they are until
 * ownerClose says true.
 */
export function ownerOpen(at: bigint, kind: number, id: bigint): Owner {
  OWNER.setHeader(at, BigInt(kind) << KIND_SHIFT);
  OWNER.setFrames(at, 0n);
  OWNER.setNext(at, first);
  OWNER.setPrevious(at, NO_OWNER);
  OWNER.setId(at, id);
  OWNER.setKind(at, kind);
  OWNER.setState(at, STATE.OPEN);
  if (first !== NO_OWNER) OWNER.setPrevious(first, at);
  first = at as Owner;
  return first;
}

/**
 * The owner is gone. False: it still has frames, which are now leaks (leakCount), and its record must stay until they
 * are back; then ask again. True: the record's memory is the caller's again.
 */
export function ownerClose(owner: Owner): boolean {
  if (OWNER.state(owner) === STATE.NEW) panic("owners: closed, but never open", owner);
  OWNER.setState(owner, STATE.GONE);
  if (OWNER.frames(owner) !== 0n) return false;
  const next = OWNER.next(owner);
  const previous = OWNER.previous(owner);
  if (next !== NO_OWNER) OWNER.setPrevious(next, previous);
  if (previous !== NO_OWNER) OWNER.setNext(previous, next);
  else first = next as Owner;
  OWNER.setState(owner, STATE.NEW);
  return true;
}

/** All owners, from ownerFirst() on by ownerNext() to NO_OWNER. */
export function ownerFirst(): Owner {
  return first;
}
export function ownerNext(owner: Owner): Owner {
  return OWNER.next(owner) as Owner;
}

export function ownerIsGone(owner: Owner): boolean {
  return OWNER.state(owner) === STATE.GONE;
}
/** Is it one of the list? Cost: the length of the list. */
export function ownerIsKnown(owner: Owner): boolean {
  for (let at = first; at !== NO_OWNER; at = ownerNext(at)) {
    if (at === owner) return true;
  }
  return false;
}
/** Frames that it has. */
export function ownerFrames(owner: Owner): number {
  return Number(OWNER.frames(owner));
}
/** One of KIND. */
export function ownerKind(owner: Owner): number {
  return OWNER.kind(owner);
}
export function ownerId(owner: Owner): bigint {
  return OWNER.id(owner);
}

/** Frames of a kind that are handed out. Cost: the number of owners. */
export function framesOfKind(kind: number): number {
  let count = 0;
  for (let at = first; at !== NO_OWNER; at = ownerNext(at)) {
    if (ownerKind(at) === kind) count += ownerFrames(at);
  }
  return count;
}

/** Frames whose owner has gone. Cost: the number of owners. */
export function leakCount(): number {
  let count = 0;
  for (let at = first; at !== NO_OWNER; at = ownerNext(at)) {
    if (ownerIsGone(at)) count += ownerFrames(at);
  }
  return count;
}
