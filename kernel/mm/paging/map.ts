/**
 * Mapping pages. Every operation is all or nothing: it looks first, puts aside the tables that it needs, and then
 * cannot fail. Nothing is ever writable and executable at once. None owes a flush: the CPU keeps no absent entries.
 */
import { type Frame, frameAddr, frameAfter, isPageAligned, type Page, pageAfter } from "../../lib/addr.ts";
import { ALREADY_MAPPED, NO_MEMORY, OK, type Status, WRONG_HALF } from "../../lib/status.ts";
import { frameOwner } from "../phys/frame-table.ts";
import { cursorEntry, isAtCursor } from "./cursor.ts";
import { flushNow } from "./flush.ts";
import {
  levelFrames, levelSpan, PTE_EMPTY, PTE_HUGE, PTE_PRESENT, PTE_USER, pteFrame, pteIsPresent, pteMake, pteRead, pteWord,
  pteWrite, TOP_LEVEL,
} from "./pte.ts";
import {
  areFlags, entriesAreEmpty, entriesHere, entryAfter, flagsCheck, framesCheck, isFrame, rangeCheck,
} from "./range.ts";
import { tableEntriesAdd, tablesStock } from "./tables.ts";
import { unmapRange } from "./unmap.ts";
import { entryAddr, entryDeepest, entryReach, entryStop, entryTable } from "./walk.ts";

/** Tables that the range last planned lacks. */
let tablesMissing = 0;

/**
 * Maps `page` to `frame`. What is asked for may be wrong: MISALIGNED, NOT_CANONICAL, NO_SUCH_FRAME, UNKNOWN_FLAG,
 * WRITABLE_CODE, WRONG_HALF (for the user in a slot of the kernel's, or the reverse). What is there may be in the way:
 * ALREADY_MAPPED. NO_MEMORY: no frame for a table. Nothing has changed then. Cost: 58 instructions if no table is
 * missing and a cursor helps (cursor.ts).
 */
export function mapPage(root: Frame, page: Page, frame: Frame, flags: bigint): Status {
  if (!isPageAligned(page) || !isFrame(frame) || !areFlags(flags)) return mapPages(root, page, frame, 1, flags, 1);
  if (!isAtCursor(root, page)) return mapPages(root, page, frame, 1, flags, 1);
  const above = pteRead(cursorEntry(page));
  // a table (pteIsTable), and the user's or not like all of its slot (isSlotOfOther): flags have neither P nor S
  if ((((above - PTE_PRESENT) ^ flags) & (PTE_PRESENT | PTE_HUGE | PTE_USER)) !== 0n) {
    return mapPages(root, page, frame, 1, flags, 1);
  }
  const table = pteFrame(above);
  const entry = entryAddr(table, page, 1);
  if (pteRead(entry) !== PTE_EMPTY) return ALREADY_MAPPED;
  pteWrite(entry, pteMake(frame, flags | PTE_PRESENT));
  tableEntriesAdd(table, 1);
  return OK;
}

/** The same for `count` pages and consecutive frames; EMPTY_RANGE and WRAPS besides. Walks once every 2 MiB. */
export function mapRange(root: Frame, first: Page, frame: Frame, count: number, flags: bigint): Status {
  return mapPages(root, first, frame, count, flags, 1);
}

/**
 * mapRange with the largest pages that fit, up to those of `topLevel` (2 or 3): where page and frame are equally far
 * from a boundary of the larger size.
 */
export function mapLargest(
  root: Frame, first: Page, frame: Frame, count: number, flags: bigint, topLevel: number,
): Status {
  let status = rangeCheck(first, count, 1);
  if (status === OK) status = framesCheck(frame, count, 1);
  if (status !== OK) return status;

  for (let done = 0; done < count; ) {
    const page = pageAfter(first, done);
    const at = frameAfter(frame, done);
    const level = levelFitting(page, at, count - done, topLevel);
    const entries = entriesFitting(page, at, count - done, level, topLevel);
    const answer = mapPages(root, page, at, entries, flags, level);
    if (answer !== OK) {
      if (done > 0) flushNow(unmapRange(root, first, done));
      return answer;
    }
    done += entries * levelFrames(level);
  }
  return OK;
}

/** `count` pages of the size of `level` (1: 4 KiB, 2: 2 MiB, 3: 1 GiB), all or nothing: mapRange for any size. */
export function mapPages(
  root: Frame, first: Page, frame: Frame, count: number, flags: bigint, level: number,
): Status {
  let status = rangeCheck(first, count, level);
  if (status === OK) status = framesCheck(frame, count, level);
  if (status === OK) status = flagsCheck(first, flags);
  if (status === OK) status = mapPlan(root, first, count, level, flags & PTE_USER);
  if (status !== OK) return status;
  if (!tablesStock(tablesMissing, frameOwner(root))) return NO_MEMORY;

  const step = levelFrames(level);
  const leaf = level === 1 ? flags | PTE_PRESENT : flags | PTE_PRESENT | PTE_HUGE;
  for (let done = 0; done < count; ) {
    const page = pageAfter(first, done * step);
    const entry = entryReach(root, page, level, flags & PTE_USER);
    const here = entriesHere(page, level, count - done);
    let pte: bigint = pteMake(frameAfter(frame, done * step), leaf);
    for (let i = 0; i < here; i++) {
      pteWrite(entryAfter(entry, i), pteWord(pte));
      pte += levelSpan(level);
    }
    tableEntriesAdd(entryTable(entry), here);
    done += here;
  }
  return OK;
}

/** Is the whole range empty? Then tablesMissing says how many tables it lacks. */
function mapPlan(root: Frame, first: Page, count: number, level: number, user: bigint): Status {
  tablesMissing = 0;
  for (let done = 0; done < count; ) {
    const page = pageAfter(first, done * levelFrames(level));
    if (isSlotOfOther(root, page, user)) return WRONG_HALF;
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
