/**
 * The kernel's general heap: blocks of any size, at any power of two, in constant time. Two-level segregated fit
 * (classes.ts) over blocks with boundary tags (block.ts) in two zones (arena.ts). A block given back merges with both
 * neighbours at once, so no two free blocks touch.
 *
 * A small block is cut from the low end of a free one, others from the high end: what is small lies together, and what
 * is given back between two small blocks is not cut off from what was given back before.
 *
 * It never waits and never faults: every page of a block is there before the block is handed out. Every word is checked
 * before it is believed; one that does not fit ends the kernel with what is around it (heap-refuse.ts).
 */
import { CHECKING } from "../../base/checking.ts";
import { NOWHERE, type VirtAddr } from "../../lib/addr.ts";
import type { Status } from "../../lib/status.ts";
import { arenaFixed, arenaMapped, arenaPresent } from "./arena.ts";
import { blockGive } from "./block-give.ts";
import {
  BEFORE_FREE, BLOCK_MIN, beforeFreeClear, blockBytesFor, blockPlus, freeWrite, HEAP_BLOCK_MAX, usedWrite, WORD_BYTES,
} from "./block.ts";
import { classAdd, classTake, takenSize } from "./classes.ts";
import { alignedTake, largeTake } from "./heap-aligned.ts";
import { CHECK_BYTES, checkNext } from "./heap-check.ts";
import { countsReset, handOut } from "./heap-counts.ts";
import { TAG } from "./heap-tags.ts";
import { hollowReady } from "./hollow.ts";
import { CHUNK, topTake } from "./top.ts";
import { smallZone, ZONE, zoneSmallMost } from "./zone.ts";

export { heapGive } from "./heap-free.ts";

/** Blocks up to this size are cut from the low end of free ones. */
const LOW_MAX = 104n;

/**
 * An empty heap in memory that is there: `start` and `sizeBytes` are multiples of 8, at least 64 bytes, at most 16 GiB.
 * It never grows. From 4 MiB on, its last 1/32 is for blocks of 1/1024 of it and more.
 */
export function heapInit(start: VirtAddr, sizeBytes: number): void {
  arenaFixed(start, BigInt(sizeBytes));
  countsReset();
}
/**
 * An empty heap that may grow from `sizeBytes` to `maxBytes`, whole pages, at most 16 GiB; twice `maxBytes` from the
 * page `start` on are its room and hold nothing else. NO_MEMORY, and no page is mapped, if there are no frames for what
 * it begins with.
 */
export function heapInitMapped(start: VirtAddr, sizeBytes: number, maxBytes: number): Status {
  countsReset();
  return arenaMapped(start, BigInt(sizeBytes), BigInt(maxBytes));
}
/** The same in memory that is there already, all twice `maxBytes` of it. */
export function heapInitPresent(start: VirtAddr, sizeBytes: number, maxBytes: number): Status {
  countsReset();
  return arenaPresent(start, BigInt(sizeBytes), BigInt(maxBytes));
}

/**
 * `sizeBytes` bytes of junk at a multiple of 8; NOWHERE, and nothing has changed, when there is no room. Asking for
 * none gives the smallest block. Constant cost: a look at six free blocks at most; when pages are mapped, theirs too.
 */
export function heapTake(sizeBytes: bigint): VirtAddr {
  return heapTakeFor(TAG.NONE, sizeBytes);
}
/** heapTake for `tag` (heap-tags.ts): who it is that the block is counted for, and named in reports. */
export function heapTakeFor(tag: number, sizeBytes: bigint): VirtAddr {
  if (sizeBytes > zoneSmallMost()) return largeTake(tag, sizeBytes, 0n);
  const need = blockBytesFor(CHECKING ? sizeBytes + CHECK_BYTES : sizeBytes);
  const zone = smallZone();
  const free = classTake(zone, need);
  if (free === NOWHERE) {
    const place = topTake(need, tag, need <= LOW_MAX ? CHUNK : 0n);
    return place === NOWHERE ? NOWHERE : handOut(place, need, sizeBytes);
  }
  const whole = takenSize();
  const rest = whole - need;
  if (whole >= ZONE.hollow(zone) && !hollowReady(free, whole, need, LOW_MAX)) return NOWHERE;

  if (rest < BLOCK_MIN) {
    usedWrite(free, whole, 0n, tag);
    beforeFreeClear(blockPlus(free, whole));
    return handOut(free, whole, sizeBytes);
  }
  let block = free;
  let left = free;
  let before = 0n;
  if (need <= LOW_MAX) {
    left = blockPlus(free, need);
  } else {
    block = blockPlus(free, rest);
    before = BEFORE_FREE;
    beforeFreeClear(blockPlus(free, whole));
  }
  usedWrite(block, need, before, tag);
  freeWrite(left, rest);
  classAdd(zone, left, rest);
  return handOut(block, need, sizeBytes);
}
/** heapTake at a multiple of `align`, a power of two up to 2^30; panics for anything else. */
export function heapTakeAligned(sizeBytes: bigint, align: bigint): VirtAddr {
  return heapTakeAlignedFor(TAG.NONE, sizeBytes, align);
}
export function heapTakeAlignedFor(tag: number, sizeBytes: bigint, align: bigint): VirtAddr {
  if (align > 0n && WORD_BYTES % align === 0n) return heapTakeFor(tag, sizeBytes);
  const wanted = CHECKING ? sizeBytes + CHECK_BYTES : sizeBytes;
  if (wanted > HEAP_BLOCK_MAX || sizeBytes > HEAP_BLOCK_MAX) return NOWHERE;
  return alignedTake(tag, sizeBytes, blockBytesFor(wanted), align, HEAP_BLOCK_MAX);
}

/** What waits in the checking build's quarantine goes at once: for whoever counts bytes and frames. */
export function heapSettle(): void {
  if (!CHECKING) return;
  for (let va = checkNext(); va !== NOWHERE; va = checkNext()) blockGive(va);
}
