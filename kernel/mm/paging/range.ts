/** Stretches of pages and of the entries that map them: what may be asked for, and how much of it one table maps. */
import { physicalLimit } from "../../arch/cpu.ts";
import { type Frame, frameAddr, isCanonical, KERNEL_HALF, type Page, type PhysAddr, physAddr } from "../../lib/addr.ts";
import {
  EMPTY_RANGE, MISALIGNED, NO_SUCH_FRAME, NOT_CANONICAL, OK, type Status, UNKNOWN_FLAG, WRAPS, WRITABLE_CODE,
  WRONG_HALF,
} from "../../lib/status.ts";
import {
  ENTRY_BYTES, levelFrames, levelIndex, levelSpan, PTE_CACHE_DISABLE, PTE_EMPTY, PTE_GLOBAL, PTE_NO_EXECUTE, PTE_USER,
  PTE_WRITABLE, PTE_WRITE_THROUGH, pteRead, TABLE_ENTRIES,
} from "./pte.ts";

/** Pages in one half of the address space: no range is longer. */
const HALF_PAGES = 0x8_0000_0000;

/** What a caller may ask for; P and the page size are the mapper's business, A and D the CPU's. */
const FLAGS_ALLOWED = PTE_WRITABLE | PTE_USER | PTE_WRITE_THROUGH | PTE_CACHE_DISABLE | PTE_GLOBAL | PTE_NO_EXECUTE;

/** `count` pages of `level` from `first` on: EMPTY_RANGE, MISALIGNED, NOT_CANONICAL, WRAPS, or OK. */
export function rangeCheck(first: Page, count: number, level: number): Status {
  if (count < 1) return EMPTY_RANGE;
  if ((first & (levelSpan(level) - 1n)) !== 0n) return MISALIGNED;
  if (!isCanonical(first)) return NOT_CANONICAL;
  if (count > Math.floor(HALF_PAGES / levelFrames(level))) return WRAPS;
  const last = BigInt.asUintN(64, first + BigInt(count) * levelSpan(level) - 1n);
  return last >> 47n === first >> 47n ? OK : WRAPS; // both in the half where `first` lies
}

/** The frames behind such a range: MISALIGNED, NO_SUCH_FRAME, or OK. */
export function framesCheck(frame: Frame, count: number, level: number): Status {
  if (frame < 0) return NO_SUCH_FRAME;
  if ((frameAddr(frame) & (levelSpan(level) - 1n)) !== 0n) return MISALIGNED;
  return frameAddr(frame) + BigInt(count) * levelSpan(level) > physicalLimit() ? NO_SUCH_FRAME : OK;
}

/** Flags for a page at `page`: UNKNOWN_FLAG, WRITABLE_CODE, WRONG_HALF (the user's, in the kernel's half), or OK. */
export function flagsCheck(page: Page, flags: bigint): Status {
  if ((flags & ~FLAGS_ALLOWED) !== 0n) return UNKNOWN_FLAG;
  if ((flags & (PTE_WRITABLE | PTE_NO_EXECUTE)) === PTE_WRITABLE) return WRITABLE_CODE;
  return (flags & PTE_USER) !== 0n && page >= KERNEL_HALF ? WRONG_HALF : OK;
}

/** framesCheck of one, at once. */
export function isFrame(frame: Frame): boolean {
  return frame >= 0 && frameAddr(frame) < physicalLimit();
}
/** flagsCheck without the half, at once. */
export function areFlags(flags: bigint): boolean {
  return (flags & ~FLAGS_ALLOWED) === 0n && (flags & (PTE_WRITABLE | PTE_NO_EXECUTE)) !== PTE_WRITABLE;
}

/** How many of `count` entries from that for `page` on lie in the same table. */
export function entriesHere(page: Page, level: number, count: number): number {
  return Math.min(count, TABLE_ENTRIES - levelIndex(page, level));
}

export function entryFirst(table: Frame): PhysAddr {
  return frameAddr(table);
}
export function entryAfter(entry: PhysAddr, count: number): PhysAddr {
  return physAddr(entry + BigInt(ENTRY_BYTES * count));
}

export function entriesAreEmpty(first: PhysAddr, count: number): boolean {
  for (let i = 0; i < count; i++) {
    if (pteRead(entryAfter(first, i)) !== PTE_EMPTY) return false;
  }
  return true;
}
