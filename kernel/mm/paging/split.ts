/** Large pages made small, and small ones made large again; what is mapped stays what it is. */
import { type Frame, frameAfter, isCanonical, type Page, pageAfter } from "../../lib/addr.ts";
import {
  MISALIGNED, NO_MEMORY, NOT_CANONICAL, NOT_JOINABLE, NOT_MAPPED, OK, type Owed, owed,
  type Status,
} from "../../lib/status.ts";
import { frameOwner } from "../phys/frame-table.ts";
import { cursorForget } from "./cursor.ts";
import { flushOwe, flushOweTable } from "./flush.ts";
import {
  levelFrames, levelSpan, PTE_ACCESSED, PTE_DIRTY, PTE_FRAME, PTE_HUGE, PTE_PRESENT, PTE_USER, PTE_WRITABLE, type Pte,
  pteFrame, pteIsPresent, pteIsTable, pteMake, pteRead, pteWord, pteWrite, TABLE_ENTRIES,
} from "./pte.ts";
import { entryAfter, entryFirst } from "./range.ts";
import { tableEntriesAdd, tablesStock, tablesStockEnd, tableTake } from "./tables.ts";
import { entryDeepest, entryFind, entryStop, NO_ENTRY } from "./walk.ts";

/** What the CPU writes by itself: it may differ between pages that are otherwise alike. */
const CPU_BITS = PTE_ACCESSED | PTE_DIRTY;

/**
 * The large page in which `page` lies becomes 512 of the next smaller size: accesses, rights and frames stay.
 * NOT_MAPPED; NOT_CANONICAL; NO_MEMORY: no frame for the table. A page of 4 KiB: OK, nothing to do. Owed: the CPU may
 * hold the large translation, which is not wrong, until the small ones change. Cost: 512 stores.
 */
export function splitPage(root: Frame, page: Page): Owed {
  if (!isCanonical(page)) return owed(NOT_CANONICAL);
  const entry = entryDeepest(root, page, 1);
  const level = entryStop();
  if (!pteIsPresent(pteRead(entry))) return owed(NOT_MAPPED);
  if (level === 1) return owed(OK);
  if (!tablesStock(1, frameOwner(root))) return owed(NO_MEMORY);
  entrySplit(root, page, level);
  return owed(OK);
}

/**
 * The 512 pages of the next smaller size that make up the page of `level` (2 or 3) at `page` become that page, if they
 * show consecutive frames from an aligned one on, with the same rights; its table is taken out of use. MISALIGNED,
 * NOT_CANONICAL, NOT_MAPPED: no table there; NOT_JOINABLE. It counts as accessed, or written, if any of them was.
 * Cost: 512 loads.
 */
export function joinPages(root: Frame, page: Page, level: number): Owed {
  if ((page & (levelSpan(level) - 1n)) !== 0n) return owed(MISALIGNED);
  if (!isCanonical(page)) return owed(NOT_CANONICAL);
  const entry = entryFind(root, page, level);
  if (entry === NO_ENTRY || !pteIsTable(pteRead(entry))) return owed(NOT_MAPPED);
  const table = pteFrame(pteRead(entry));
  const first = pteRead(entryFirst(table));
  const step = levelSpan(level - 1);
  if (!isLeaf(first, level - 1) || ((first & PTE_FRAME) & (levelSpan(level) - 1n)) !== 0n) return owed(NOT_JOINABLE);

  let seen = 0n;
  for (let i = 0; i < TABLE_ENTRIES; i++) {
    const pte = pteRead(entryAfter(entryFirst(table), i));
    if ((pte & ~CPU_BITS) !== (first & ~CPU_BITS) + BigInt(i) * step) return owed(NOT_JOINABLE);
    seen |= pte & CPU_BITS;
  }
  pteWrite(entry, pteWord(first | PTE_HUGE | seen));
  tableEntriesAdd(table, -TABLE_ENTRIES);
  flushOwe(root, page, TABLE_ENTRIES, level - 1, first);
  if (level === 3) cursorForget(page);
  flushOweTable(table);
  return owed(OK);
}

/** No larger page reaches over either end of the range any more: NO_MEMORY, and nothing has changed, or OK. */
export function edgesSplit(root: Frame, first: Page, count: number): Status {
  const last = pageAfter(first, count);
  const needed = cutsAt(root, first) + cutsAt(root, last);
  if (needed === 0) return OK;
  if (!tablesStock(needed, frameOwner(root))) return NO_MEMORY;
  edgeSplit(root, first);
  edgeSplit(root, last);
  tablesStockEnd(); // where both ends are in one larger page, fewer were needed
  return OK;
}

/** Tables that it takes to make `page` the first of an entry: 0 if it is, or if nothing is there. */
function cutsAt(root: Frame, page: Page): number {
  if ((page & (levelSpan(3) - 1n)) === 0n) return 0; // also where the half of the address space ends
  if (!pteIsPresent(pteRead(entryDeepest(root, page, 1)))) return 0;
  const level = entryStop();
  let cuts = 0;
  for (let at = level; at > 1 && (page & (levelSpan(at) - 1n)) !== 0n; at--) cuts++;
  return cuts;
}

function edgeSplit(root: Frame, page: Page): void {
  for (let cuts = cutsAt(root, page); cuts > 0; cuts--) {
    entryDeepest(root, page, 1);
    entrySplit(root, page, entryStop());
  }
}

/** The leaf of `level` above 1 that maps `page` becomes a table, from the stock. */
function entrySplit(root: Frame, page: Page, level: number): void {
  const entry = entryDeepest(root, page, level);
  const leaf = pteRead(entry);
  const table = tableTake();
  const flags = leaf & ~(PTE_FRAME | (level === 2 ? PTE_HUGE : 0n));
  const step = levelFrames(level - 1);
  for (let i = 0; i < TABLE_ENTRIES; i++) {
    pteWrite(entryAfter(entryFirst(table), i), pteMake(frameAfter(pteFrame(leaf), i * step), flags));
  }
  tableEntriesAdd(table, TABLE_ENTRIES);
  pteWrite(entry, pteMake(table, PTE_PRESENT | PTE_WRITABLE | (leaf & PTE_USER)));
  flushOwe(root, page, 1, level, leaf);
}

function isLeaf(pte: Pte, level: number): boolean {
  return pteIsPresent(pte) && (level === 1 || !pteIsTable(pte));
}
