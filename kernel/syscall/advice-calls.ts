/** System calls about memory that is mapped already: man 2 madvise, mincore, msync. */
import { staticBytes, store8 } from "../doors/machine.ts";
import { isPageAligned, NO_FRAME, type Page, PAGE_SIZE, pageAfter, virtAddr } from "../lib/addr.ts";
import { BAD_ADDRESS, BUSY, INVALID, NO_MEMORY, OK, type Status } from "../lib/status.ts";
import {
  ACCESS_READ, ACCESS_WRITE, FAULT_FORBIDDEN, FAULT_NO_BACKING, FAULT_REPAIRED,
} from "../mm/fault/answers.ts";
import { pagesPopulate } from "../mm/fault/populate.ts";
import { OBJECT, OBJECT_KIND, objectOf, objectPageFind } from "../mm/space/object.ts";
import { BACKING, NO_REGION, REGION, type Region, regionByte, regionHasObject, TREATMENT } from "../mm/space/region.ts";
import { regionAt, regionFrom, regionNext } from "../mm/space/region-tree.ts";
import { regionsCover, regionsCut, regionsSetTreatment } from "../mm/space/regions.ts";
import { type Space, spaceRegions, spaceRoot } from "../mm/space/space.ts";
import { pagesForget } from "../mm/space/space-map.ts";
import { occupiedFind } from "../mm/space/space-pages.ts";
import { copyOut } from "../mm/user/user-copy.ts";
import { callersSpace, pageAt, pagesIn, wholePages } from "./memory-range.ts";

/** By Linux's numbers. REMOVE (9), the poisons and COLLAPSE are not here. */
const ADVICE = {
  NORMAL: 0, RANDOM: 1, SEQUENTIAL: 2, WILLNEED: 3, DONTNEED: 4, FREE: 8, DONTFORK: 10, DOFORK: 11, MERGEABLE: 12,
  UNMERGEABLE: 13, HUGEPAGE: 14, NOHUGEPAGE: 15, DONTDUMP: 16, DODUMP: 17, WIPEONFORK: 18, KEEPONFORK: 19, COLD: 20,
  PAGEOUT: 21, POPULATE_READ: 22, POPULATE_WRITE: 23,
} as const;
const ADVICE_MOST = 23n;
const MSYNC = { ASYNC: 1n, INVALIDATE: 2n, SYNC: 4n, ALL: 7n } as const;

/** mincore's answer on its way out: a byte for each page. */
const CHUNK = 512;
const chunk = staticBytes(CHUNK, 8);

// ---- madvise ---------------------------------------------------------------------------------------------------
/** NO_MEMORY: part of it is no region's; the rest has been advised. */
export function callMadvise(at: bigint, size: bigint, advice: bigint): Status {
  const what = advice > ADVICE_MOST ? -1 : Number(advice);
  if (!isKnown(what) || !isPageAligned(at)) return INVALID;
  if (size === 0n) return OK;
  const bytes = wholePages(at, size);
  if (bytes === 0n) return NO_MEMORY;
  const status = advise(callersSpace(), at, at + bytes, what);
  if (status !== OK) return status;
  return regionsCover(spaceRegions(callersSpace()), at, at + bytes) ? OK : NO_MEMORY;
}

function isKnown(what: number): boolean {
  return (what >= ADVICE.NORMAL && what <= ADVICE.DONTNEED) || what === ADVICE.FREE || what >= ADVICE.DONTFORK;
}

function advise(space: Space, start: bigint, end: bigint, what: number): Status {
  switch (what) {
    case ADVICE.DONTNEED:
      return forget(space, start, end, false);
    case ADVICE.FREE:
      return forget(space, start, end, true);
    case ADVICE.DONTFORK:
      return treat(space, start, end, TREATMENT.DONT_FORK, 0);
    case ADVICE.DOFORK:
      return treat(space, start, end, 0, TREATMENT.DONT_FORK);
    case ADVICE.WIPEONFORK:
      return treat(space, start, end, TREATMENT.WIPE_ON_FORK, 0);
    case ADVICE.KEEPONFORK:
      return treat(space, start, end, 0, TREATMENT.WIPE_ON_FORK);
    case ADVICE.POPULATE_READ:
      return statusOfFault(pagesPopulate(space, start, end, ACCESS_READ));
    case ADVICE.POPULATE_WRITE:
      return statusOfFault(pagesPopulate(space, start, end, ACCESS_WRITE));
    default:
      return OK; // a hint
  }
}

/** Pages that are zero, or the file's, when they are touched again. FREE may do so at once, and does. */
function forget(space: Space, start: bigint, end: bigint, mustBeOwn: boolean): Status {
  const first = regionFrom(spaceRegions(space), start);
  for (let at = first; at !== NO_REGION && REGION.start(at) < end; at = regionNext(at)) {
    if ((REGION.permissions(at) & TREATMENT.LOCKED) !== 0 || (mustBeOwn && !isAnonymous(at))) return INVALID;
  }
  pagesForget(space, pageAt(start), end);
  return OK;
}

function treat(space: Space, start: bigint, end: bigint, set: number, clear: number): Status {
  const regions = spaceRegions(space);
  const first = regionFrom(regions, start);
  for (let at = first; at !== NO_REGION && REGION.start(at) < end; at = regionNext(at)) {
    if (set === TREATMENT.WIPE_ON_FORK && !isAnonymous(at)) return INVALID;
  }
  const status = regionsCut(regions, start, end);
  if (status === OK) regionsSetTreatment(regions, start, end, set, clear);
  return status;
}

function isAnonymous(region: Region): boolean {
  return REGION.kind(region) === BACKING.ANONYMOUS || REGION.kind(region) === BACKING.STACK;
}
function statusOfFault(answer: number): Status {
  if (answer === FAULT_REPAIRED) return OK;
  if (answer === FAULT_FORBIDDEN) return INVALID;
  return answer === FAULT_NO_BACKING ? BAD_ADDRESS : NO_MEMORY;
}

// ---- mincore ---------------------------------------------------------------------------------------------------
/** A byte for each page goes to `to`: 1 if a touch finds it, in this space or in the object that it shows. */
export function callMincore(at: bigint, size: bigint, to: bigint): Status {
  if (!isPageAligned(at)) return INVALID;
  if (size === 0n) return OK;
  const bytes = wholePages(at, size);
  const space = callersSpace();
  if (bytes === 0n || !regionsCover(spaceRegions(space), at, at + bytes)) return NO_MEMORY;
  const count = pagesIn(bytes);
  for (let done = 0; done < count; done += CHUNK) {
    const here = Math.min(CHUNK, count - done);
    for (let i = 0; i < here; i++) {
      store8(chunk + BigInt(i), isResident(space, pageAfter(pageAt(at), done + i)) ? 1 : 0);
    }
    const status = copyOut(BigInt.asUintN(64, to + BigInt(done)), virtAddr(chunk), here);
    if (status !== OK) return status;
  }
  return OK;
}

function isResident(space: Space, page: Page): boolean {
  if (occupiedFind(spaceRoot(space), page, page + PAGE_SIZE) === page) return true;
  const region = regionAt(spaceRegions(space), page);
  if (region === NO_REGION || !regionHasObject(region)) return false;
  const object = objectOf(REGION.backing(region));
  return OBJECT.kind(object) === OBJECT_KIND.MODULE || objectPageFind(object, regionByte(region, page)) !== NO_FRAME;
}

// ---- msync -----------------------------------------------------------------------------------------------------
/** There is nothing behind memory to write to: it only checks. BUSY: INVALIDATE, and part of it is locked. */
export function callMsync(at: bigint, size: bigint, flags: bigint): Status {
  if ((flags & ~MSYNC.ALL) !== 0n || !isPageAligned(at)) return INVALID;
  if ((flags & MSYNC.ASYNC) !== 0n && (flags & MSYNC.SYNC) !== 0n) return INVALID;
  if (size === 0n) return OK;
  const bytes = wholePages(at, size);
  const regions = spaceRegions(callersSpace());
  if (bytes === 0n || !regionsCover(regions, at, at + bytes)) return NO_MEMORY;
  for (let region = regionFrom(regions, at); region !== NO_REGION && REGION.start(region) < at + bytes; ) {
    if ((flags & MSYNC.INVALIDATE) !== 0n && (REGION.permissions(region) & TREATMENT.LOCKED) !== 0) return BUSY;
    region = regionNext(region);
  }
  return OK;
}
