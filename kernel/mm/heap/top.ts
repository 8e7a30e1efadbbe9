/**
 * The small zone's end. What is behind its end mark is nobody's yet: no block and in no list, and taken of only when no
 * free block fits. A block that is given back in front of the mark goes there, and the mark moves down.
 *
 *   | blocks … | end mark | nobody's … | (absent) …
 *              ZONE.end              ZONE.limit
 *
 * In a heap that may grow the zone's limit moves up when what is there does not do, by 1/64 of what the zone has or by
 * what is wanted, and down when much of it is nobody's, but not below where it began.
 */
import { lower, NOWHERE, type VirtAddr, virtAddr } from "../../lib/addr.ts";
import {
  BEFORE_FREE, BLOCK_MIN, blockPlus, freeWrite, sizeBefore, usedWrite, WORD_BYTES, wordRead,
} from "./block.ts";
import { classAdd, classRemove } from "./classes.ts";
import { markMove, topLargest } from "./mark.ts";
import { limitsInit, topGrow, topTrim } from "./top-pages.ts";
import { NEVER, smallZone, ZONE } from "./zone.ts";

/** Nobody's bytes that make the zone give pages back. */
const TRIM = 0x2_0000n;
/** What is cut off for small blocks, so that they lie together. */
export const CHUNK = 0x1000n;

let trimFrom = NEVER;

/** A zone without blocks, of which start..limit-1 is there; the limit may rise to `most`. */
export function topInit(start: VirtAddr, limit: VirtAddr, most: VirtAddr): void {
  const zone = smallZone();
  ZONE.setStart(zone, start);
  ZONE.setEnd(zone, start);
  ZONE.setLimit(zone, limit);
  limitsInit(limit, most);
  trimFrom = most > limit ? TRIM : NEVER;
  usedWrite(start, 0n, 0n, 0);
}

/**
 * A used block of `size` bytes at the mark, with its word. What is behind it in the first `chunk` bytes is a free block
 * then, and the mark behind that. NOWHERE, and nothing has changed, if there are no pages. Cost: that of the pages.
 */
export function topTake(size: bigint, tag: number, chunk: bigint): VirtAddr {
  if (topLargest() < size && !topGrow(size)) return NOWHERE;
  const zone = smallZone();
  if (ZONE.limit(zone) - WORD_BYTES - ZONE.end(zone) < size) topAbsorb();
  const block = ZONE.end(zone);
  const before = wordRead(block) & BEFORE_FREE;
  const spare = lower(chunk, ZONE.limit(zone) - WORD_BYTES - block);
  usedWrite(block, size, before, tag);
  if (spare < size + BLOCK_MIN) {
    markMove(blockPlus(block, size), 0n);
    return block;
  }
  const rest = blockPlus(block, size);
  markMove(blockPlus(block, spare), BEFORE_FREE);
  freeWrite(rest, spare - size);
  classAdd(zone, rest, spare - size);
  return block;
}

/**
 * The bytes from `start` to the mark become nobody's; the first `before` of them were a free block. Cost: that of pages
 * that go.
 */
export function topGive(start: VirtAddr, before: bigint): void {
  const zone = smallZone();
  markMove(start, 0n);
  if (before >= ZONE.hollow(zone) || ZONE.limit(zone) - start >= trimFrom) topTrim(start, before);
}

/** The used block in front of the mark has `more` bytes now; its word is the caller's. False if there are no pages. */
export function topExtend(more: bigint): boolean {
  if (topLargest() < more && !topGrow(more)) return false;
  markMove(blockPlus(ZONE.end(smallZone()), more), 0n);
  return true;
}

/** The free block in front of the mark becomes nobody's. */
export function topAbsorb(): void {
  const zone = smallZone();
  const mark = ZONE.end(zone);
  const free = sizeBefore(mark);
  const block = virtAddr(mark - free);
  classRemove(zone, block, free); // a part of a chunk, and not hollow
  markMove(block, 0n);
}
