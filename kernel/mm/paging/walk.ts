/** From a root down to the entry for an address: `find` looks, `reach` builds what is missing. Begins at a cursor. */
import { type Frame, frameAddr, frameOf, isCanonical, type PhysAddr, physAddr, type VirtAddr } from "../../lib/addr.ts";
import { frameOwner } from "../phys/frame-table.ts";
import { cursorEntry, isAtCursor, walkStop, walkStopSet } from "./cursor.ts";
import {
  ENTRY_BYTES, levelIndex, PTE_EMPTY, PTE_FRAME, PTE_NO_EXECUTE, PTE_PRESENT, PTE_USER, PTE_WRITABLE, pteFrame,
  pteIsPresent, pteIsTable, pteMake, pteRead, pteWrite, TOP_LEVEL,
} from "./pte.ts";
import { tableEntriesAdd, tablesStock, tableTake } from "./tables.ts";
import { entryFromTop, translateAbsent, translateFromTop, translateLarge } from "./walk-top.ts";

/** No entry: a table above it is missing. Frame 0 is never a table, so no entry lies at 0. */
export const NO_ENTRY = 0n as PhysAddr;

/** Where the entry for `va` lies in `table`, a table of `level`. */
export function entryAddr(table: Frame, va: VirtAddr, level: number): PhysAddr {
  return physAddr(frameAddr(table) + BigInt(ENTRY_BYTES * levelIndex(va, level)));
}
/** The table in which an entry lies. */
export function entryTable(entry: PhysAddr): Frame {
  return frameOf(entry);
}
/** The level at which the last walk ended. */
export function entryStop(): number {
  return walkStop();
}

/**
 * Where the entry for `va` lives at `level`, or NO_ENTRY if a table above it is missing or a larger page covers it.
 * Looks only; changes nothing. Level 1 maps 4 KiB, level 2 maps 2 MiB, level 3 maps 1 GiB.
 */
export function entryFind(root: Frame, va: VirtAddr, level: number): PhysAddr {
  const entry = entryDeepest(root, va, level);
  return entryStop() === level ? entry : NO_ENTRY;
}

/**
 * The same, building the tables that are missing; their entries allow all that a leaf may allow, to the user only if
 * `user` is PTE_USER (otherwise 0). NO_ENTRY, and nothing changed, if there is no frame for one of them or if anything
 * but a table is in the way.
 */
export function entryReach(root: Frame, va: VirtAddr, level: number, user: bigint): PhysAddr {
  let entry = entryDeepest(root, va, level);
  const stop = entryStop();
  if (stop === level) return entry;
  if (pteRead(entry) !== PTE_EMPTY || !tablesStock(stop - level, frameOwner(root))) return NO_ENTRY;

  for (let at = stop - 1; at >= level; at--) {
    const table = tableTake(); // cleared before the entry points at it: the CPU may look at once
    pteWrite(entry, pteMake(table, PTE_PRESENT | PTE_WRITABLE | user));
    tableEntriesAdd(entryTable(entry), 1);
    entry = entryAddr(table, va, at);
  }
  return entry;
}

/**
 * The entry at which a walk for `va`, which is canonical, ends: at `level`, or above it at one that leads to no table.
 * entryStop() tells at which level that was.
 */
export function entryDeepest(root: Frame, va: VirtAddr, level: number): PhysAddr {
  if (level > 2 || !isAtCursor(root, va)) return entryFromTop(root, va, level);
  const above = cursorEntry(va);
  walkStopSet(2);
  if (level === 2) return above;
  const pte = pteRead(above);
  if (!pteIsTable(pte)) return above;
  walkStopSet(1);
  return entryAddr(pteFrame(pte), va, 1);
}

/**
 * The physical address behind `va`, or NO_PHYS. entryStop() is then the level of the page or of the absent entry.
 * Cost: 35 instructions where a cursor helps (cursor.ts), about 100 elsewhere.
 */
export function translate(root: Frame, va: VirtAddr): PhysAddr {
  if (!isAtCursor(root, va)) return translateFromTop(root, va);
  const above = pteRead(cursorEntry(va));
  if (!pteIsTable(above)) return translateLarge(above, va, 2);
  const pte = pteRead(entryAddr(pteFrame(above), va, 1));
  if (!pteIsPresent(pte)) return translateAbsent(1);
  walkStopSet(1);
  return physAddr((va & 0xfffn) | (pte & PTE_FRAME));
}

/**
 * What may be done behind `va`, all levels together: PTE_PRESENT, and which of PTE_WRITABLE, PTE_USER and
 * PTE_NO_EXECUTE holds. 0: nothing is mapped there.
 */
export function translateRights(root: Frame, va: VirtAddr): bigint {
  if (!isCanonical(va)) return 0n;
  let allowed = PTE_PRESENT | PTE_WRITABLE | PTE_USER;
  let forbidden = 0n;
  let table = root;
  for (let level = TOP_LEVEL; level >= 1; level--) {
    const pte = pteRead(entryAddr(table, va, level));
    if (!pteIsPresent(pte)) return 0n;
    allowed &= pte;
    forbidden |= pte & PTE_NO_EXECUTE;
    if (level === 1 || !pteIsTable(pte)) break;
    table = pteFrame(pte);
  }
  return allowed | forbidden;
}
