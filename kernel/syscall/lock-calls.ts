/**
 * System calls that lock memory: man 2 mlock. Nothing is ever taken away from a program here, so a lock means that the
 * pages come now. A process may lock LOCKED_MOST bytes, whoever it is.
 */
import { alignDown, PAGE_SIZE } from "../lib/addr.ts";
import { INVALID, NO_MEMORY, OK, type Status } from "../lib/status.ts";
import { FAULT_REPAIRED } from "../mm/fault/answers.ts";
import { ACCESS_ALLOWED, pagesPopulate } from "../mm/fault/populate.ts";
import { NO_REGION, PERMISSION, REGION, regionSize, TREATMENT } from "../mm/space/region.ts";
import { regionFirst, regionFrom, regionNext } from "../mm/space/region-tree.ts";
import { regionsCover, regionsCut, regionsSetTreatment } from "../mm/space/regions.ts";
import { type Space, spaceRegions } from "../mm/space/space.ts";
import { USER_TOP } from "../mm/space/user-range.ts";
import { FLAG, PROCESS, processCurrent } from "../proc/process.ts";
import { ADDRESSES_END, callersSpace, wholePages } from "./memory-range.ts";

/** Linux's default for RLIMIT_MEMLOCK. */
export const LOCKED_MOST = 8n * 1024n * 1024n;
const MLOCK_ONFAULT = 1n;
const MCL = { CURRENT: 1n, FUTURE: 2n, ONFAULT: 4n, ALL: 7n } as const;

/** mlock, mlock2: NO_MEMORY if part of it is no region's or nobody's to read, or if it is too much. */
export function callMlock(at: bigint, size: bigint, flags: bigint): Status {
  if ((flags & ~MLOCK_ONFAULT) !== 0n) return INVALID;
  if (size === 0n) return OK;
  return lockRange(at, size, true, flags === 0n);
}
export function callMunlock(at: bigint, size: bigint): Status {
  return size === 0n ? OK : lockRange(at, size, false, false);
}

/** mlockall: what there is, or what will be, or both. */
export function callMlockall(flags: bigint): Status {
  if (flags === 0n || flags === MCL.ONFAULT || (flags & ~MCL.ALL) !== 0n) return INVALID;
  const space = callersSpace();
  if ((flags & MCL.CURRENT) !== 0n) {
    if (bytesOf(space, 0) > LOCKED_MOST) return NO_MEMORY;
    regionsSetTreatment(spaceRegions(space), 0n, USER_TOP, TREATMENT.LOCKED, 0);
    if ((flags & MCL.ONFAULT) === 0n) regionsPopulate(space);
  }
  lockingAheadSet((flags & MCL.FUTURE) !== 0n);
  return OK;
}
export function callMunlockall(): Status {
  regionsSetTreatment(spaceRegions(callersSpace()), 0n, USER_TOP, 0, TREATMENT.LOCKED);
  lockingAheadSet(false);
  return OK;
}

/** Is what the caller maps from now on locked? */
export function lockingIsAhead(): boolean {
  return (PROCESS.flags(processCurrent()) & FLAG.LOCKS_AHEAD) !== 0;
}
/** May `bytes` more be locked? Cost: a look at every region. */
export function lockLimitHolds(space: Space, bytes: bigint): boolean {
  return bytesOf(space, TREATMENT.LOCKED) + bytes <= LOCKED_MOST;
}

function lockRange(at: bigint, size: bigint, isLock: boolean, isToCome: boolean): Status {
  if (at >= ADDRESSES_END || size > ADDRESSES_END) return NO_MEMORY;
  const start = alignDown(at, PAGE_SIZE);
  const bytes = wholePages(start, at + size - start);
  const end = start + bytes;
  const regions = spaceRegions(callersSpace());
  if (bytes === 0n || !regionsCover(regions, start, end)) return NO_MEMORY;
  if (isLock && !lockLimitHolds(callersSpace(), bytes - lockedWithin(callersSpace(), start, end))) return NO_MEMORY;
  if (isToCome && pagesPopulate(callersSpace(), start, end, ACCESS_ALLOWED) !== FAULT_REPAIRED) return NO_MEMORY;
  const status = regionsCut(regions, start, end);
  if (status !== OK) return status;
  regionsSetTreatment(regions, start, end, isLock ? TREATMENT.LOCKED : 0, isLock ? 0 : TREATMENT.LOCKED);
  return OK;
}

/** Those that may be read: who may not, has nothing to wait for. */
function regionsPopulate(space: Space): void {
  for (let at = regionFirst(spaceRegions(space)); at !== NO_REGION; at = regionNext(at)) {
    if ((REGION.permissions(at) & PERMISSION.READ) === 0) continue;
    pagesPopulate(space, REGION.start(at), REGION.end(at), ACCESS_ALLOWED);
  }
}

/** Bytes of regions that are treated so; 0: of all. */
function bytesOf(space: Space, treatment: number): bigint {
  let bytes = 0n;
  for (let at = regionFirst(spaceRegions(space)); at !== NO_REGION; at = regionNext(at)) {
    if ((REGION.permissions(at) & treatment) === treatment) bytes += regionSize(at);
  }
  return bytes;
}
function lockedWithin(space: Space, start: bigint, end: bigint): bigint {
  let bytes = 0n;
  const first = regionFrom(spaceRegions(space), start);
  for (let at = first; at !== NO_REGION && REGION.start(at) < end; at = regionNext(at)) {
    if ((REGION.permissions(at) & TREATMENT.LOCKED) === 0) continue;
    const from = REGION.start(at) < start ? start : REGION.start(at);
    bytes += (REGION.end(at) < end ? REGION.end(at) : end) - from;
  }
  return bytes;
}

function lockingAheadSet(isAhead: boolean): void {
  const process = processCurrent();
  const others = PROCESS.flags(process) & ~FLAG.LOCKS_AHEAD;
  PROCESS.setFlags(process, isAhead ? others | FLAG.LOCKS_AHEAD : others);
}
