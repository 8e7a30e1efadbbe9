/**
 * Mapping pages and taking mappings away, all or nothing: each looks first, puts aside the tables that it needs, and
 * then cannot fail. Tables that become empty are given back. Nothing is ever writable and executable at once.
 */
import { invalidatePage } from "../../../kernel/doors/machine.ts";
import {
  type Frame, frameAddr, frameAfter, isCanonical, KERNEL_HALF, type Page, pageAfter, PHYS_LIMIT,
} from "../../../kernel/lib/addr.ts";
import {
  ALREADY_MAPPED, BAD_ADDRESS, INVALID, NO_MEMORY, NOT_MAPPED, OK, type Status,
} from "../../../kernel/lib/status.ts";
import { bitmapGive } from "./bitmap.ts";
import {
  entriesAreEmpty, entryAddr, entryAfter, entryDeepest, entryFind, entryReach, entryStop, levelFrames, levelIndex,
  levelSpan, NO_ENTRY, PTE_EMPTY, PTE_FLAGS, PTE_HUGE, PTE_NO_EXECUTE, PTE_PRESENT, PTE_USER, PTE_WRITABLE, pteFrame,
  pteRead, pteWrite, TABLE_ENTRIES, tablesStock, TOP_LEVEL,
} from "./page-walk.ts";

export { pageTablesInit, pageTranslate } from "./page-walk.ts";

/** Pages in one half of the address space: no range is longer. */
const HALF_PAGES = 0x8_0000_0000;

/** Tables that the range last planned lacks. */
let tablesMissing = 0;

/**
 * Maps `page` to `frame`. BAD_ADDRESS: not canonical. INVALID: not aligned, no such frame, or flags that are unknown,
 * writable and executable, or for the user in a slot of the kernel's or the reverse. ALREADY_MAPPED. NO_MEMORY.
 */
export function pageMap(root: Frame, page: Page, frame: Frame, flags: bigint): Status {
  return mapLevel(root, page, frame, 1, flags, 1);
}

/** Takes the mapping of `page` away and flushes. NOT_MAPPED. BAD_ADDRESS. INVALID: not aligned, or in a larger page. */
export function pageUnmap(root: Frame, page: Page): Status {
  return rangeUnmap(root, page, 1);
}

// ---- ranges ------------------------------------------------------------------------------------------------
/** `count` pages of `level` from `first` on: INVALID if empty or not aligned, BAD_ADDRESS if any is not canonical. */
function rangeCheck(first: Page, count: number, level: number): Status {
  if (count < 1 || (first & (levelSpan(level) - 1n)) !== 0n) return INVALID;
  if (!isCanonical(first) || count > Math.floor(HALF_PAGES / levelFrames(level))) return BAD_ADDRESS;
  const last = BigInt.asUintN(64, first + BigInt(count) * levelSpan(level) - 1n);
  return last >> 47n === first >> 47n ? OK : BAD_ADDRESS; // both in the half where `first` lies
}

/** How many of `count` entries from that for `page` on lie in the same table. */
function entriesHere(page: Page, level: number, count: number): number {
  return Math.min(count, TABLE_ENTRIES - levelIndex(page, level));
}

// ---- mapping -----------------------------------------------------------------------------------------------
/** `count` pages of the size of `level`, all or nothing. */
function mapLevel(root: Frame, first: Page, frame: Frame, count: number, flags: bigint, level: number): Status {
  let status = rangeCheck(first, count, level);
  if (status === OK) status = targetCheck(first, frame, count, flags, level);
  if (status === OK) status = mapPlan(root, first, count, level, flags & PTE_USER);
  if (status !== OK) return status;
  if (!tablesStock(tablesMissing)) return NO_MEMORY;

  const step = levelFrames(level);
  const leaf = level === 1 ? flags | PTE_PRESENT : flags | PTE_PRESENT | PTE_HUGE;
  for (let done = 0; done < count; ) {
    const page = pageAfter(first, done * step);
    const entry = entryReach(root, page, level, flags & PTE_USER);
    const here = entriesHere(page, level, count - done);
    for (let i = 0; i < here; i++) {
      pteWrite(entryAfter(entry, i), frameAddr(frameAfter(frame, (done + i) * step)) | leaf);
    }
    done += here;
  }
  return OK;
}

/** What the pages would show, and how: see pageMap for what INVALID means. */
function targetCheck(first: Page, frame: Frame, count: number, flags: bigint, level: number): Status {
  if (frame < 0 || (frameAddr(frame) & (levelSpan(level) - 1n)) !== 0n) return INVALID;
  if (frameAddr(frame) + BigInt(count) * levelSpan(level) > PHYS_LIMIT) return INVALID;
  if ((flags & ~PTE_FLAGS) !== 0n) return INVALID;
  if ((flags & (PTE_WRITABLE | PTE_NO_EXECUTE)) === PTE_WRITABLE) return INVALID;
  return (flags & PTE_USER) !== 0n && first >= KERNEL_HALF ? INVALID : OK;
}

/** Is the whole range empty? Then tablesMissing says how many tables it lacks. */
function mapPlan(root: Frame, first: Page, count: number, level: number, user: bigint): Status {
  tablesMissing = 0;
  for (let done = 0; done < count; ) {
    const page = pageAfter(first, done * levelFrames(level));
    if (isSlotOfOther(root, page, user)) return INVALID;
    const entry = entryDeepest(root, page, level);
    const stop = entryStop();
    const here = entriesHere(page, level, count - done);
    if (stop > level) {
      if (pteRead(entry) !== PTE_EMPTY) return ALREADY_MAPPED;
      tablesMissing += tablesStarting(page, level, stop, done === 0);
    } else if (!entriesAreEmpty(entry, here)) {
      return ALREADY_MAPPED;
    }
    done += here;
  }
  return OK;
}

/** A slot of the root is the kernel's or the user's, as its first mapping was. */
function isSlotOfOther(root: Frame, page: Page, user: bigint): boolean {
  const pte = pteRead(entryAddr(root, page, TOP_LEVEL));
  return (pte & PTE_PRESENT) !== 0n && (pte & PTE_USER) !== user;
}

/** Of the tables of `level` to `stop` - 1 that `page` lacks, those that no earlier page of the range lacked too. */
function tablesStarting(page: Page, level: number, stop: number, isFirst: boolean): number {
  let count = 0;
  for (let at = level; at < stop; at++) {
    if (isFirst || (page & (levelSpan(at + 1) - 1n)) === 0n) count++;
  }
  return count;
}

// ---- unmapping ---------------------------------------------------------------------------------------------
function rangeUnmap(root: Frame, first: Page, count: number): Status {
  let status = rangeCheck(first, count, 1);
  if (status === OK) status = unmapPlan(root, first, count);
  if (status !== OK) return status;

  for (let done = 0; done < count; ) {
    const page = pageAfter(first, done);
    const entry = entryDeepest(root, page, 1);
    const level = entryStop();
    pteWrite(entry, PTE_EMPTY);
    invalidatePage(page);
    done += levelFrames(level);
    if (done >= count || entriesHere(page, level, 2) === 1) tablesPrune(root, page, level);
  }
  return OK;
}

function unmapPlan(root: Frame, first: Page, count: number): Status {
  for (let done = 0; done < count; ) {
    const page = pageAfter(first, done);
    const pte = pteRead(entryDeepest(root, page, 1));
    const level = entryStop();
    if ((pte & PTE_PRESENT) === 0n) return NOT_MAPPED;
    if ((page & (levelSpan(level) - 1n)) !== 0n || count - done < levelFrames(level)) return INVALID;
    done += levelFrames(level);
  }
  return OK;
}

/** Gives back the table of `level` that covers `page` if it is empty, and then those above it likewise. */
function tablesPrune(root: Frame, page: Page, level: number): void {
  const highest = page >= KERNEL_HALF ? TOP_LEVEL - 2 : TOP_LEVEL - 1;
  for (let at = level; at <= highest; at++) {
    const above = entryFind(root, page, at + 1);
    if (above === NO_ENTRY) return;
    const table = pteFrame(pteRead(above));
    if (!entriesAreEmpty(frameAddr(table), TABLE_ENTRIES)) return;
    pteWrite(above, PTE_EMPTY);
    invalidatePage(page); // the CPU may remember the way through this table, not only the page
    bitmapGive(table);
  }
}
