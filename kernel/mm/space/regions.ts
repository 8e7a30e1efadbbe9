/**
 * What happens to regions: they are added, cut, changed and taken away, over any range of pages. Neighbours that are
 * alike and continue each other are one. Every operation is all or nothing: what needs a new region takes it first.
 */
import { isPageAligned } from "../../lib/addr.ts";
import {
  EMPTY_RANGE, MISALIGNED, NO_MEMORY, NO_REGION_THERE, OK, OVERLAPS, type Status,
} from "../../lib/status.ts";
import { objectOf, objectReferenceAdd, objectReferenceDrop } from "./object.ts";
import {
  NO_REGION, REGION, type Region, regionByte, regionGive, regionHasObject, regionTake, TREATMENTS,
} from "./region.ts";
import {
  regionFrom, regionLast, regionLink, regionNext, regionPrevious, type Regions, regionResize, regionUnlink,
} from "./region-tree.ts";

/**
 * A region over start..end-1, or a neighbour that reaches over it now, for which no memory is needed. OVERLAPS: part of
 * that is a region's already. EMPTY_RANGE, MISALIGNED. NO_MEMORY. Cost:
 * 1,000 instructions among 1,000 regions, 1,500 among 100,000.
 */
export function regionInsert(
  regions: Regions, start: bigint, end: bigint, permissions: number, kind: number, backing: bigint, offset: bigint,
): Status {
  const status = regionRangeCheck(start, end);
  if (status !== OK) return status;
  const next = regionFrom(regions, start);
  if (next !== NO_REGION && REGION.start(next) < end) return OVERLAPS;

  const base = BigInt.asUintN(64, offset - start);
  const before = next === NO_REGION ? regionLast(regions) : regionPrevious(next);
  if (before !== NO_REGION && REGION.end(before) === start && isAlike(before, permissions, kind, backing, base)) {
    regionResize(regions, before, REGION.start(before), end);
    if (next !== NO_REGION && REGION.start(next) === end) regionsJoin(regions, end, end);
    return OK;
  }
  if (next !== NO_REGION && REGION.start(next) === end && isAlike(next, permissions, kind, backing, base)) {
    regionResize(regions, next, start, REGION.end(next));
    return OK;
  }
  const region = regionMake(start, end, permissions, kind, backing, offset);
  if (region === NO_REGION) return NO_MEMORY;
  regionLink(regions, region, before, next);
  return OK;
}

/** Nothing of start..end-1 is a region's afterwards. EMPTY_RANGE, MISALIGNED, NO_MEMORY. */
export function regionsRemove(regions: Regions, start: bigint, end: bigint): Status {
  let status = regionRangeCheck(start, end);
  if (status === OK) status = regionsCut(regions, start, end);
  if (status === OK) regionsDrop(regions, regionFrom(regions, start), end);
  return status;
}

/**
 * All of start..end-1 has these permissions afterwards. NO_REGION_THERE: not all of it is a region's. EMPTY_RANGE,
 * MISALIGNED, NO_MEMORY.
 */
export function regionsProtect(regions: Regions, start: bigint, end: bigint, permissions: number): Status {
  let status = regionRangeCheck(start, end);
  if (status === OK && !regionsCover(regions, start, end)) return NO_REGION_THERE;
  if (status === OK) status = regionsCut(regions, start, end);
  if (status === OK) regionsSetPermissions(regions, start, end, permissions);
  return status;
}

/** Is every page of start..end-1 in a region? */
export function regionsCover(regions: Regions, start: bigint, end: bigint): boolean {
  let at = start;
  for (let region = regionFrom(regions, start); at < end; region = regionNext(region)) {
    if (region === NO_REGION || REGION.start(region) > at) return false;
    at = REGION.end(region);
  }
  return true;
}

export function regionRangeCheck(start: bigint, end: bigint): Status {
  if (start >= end) return EMPTY_RANGE;
  return isPageAligned(start) && isPageAligned(end) ? OK : MISALIGNED;
}

// ---- in steps, for those who also have pages to change -------------------------------------------------------
/** `first` is regionFrom(start): is it clear that nothing is to be cut, since it is alone there, or nothing is? */
export function isCutAlready(first: Region, start: bigint, end: bigint): boolean {
  return first === NO_REGION || (REGION.start(first) >= start && REGION.end(first) === end);
}
/** A region in no tree; NO_REGION: there is no memory. */
export function regionMake(
  start: bigint, end: bigint, permissions: number, kind: number, backing: bigint, offset: bigint,
): Region {
  const region = regionTake();
  if (region === NO_REGION) return NO_REGION;
  REGION.setStart(region, start);
  REGION.setEnd(region, end);
  REGION.setPermissions(region, permissions);
  REGION.setKind(region, kind);
  REGION.setBacking(region, backing);
  REGION.setOffset(region, offset);
  objectHold(region);
  return region;
}
/** It becomes part of the tree, where nothing is in its way, and of neighbours that it continues. */
export function regionPlace(regions: Regions, region: Region): void {
  const start = REGION.start(region);
  const end = REGION.end(region);
  const next = regionFrom(regions, start);
  regionLink(regions, region, next === NO_REGION ? regionLast(regions) : regionPrevious(next), next);
  regionsJoin(regions, start, end);
}
/** It is in no tree, and not needed any more. */
export function regionDiscard(region: Region): void {
  if (regionHasObject(region)) objectReferenceDrop(objectOf(REGION.backing(region)));
  regionGive(region);
}

/** No region reaches over `start` or `end` any more: what follows cannot fail. NO_MEMORY, and nothing has changed. */
export function regionsCut(regions: Regions, start: bigint, end: bigint): Status {
  if (!regionCut(regions, start)) return NO_MEMORY;
  if (regionCut(regions, end)) return OK;
  regionsJoin(regions, start, start);
  return NO_MEMORY;
}

/** Takes away the regions from `first` on, or none, up to `end`, after regionsCut. */
export function regionsDrop(regions: Regions, first: Region, end: bigint): void {
  let region = first;
  while (region !== NO_REGION && REGION.start(region) < end) {
    const next = regionNext(region);
    regionUnlink(regions, region);
    regionDiscard(region);
    region = next;
  }
}

/** Gives all regions of start..end-1 these permissions, after regionsCut. */
export function regionsSetPermissions(regions: Regions, start: bigint, end: bigint, permissions: number): void {
  for (let at = regionFrom(regions, start); at !== NO_REGION && REGION.start(at) < end; at = regionNext(at)) {
    REGION.setPermissions(at, (REGION.permissions(at) & TREATMENTS) | permissions);
  }
  regionsJoin(regions, start, end);
}
/** Of TREATMENT, all regions of start..end-1 have `set` from now on, and not `clear`, after regionsCut. */
export function regionsSetTreatment(regions: Regions, start: bigint, end: bigint, set: number, clear: number): void {
  for (let at = regionFrom(regions, start); at !== NO_REGION && REGION.start(at) < end; at = regionNext(at)) {
    REGION.setPermissions(at, (REGION.permissions(at) & ~clear) | set);
  }
  regionsJoin(regions, start, end);
}

/** Joins all that continue each other and meet in start..end. */
export function regionsJoin(regions: Regions, start: bigint, end: bigint): void {
  let region = regionFrom(regions, start);
  if (region === NO_REGION) return;
  const before = regionPrevious(region);
  if (before !== NO_REGION) region = before;
  for (let next = regionNext(region); next !== NO_REGION && REGION.start(next) <= end; next = regionNext(region)) {
    if (regionContinues(region, next)) {
      const joinedEnd = REGION.end(next);
      regionUnlink(regions, next);
      regionDiscard(next);
      regionResize(regions, region, REGION.start(region), joinedEnd);
    } else {
      region = next;
    }
  }
}

/** The region in which `at` lies becomes two that meet there; false if there is no memory for the second. */
function regionCut(regions: Regions, at: bigint): boolean {
  const region = regionFrom(regions, at);
  if (region === NO_REGION || REGION.start(region) >= at) return true;
  const upper = regionMake(
    at, REGION.end(region), REGION.permissions(region), REGION.kind(region), REGION.backing(region),
    regionByte(region, at),
  );
  if (upper === NO_REGION) return false;
  regionResize(regions, region, REGION.start(region), at);
  regionLink(regions, upper, region, regionNext(region));
  return true;
}

/** A region of an object is one of those that keep it. */
function objectHold(region: Region): void {
  if (regionHasObject(region)) objectReferenceAdd(objectOf(REGION.backing(region)));
}

/** Does `next` go on where `region` ends, in all that it is? */
export function regionContinues(region: Region, next: Region): boolean {
  return REGION.start(next) === REGION.end(region) && isAlike(
    region, REGION.permissions(next), REGION.kind(next), REGION.backing(next),
    BigInt.asUintN(64, REGION.offset(next) - REGION.start(next)),
  );
}
/** Would it be one region with a neighbour that is so? `base`: its offset less its start. */
function isAlike(region: Region, permissions: number, kind: number, backing: bigint, base: bigint): boolean {
  return (
    REGION.permissions(region) === permissions &&
    REGION.kind(region) === kind &&
    REGION.backing(region) === backing &&
    BigInt.asUintN(64, REGION.offset(region) - REGION.start(region)) === base
  );
}
