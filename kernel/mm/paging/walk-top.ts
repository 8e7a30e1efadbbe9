/** Walks from the root itself, where no cursor helps, and what translates to pages that are not of 4 KiB. */
"compiler: cold"; // each GiB once
import { type Frame, isCanonical, NO_PHYS, type PhysAddr, physAddr, type VirtAddr } from "../../lib/addr.ts";
import { cursorSet, walkStop, walkStopSet } from "./cursor.ts";
import {
  levelIndex, levelSpan, PTE_FRAME, type Pte, pteFrame, pteIsPresent, pteIsTable, pteRead, TOP_LEVEL,
} from "./pte.ts";
import { entryAfter, entryFirst } from "./range.ts";

/** entryDeepest without a cursor; it leaves one. */
export function entryFromTop(root: Frame, va: VirtAddr, level: number): PhysAddr {
  let table = root;
  for (let at = TOP_LEVEL; at > level; at--) {
    const entry = entryIn(table, va, at);
    const pte = pteRead(entry);
    if (!pteIsTable(pte)) {
      walkStopSet(at);
      return entry;
    }
    table = pteFrame(pte);
    if (at === 3) cursorSet(root, va, table);
  }
  walkStopSet(level);
  return entryIn(table, va, level);
}

/** translate without a cursor; it leaves one. */
export function translateFromTop(root: Frame, va: VirtAddr): PhysAddr {
  if (!isCanonical(va)) return NO_PHYS;
  const pte = pteRead(entryFromTop(root, va, 1));
  return translateLarge(pte, va, walkStop());
}

/** A page of any size behind an entry of `level`, or none. */
export function translateLarge(pte: Pte, va: VirtAddr, level: number): PhysAddr {
  if (!pteIsPresent(pte)) return translateAbsent(level);
  walkStopSet(level);
  const inside = levelSpan(level) - 1n;
  return physAddr((pte & PTE_FRAME & ~inside) | (va & inside));
}
/** Nothing, as the entry of `level` says. */
export function translateAbsent(level: number): PhysAddr {
  walkStopSet(level);
  return NO_PHYS;
}

function entryIn(table: Frame, va: VirtAddr, level: number): PhysAddr {
  return entryAfter(entryFirst(table), levelIndex(va, level));
}
