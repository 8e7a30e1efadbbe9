/** System calls about memory, with Linux's numbers, flags and errors: man 2 brk, mmap, munmap, mprotect. */
import { alignUp, isPageAligned, NOWHERE, PAGE_SHIFT, PAGE_SIZE, pageOf, virtAddr } from "../lib/addr.ts";
import { INVALID, NO_FILE, NO_MEMORY, OK, type Status, statusErrno } from "../lib/status.ts";
import { BACKING, NO_REGION, PERMISSION, REGION } from "../mm/space/region.ts";
import { slotRangeFind } from "../mm/space/memory-spaces.ts";
import { regionFrom } from "../mm/space/region-tree.ts";
import { regionsCover } from "../mm/space/regions.ts";
import { type Space, spaceRegions } from "../mm/space/space.ts";
import { spaceProtect, spaceReserve, spaceUnmap } from "../mm/space/space-map.ts";
import { isUserRange, USER_SLOTS } from "../mm/space/user-range.ts";
import { PROCESS, processCurrent } from "../proc/process.ts";

const READ_WRITE = PERMISSION.READ | PERMISSION.WRITE | PERMISSION.USER;
const PROT = { READ: 1n, WRITE: 2n, EXEC: 4n } as const;
const PROT_ALL = 7n;
const MAP = {
  SHARED: 0x01n, PRIVATE: 0x02n, TYPE: 0x0fn, FIXED: 0x10n, ANONYMOUS: 0x20n, FIXED_NOREPLACE: 0x10_0000n,
} as const;
/** Where mmap looks first, then in lower ones: 0x7f00_0000_0000, as on Linux. */
const MMAP_SLOT = USER_SLOTS - 2;

/** brk: the end of the heap, moved if it can be moved. */
export function callBrk(wanted: bigint): bigint {
  const process = processCurrent();
  const end = PROCESS.brkEnd(process);
  if (wanted < PROCESS.brkStart(process) || wanted >= 1n << 47n) return end;
  const space = PROCESS.space(process);
  const from = alignUp(end, PAGE_SIZE);
  const to = alignUp(wanted, PAGE_SIZE);
  let status: Status = OK;
  if (to > from) status = anonymousReserve(space, from, to - from, READ_WRITE);
  else if (to < from) status = spaceUnmap(space, pageOf(virtAddr(to)), pagesIn(from - to));
  if (status !== OK) return end;
  PROCESS.setBrkEnd(process, wanted);
  return wanted;
}

/** mmap: the address, or a status. */
export function callMmap(at: bigint, size: bigint, prot: bigint, flags: bigint): bigint {
  if (size === 0n || (flags & MAP.TYPE) === 0n) return errorOf(INVALID);
  if ((flags & MAP.ANONYMOUS) === 0n) return errorOf(NO_FILE);
  if ((flags & MAP.TYPE) !== MAP.PRIVATE) return errorOf(INVALID);
  if (size > 1n << 47n) return errorOf(NO_MEMORY);
  const space = PROCESS.space(processCurrent());
  const bytes = alignUp(size, PAGE_SIZE);
  const permissions = permissionsOf(prot);
  if (permissions < 0) return errorOf(INVALID);
  const isFixed = (flags & (MAP.FIXED | MAP.FIXED_NOREPLACE)) !== 0n;
  let start = at;
  if (isFixed) {
    if (!isPageAligned(at)) return errorOf(INVALID);
    if (!isUserRange(at, bytes)) return errorOf(NO_MEMORY);
  } else {
    start = rangeChoose(space, at, bytes);
    if (start === NOWHERE) return errorOf(NO_MEMORY);
  }
  if ((flags & MAP.FIXED) !== 0n && (flags & MAP.FIXED_NOREPLACE) === 0n) {
    const status = spaceUnmap(space, pageOf(virtAddr(start)), pagesIn(bytes));
    if (status !== OK) return errorOf(status);
  }
  const status = anonymousReserve(space, start, bytes, permissions);
  return status === OK ? start : errorOf(status);
}

/** munmap. */
export function callMunmap(at: bigint, size: bigint): Status {
  if (!isPageAligned(at) || size === 0n || size > 1n << 47n) return INVALID;
  const bytes = alignUp(size, PAGE_SIZE);
  if (!isUserRange(at, bytes)) return INVALID;
  return spaceUnmap(PROCESS.space(processCurrent()), pageOf(virtAddr(at)), pagesIn(bytes));
}

/** mprotect. */
export function callMprotect(at: bigint, size: bigint, prot: bigint): Status {
  if (!isPageAligned(at)) return INVALID;
  if (size === 0n) return OK;
  const permissions = permissionsOf(prot);
  if (permissions < 0) return INVALID;
  if (size > 1n << 47n || !isUserRange(at, alignUp(size, PAGE_SIZE))) return NO_MEMORY;
  const space = PROCESS.space(processCurrent());
  const bytes = alignUp(size, PAGE_SIZE);
  if (!regionsCover(spaceRegions(space), at, at + bytes)) return NO_MEMORY;
  return spaceProtect(space, pageOf(virtAddr(at)), pagesIn(bytes), permissions);
}

/** A hint that is free, or the next range that mmap gives. */
function rangeChoose(space: Space, hint: bigint, bytes: bigint): bigint {
  if (isPageAligned(hint) && hint !== 0n && isUserRange(hint, bytes) && isFree(space, hint, bytes)) return hint;
  for (let slot = MMAP_SLOT; slot >= 0; slot--) {
    const found = slotRangeFind(space, slot, pagesIn(bytes), PAGE_SIZE);
    if (found !== NOWHERE) return found;
  }
  return NOWHERE;
}

function anonymousReserve(space: Space, start: bigint, bytes: bigint, permissions: number): Status {
  return spaceReserve(space, pageOf(virtAddr(start)), pagesIn(bytes), permissions, BACKING.ANONYMOUS, 0n, start);
}

function isFree(space: Space, start: bigint, bytes: bigint): boolean {
  const next = regionFrom(spaceRegions(space), start);
  return next === NO_REGION || REGION.start(next) >= start + bytes;
}

function permissionsOf(prot: bigint): number {
  if ((prot & ~PROT_ALL) !== 0n) return -1;
  let permissions = PERMISSION.USER as number;
  if ((prot & PROT.READ) !== 0n) permissions |= PERMISSION.READ;
  if ((prot & PROT.WRITE) !== 0n) permissions |= PERMISSION.READ | PERMISSION.WRITE;
  if ((prot & PROT.EXEC) !== 0n) permissions |= PERMISSION.READ | PERMISSION.EXECUTE;
  return permissions;
}

function pagesIn(bytes: bigint): number {
  return Number(bytes >> PAGE_SHIFT);
}
function errorOf(status: Status): bigint {
  return BigInt.asUintN(64, BigInt(-statusErrno(status)));
}
