/** What may be done with pages that are mapped already. */
import { type Frame, type Page, pageAfter } from "../../lib/addr.ts";
import { OK, WRONG_HALF, type Owed, owed } from "../../lib/status.ts";
import { flushOwe } from "./flush.ts";
import {
  levelFrames, PTE_ACCESSED, PTE_DIRTY, PTE_FRAME, PTE_HUGE, PTE_PRESENT, PTE_USER, pteIsTable, pteRead, pteWord,
  pteWrite,
} from "./pte.ts";
import { entriesHere, entryAfter, flagsCheck, rangeCheck } from "./range.ts";
import { edgesSplit } from "./split.ts";
import { presentCheck } from "./unmap.ts";
import { entryDeepest, entryStop } from "./walk.ts";

/** What stays as it is: the frame, the size, and what the CPU has noted. */
const KEPT = PTE_PRESENT | PTE_FRAME | PTE_HUGE | PTE_ACCESSED | PTE_DIRTY;

/** protectRange for one page of 4 KiB. */
export function protectPage(root: Frame, page: Page, flags: bigint): Owed {
  return protectRange(root, page, 1, flags);
}

/**
 * `count` pages get the rights and memory type of `flags`, as mapRange takes them; larger pages at the ends are split.
 * EMPTY_RANGE, MISALIGNED, NOT_CANONICAL, WRAPS, UNKNOWN_FLAG, WRITABLE_CODE; WRONG_HALF: pages of the kernel's cannot
 * become the user's, nor the reverse; NOT_MAPPED: a page is absent; NO_MEMORY: no table to split a larger page. Nothing
 * has changed then, and nothing is owed. Cost: a walk for each 2 MiB, a load and a store for each entry.
 */
export function protectRange(root: Frame, first: Page, count: number, flags: bigint): Owed {
  let status = rangeCheck(first, count, 1);
  if (status === OK) status = flagsCheck(first, flags);
  if (status === OK) status = presentCheck(root, first, count);
  if (status === OK && !isOfSameHalf(root, first, count, flags & PTE_USER)) status = WRONG_HALF;
  if (status === OK) status = edgesSplit(root, first, count);
  if (status !== OK) return owed(status);

  for (let done = 0; done < count; ) {
    const page = pageAfter(first, done);
    const entry = entryDeepest(root, page, 1);
    const level = entryStop();
    const here = entriesHere(page, level, Math.floor((count - done) / levelFrames(level)));
    let seen = 0n;
    let changed = 0;
    for (; changed < here; changed++) {
      const at = entryAfter(entry, changed);
      const pte = pteRead(at);
      if (level > 1 && pteIsTable(pte)) break;
      seen |= pte;
      pteWrite(at, pteWord((pte & KEPT) | flags));
    }
    flushOwe(root, page, changed, level, seen | flags);
    done += changed * levelFrames(level);
  }
  return owed(OK);
}

/** All of it is there. */
function isOfSameHalf(root: Frame, first: Page, count: number, user: bigint): boolean {
  for (let done = 0; done < count; ) {
    const page = pageAfter(first, done);
    if ((pteRead(entryDeepest(root, page, 1)) & PTE_USER) !== user) return false;
    const frames = levelFrames(entryStop());
    done += entryStop() === 1 ? entriesHere(page, 1, count - done) : frames - (Number(page >> 12n) & (frames - 1));
  }
  return true;
}
