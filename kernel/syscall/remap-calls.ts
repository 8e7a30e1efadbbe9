/** mremap: man 2 mremap. Page-table entries move, bytes do not. */
import { alignUp, isPageAligned, NOWHERE, PAGE_SIZE, virtAddr } from "../lib/addr.ts";
import { BAD_ADDRESS, INVALID, NO_MEMORY, OK, OVERLAPS, type Status } from "../lib/status.ts";
import { ACCESS_ALLOWED, pagesPopulate } from "../mm/fault/populate.ts";
import { BACKING, NO_REGION, REGION, type Region, regionByte, TREATMENT } from "../mm/space/region.ts";
import { regionAt } from "../mm/space/region-tree.ts";
import { type Space, spaceRegions } from "../mm/space/space.ts";
import { spaceReplace, spaceReserve, spaceUnmap } from "../mm/space/space-map.ts";
import { spaceMove } from "../mm/space/space-move.ts";
import { isUserRange } from "../mm/space/user-range.ts";
import { lockLimitHolds } from "./lock-calls.ts";
import { ADDRESSES_END, callersSpace, pageAt, pagesIn, rangeChoose } from "./memory-range.ts";

const REMAP = { MAYMOVE: 1n, FIXED: 2n, DONTUNMAP: 4n, ALL: 7n } as const;

/** The new address, or a status. */
export function callMremap(at: bigint, oldSize: bigint, newSize: bigint, flags: bigint, to: bigint): number {
  if (!areSound(at, oldSize, newSize, flags)) return INVALID;
  const space = callersSpace();
  const before = alignUp(oldSize, PAGE_SIZE);
  const after = alignUp(newSize, PAGE_SIZE);
  const isFixed = (flags & REMAP.FIXED) !== 0n;
  if (isFixed) {
    if (!isPageAligned(to) || !isUserRange(to, after)) return INVALID;
    if (to < at + before && at < to + after) return INVALID; // they overlap
  }
  const region = at < ADDRESSES_END ? regionAt(spaceRegions(space), virtAddr(at)) : NO_REGION;
  if (region === NO_REGION) return BAD_ADDRESS;
  if (before === 0n) return again(space, region, at, after, flags, to);
  const keeps = (flags & REMAP.DONTUNMAP) !== 0n;
  if (after <= before && !isFixed && !keeps) return shrink(space, at, before, after);
  if (before > REGION.end(region) - at) return BAD_ADDRESS;
  const isLocked = (REGION.permissions(region) & TREATMENT.LOCKED) !== 0;
  if (isLocked && after > before && !lockLimitHolds(space, after - before)) return NO_MEMORY;

  let start = Number(at);
  const grown = isFixed || keeps ? OVERLAPS : grow(space, region, at + before, after - before);
  if (grown === NO_MEMORY) return NO_MEMORY;
  if (grown !== OK) {
    if ((flags & REMAP.MAYMOVE) === 0n) return NO_MEMORY;
    const chosen = isFixed ? to : rangeChoose(space, keeps ? to : 0n, after, false);
    if (chosen === NOWHERE && !isFixed) return NO_MEMORY;
    const status = spaceMove(space, pageAt(at), pagesIn(before), pageAt(chosen), pagesIn(after), keeps ? 1 : 0);
    if (status !== OK) return status;
    start = Number(chosen);
  }
  if (isLocked && after > before) pagesPopulate(space, BigInt(start) + before, BigInt(start) + after, ACCESS_ALLOWED);
  return start;
}

function areSound(at: bigint, oldSize: bigint, newSize: bigint, flags: bigint): boolean {
  if ((flags & ~REMAP.ALL) !== 0n || !isPageAligned(at)) return false;
  if (newSize === 0n || newSize > ADDRESSES_END || oldSize > ADDRESSES_END) return false;
  if ((flags & (REMAP.FIXED | REMAP.DONTUNMAP)) !== 0n && (flags & REMAP.MAYMOVE) === 0n) return false;
  return (flags & REMAP.DONTUNMAP) === 0n || alignUp(oldSize, PAGE_SIZE) === alignUp(newSize, PAGE_SIZE);
}

function shrink(space: Space, at: bigint, before: bigint, after: bigint): number {
  if (!isUserRange(at, before)) return INVALID;
  if (after === before) return Number(at);
  const status = spaceUnmap(space, pageAt(at + after), pagesIn(before - after));
  return status === OK ? Number(at) : status;
}

/** The region goes on for `more` bytes from `end` on. OVERLAPS: it cannot, there. NO_MEMORY. */
function grow(space: Space, region: Region, end: bigint, more: bigint): Status {
  if (REGION.end(region) !== end || !isUserRange(end, more)) return OVERLAPS;
  return spaceReserve(
    space, pageAt(end), pagesIn(more), REGION.permissions(region), REGION.kind(region), REGION.backing(region),
    regionByte(region, end),
  );
}

/** An old size of 0: shared memory is mapped once more. INVALID for what is not shared. */
function again(space: Space, region: Region, at: bigint, bytes: bigint, flags: bigint, to: bigint): number {
  if (REGION.kind(region) !== BACKING.SHARED || (flags & REMAP.MAYMOVE) === 0n) return INVALID;
  const isFixed = (flags & REMAP.FIXED) !== 0n;
  const start = isFixed ? to : rangeChoose(space, 0n, bytes, false);
  if (start === NOWHERE && !isFixed) return NO_MEMORY;
  const permissions = REGION.permissions(region) & ~TREATMENT.LOCKED;
  const byte = regionByte(region, at);
  const status = isFixed
    ? spaceReplace(space, pageAt(start), pagesIn(bytes), permissions, BACKING.SHARED, REGION.backing(region), byte)
    : spaceReserve(space, pageAt(start), pagesIn(bytes), permissions, BACKING.SHARED, REGION.backing(region), byte);
  return status === OK ? Number(start) : status;
}
