/**
 * Pages inside free blocks. A free block of a zone that has so many bytes (ZONE.hollow) is hollow: of its pages only
 * those with its first 16 bytes and its last 8 are there. Whoever makes a free block, or takes of one, says here what
 * becomes of the pages.
 *
 *   | word, links | … | absent pages | … | size |
 *   block             innerStart     innerEnd    block + size
 *
 * The pages that the heap began with stay, all of them.
 */
"compiler: cold";
import { poison, unpoison } from "../../doors/machine.ts";
import { higher, lower, NOWHERE, type VirtAddr, virtAddr } from "../../lib/addr.ts";
import { OK, type Status } from "../../lib/status.ts";
import { BLOCK_MIN, blockPlus, WORD_BYTES } from "./block.ts";
import { classAdd } from "./classes.ts";
import { pageDown, pagesCommit, pagesUncommit, pageUp } from "./heap-pages.ts";
import { smallZone, ZONE } from "./zone.ts";

/** In a free block, before what may be absent: its word and its links. */
const FREE_HEAD = 16n;

/** Pages below this are there for good. */
let stayBelow: VirtAddr = NOWHERE;

export function hollowInit(from: VirtAddr): void {
  stayBelow = from;
}

/**
 * Of the hollow free block of `whole` bytes, from..to-1 is about to be used; what is left before and behind stays
 * hollow if it is large enough. All other pages are there from now on; NO_MEMORY, and nothing has changed, if they
 * cannot be. Cost: that of the pages.
 */
export function hollowFill(zone: bigint, block: VirtAddr, whole: bigint, from: VirtAddr, to: VirtAddr): Status {
  const end = blockPlus(block, whole);
  let first = innerStart(block);
  let last = innerEnd(end);
  if (from > block && from - block >= ZONE.hollow(zone)) first = virtAddr(higher(first, innerEnd(from)));
  if (to < end && end - to >= ZONE.hollow(zone)) last = virtAddr(lower(last, innerStart(to)));
  if (first >= last) return OK;
  const status = pagesCommit(first, last);
  if (status !== OK) return status;
  poison(first, Number(last - first));
  return OK;
}

/**
 * The bytes from..to-1, whose pages are there, are in the middle of the hollow free block of `whole` bytes now. What is
 * before and behind them was a free block each, hollow or not. The pages go, but for the ends. Cost: that of the pages.
 */
export function hollowEmpty(zone: bigint, block: VirtAddr, whole: bigint, from: VirtAddr, to: VirtAddr): void {
  const end = blockPlus(block, whole);
  let first = innerStart(block);
  let last = innerEnd(end);
  if (from - block >= ZONE.hollow(zone) && from > block) first = virtAddr(higher(first, innerEnd(from)));
  if (end - to >= ZONE.hollow(zone) && to < end) last = virtAddr(lower(last, innerStart(to)));
  if (first >= last) return;
  unpoison(first, Number(last - first));
  pagesUncommit(first, last);
}

/** The pages of a free block that may be absent: from here, to there. */
export function innerStart(block: VirtAddr): VirtAddr {
  return virtAddr(higher(stayBelow, pageUp(block + FREE_HEAD)));
}
export function innerEnd(end: VirtAddr): VirtAddr {
  return pageDown(end - WORD_BYTES);
}

/**
 * heapTake has the free block of `whole` bytes, which is hollow, off its list for one of `need`: what it will use is
 * there from now on. False, and the block is in its list again, if the pages cannot be had.
 */
export function hollowReady(block: VirtAddr, whole: bigint, need: bigint, fromLow: bigint): boolean {
  const used = whole - need < BLOCK_MIN ? whole : need;
  const from = need <= fromLow ? block : blockPlus(block, whole - used);
  if (hollowFill(smallZone(), block, whole, from, blockPlus(from, used)) === OK) return true;
  classAdd(smallZone(), block, whole);
  return false;
}
