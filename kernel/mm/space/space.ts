/**
 * Address spaces: what each is made of, and the list of all.
 *
 *   SPACE, one frame
 *   +0     | id            | root          |   1, 2, …; the frame of its root table
 *   +16    | next          | previous      |   the list, the newest first
 *   +32    | regions                       |   a REGIONS
 *   +64    | tables                        |   an OWNER: its root and all tables under it, KIND.TABLE
 *   +120   | family        | tablesOwner   |   with whom it shares frames; the owner above, by its type
 *   +2048  | highest       | …             |   for each PML4 slot of the lower half (memory-spaces.ts)
 *
 *
 *   FAMILY, 72 bytes, in a slab: a space, and those that were forked from one of the family
 *   +0     | pages                         |   an OWNER: frames of their own, KIND.USER
 *   +56    | spaces        | score         |   how many they are; of who looks for the one that has most
 *
 * The kernel half, and what the kernel has in the lower half, is in every space the kernel's own: those entries of the
 * root lead to the same tables everywhere, and are there for good.
 */
import { panic } from "../../base/panic.ts";
import { fillWords, readCr3, staticBytes } from "../../doors/machine.ts";
import {
  DIRECT_MAP, type Frame, frameAddr, frameBytes, frameOf, NO_FRAME, PAGE_SIZE, physAddr, type VirtAddr,
} from "../../lib/addr.ts";
import { bytes, type Field, layout, u64 } from "../../lib/layout.ts";
import { BUSY, OK, type Status } from "../../lib/status.ts";
import { frameGive, frameTake } from "../phys/frames.ts";
import {
  KIND, kernelFrames, NO_OWNER, OWNER, type Owner, ownerAt, ownerClose, ownerIsKnown, ownerOpen,
} from "../phys/owners.ts";
import { SLAB, slabGive, slabInit, slabTake, slabTrim } from "../slab/slab.ts";
import { objectsInit, objectsTrim } from "./object.ts";
import { NO_REGION, REGION, regionSlabInit, regionSlabTrim } from "./region.ts";
import { regionFirst, regionNext, REGIONS, type Regions, regionsAt, regionsEmpty } from "./region-tree.ts";
import { regionsDrop } from "./regions.ts";
import { pagesRelease, releasePay, rootGive, rootTake } from "./space-pages.ts";
import { USER_TOP, userRangeInit } from "./user-range.ts";

/** The address of a SPACE. */
export type Space = VirtAddr & { readonly __space: "Space" };
export const NO_SPACE = 0n as Space;
const space64 = u64 as Field<Space, 8>;
const owner64 = u64 as Field<Owner, 8>;

type Family = VirtAddr & { readonly __family: "Family" };
const family64 = u64 as Field<Family, 8>;
const NO_FAMILY = 0n as Family;
const FAMILY = layout(72, { pages: bytes(56), spaces: u64, score: u64 });
const familySlab = staticBytes(SLAB.SIZE, 8);
const familySlabOwner = staticBytes(OWNER.SIZE, 8);

export const SPACE = layout(4096, {
  id: u64, root: u64, next: space64, previous: space64, regions: bytes(32), tables: bytes(56),
  family: family64, tablesOwner: owner64, rest: bytes(1912), highest: bytes(2048),
});

const WORDS = 512;

let first: Space = NO_SPACE;
let lastId = 0n;

/** The kernel's tables and its heap stand. There is no space yet. */
export function spacesInit(): void {
  first = NO_SPACE;
  lastId = 0n;
  regionSlabInit();
  objectsInit();
  slabInit(familySlab, FAMILY.SIZE, ownerOpen(familySlabOwner, KIND.SLAB, 0n));
  userRangeInit();
}

/** A space without a region. NO_SPACE: there are no two frames for it. Cost: 512 entries. */
export function spaceCreate(): Space {
  const frame = frameTake(kernelFrames());
  if (frame === NO_FRAME) return NO_SPACE;
  const space = frameBytes(frame) as Space;
  fillWords(space, 0n, WORDS);
  const tables = ownerOpen(SPACE.tablesAt(space), KIND.TABLE, lastId + 1n);
  const family = familyTake(lastId + 1n);
  const root = family === NO_FAMILY ? NO_FRAME : rootTake(tables);
  if (root === NO_FRAME) {
    if (family !== NO_FAMILY) familyLeave(family);
    ownerClose(tables);
    frameGive(frame);
    return NO_SPACE;
  }
  lastId++;
  SPACE.setTablesOwner(space, tables);
  SPACE.setFamily(space, family);
  SPACE.setId(space, lastId);
  SPACE.setRoot(space, BigInt(root));
  regionsEmpty(SPACE.regionsAt(space));
  SPACE.setNext(space, first);
  if (first !== NO_SPACE) SPACE.setPrevious(first, space);
  first = space;
  return space;
}

/**
 * Takes everything away: regions, pages, tables, the space. BUSY: the CPU uses its tables, and nothing has changed; or
 * somebody has pinned a frame of its own, which counts as leaked from now on: the empty space stays in the list, and
 * once the frame is back, spaceDestroy ends it. Cost: a load and a store for each page, a few words for each region and
 * table.
 */
export function spaceDestroy(space: Space): Status {
  if (spaceIsCurrent(space)) return BUSY;
  if (spaceRoot(space) !== NO_FRAME) {
    spaceEmpty(space);
    rootGive(spaceRoot(space));
    SPACE.setRoot(space, 0n);
  }
  const hasNoPages = SPACE.family(space) === NO_FAMILY || familyLeave(SPACE.family(space));
  if (hasNoPages) SPACE.setFamily(space, NO_FAMILY);
  const hasNoTables = ownerEnd(spaceTables(space));
  if (!hasNoPages || !hasNoTables) return BUSY;

  const next = SPACE.next(space);
  const previous = SPACE.previous(space);
  if (next !== NO_SPACE) SPACE.setPrevious(next, previous);
  if (previous !== NO_SPACE) SPACE.setNext(previous, next);
  else first = next;
  frameGive(frameOf(physAddr(space - DIRECT_MAP)));
  return OK;
}

/** Nothing is in it any more, and no other CPU state knows of its pages: it may be the space that the CPU uses. */
export function spaceEmpty(space: Space): void {
  const root = spaceRoot(space);
  const regions = spaceRegions(space);
  for (let region = regionFirst(regions); region !== NO_REGION; region = regionNext(region)) {
    pagesRelease(root, REGION.start(region), REGION.end(region), REGION.kind(region), REGION.backing(region));
  }
  releasePay();
  regionsDrop(regions, regionFirst(regions), USER_TOP);
}

/** All spaces, from spaceFirst() on by spaceNext() to NO_SPACE: the newest first. */
export function spaceFirst(): Space {
  return first;
}
export function spaceNext(space: Space): Space {
  return SPACE.next(space);
}

export function spaceId(space: Space): number {
  return Number(SPACE.id(space));
}
/** The root of its tables; NO_FRAME if it is destroyed and only waits for its pinned frames. */
export function spaceRoot(space: Space): Frame {
  const root = SPACE.root(space);
  return root === 0n ? NO_FRAME : frameOf(physAddr(root * PAGE_SIZE));
}
export function spaceRegions(space: Space): Regions {
  return regionsAt(SPACE.regionsAt(space));
}
/** Who its own frames belong to, with those of its family; NO_OWNER if it only waits for pinned tables. */
export function spacePages(space: Space): Owner {
  const family = SPACE.family(space);
  return family === NO_FAMILY ? NO_OWNER : ownerAt(FAMILY.pagesAt(family));
}
/** And who its tables. */
export function spaceTables(space: Space): Owner {
  return SPACE.tablesOwner(space);
}
/** Pages that its regions have, present or not. */
export function spacePageCount(space: Space): number {
  return Number(REGIONS.pages(spaceRegions(space)));
}
export function spaceRegionCount(space: Space): number {
  return Number(REGIONS.count(spaceRegions(space)));
}

/** Does the CPU use its tables now? */
export function spaceIsCurrent(space: Space): boolean {
  const root = spaceRoot(space);
  return root !== NO_FRAME && (readCr3() & ~(PAGE_SIZE - 1n)) === frameAddr(root);
}

/** Frames that the room keeps in reserve go back. */
export function spacesTrim(): void {
  regionSlabTrim();
  objectsTrim();
  slabTrim(familySlab);
}

// ---- families ------------------------------------------------------------------------------------------------
function familyTake(id: bigint): Family {
  const family = slabTake(familySlab) as Family;
  if (family === NO_FAMILY) return NO_FAMILY;
  ownerOpen(FAMILY.pagesAt(family), KIND.USER, id);
  FAMILY.setSpaces(family, 1n);
  return family;
}
/** Have both been forked from one, or one from the other? */
export function familyIsOf(space: Space, other: Space): boolean {
  return SPACE.family(space) === SPACE.family(other);
}
export function familySpaces(space: Space): number {
  return Number(FAMILY.spaces(SPACE.family(space)));
}
/** A number for whoever compares families. */
export function familyScore(space: Space): number {
  return Number(FAMILY.score(SPACE.family(space)));
}
export function familyScoreSet(space: Space, score: number): void {
  FAMILY.setScore(SPACE.family(space), BigInt(score));
}
/** A new space, which has no frames yet, is of the other's family: it will share frames with it. */
export function familyJoin(space: Space, other: Space): void {
  if (!familyLeave(SPACE.family(space))) panic("space: it has frames of its own already", space);
  const family = SPACE.family(other);
  FAMILY.setSpaces(family, FAMILY.spaces(family) + 1n);
  SPACE.setFamily(space, family);
}
/** False: it was the last of the family, and frames are left; ask again when they are back. */
function familyLeave(family: Family): boolean {
  const spaces = FAMILY.spaces(family);
  if (spaces > 1n) {
    FAMILY.setSpaces(family, spaces - 1n);
    return true;
  }
  if (!ownerEnd(ownerAt(FAMILY.pagesAt(family)))) return false;
  slabGive(familySlab, family);
  return true;
}

/** True once it is closed, now or before. */
function ownerEnd(owner: Owner): boolean {
  return !ownerIsKnown(owner) || ownerClose(owner);
}
