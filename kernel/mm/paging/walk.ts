/** From a root down to the entry for an address: `find` looks, `reach` builds what is missing. Begins at the cursor. */
import {
  type Frame, frameAddr, frameOf, isCanonical, NO_PHYS, type PhysAddr, physAddr, type VirtAddr,
} from "../../lib/addr.ts";
import { frameOwner } from "../phys/frame-table.ts";
import { cursorSet, cursorTable, isAtCursor } from "./cursor.ts";
import {
  ENTRY_BYTES, levelIndex, levelSpan, PTE_EMPTY, PTE_FRAME, PTE_NO_EXECUTE, PTE_PRESENT, PTE_USER, PTE_WRITABLE, type
  Pte, pteFrame, pteIsPresent, pteIsTable, pteMake, pteRead, pteWrite, TOP_LEVEL,
} from "./pte.ts";
import { tableEntriesAdd, tablesStock, tableTake } from "./tables.ts";

/** No entry: a table above it is missing. Frame 0 is never a table, so no entry lies at 0. */
export const NO_ENTRY = 0n as PhysAddr;

let stopLevel = TOP_LEVEL;

/** Where the entry for `va` lies in `table`, a table of `level`. */
export function entryAddr(table: Frame, va: VirtAddr, level: number): PhysAddr {
  return physAddr(frameAddr(table) + BigInt(ENTRY_BYTES * levelIndex(va, level)));
}
/** The table in which an entry lies. */
export function entryTable(entry: PhysAddr): Frame {
  return frameOf(entry);
}

/**
 * Where the entry for `va` lives at `level`, or NO_ENTRY if a table above it is missing or a larger page covers it.
 * Looks only; changes nothing. Level 1 maps 4 KiB, level 2 maps 2 MiB, level 3 maps 1 GiB.
 */
export function entryFind(root: Frame, va: VirtAddr, level: number): PhysAddr {
  const entry = entryDeepest(root, va, level);
  return stopLevel === level ? entry : NO_ENTRY;
}

/**
 * The same, building the tables that are missing; their entries allow all that a leaf may allow, to the user only if
 * `user` is PTE_USER (otherwise 0). NO_ENTRY, and nothing changed, if there is no frame for one of them or if anything
 * but a table is in the way.
 */
export function entryReach(root: Frame, va: VirtAddr, level: number, user: bigint): PhysAddr {
  let entry = entryDeepest(root, va, level);
  if (stopLevel === level) return entry;
  if (pteRead(entry) !== PTE_EMPTY || !tablesStock(stopLevel - level, frameOwner(root))) return NO_ENTRY;

  for (let at = stopLevel - 1; at >= level; at--) {
    const table = tableTake(); // cleared before the entry points at it: the CPU may look at once
    pteWrite(entry, pteMake(table, PTE_PRESENT | PTE_WRITABLE | user));
    tableEntriesAdd(entryTable(entry), 1);
    entry = entryAddr(table, va, at);
  }
  return entry;
}

/**
 * The entry at which a walk for `va` ends: at `level`, or above it at one that leads to no table.
 * entryStop() tells at which level that was.
 */
export function entryDeepest(root: Frame, va: VirtAddr, level: number): PhysAddr {
  let table = root;
  let from = TOP_LEVEL;
  if (level < 3 && isAtCursor(root, va)) {
    table = cursorTable();
    from = 2;
  }
  for (let at = from; at > level; at--) {
    const entry = entryAddr(table, va, at);
    const pte = pteRead(entry);
    if (!pteIsTable(pte)) {
      stopLevel = at;
      return entry;
    }
    table = pteFrame(pte);
    if (at === 3) cursorSet(root, va, table);
  }
  stopLevel = level;
  return entryAddr(table, va, level);
}

/** The level at which the last walk ended. */
export function entryStop(): number {
  return stopLevel;
}

/**
 * The physical address behind `va`, or NO_PHYS. entryStop() is then the level of the page or of the absent entry.
 * Cost: about 30 instructions within the GiB of the last operation, 60 elsewhere.
 */
export function translate(root: Frame, va: VirtAddr): PhysAddr {
  if (!isAtCursor(root, va) && !cursorMove(root, va)) return translateAbove(root, va);
  const above = pteRead(entryAddr(cursorTable(), va, 2));
  if (!pteIsTable(above)) return translateLarge(above, va, 2);
  const pte = pteRead(entryAddr(pteFrame(above), va, 1));
  stopLevel = 1;
  if (!pteIsPresent(pte)) return NO_PHYS;
  return physAddr((pte & PTE_FRAME) | (va & 0xfffn));
}

/** Who may do what behind `va`: of all levels together, which of PTE_WRITABLE, PTE_USER and PTE_NO_EXECUTE holds. */
export function translateRights(root: Frame, va: VirtAddr): bigint {
  let allowed = PTE_WRITABLE | PTE_USER;
  let forbidden = 0n;
  let table = root;
  for (let level = TOP_LEVEL; level >= 1; level--) {
    const pte = pteRead(entryAddr(table, va, level));
    if (!isCanonical(va) || !pteIsPresent(pte)) return 0n;
    allowed &= pte;
    forbidden |= pte & PTE_NO_EXECUTE;
    if (level === 1 || !pteIsTable(pte)) break;
    table = pteFrame(pte);
  }
  return allowed | forbidden;
}

/** False if there is no table of level 2 for `va`. */
function cursorMove(root: Frame, va: VirtAddr): boolean {
  if (!isCanonical(va)) return false;
  entryDeepest(root, va, 2);
  return stopLevel === 2;
}

/** An address without a table of level 2. */
function translateAbove(root: Frame, va: VirtAddr): PhysAddr {
  if (!isCanonical(va)) return NO_PHYS;
  const pte = pteRead(entryDeepest(root, va, 2));
  return translateLarge(pte, va, stopLevel);
}
/** A page of 2 MiB or 1 GiB, or none. */
function translateLarge(pte: Pte, va: VirtAddr, level: number): PhysAddr {
  stopLevel = level;
  if (!pteIsPresent(pte)) return NO_PHYS;
  const inside = levelSpan(level) - 1n;
  return physAddr((frameAddr(pteFrame(pte)) & ~inside) | (va & inside));
}
