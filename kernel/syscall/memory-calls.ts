/**
 * System calls that make and change mappings, with Linux's numbers, flags and errors: man 2 brk, mmap, munmap,
 * mprotect. Where Linux does half of what it is asked and then finds a hole or no memory, this kernel does nothing.
 * Nothing becomes writable and executable: EACCES, where Linux allows it.
 */
import { alignUp, isPageAligned, NOWHERE, PAGE_SIZE, virtAddr } from "../lib/addr.ts";
import {
  INVALID, NO_FILE, NO_MEMORY, NOT_MAPPABLE, NOT_SUPPORTED, OK, PERMISSION_DENIED, type Status, TOO_FAR,
} from "../lib/status.ts";
import { ACCESS_ALLOWED, pagesPopulate } from "../mm/fault/populate.ts";
import { GUARD_BYTES, STACK_BYTES } from "../mm/fault/stack.ts";
import {
  NO_SPACE_OBJECT, objectOf, objectOfMemory, objectReferenceAdd, objectReferenceDrop
} from "../mm/space/object.ts";
import { BACKING, NO_REGION, PERMISSION, REGION, TREATMENT } from "../mm/space/region.ts";
import { regionAt, regionFrom, regionNext } from "../mm/space/region-tree.ts";
import { regionsCover } from "../mm/space/regions.ts";
import { type Space, spaceRegions } from "../mm/space/space.ts";
import { spaceProtect, spaceReplace, spaceReserve, spaceUnmap } from "../mm/space/space-map.ts";
import { isUserRange } from "../mm/space/user-range.ts";
import { FILE_KIND, fileIsReadable, fileIsWritable, NO_OPEN_FILE, OPEN_FILE } from "../proc/files.ts";
import { PROCESS, processCurrent } from "../proc/process.ts";
import { fileAt } from "./file-calls.ts";
import { lockingIsAhead, lockLimitHolds } from "./lock-calls.ts";
import {
  ADDRESSES_END, callersSpace, pageAt, pagesIn, permissionsOf, rangeChoose, wholePages,
} from "./memory-range.ts";

const READ_WRITE = PERMISSION.READ | PERMISSION.WRITE | PERMISSION.USER;
const PROT_GROWSDOWN = 0x0100_0000n;
const MAP = {
  SHARED: 0x01n, PRIVATE: 0x02n, SHARED_VALIDATE: 0x03n, TYPE: 0x0fn, FIXED: 0x10n, ANONYMOUS: 0x20n, LOW: 0x40n,
  GROWSDOWN: 0x100n, LOCKED: 0x2000n, POPULATE: 0x8000n, NONBLOCK: 0x1_0000n, HUGETLB: 0x4_0000n,
  FIXED_NOREPLACE: 0x10_0000n,
} as const;
/** What MAP_SHARED_VALIDATE may be told: the above, DENYWRITE, EXECUTABLE, NORESERVE, STACK. */
const MAP_KNOWN = 0x17_f97fn;

// ---- brk -------------------------------------------------------------------------------------------------------
/** brk: the end of the heap, moved if it can be moved. What is mapped above it stays a page away. */
export function callBrk(wanted: bigint): bigint {
  const process = processCurrent();
  const end = PROCESS.brkEnd(process);
  if (wanted < PROCESS.brkStart(process) || wanted >= ADDRESSES_END) return end;
  const space = PROCESS.space(process);
  const from = alignUp(end, PAGE_SIZE);
  const to = alignUp(wanted, PAGE_SIZE);
  let status: Status = OK;
  if (to > from) status = brkGrow(space, from, to - from);
  else if (to < from) status = spaceUnmap(space, pageAt(to), pagesIn(from - to));
  if (status !== OK) return end;
  PROCESS.setBrkEnd(process, wanted);
  return wanted;
}
function brkGrow(space: Space, from: bigint, bytes: bigint): Status {
  const above = regionFrom(spaceRegions(space), from);
  if (above !== NO_REGION && REGION.start(above) < from + bytes + PAGE_SIZE) return NO_MEMORY;
  let permissions = READ_WRITE as number;
  if (lockingIsAhead()) {
    if (!lockLimitHolds(space, bytes)) return NO_MEMORY;
    permissions |= TREATMENT.LOCKED;
  }
  const status = spaceReserve(space, pageAt(from), pagesIn(bytes), permissions, BACKING.ANONYMOUS, 0n, from);
  if (status === OK && lockingIsAhead()) pagesPopulate(space, from, from + bytes, ACCESS_ALLOWED);
  return status;
}

// ---- mmap ------------------------------------------------------------------------------------------------------
let kindWanted = 0;
let backingWanted = NO_SPACE_OBJECT; // with a reference that goes when it is mapped, or cannot be
let treatment = 0;

/** mmap: the address, or a status. */
export function callMmap(
  hint: bigint, size: bigint, prot: bigint, flags: bigint, descriptor: bigint, offset: bigint,
): number {
  if (!isPageAligned(offset)) return INVALID;
  treatment = 0;
  backingWanted = NO_SPACE_OBJECT;
  const permissions = permissionsOf(prot);
  let status: Status = OK;
  if ((flags & MAP.ANONYMOUS) === 0n) status = fileWanted(descriptor, flags, permissions, size, offset);
  if (status === OK) status = requestCheck(size, permissions, flags);
  if (status === OK && (flags & MAP.ANONYMOUS) !== 0n) status = memoryWanted(size, flags);
  if (status !== OK) return backingDone(status);
  const space = callersSpace();
  const bytes = alignUp(size, PAGE_SIZE);
  const isLocked = (flags & MAP.LOCKED) !== 0n || lockingIsAhead();
  if (isLocked) treatment |= TREATMENT.LOCKED;
  if (isLocked && !lockLimitHolds(space, bytes)) return backingDone(NO_MEMORY);

  const start = place(space, hint, bytes, flags);
  if (start < 0) return backingDone(start);
  const first = (flags & MAP.ANONYMOUS) === 0n ? offset : backingWanted === NO_SPACE_OBJECT ? BigInt(start) : 0n;
  const answer = backingDone(mapAt(space, BigInt(start), bytes, permissions | treatment, flags, first));
  if (answer < 0) return answer;
  const isToCome = isLocked || ((flags & MAP.POPULATE) !== 0n && (flags & MAP.NONBLOCK) === 0n);
  if (isToCome) pagesPopulate(space, BigInt(start), BigInt(start) + bytes, ACCESS_ALLOWED); // as many as there are
  return start;
}

function requestCheck(size: bigint, permissions: number, flags: bigint): Status {
  const type = flags & MAP.TYPE;
  if (type !== MAP.SHARED && type !== MAP.PRIVATE && type !== MAP.SHARED_VALIDATE) return INVALID;
  if (type === MAP.SHARED_VALIDATE && (flags & ~MAP_KNOWN) !== 0n) return NOT_SUPPORTED;
  if (size === 0n || permissions < 0 || (flags & MAP.HUGETLB) !== 0n) return INVALID;
  if (isShared(flags) && (flags & MAP.GROWSDOWN) !== 0n) return INVALID;
  return size > ADDRESSES_END ? NO_MEMORY : OK;
}
function isShared(flags: bigint): boolean {
  return (flags & MAP.TYPE) !== MAP.PRIVATE;
}

/** Memory without a file: of the space's own, or an object that is shared with those who are forked. */
function memoryWanted(size: bigint, flags: bigint): Status {
  kindWanted = (flags & MAP.GROWSDOWN) !== 0n ? BACKING.STACK : BACKING.ANONYMOUS;
  if (!isShared(flags)) return OK;
  kindWanted = BACKING.SHARED;
  backingWanted = objectOfMemory(alignUp(size, PAGE_SIZE));
  return backingWanted === NO_SPACE_OBJECT ? NO_MEMORY : OK;
}

/** What an open file shows: NO_FILE, NOT_MAPPABLE, PERMISSION_DENIED, TOO_FAR. */
function fileWanted(
  descriptor: bigint, flags: bigint, permissions: number, size: bigint, offset: bigint,
): Status {
  const file = fileAt(descriptor);
  if (file === NO_OPEN_FILE) return NO_FILE;
  if (!fileIsReadable(file)) return PERMISSION_DENIED;
  if (OPEN_FILE.kind(file) !== FILE_KIND.MEMORY) return NOT_MAPPABLE;
  if (offset > ADDRESSES_END || size > ADDRESSES_END) return TOO_FAR;
  kindWanted = isShared(flags) ? BACKING.SHARED : BACKING.OBJECT;
  if (isShared(flags) && !fileIsWritable(file)) {
    if (permissions >= 0 && (permissions & PERMISSION.WRITE) !== 0) return PERMISSION_DENIED;
    treatment |= TREATMENT.READ_ONLY;
  }
  backingWanted = objectOf(OPEN_FILE.object(file));
  objectReferenceAdd(backingWanted);
  return OK;
}
/** Regions have references of their own. */
function backingDone(answer: number): number {
  if (backingWanted !== NO_SPACE_OBJECT) objectReferenceDrop(backingWanted);
  backingWanted = NO_SPACE_OBJECT;
  return answer;
}

/** Where it is to be: an address, or a status. What grows down has room to, and for its guard gap. */
function place(space: Space, hint: bigint, bytes: bigint, flags: bigint): number {
  if ((flags & (MAP.FIXED | MAP.FIXED_NOREPLACE)) !== 0n) {
    if (!isPageAligned(hint)) return INVALID;
    return isUserRange(hint, bytes) ? Number(hint) : NO_MEMORY;
  }
  const gap = (flags & MAP.GROWSDOWN) !== 0n ? STACK_BYTES + GUARD_BYTES : 0n;
  const found = rangeChoose(space, hint, bytes + gap, (flags & MAP.LOW) !== 0n);
  return found === NOWHERE ? NO_MEMORY : Number(found + gap);
}

function mapAt(
  space: Space, start: bigint, bytes: bigint, permissions: number, flags: bigint, offset: bigint,
): Status {
  const replaces = (flags & (MAP.FIXED | MAP.FIXED_NOREPLACE)) === MAP.FIXED;
  return replaces
    ? spaceReplace(space, pageAt(start), pagesIn(bytes), permissions, kindWanted, backingWanted, offset)
    : spaceReserve(space, pageAt(start), pagesIn(bytes), permissions, kindWanted, backingWanted, offset);
}

// ---- munmap, mprotect ------------------------------------------------------------------------------------------
/** munmap. */
export function callMunmap(at: bigint, size: bigint): Status {
  const bytes = size === 0n ? 0n : wholePages(at, size);
  return bytes === 0n ? INVALID : spaceUnmap(callersSpace(), pageAt(at), pagesIn(bytes));
}

/** mprotect. */
export function callMprotect(at: bigint, size: bigint, prot: bigint): Status {
  if (!isPageAligned(at)) return INVALID;
  if (size === 0n) return OK;
  const permissions = permissionsOf(prot & ~PROT_GROWSDOWN);
  if (permissions < 0) return INVALID;
  const bytes = wholePages(at, size);
  const space = callersSpace();
  if (bytes === 0n || !regionsCover(spaceRegions(space), at, at + bytes)) return NO_MEMORY;
  const end = at + bytes;
  let start = at;
  if ((prot & PROT_GROWSDOWN) !== 0n) {
    const stack = regionAt(spaceRegions(space), virtAddr(at));
    if (REGION.kind(stack) !== BACKING.STACK) return INVALID;
    start = REGION.start(stack);
  }
  if ((permissions & PERMISSION.WRITE) !== 0 && !mayBeWritten(space, start, end)) return PERMISSION_DENIED;
  return spaceProtect(space, pageAt(start), pagesIn(end - start), permissions);
}
function mayBeWritten(space: Space, start: bigint, end: bigint): boolean {
  const first = regionFrom(spaceRegions(space), start);
  for (let at = first; at !== NO_REGION && REGION.start(at) < end; at = regionNext(at)) {
    if ((REGION.permissions(at) & TREATMENT.READ_ONLY) !== 0) return false;
  }
  return true;
}
