/** From a root down to the entry for an address: `find` looks, `reach` builds what is missing. */
import {
  type Frame, frameAddr, isCanonical, NO_PHYS, type PhysAddr, physAddr, type VirtAddr,
} from "../../lib/addr.ts";
import {
  ENTRY_BYTES, levelIndex, levelSpan, PTE_EMPTY, PTE_PRESENT, PTE_WRITABLE, pteFrame, pteIsPresent, pteIsTable,
  pteMake, pteRead, pteWrite, TOP_LEVEL,
} from "./pte.ts";
import { tablesStock, tableTake } from "./tables.ts";

/** No entry: a table above it is missing. Frame 0 is never a table, so no entry lies at 0. */
export const NO_ENTRY = 0n as PhysAddr;

let stopLevel = TOP_LEVEL;

/** Where the entry for `va` lies in `table`, a table of `level`. */
export function entryAddr(table: Frame, va: VirtAddr, level: number): PhysAddr {
  return physAddr(frameAddr(table) + BigInt(ENTRY_BYTES * levelIndex(va, level)));
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
 * `user` is PTE_USER (otherwise 0). NO_ENTRY, and nothing changed, if there is no frame for one of them
 * or if anything but a table is in the way.
 */
export function entryReach(root: Frame, va: VirtAddr, level: number, user: bigint): PhysAddr {
  let entry = entryDeepest(root, va, level);
  if (stopLevel === level) return entry;
  if (pteRead(entry) !== PTE_EMPTY || !tablesStock(stopLevel - level)) return NO_ENTRY;

  for (let at = stopLevel - 1; at >= level; at--) {
    const table = tableTake(); // cleared before the entry points at it: the CPU may look at once
    pteWrite(entry, pteMake(table, PTE_PRESENT | PTE_WRITABLE | user));
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
  for (let at = TOP_LEVEL; at > level; at--) {
    const entry = entryAddr(table, va, at);
    const pte = pteRead(entry);
    if (!pteIsTable(pte)) {
      stopLevel = at;
      return entry;
    }
    table = pteFrame(pte);
  }
  stopLevel = level;
  return entryAddr(table, va, level);
}

/** The level at which the last walk ended. */
export function entryStop(): number {
  return stopLevel;
}

/** The physical address behind `va`, or NO_PHYS. entryStop() is then the level of the page or absent entry. */
export function translate(root: Frame, va: VirtAddr): PhysAddr {
  if (!isCanonical(va)) return NO_PHYS;
  const pte = pteRead(entryDeepest(root, va, 1));
  if (!pteIsPresent(pte)) return NO_PHYS;
  const inside = levelSpan(stopLevel) - 1n;
  return physAddr((frameAddr(pteFrame(pte)) & ~inside) | (va & inside));
}
