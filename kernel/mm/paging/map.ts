/**
 * Mapping pages. Every operation is all or nothing: it looks first, puts aside the tables that it needs, and then
 * cannot fail. Nothing is ever writable and executable at once.
 */
import { physicalLimit } from "../../arch/cpu.ts";
import { type Frame, frameAddr, frameAfter, KERNEL_HALF, type Page, pageAfter } from "../../lib/addr.ts";
import { ALREADY_MAPPED, INVALID, NO_MEMORY, OK, type Status } from "../../lib/status.ts";
import {
  levelFrames, levelSpan, PTE_CACHE_DISABLE, PTE_EMPTY, PTE_GLOBAL, PTE_HUGE, PTE_NO_EXECUTE, PTE_PRESENT, PTE_USER,
  PTE_WRITABLE, PTE_WRITE_THROUGH, pteIsPresent, pteMake, pteRead, pteWrite, TOP_LEVEL,
} from "./pte.ts";
import { entriesAreEmpty, entriesHere, entryAfter, rangeCheck } from "./range.ts";
import { tablesStock } from "./tables.ts";
import { unmapRange } from "./unmap.ts";
import { entryAddr, entryDeepest, entryReach, entryStop } from "./walk.ts";

/** What a caller may ask for; P and the page size are the mapper's business, A and D the CPU's. */
const FLAGS_ALLOWED =
  PTE_WRITABLE | PTE_USER | PTE_WRITE_THROUGH | PTE_CACHE_DISABLE | PTE_GLOBAL | PTE_NO_EXECUTE;

/** Tables that the range last planned lacks. */
let tablesMissing = 0;

/**
 * Maps `page` to `frame`. BAD_ADDRESS: not canonical. INVALID: not aligned, no such frame, or flags that are unknown,
 * writable and executable, or for the user in a slot of the kernel's or the reverse. ALREADY_MAPPED. NO_MEMORY: no
 * frame for a table. No flush: the CPU does not cache absent entries.
 */
export function mapPage(root: Frame, page: Page, frame: Frame, flags: bigint): Status {
  return mapLevel(root, page, frame, 1, flags, 1);
}

/** The same for `count` pages and consecutive frames. Reads and writes each entry once, walks once every 2 MiB. */
export function mapRange(root: Frame, first: Page, frame: Frame, count: number, flags: bigint): Status {
  return mapLevel(root, first, frame, count, flags, 1);
}

/**
 * mapRange with the largest pages that fit, up to those of `topLevel` (2 or 3): where page and frame are equally far
 * from a boundary of the larger size.
 */
export function mapLargest(
  root: Frame, first: Page, frame: Frame, count: number, flags: bigint, topLevel: number,
): Status {
  const status = rangeCheck(first, count, 1);
  if (status !== OK) return status;

  for (let done = 0; done < count; ) {
    const page = pageAfter(first, done);
    const at = frameAfter(frame, done);
    const level = levelFitting(page, at, count - done, topLevel);
    const entries = entriesFitting(page, at, count - done, level, topLevel);
    const answer = mapLevel(root, page, at, entries, flags, level);
    if (answer !== OK) {
      if (done > 0) unmapRange(root, first, done);
      return answer;
    }
    done += entries * levelFrames(level);
  }
  return OK;
}

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
      pteWrite(entryAfter(entry, i), pteMake(frameAfter(frame, (done + i) * step), leaf));
    }
    done += here;
  }
  return OK;
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

/** A PML4 slot is the kernel's or the user's, as its first mapping was: no table of the kernel's is the user's too. */
function isSlotOfOther(root: Frame, page: Page, user: bigint): boolean {
  const pte = pteRead(entryAddr(root, page, TOP_LEVEL));
  return pteIsPresent(pte) && (pte & PTE_USER) !== user;
}

/** Of the tables of `level` to `stop` - 1 that `page` lacks, those that no earlier page of the range lacked too. */
function tablesStarting(page: Page, level: number, stop: number, isFirst: boolean): number {
  let count = 0;
  for (let at = level; at < stop; at++) {
    if (isFirst || (page & (levelSpan(at + 1) - 1n)) === 0n) count++;
  }
  return count;
}

/** What the pages would show, and how: see mapPage for what INVALID means. */
function targetCheck(first: Page, frame: Frame, count: number, flags: bigint, level: number): Status {
  if (frame < 0 || (frameAddr(frame) & (levelSpan(level) - 1n)) !== 0n) return INVALID;
  if (frameAddr(frame) + BigInt(count) * levelSpan(level) > physicalLimit()) return INVALID;
  if ((flags & ~FLAGS_ALLOWED) !== 0n) return INVALID;
  if ((flags & (PTE_WRITABLE | PTE_NO_EXECUTE)) === PTE_WRITABLE) return INVALID;
  return (flags & PTE_USER) !== 0n && first >= KERNEL_HALF ? INVALID : OK;
}

/** The largest page, up to that of `topLevel`, that can stand at `page` for `frame` with `count` frames to go. */
function levelFitting(page: Page, frame: Frame, count: number, topLevel: number): number {
  for (let level = topLevel; level > 1; level--) {
    const inside = levelSpan(level) - 1n;
    if (((page | frameAddr(frame)) & inside) === 0n && count >= levelFrames(level)) return level;
  }
  return 1;
}

/** How many pages of `level` follow each other from there before a larger one fits, or to the end. */
function entriesFitting(page: Page, frame: Frame, count: number, level: number, topLevel: number): number {
  const all = Math.floor(count / levelFrames(level));
  if (level === topLevel || ((page ^ frameAddr(frame)) & (levelSpan(level + 1) - 1n)) !== 0n) return all;
  return entriesHere(page, level, all); // entries up to the next boundary of the larger size: the end of this table
}
