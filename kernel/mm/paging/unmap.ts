/** Taking mappings away, all or nothing. */
import { flushPage } from "../../arch/tlb.ts";
import { type Frame, KERNEL_HALF, type Page, pageAfter } from "../../lib/addr.ts";
import { INVALID, NOT_MAPPED, OK, type Status } from "../../lib/status.ts";
import {
  levelFrames, levelSpan, PTE_EMPTY, pteFrame, pteIsPresent, pteIsTable, pteRead, pteWrite, TABLE_ENTRIES, TOP_LEVEL,
} from "./pte.ts";
import { entriesAreEmpty, entriesHere, entryAfter, entryFirst, rangeCheck } from "./range.ts";
import { tableGive } from "./tables.ts";
import { entryDeepest, entryFind, entryStop, NO_ENTRY } from "./walk.ts";

/** unmapRange for one page. */
export function unmapPage(root: Frame, page: Page): Status {
  return unmapRange(root, page, 1);
}

/**
 * Takes the mapping of `count` pages away, flushes, and gives back tables that are empty then, except the kernel half's
 * tables of level 3, which every space shares. The frames stay their owner's. NOT_MAPPED: a page of the range is
 * absent. INVALID: not aligned, or the range cuts a larger page. BAD_ADDRESS: not canonical. Costs up to 512 loads for
 * each table that is left.
 */
export function unmapRange(root: Frame, first: Page, count: number): Status {
  let status = rangeCheck(first, count, 1);
  if (status === OK) status = unmapPlan(root, first, count);
  if (status !== OK) return status;

  for (let done = 0; done < count; ) {
    const page = pageAfter(first, done);
    const entry = entryDeepest(root, page, 1);
    const level = entryStop();
    pteWrite(entry, PTE_EMPTY);
    flushPage(page);
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
    if (!pteIsPresent(pte)) return NOT_MAPPED;
    if ((page & (levelSpan(level) - 1n)) !== 0n || count - done < levelFrames(level)) return INVALID;
    done += levelFrames(level);
  }
  return OK;
}

/** Gives back `table`, of `level`, and every table under it; no CPU may know them. Pages' frames are not touched. */
export function tableTreeGive(table: Frame, level: number): void {
  for (let i = 0; i < TABLE_ENTRIES && level > 1; i++) {
    const pte = pteRead(entryAfter(entryFirst(table), i));
    if (pteIsTable(pte)) tableTreeGive(pteFrame(pte), level - 1);
  }
  tableGive(table);
}

/** Gives back the table of `level` that covers `page` if it is empty, and then those above it likewise. */
function tablesPrune(root: Frame, page: Page, level: number): void {
  const highest = page >= KERNEL_HALF ? TOP_LEVEL - 2 : TOP_LEVEL - 1;
  for (let at = level; at <= highest; at++) {
    const above = entryFind(root, page, at + 1);
    if (above === NO_ENTRY) return;
    const table = pteFrame(pteRead(above));
    if (!entriesAreEmpty(entryFirst(table), TABLE_ENTRIES)) return;
    pteWrite(above, PTE_EMPTY);
    flushPage(page); // the CPU may remember the way through this table, not only the page
    tableGive(table);
  }
}
