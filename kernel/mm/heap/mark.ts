/** The small zone's end mark: where it is, and what room there is at it. */
import { type VirtAddr, virtAddr } from "../../lib/addr.ts";
import { BEFORE_FREE, sizeBefore, usedWrite, WORD_BYTES, wordRead } from "./block.ts";
import { smallZone, ZONE } from "./zone.ts";

/** The most bytes that a block at the mark could have now: a free block in front of it would go there. */
export function topLargest(): bigint {
  return ZONE.limit(smallZone()) - WORD_BYTES - topStart();
}
/** Where that block would be. */
export function topStart(): VirtAddr {
  const mark = ZONE.end(smallZone());
  return (wordRead(mark) & BEFORE_FREE) === 0n ? mark : virtAddr(mark - sizeBefore(mark));
}
/** The mark is at `mark` now; `before` is BEFORE_FREE if the block in front of it is free, otherwise 0n. */
export function markMove(mark: VirtAddr, before: bigint): void {
  ZONE.setEnd(smallZone(), mark);
  usedWrite(mark, 0n, before, 0);
}
