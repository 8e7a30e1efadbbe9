/** Taking mappings away, all or nothing. */
import { type Frame, type Page, pageAfter, type PhysAddr } from "../../lib/addr.ts";
import { NOT_MAPPED, OK, type Status, type Owed, owed } from "../../lib/status.ts";
import { frameGive } from "../phys/frames.ts";
import { cursorForget } from "./cursor.ts";
import { flushOwe, flushOweTable } from "./flush.ts";
import {
  levelFrames, PTE_EMPTY, type Pte, pteFrame, pteIsPresent, pteIsTable, pteRead, pteWrite, TABLE_ENTRIES, TOP_LEVEL,
} from "./pte.ts";
import { entriesHere, entryAfter, entryFirst, rangeCheck } from "./range.ts";
import { edgesSplit } from "./split.ts";
import { isShared, tableEntries, tableEntriesAdd } from "./tables.ts";
import { entryDeepest, entryFind, entryStop, entryTable, NO_ENTRY } from "./walk.ts";

/** unmapRange for one page of 4 KiB. Cost: about 60 instructions if its table stays. */
export function unmapPage(root: Frame, page: Page): Owed {
  return unmapRange(root, page, 1);
}

/**
 * Takes the mapping of `count` pages away, larger pages at the ends being split, and the tables that are empty then,
 * except the kernel's of level 3, which every space shares. The frames stay their owner's, and must stay so until
 * the flush is paid. EMPTY_RANGE, MISALIGNED, NOT_CANONICAL, WRAPS; NOT_MAPPED: a page of the range is absent;
 * NO_MEMORY: no table to split a larger page. Nothing has changed then, and nothing is owed.
 * Cost: a walk for each 2 MiB, a load and a store for each entry.
 */
export function unmapRange(root: Frame, first: Page, count: number): Owed {
  let status = rangeCheck(first, count, 1);
  if (status === OK) status = presentCheck(root, first, count);
  if (status === OK) status = edgesSplit(root, first, count);
  if (status !== OK) return owed(status);

  for (let done = 0; done < count; ) {
    const page = pageAfter(first, done);
    const entry = entryDeepest(root, page, 1);
    const level = entryStop();
    const here = entriesHere(page, level, Math.floor((count - done) / levelFrames(level)));
    done += entriesClear(root, page, entry, here, level) * levelFrames(level);
  }
  return owed(OK);
}

/** Is every page of the range there? NOT_MAPPED if not. */
export function presentCheck(root: Frame, first: Page, count: number): Status {
  for (let done = 0; done < count; ) {
    const page = pageAfter(first, done);
    const entry = entryDeepest(root, page, 1);
    const level = entryStop();
    if (level > 1) {
      if (!pteIsPresent(pteRead(entry))) return NOT_MAPPED;
      // to the end of the larger page, from wherever in it this one lies
      done += levelFrames(level) - (Number(page >> 12n) & (levelFrames(level) - 1));
      continue;
    }
    const here = entriesHere(page, 1, count - done);
    for (let i = 0; i < here; i++) {
      if (!pteIsPresent(pteRead(entryAfter(entry, i)))) return NOT_MAPPED;
    }
    done += here;
  }
  return OK;
}

/** Up to `count` leaves from `entry` on become empty: how many, for the next may lead to a table. */
function entriesClear(root: Frame, page: Page, entry: PhysAddr, count: number, level: number): number {
  let seen = 0n;
  let cleared = 0;
  for (; cleared < count; cleared++) {
    const at = entryAfter(entry, cleared);
    const pte = pteRead(at);
    if (level > 1 && pteIsTable(pte)) break;
    seen |= pte;
    pteWrite(at, PTE_EMPTY);
  }
  flushOwe(root, page, cleared, level, seen);
  tableEntriesAdd(entryTable(entry), -cleared);
  if (tableEntries(entryTable(entry)) === 0) tablesPrune(root, page, level);
  return cleared;
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
    cursorForget();
    flushOweTable(table);
  }
}

/**
 * Gives back `table`, of `level`, and every table under it; no CPU may know them. What pages show is not touched.
 */
export function tableTreeGive(table: Frame, level: number): void {
  for (let i = 0; i < TABLE_ENTRIES && level > 1; i++) {
    const pte: Pte = pteRead(entryAfter(entryFirst(table), i));
    if (pteIsTable(pte)) tableTreeGive(pteFrame(pte), level - 1);
  }
  tableEntriesAdd(table, -tableEntries(table));
  cursorForget();
  frameGive(table);
}
