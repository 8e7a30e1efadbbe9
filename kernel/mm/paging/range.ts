/** Stretches of pages and of the entries that map them: shared by map and unmap. */
import { type Frame, frameAddr, isCanonical, type Page, type PhysAddr, PAGE_SHIFT } from "../../lib/addr.ts";
import { BAD_ADDRESS, INVALID, OK, type Status } from "../../lib/status.ts";
import { levelFrames, levelSpan, PTE_EMPTY, pteRead, TABLE_ENTRIES } from "./pte.ts";

/** Pages in one half of the address space: no range is longer. */
const HALF_PAGES = 0x8_0000_0000;

/** `count` pages of `level` from `first` on: INVALID if empty or not aligned, BAD_ADDRESS if any is not canonical. */
export function rangeCheck(first: Page, count: number, level: number): Status {
  if (count < 1 || (first & (levelSpan(level) - 1n)) !== 0n) return INVALID;
  if (!isCanonical(first) || count > Math.floor(HALF_PAGES / levelFrames(level))) return BAD_ADDRESS;
  const last = BigInt.asUintN(64, first + BigInt(count) * levelSpan(level) - 1n);
  return last >> 47n === first >> 47n ? OK : BAD_ADDRESS; // both in the half where `first` lies
}

/** The page `count` small pages above `first`. */
export function pageAfter(first: Page, count: number): Page {
  return (first + (BigInt(count) << PAGE_SHIFT)) as Page;
}

/** How many of `count` entries from that for `page` on lie in the same table. */
export function entriesHere(page: Page, level: number, count: number): number {
  const index = Number((page >> BigInt(3 + 9 * level)) & 0x1ffn);
  return count < TABLE_ENTRIES - index ? count : TABLE_ENTRIES - index;
}

export function entryFirst(table: Frame): PhysAddr {
  return frameAddr(table);
}
export function entryAfter(entry: PhysAddr, count: number): PhysAddr {
  return (entry + BigInt(8 * count)) as PhysAddr;
}

export function entriesAreEmpty(first: PhysAddr, count: number): boolean {
  for (let i = 0; i < count; i++) {
    if (pteRead(entryAfter(first, i)) !== PTE_EMPTY) return false;
  }
  return true;
}
