/** Are the kernel's page tables what is counted for them, and is nothing owed to the TLB? */
"compiler: cold"; // when a person or a test asks
import { logEnd, logNumber, logText, logVirt } from "../../base/log.ts";
import { type Frame, FRAME_TABLE, NO_FRAME, type VirtAddr, virtAddr } from "../../lib/addr.ts";
import { DAMAGED, OK, type Status } from "../../lib/status.ts";
import { frameOwner } from "../phys/frame-table.ts";
import { frameIsTaken } from "../phys/frames.ts";
import { kernelTables, ownerFrames } from "../phys/owners.ts";
import { flushIsOwed } from "./flush.ts";
import { kernelRoot } from "./kernel-map.ts";
import {
  levelIndex, levelSpan, PTE_EMPTY, pteFrame, pteIsTable, pteRead, TABLE_ENTRIES, TOP_LEVEL,
} from "./pte.ts";
import { entryAfter, entryFirst } from "./range.ts";
import { tableEntries } from "./tables.ts";

let tables = 0;
let isSound = true;

/**
 * OK, or DAMAGED with a line for each mistake: every table under the kernel's root is a frame of the kernel's tables,
 * whose record counts its entries; there are as many as are counted; no flush is owed. The frame table's own slot is
 * left out: its tables were made before there were records. Those of spaces are mm/space's to audit. Cost: it looks at
 * each entry of each table.
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
  for (let i = 0; i < TABLE_ENTRIES && level > 1; i++) {
    const pte = pteRead(entryAfter(entryFirst(table), i));
    if (!pteIsTable(pte) || (level === TOP_LEVEL && i === levelIndex(FRAME_TABLE, TOP_LEVEL))) continue;
    tableAudit(pteFrame(pte), level - 1, base + BigInt(i) * levelSpan(level));
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
