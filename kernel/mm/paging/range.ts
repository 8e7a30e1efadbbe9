/** Stretches of pages and of the entries that map them: shared by map and unmap. */
import { type Frame, frameAddr, isCanonical, type Page, type PhysAddr, physAddr } from "../../lib/addr.ts";
import { BAD_ADDRESS, INVALID, OK, type Status } from "../../lib/status.ts";
import { ENTRY_BYTES, levelFrames, levelIndex, levelSpan, PTE_EMPTY, pteRead, TABLE_ENTRIES } from "./pte.ts";

/** Pages in one half of the address space: no range is longer. */
const HALF_PAGES = 0x8_0000_0000;

/** `count` pages of `level` from `first` on: INVALID if empty or not aligned, BAD_ADDRESS if any is not canonical. */
export function rangeCheck(first: Page, count: number, level: number): Status {
  if (count < 1 || (first & (levelSpan(level) - 1n)) !== 0n) return INVALID;
  if (!isCanonical(first) || count > Math.floor(HALF_PAGES / levelFrames(level))) return BAD_ADDRESS;
  const last = BigInt.asUintN(64, first + BigInt(count) * levelSpan(level) - 1n);
  return last >> 47n === first >> 47n ? OK : BAD_ADDRESS; // both in the half where `first` lies
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
