/** What programs say about memory, as all system calls about it understand it. */
import { alignUp, isPageAligned, NOWHERE, type Page, PAGE_SHIFT, PAGE_SIZE, pageOf, virtAddr } from "../lib/addr.ts";
import { slotRangeFind } from "../mm/space/memory-spaces.ts";
import { NO_REGION, PERMISSION, REGION } from "../mm/space/region.ts";
import { holeFind, NO_HOLE } from "../mm/space/region-holes.ts";
import { regionFrom } from "../mm/space/region-tree.ts";
import { type Space, spaceRegions } from "../mm/space/space.ts";
import { isUserRange, USER_SLOTS } from "../mm/space/user-range.ts";
import { PROCESS, processCurrent } from "../proc/process.ts";

const PROT = { READ: 1n, WRITE: 2n, EXEC: 4n, SEM: 8n } as const;
const PROT_ALL = 15n;
/** No address of a program's is as high; a size that is as large fits nowhere. */
export const ADDRESSES_END = 1n << 47n;
/** Where mmap looks first, then in lower ones: 0x7f00_0000_0000, as on Linux. */
const MMAP_SLOT = USER_SLOTS - 2;
/** Where MAP_32BIT looks, as on Linux: the second GiB. */
const LOW_START = 0x4000_0000n;
const LOW_END = 0x8000_0000n;

/** What may be done, by what a program calls it; below 0: it says what nobody knows. PROT_SEM means nothing. */
export function permissionsOf(prot: bigint): number {
  if ((prot & ~PROT_ALL) !== 0n) return -1;
  let permissions = PERMISSION.USER as number;
  if ((prot & PROT.READ) !== 0n) permissions |= PERMISSION.READ;
  if ((prot & PROT.WRITE) !== 0n) permissions |= PERMISSION.READ | PERMISSION.WRITE;
  if ((prot & PROT.EXEC) !== 0n) permissions |= PERMISSION.READ | PERMISSION.EXECUTE;
  return permissions;
}

/** The space of whoever calls. */
export function callersSpace(): Space {
  return PROCESS.space(processCurrent());
}
export function pagesIn(bytes: bigint): number {
  return Number(bytes >> PAGE_SHIFT);
}
/** The page at an address that is one's. */
export function pageAt(at: bigint): Page {
  return pageOf(virtAddr(at));
}
/** `size` (not 0) bytes from `at` on, a page's start, in whole pages: 0 if that is not all a program's. */
export function wholePages(at: bigint, size: bigint): bigint {
  if (size > ADDRESSES_END || !isPageAligned(at)) return 0n;
  const bytes = alignUp(size, PAGE_SIZE);
  return isUserRange(at, bytes) ? bytes : 0n;
}

/**
 * Where `bytes` can be had: at the hint, if that is free; else in the second GiB (`isLow`), or above the highest
 * allocation. NOWHERE: there is no such room.
 */
export function rangeChoose(space: Space, hint: bigint, bytes: bigint, isLow: boolean): bigint {
  const wanted = hint < ADDRESSES_END ? alignUp(hint, PAGE_SIZE) : 0n;
  if (wanted !== 0n && isUserRange(wanted, bytes) && rangeIsFree(space, wanted, bytes)) return wanted;
  if (isLow) {
    const low = holeFind(spaceRegions(space), bytes, PAGE_SIZE, LOW_START, LOW_END);
    return low === NO_HOLE ? NOWHERE : low;
  }
  for (let slot = MMAP_SLOT; slot >= 0; slot--) {
    const found = slotRangeFind(space, slot, pagesIn(bytes), PAGE_SIZE);
    if (found !== NOWHERE) return found;
  }
  return NOWHERE;
}

function rangeIsFree(space: Space, start: bigint, bytes: bigint): boolean {
  const next = regionFrom(spaceRegions(space), start);
  return next === NO_REGION || REGION.start(next) >= start + bytes;
}
