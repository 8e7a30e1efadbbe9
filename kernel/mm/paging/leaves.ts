/**
 * The leaves of a range of pages, in stretches: of one size, one after the other in one table. Whoever does something
 * to a range asks leavesLook whether it may, and then for one stretch after the other. A walk for each, and no more.
 */
import { type Frame, type Page, pageAfter, type PhysAddr } from "../../lib/addr.ts";
import { NOT_MAPPED, OK, type Status } from "../../lib/status.ts";
import { levelFrames, PTE_PRESENT, PTE_USER, type Pte, pteIsPresent, pteIsTable, pteRead, pteWord } from "./pte.ts";
import { entriesHere, entryAfter } from "./range.ts";
import { entryDeepest, entryStop, NO_ENTRY } from "./walk.ts";

let entry = NO_ENTRY;
let bitsOfAny = 0n;
let users = false;
let kernels = false;
let largest = 1;

/**
 * Is every page of the range, which is a right one, there? NOT_MAPPED if not. Then the functions below tell more.
 * Changes nothing. Cost: about 6 instructions a page.
 */
export function leavesLook(root: Frame, first: Page, count: number): Status {
  bitsOfAny = 0n;
  users = false;
  kernels = false;
  largest = 1;
  for (let done = 0; done < count; ) {
    const page = pageAfter(first, done);
    const at = entryDeepest(root, page, 1);
    const level = entryStop();
    const head = pteRead(at);
    if (!pteIsPresent(head)) return NOT_MAPPED;
    if ((head & PTE_USER) !== 0n) users = true; // all of a table is the user's, or none of it
    else kernels = true;
    if (level > 1) {
      if (level > largest) largest = level;
      bitsOfAny |= head;
      // to the end of the larger page, from wherever in it this one lies
      done += levelFrames(level) - (Number(page >> 12n) & (levelFrames(level) - 1));
      continue;
    }
    const here = entriesHere(page, 1, count - done);
    let any: bigint = head;
    let every: bigint = head;
    for (let i = 1; i < here; i++) {
      const pte = pteRead(entryAfter(at, i));
      any |= pte;
      every &= pte;
    }
    if ((every & PTE_PRESENT) === 0n) return NOT_MAPPED;
    bitsOfAny |= any;
    done += here;
  }
  return OK;
}
/** All bits that a leaf of the range has. */
export function leavesBits(): Pte {
  return pteWord(bitsOfAny);
}
/** Are all of them the user's (`user` is PTE_USER), or all the kernel's (0)? */
export function leavesAreOf(user: bigint): boolean {
  return user === 0n ? !users : !kernels;
}
/** Is any of more than 4 KiB? */
export function leavesAreLarge(): boolean {
  return largest > 1;
}

/**
 * How many leaves from that for `page` on make a stretch, within `left` pages: no larger page reaches beyond those.
 * leavesEntry() is the first, entryStop() the level of all.
 */
export function leavesHere(root: Frame, page: Page, left: number): number {
  entry = entryDeepest(root, page, 1);
  const level = entryStop();
  if (level === 1) return entriesHere(page, 1, left);
  const most = entriesHere(page, level, Math.floor(left / levelFrames(level)));
  let here = 1;
  while (here < most && !pteIsTable(pteRead(entryAfter(entry, here)))) here++;
  return here;
}
export function leavesEntry(): PhysAddr {
  return entry;
}
