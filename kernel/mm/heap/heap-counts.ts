/** How many bytes are out, and the last step of every take. */
import { CHECKING } from "../../base/checking.ts";
import { unpoison } from "../../doors/machine.ts";
import { NOWHERE, type VirtAddr } from "../../lib/addr.ts";
import { BLOCK_MIN, blockPayload, WORD_BYTES } from "./block.ts";
import { classLargest } from "./classes.ts";
import { CHECK_BYTES, checkReset, checkTaken } from "./heap-check.ts";
import { largeIsHollow } from "./large.ts";
import { topLargest } from "./mark.ts";
import { largeZone, smallZone, ZONE, zoneBytes } from "./zone.ts";

/** Bytes in used blocks, of both zones and of the large one; the most of the former. */
let used = 0n;
let usedLarge = 0n;
let usedMost = 0n;

export function countsReset(): void {
  used = 0n;
  usedLarge = 0n;
  usedMost = 0n;
  if (CHECKING) checkReset();
}
/** `size` bytes more are in used blocks; in the large zone, too; and less. */
export function usedMore(size: bigint): void {
  used += size;
  if (used > usedMost) usedMost = used;
}
export function usedLargeMore(size: bigint): void {
  usedLarge += size;
}
export function usedLess(size: bigint): void {
  used -= size;
}
export function usedLargeLess(size: bigint): void {
  usedLarge -= size;
}

/** The block at `block`, of `size` bytes, goes to somebody who asked for `sizeBytes`. */
export function handOut(block: VirtAddr, size: bigint, sizeBytes: bigint): VirtAddr {
  usedMore(size);
  const va = blockPayload(block);
  unpoison(va, Number(sizeBytes)); // not what it is rounded up to: the owner did not ask for that
  if (CHECKING) checkTaken(va, size - WORD_BYTES, sizeBytes);
  return va;
}

/** Bytes in blocks that are out, their words included, and in end marks: heapUsed() + heapFree() = heapSize(). */
export function heapUsed(): number {
  const marks = zoneBytes(largeZone()) > 0n && !largeIsHollow() ? 2n : 1n;
  return Number(used + marks * WORD_BYTES);
}
/**
 * Bytes that are nobody's, and in free blocks, their words included, also where pages within them are absent. In the
 * large zone of a heap that may grow nothing is free.
 */
export function heapFree(): number {
  return heapSize() - heapUsed();
}
export function heapSize(): number {
  return Number(zoneBytes(smallZone()) + (largeIsHollow() ? usedLarge : zoneBytes(largeZone())));
}
/** The most that heapUsed() was. */
export function heapPeak(): number {
  return Number(usedMost + WORD_BYTES);
}
/** The most that heapTake can give in one piece now, without growing. Constant cost. */
export function heapLargest(): number {
  if (ZONE.end(smallZone()) === NOWHERE) return 0;
  let largest = topLargest();
  const listed = classLargest(smallZone());
  if (listed > largest) largest = listed;
  if (!largeIsHollow() && zoneBytes(largeZone()) > 0n) {
    const other = classLargest(largeZone());
    if (other > largest) largest = other;
  }
  const beside = CHECKING ? WORD_BYTES + CHECK_BYTES : WORD_BYTES;
  return largest < BLOCK_MIN ? 0 : Number(largest - beside);
}
