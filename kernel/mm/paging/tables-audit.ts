/** Are the kernel's page tables what is counted for them, and is nothing owed to the TLB? */
"compiler: cold"; // when a person or a test asks
import { physOfImage, rodataEnd, textStart } from "../../arch/image.ts";
import { logEnd, logNumber, logText, logVirt } from "../../base/log.ts";
import { type Frame, FRAME_TABLE, frameAddr, NO_FRAME, type VirtAddr, virtAddr } from "../../lib/addr.ts";
import { DAMAGED, OK, type Status } from "../../lib/status.ts";
import { frameOwner } from "../phys/frame-table.ts";
import { frameIsTaken } from "../phys/frames.ts";
import { kernelTables, ownerFrames } from "../phys/owners.ts";
import { flushIsOwed } from "./flush.ts";
import { kernelRoot } from "./kernel-map.ts";
import {
  levelIndex, levelSpan, PTE_EMPTY, PTE_NO_EXECUTE, PTE_USER, PTE_WRITABLE, type Pte, pteFrame, pteIsPresent,
  pteIsTable, pteRead, TABLE_ENTRIES, TOP_LEVEL,
} from "./pte.ts";
import { entryAfter, entryFirst } from "./range.ts";
import { tableEntries } from "./tables.ts";

const RIGHTS = PTE_WRITABLE | PTE_USER | PTE_NO_EXECUTE;

let tables = 0;
let isSound = true;

/**
 * OK, or DAMAGED with a line for each mistake: every table under the kernel's root is a frame of the kernel's tables,
 * whose record counts its entries; there are as many as are counted; no page is the user's, or writable and executable,
 * and none shows code or constants to be written; no flush is owed. The frame table's own slot is left out: its tables
 * were made before there were records. Those of spaces are mm/space's to audit. Cost: it looks at each entry of each
 * table twice.
 */
export function tablesAudit(): Status {
  isSound = true;
  tables = 0;
  if (flushIsOwed()) wrong("a flush is owed", virtAddr(0n));
  if (kernelRoot() === NO_FRAME) return isSound ? OK : DAMAGED;
  tableAudit(kernelRoot(), TOP_LEVEL, 0n);
  if (tables === ownerFrames(kernelTables())) return isSound ? OK : DAMAGED;
  logNumber("mm/paging: audit: tables found: ", tables);
  logNumber(", counted: ", ownerFrames(kernelTables()));
  logEnd();
  return DAMAGED;
}

/** Entries of the table that are not empty: what its record should say. */
export function tableEntriesCount(table: Frame): number {
  let count = 0;
  for (let i = 0; i < TABLE_ENTRIES; i++) {
    if (pteRead(entryAfter(entryFirst(table), i)) !== PTE_EMPTY) count++;
  }
  return count;
}

/** A table of `level` for what is at `base`, and all under it. */
function tableAudit(table: Frame, level: number, base: bigint): void {
  tables++;
  if (!frameIsTaken(table) || frameOwner(table) !== kernelTables()) {
    wrong("a table is somebody else's", virtAddr(base));
    return; // what it holds may lead anywhere
  }
  if (tableEntriesCount(table) !== tableEntries(table)) {
    wrong("a table's entries are not as many as counted", virtAddr(base));
  }
  for (let i = 0; i < TABLE_ENTRIES; i++) {
    const pte = pteRead(entryAfter(entryFirst(table), i));
    if (!pteIsPresent(pte) || (level === TOP_LEVEL && i === levelIndex(FRAME_TABLE, TOP_LEVEL))) continue;
    const va = base + BigInt(i) * levelSpan(level);
    if (level === 1 || !pteIsTable(pte)) {
      pageAudit(pte, level, va);
      continue;
    }
    if ((pte & RIGHTS) !== PTE_WRITABLE) wrong("a table has rights of its own", virtAddr(va));
    tableAudit(pteFrame(pte), level - 1, va);
  }
}

/** A page of `level` at `va`. */
function pageAudit(pte: Pte, level: number, va: bigint): void {
  if ((pte & PTE_USER) !== 0n) wrong("a page is the user's", virtAddr(va));
  if ((pte & PTE_WRITABLE) === 0n) return;
  if ((pte & PTE_NO_EXECUTE) === 0n) wrong("a page can be written and executed", virtAddr(va));
  const start = frameAddr(pteFrame(pte));
  if (start < physOfImage(rodataEnd()) && physOfImage(textStart()) < start + levelSpan(level)) {
    wrong("code or constants can be written", virtAddr(va));
  }
}

/** `base` is below 2^48: bits 48 to 63 are told by bit 47. */
function wrong(what: string, base: VirtAddr): void {
  isSound = false;
  logText("mm/paging: audit: ");
  logText(what);
  logVirt(": ", base >> 47n === 0n ? base : virtAddr(base | 0xffff_0000_0000_0000n));
  logEnd();
}
