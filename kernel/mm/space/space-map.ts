/**
 * What a space shows: regions and pages, kept in step. Every operation is all or nothing, and takes only what is a
 * program's: BAD_ADDRESS for anything else (user-range.ts), EMPTY_RANGE for no page, MISALIGNED.
 *
 * Pages are there at once, or not at all (spaceReserve): that a page comes when it is touched is mm/fault's business.
 */
import {
  type Frame, frameAddr, higher, isPageAligned, lower, NO_FRAME, type Page, PAGE_SIZE, pageAfter,
} from "../../lib/addr.ts";
import {
  BAD_ADDRESS, EMPTY_RANGE, INVALID, MISALIGNED, NO_MEMORY, NO_REGION_THERE, OK, OVERLAPS, type Status, UNKNOWN_FLAG,
  WRITABLE_CODE,
} from "../../lib/status.ts";
import { mapRange } from "../paging/map.ts";
import { highestRaise } from "./memory-spaces.ts";
import { BACKING, NO_REGION, PERMISSION, REGION, type Region, TREATMENTS } from "./region.ts";
import { regionFrom, regionNext, type Regions } from "./region-tree.ts";
import {
  isCutAlready, regionDiscard, regionInsert, regionMake, regionPlace, regionsCover, regionsCut, regionsDrop,
  regionsSetPermissions,
} from "./regions.ts";
import { type Space, spacePages, spaceRegions, spaceRoot } from "./space.ts";
import { ownPageMap, pageFlags, pagesProtect, pagesRelease, releasePay } from "./space-pages.ts";
import { isUserRange } from "./user-range.ts";

const ALL = PERMISSION.READ | PERMISSION.WRITE | PERMISSION.EXECUTE | PERMISSION.USER;
/** Pages of the lower half. */
const PAGES_MOST = 0x8_0000_0000;
const CHANGE_AND_RUN = PERMISSION.WRITE | PERMISSION.EXECUTE;

/**
 * A region without a page: `kind` is one of BACKING, with what `backing` and `offset` mean there. OVERLAPS, NO_MEMORY;
 * of permissions UNKNOWN_FLAG, WRITABLE_CODE, or INVALID (without USER: nothing of a space is the kernel's; to write or
 * execute, and not to read: no page can be so).
 */
export function spaceReserve(
  space: Space, page: Page, count: number, permissions: number, kind: number, backing: bigint, offset: bigint,
): Status {
  const status = requestCheck(page, count, permissions);
  return status === OK ? regionAdd(space, page, count, permissions, kind, backing, offset) : status;
}

/**
 * `count` zeroed frames of the space's own. As spaceReserve, and INVALID if nobody may even read them. Cost: a frame
 * taken, cleared and mapped for each page.
 */
export function spaceMap(space: Space, page: Page, count: number, permissions: number): Status {
  let status = requestCheck(page, count, permissions);
  if (status === OK && (permissions & PERMISSION.READ) === 0) status = INVALID;
  if (status === OK && isTaken(spaceRegions(space), page, count)) status = OVERLAPS;
  const flags = pageFlags(permissions, BACKING.ANONYMOUS);
  let done = 0;
  while (status === OK && done < count) {
    const here = pageAfter(page, done);
    status = ownPageMap(spaceRoot(space), spacePages(space), here, flags, NO_FRAME, here);
    if (status === OK) done++;
  }
  // the region last: where it becomes part of its neighbour, nothing could take it away again without memory
  if (status === OK) status = regionAdd(space, page, count, permissions, BACKING.ANONYMOUS, 0n, page);
  if (status !== OK && done > 0) {
    pagesRelease(spaceRoot(space), page, pageAfter(page, done), BACKING.ANONYMOUS, 0n);
    releasePay();
  }
  return status;
}

/**
 * `count` frames from `frame` on, which somebody else keeps, and keeps until they are unmapped: memory (BACKING.FIXED),
 * or a device (BACKING.DEVICE) and then uncached. As spaceMap; NO_SUCH_FRAME.
 */
export function spaceMapFrames(
  space: Space, page: Page, count: number, permissions: number, kind: number, frame: Frame,
): Status {
  let status = requestCheck(page, count, permissions);
  if (status === OK && (permissions & PERMISSION.READ) === 0) status = INVALID;
  if (status === OK && kind !== BACKING.FIXED && kind !== BACKING.DEVICE) status = INVALID;
  if (status === OK && isTaken(spaceRegions(space), page, count)) status = OVERLAPS;
  if (status === OK) status = mapRange(spaceRoot(space), page, frame, count, pageFlags(permissions, kind));
  if (status !== OK) return status;
  status = regionAdd(space, page, count, permissions, kind, 0n, frameAddr(frame));
  if (status !== OK) {
    pagesRelease(spaceRoot(space), page, pageAfter(page, count), BACKING.FIXED, 0n);
    releasePay();
  }
  return status;
}

/**
 * Nothing of these pages is a region's or present afterwards, and frames of the space's own are given back; holes do no
 * harm. NO_MEMORY: a region had to be cut, and there was none for its other part. Cost: as regionsRemove; a load and a
 * store for each page; flushes as paging counts them.
 */
export function spaceUnmap(space: Space, page: Page, count: number): Status {
  const regions = spaceRegions(space);
  const status = rangeIsUsers(page, count);
  if (status !== OK) return status;
  const end = pageAfter(page, count);
  let first = regionFrom(regions, page);
  if (!isCutAlready(first, page, end)) {
    if (regionsCut(regions, page, end) !== OK) return NO_MEMORY;
    first = regionFrom(regions, page);
  }
  rangeEmpty(space, first, end);
  return OK;
}

/**
 * All of these pages has these permissions afterwards, present or not. NO_REGION_THERE: part of it is no region's.
 * Otherwise as spaceReserve and spaceUnmap. What nobody may read any more is kept, and comes to light again when it may
 * be read.
 */
export function spaceProtect(space: Space, page: Page, count: number, permissions: number): Status {
  const regions = spaceRegions(space);
  let status = requestCheck(page, count, permissions);
  if (status !== OK) return status;
  const end = pageAfter(page, count);
  if (!regionsCover(regions, page, end)) status = NO_REGION_THERE;
  if (status === OK) status = regionsCut(regions, page, end);
  if (status !== OK) return status;

  for (let at = regionFrom(regions, page); at !== NO_REGION && REGION.start(at) < end; at = regionNext(at)) {
    pagesProtect(spaceRoot(space), REGION.start(at), REGION.end(at), permissions, REGION.kind(at), REGION.backing(at));
  }
  releasePay();
  regionsSetPermissions(regions, page, end, permissions);
  return OK;
}

/**
 * As spaceReserve, and what was there before is gone: all or nothing. Nothing is OVERLAPS. Cost: as spaceUnmap, and a
 * region inserted.
 */
export function spaceReplace(
  space: Space, page: Page, count: number, permissions: number, kind: number, backing: bigint, offset: bigint,
): Status {
  const status = requestCheck(page, count, permissions);
  if (status !== OK) return status;
  const regions = spaceRegions(space);
  const end = pageAfter(page, count);
  const region = regionMake(page, end, permissions, kind, backing, offset);
  if (region === NO_REGION) return NO_MEMORY;
  if (regionsCut(regions, page, end) !== OK) {
    regionDiscard(region);
    return NO_MEMORY;
  }
  rangeEmpty(space, regionFrom(regions, page), end);
  regionPlace(regions, region);
  highestRaise(space, page, end);
  return OK;
}

/** All pages and regions from `first` to end-1 go; none reaches over the end. */
export function rangeEmpty(space: Space, first: Region, end: bigint): void {
  for (let at = first; at !== NO_REGION && REGION.start(at) < end; at = regionNext(at)) {
    pagesRelease(spaceRoot(space), REGION.start(at), REGION.end(at), REGION.kind(at), REGION.backing(at));
  }
  releasePay();
  regionsDrop(spaceRegions(space), first, end);
}

/** All pages of page..end-1 go, the regions stay: what is touched again comes as it did the first time. */
export function pagesForget(space: Space, page: Page, end: bigint): void {
  const root = spaceRoot(space);
  const first = regionFrom(spaceRegions(space), page);
  for (let at = first; at !== NO_REGION && REGION.start(at) < end; at = regionNext(at)) {
    const from = higher(page, REGION.start(at));
    pagesRelease(root, from, lower(end, REGION.end(at)), REGION.kind(at), REGION.backing(at));
  }
  releasePay();
}

function regionAdd(
  space: Space, page: Page, count: number, permissions: number, kind: number, backing: bigint, offset: bigint,
): Status {
  const end = pageAfter(page, count);
  const status = regionInsert(spaceRegions(space), page, end, permissions, kind, backing, offset);
  if (status === OK) highestRaise(space, page, end);
  return status;
}

function isTaken(regions: Regions, page: Page, count: number): boolean {
  const next = regionFrom(regions, page);
  return next !== NO_REGION && REGION.start(next) < pageAfter(page, count);
}

function requestCheck(page: Page, count: number, permissions: number): Status {
  const status = rangeIsUsers(page, count);
  return status === OK ? permissionsCheck(permissions) : status;
}

function rangeIsUsers(page: Page, count: number): Status {
  if (count < 1) return EMPTY_RANGE;
  if (!isPageAligned(page)) return MISALIGNED;
  return count <= PAGES_MOST && isUserRange(page, BigInt(count) * PAGE_SIZE) ? OK : BAD_ADDRESS;
}

function permissionsCheck(permissions: number): Status {
  if ((permissions & ~(ALL | TREATMENTS)) !== 0) return UNKNOWN_FLAG;
  if ((permissions & CHANGE_AND_RUN) === CHANGE_AND_RUN) return WRITABLE_CODE;
  if ((permissions & PERMISSION.USER) === 0) return INVALID;
  return (permissions & CHANGE_AND_RUN) !== 0 && (permissions & PERMISSION.READ) === 0 ? INVALID : OK;
}
