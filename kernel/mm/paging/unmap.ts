/** Taking mappings away, all or nothing. */
import { type Frame, isPageAligned, type Page, pageAfter } from "../../lib/addr.ts";
import { OK, type Owed, owed } from "../../lib/status.ts";
import { frameGive } from "../phys/frames.ts";
import { cursorEntry, cursorForget, cursorsForget, isAtCursor } from "./cursor.ts";
import { flushOwe, flushOweTable } from "./flush.ts";
import { leavesAreLarge, leavesBits, leavesEntry, leavesHere, leavesLook } from "./leaves.ts";
import {
  levelFrames, PTE_EMPTY, type Pte, pteFrame, pteIsPresent, pteIsTable, pteRead, pteWrite, TABLE_ENTRIES, TOP_LEVEL,
} from "./pte.ts";
import { entryAfter, entryFirst, rangeCheck } from "./range.ts";
import { edgesSplit } from "./split.ts";
import { isShared, tableEntries, tableEntriesAdd } from "./tables.ts";
import { entryAddr, entryFind, entryStop, entryTable, NO_ENTRY } from "./walk.ts";

/** unmapRange for one page of 4 KiB. Cost: 64 instructions if its table stays and a cursor helps. */
export function unmapPage(root: Frame, page: Page): Owed {
  if (!isPageAligned(page) || !isAtCursor(root, page)) return unmapRange(root, page, 1);
  const above = pteRead(cursorEntry(page));
  if (!pteIsTable(above)) return unmapRange(root, page, 1);
  const entry = entryAddr(pteFrame(above), page, 1);
  const pte = pteRead(entry);
  if (!pteIsPresent(pte) || tableEntries(pteFrame(above)) === 1) return unmapRange(root, page, 1);
  pteWrite(entry, PTE_EMPTY);
  tableEntriesAdd(pteFrame(above), -1);
  flushOwe(root, page, 1, 1, pte);
  return owed(OK);
}

/**
 * Takes the mapping of `count` pages away, larger pages at the ends being split, and the tables that are empty then,
 * except the kernel's of level 3, which every space shares. The frames stay their owner's, and must stay so until
 * the flush is paid. EMPTY_RANGE, MISALIGNED, NOT_CANONICAL, WRAPS; NOT_MAPPED: a page of the range is absent;
 * NO_MEMORY: no table to split a larger page. Nothing has changed then, and nothing is owed.
 * Cost: two walks for each 2 MiB, a load and a store for each entry.
 */
export function unmapRange(root: Frame, first: Page, count: number): Owed {
  let status = rangeCheck(first, count, 1);
  if (status === OK) status = leavesLook(root, first, count);
  if (status === OK && leavesAreLarge()) status = edgesSplit(root, first, count);
  if (status !== OK) return owed(status);

  for (let done = 0; done < count; ) {
    const page = pageAfter(first, done);
    const here = leavesHere(root, page, count - done);
    const level = entryStop();
    leavesClear(root, page, here, level);
    done += here * levelFrames(level);
  }
  return owed(OK);
}

/** The stretch of `count` leaves of `level` at leavesEntry() becomes empty. */
function leavesClear(root: Frame, page: Page, count: number, level: number): void {
  const entry = leavesEntry();
  for (let i = 0; i < count; i++) pteWrite(entryAfter(entry, i), PTE_EMPTY);
  flushOwe(root, page, count, level, leavesBits());
  tableEntriesAdd(entryTable(entry), -count);
  if (tableEntries(entryTable(entry)) === 0) tablesPrune(root, page, level);
}

/** Takes the empty table of `level` that covers `page` out of use, and those above it that are empty then. */
export function tablesPrune(root: Frame, page: Page, level: number): void {
  const highest = isShared(page) ? TOP_LEVEL - 2 : TOP_LEVEL - 1;
  for (let at = level; at <= highest; at++) {
    const above = entryFind(root, page, at + 1);
    if (above === NO_ENTRY) return;
    const table = pteFrame(pteRead(above));
    if (tableEntries(table) !== 0) return;
    pteWrite(above, PTE_EMPTY);
    tableEntriesAdd(entryTable(above), -1);
    if (at === 2) cursorForget(page);
    flushOweTable(table);
  }
}

/**
 * Gives back `table`, of `level`, and every table under it; no CPU may know them. What pages show is not touched.
 */
export function tableTreeGive(table: Frame, level: number): void {
  cursorsForget();
  treeGive(table, level);
}
function treeGive(table: Frame, level: number): void {
  for (let i = 0; i < TABLE_ENTRIES && level > 1; i++) {
    const pte: Pte = pteRead(entryAfter(entryFirst(table), i));
    if (pteIsTable(pte)) treeGive(pteFrame(pte), level - 1);
  }
  tableEntriesAdd(table, -tableEntries(table));
  frameGive(table);
}
