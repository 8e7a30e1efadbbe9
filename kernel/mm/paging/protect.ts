/** What may be done with pages that are mapped already. */
import { type Frame, type Page, pageAfter } from "../../lib/addr.ts";
import { OK, WRONG_HALF, type Owed, owed } from "../../lib/status.ts";
import { flushOwe } from "./flush.ts";
import { leavesAreLarge, leavesAreOf, leavesBits, leavesEntry, leavesHere, leavesLook } from "./leaves.ts";
import {
  levelFrames, PTE_KEPT, PTE_USER, pteRead, pteWord, pteWrite,
} from "./pte.ts";
import { entryAfter, flagsCheck, rangeCheck } from "./range.ts";
import { edgesSplit } from "./split.ts";
import { entryStop } from "./walk.ts";

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
  if (status === OK) status = leavesLook(root, first, count);
  if (status === OK && !leavesAreOf(flags & PTE_USER)) status = WRONG_HALF;
  if (status === OK && leavesAreLarge()) status = edgesSplit(root, first, count);
  if (status !== OK) return owed(status);

  for (let done = 0; done < count; ) {
    const page = pageAfter(first, done);
    const here = leavesHere(root, page, count - done);
    const level = entryStop();
    const entry = leavesEntry();
    for (let i = 0; i < here; i++) {
      const at = entryAfter(entry, i);
      pteWrite(at, pteWord((pteRead(at) & PTE_KEPT) | flags));
    }
    flushOwe(root, page, here, level, leavesBits() | flags);
    done += here * levelFrames(level);
  }
  return owed(OK);
}
