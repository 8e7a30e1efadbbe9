/** Blocks at multiples of more than 8, and in the large zone. */
"compiler: cold";
import { CHECKING } from "../../base/checking.ts";
import { panic } from "../../base/panic.ts";
import { NOWHERE, type VirtAddr, virtAddr } from "../../lib/addr.ts";
import { OK } from "../../lib/status.ts";
import {
  BEFORE_FREE, BLOCK_MIN, beforeFreeClear, blockBytesFor, blockPlus, freeWrite, HEAP_BLOCK_MAX, usedWrite, WORD_BYTES,
} from "./block.ts";
import { classAdd, classFind, classRemove, freeSize } from "./classes.ts";
import { CHECK_BYTES } from "./heap-check.ts";
import { handOut, usedLargeMore } from "./heap-counts.ts";
import { hollowEmpty, hollowFill } from "./hollow.ts";
import { largeIsHollow, largeReady, largeSettle } from "./large.ts";
import { markMove, topLargest, topStart } from "./mark.ts";
import { topGrow } from "./top-pages.ts";
import { topAbsorb, topTake } from "./top.ts";
import { largeZone, smallZone, ZONE, zoneLargeFrom } from "./zone.ts";

const ALIGN_MAX = 0x4000_0000n;

/**
 * heapTake for what may be large: from the low end of a free block if it needs `lowMax` bytes or less. In a heap that
 * may grow the large zone comes first, in others the small one.
 */
export function largeTake(tag: number, sizeBytes: bigint, lowMax: bigint): VirtAddr {
  const wanted = CHECKING ? sizeBytes + CHECK_BYTES : sizeBytes;
  if (wanted > HEAP_BLOCK_MAX || sizeBytes > HEAP_BLOCK_MAX) return NOWHERE;
  return alignedTake(tag, sizeBytes, blockBytesFor(wanted), WORD_BYTES, lowMax);
}

/** A block of `need` bytes for `sizeBytes`, its payload at a multiple of `align`; panics if that is no power of 2. */
export function alignedTake(
  tag: number, sizeBytes: bigint, need: bigint, align: bigint, lowMax: bigint,
): VirtAddr {
  if (align === 0n || (align & (align - 1n)) !== 0n || align > ALIGN_MAX) {
    panic("heap: an alignment that is no power of two up to 1 GiB", align);
  }
  const isLarge = need >= zoneLargeFrom();
  if (isLarge && largeIsHollow()) {
    const own = zonedTake(largeZone(), tag, sizeBytes, need, align, lowMax);
    if (own !== NOWHERE) return own;
  }
  const place = zonedTake(smallZone(), tag, sizeBytes, need, align, lowMax);
  if (place !== NOWHERE) return place;
  const top = align > WORD_BYTES ? topTakeAligned(need, tag, align) : topTake(need, tag, 0n);
  if (top !== NOWHERE) return handOut(top, need, sizeBytes);
  if (!isLarge || largeIsHollow()) return NOWHERE;
  return zonedTake(largeZone(), tag, sizeBytes, need, align, lowMax);
}

/**
 * The same from a free block of the zone that is large enough wherever it lies; what is before and behind it stays
 * free. With an alignment above 8 `lowMax` is more than `need`. NOWHERE, and nothing has changed, if there is none or
 * its pages cannot be had.
 */
function zonedTake(
  zone: bigint, tag: number, sizeBytes: bigint, need: bigint, align: bigint, lowMax: bigint,
): VirtAddr {
  if (zone === largeZone() && !largeReady()) return NOWHERE;
  const spare = align > WORD_BYTES ? align + BLOCK_MIN - WORD_BYTES : 0n;
  const free = classFind(zone, need + spare);
  if (free === NOWHERE) {
    largeSettle();
    return NOWHERE;
  }
  const whole = freeSize(free);
  const isHigh = zone === smallZone() && need > lowMax && whole - need >= BLOCK_MIN;
  const block = isHigh ? blockPlus(free, whole - need) : alignedBlock(free, align);
  const gap = block - free;
  const behind = whole - gap - need;
  const size = behind < BLOCK_MIN ? need + behind : need;
  const next = blockPlus(block, size);
  if (whole >= ZONE.hollow(zone) && hollowFill(zone, free, whole, block, next) !== OK) {
    largeSettle();
    return NOWHERE;
  }
  classRemove(zone, free, whole);
  if (zone === largeZone()) usedLargeMore(size);
  if (behind < BLOCK_MIN) {
    beforeFreeClear(next);
  } else {
    freeWrite(next, behind);
    classAdd(zone, next, behind);
  }
  if (gap > 0n) {
    freeWrite(free, gap);
    classAdd(zone, free, gap);
  }
  usedWrite(block, size, gap > 0n ? BEFORE_FREE : 0n, tag);
  return handOut(block, size, sizeBytes);
}

/** The same behind the end mark, with its word; what is left before it is a free block. */
function topTakeAligned(size: bigint, tag: number, align: bigint): VirtAddr {
  const zone = smallZone();
  const start = topStart();
  const block = alignedBlock(start, align);
  const gap = block - start;
  if (topLargest() < gap + size && !topGrow(gap + size)) return NOWHERE;
  if (start < ZONE.end(zone)) topAbsorb();
  if (gap > 0n) {
    freeWrite(start, gap);
    classAdd(zone, start, gap);
    if (gap >= ZONE.hollow(zone)) hollowEmpty(zone, start, gap, start, block);
  }
  usedWrite(block, size, gap > 0n ? BEFORE_FREE : 0n, tag);
  markMove(blockPlus(block, size), 0n);
  return block;
}
/** The first block from `start` on, there or behind room for another, whose payload is a multiple of `align`. */
function alignedBlock(start: VirtAddr, align: bigint): VirtAddr {
  let payload = (start + WORD_BYTES + align - 1n) & ~(align - 1n);
  if (payload !== start + WORD_BYTES) {
    while (payload - WORD_BYTES - start < BLOCK_MIN) payload += align; // twice, for 16
  }
  return virtAddr(payload - WORD_BYTES);
}
