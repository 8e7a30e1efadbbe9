/**
 * The kernel's general heap: first fit over blocks with boundary tags. A block given back merges with both neighbours
 * at once, so no two free blocks touch. It never grows, never waits and never faults: when nothing fits, it says so.
 *
 * Every header is checked before it is believed. One that does not fit its seal ends the kernel with the address.
 */
import { panic } from "../../../../kernel/base/panic.ts";
import { poison, unpoison } from "../../../../kernel/doors/machine.ts";
import { NOWHERE, type VirtAddr } from "../../../../kernel/lib/addr.ts";
import { DAMAGED, OK, type Status } from "../../../../kernel/lib/status.ts";
import {
  BLOCK_BROKEN, BLOCK_FREE, BLOCK_USED, blockAfter, blockBefore, blockBytes, blockEndMark, blockFirst, blockIsFree,
  blockOfBytes, blockPlus, blocksInit, blockState, blockUnits, blockUnitsBefore, blockWrite, isBlockPlace, MIN_UNITS,
  UNIT_BYTES, unitsFor,
} from "./block.ts";
import { freeFirst, freeInsert, freeListInit, freeNext, freePrevious, freeRemove } from "./free-list.ts";

let sizeUnits = 0;
let freeUnits = 0;

/** An empty heap in mapped memory: `start` and `sizeBytes` are multiples of 16, at least 48 bytes, at most 64 GiB. */
export function heapInit(start: VirtAddr, sizeBytes: number): void {
  freeListInit();
  freeInsert(blocksInit(start, sizeBytes));
  sizeUnits = Math.trunc(sizeBytes / UNIT_BYTES);
  freeUnits = sizeUnits - 1; // the end mark
}

/**
 * `sizeBytes` bytes of junk at a multiple of 16, or NOWHERE when no free block is as large. Asking for none gives the
 * smallest block. Cost: one look at each free block until one fits.
 */
export function heapTake(sizeBytes: bigint): VirtAddr {
  if (sizeBytes > BigInt(heapSize())) return NOWHERE;
  const units = unitsFor(Number(sizeBytes));
  for (let block = freeFirst(); block !== NOWHERE; block = freeNext(block)) {
    listedCheck(block);
    if (blockUnits(block) < units) continue;

    const bytes = blockBytes(blockUse(block, units));
    unpoison(bytes, Number(sizeBytes)); // not what it is rounded up to: the owner did not ask for that
    return bytes;
  }
  return NOWHERE;
}

/**
 * Takes back what heapTake gave. Panics with `va` if that was never so, or not any more, and with the header's address
 * if the block's header or a neighbour's was overwritten. Constant cost.
 */
export function heapGive(va: VirtAddr): void {
  if (va < blockBytes(blockFirst()) || !isBlockPlace(blockOfBytes(va))) {
    panic("heap: given back, but never the heap's", va);
  }
  const block = blockOfBytes(va);
  const state = blockState(block);
  if (state === BLOCK_FREE) panic("heap: given back twice", va);
  if (state === BLOCK_BROKEN) panic("heap: header overwritten, or not the start of a block", va);

  poison(va, (blockUnits(block) - 1) * UNIT_BYTES);
  let start = block;
  let units = blockUnits(block);
  const before = blockBefore(block);
  if (neighbourState(blockAfter(block), block) === BLOCK_FREE) units += freeAbsorb(blockAfter(block));
  freeUnits += blockUnits(block);
  blockWrite(block, blockUnits(block), blockUnitsBefore(block), BLOCK_FREE); // so that giving it back again is noticed
  if (before !== NOWHERE && neighbourState(before, block) === BLOCK_FREE) {
    units += freeAbsorb(before);
    start = before;
  }
  blockWrite(start, units, blockUnitsBefore(start), BLOCK_FREE);
  followerTell(start);
  freeInsert(start);
}

/** Bytes in blocks that are taken, headers and the end mark included: heapUsed() + heapFree() = heapSize(). */
export function heapUsed(): number {
  return (sizeUnits - freeUnits) * UNIT_BYTES;
}
/** Bytes in free blocks, headers included. */
export function heapFree(): number {
  return freeUnits * UNIT_BYTES;
}
export function heapSize(): number {
  return sizeUnits * UNIT_BYTES;
}
/** The most that heapTake can give in one piece now; panics as it does. Cost: one look at each free block. */
export function heapLargest(): number {
  let largest = 1;
  for (let block = freeFirst(); block !== NOWHERE; block = freeNext(block)) {
    listedCheck(block);
    if (blockUnits(block) > largest) largest = blockUnits(block);
  }
  return (largest - 1) * UNIT_BYTES;
}

/** Looks at every block and every link; DAMAGED if any contradicts another. Changes nothing. */
export function heapAudit(): Status {
  let freeBlocks = 0;
  let freeSeen = 0;
  let unitsBefore = 0;
  let stateBefore = BLOCK_USED;
  for (let block = blockFirst(); block !== blockEndMark(); block = blockAfter(block)) {
    const state = isBlockPlace(block) ? blockState(block) : BLOCK_BROKEN;
    if (state === BLOCK_BROKEN || blockUnits(block) < MIN_UNITS) return DAMAGED;
    if (blockUnitsBefore(block) !== unitsBefore) return DAMAGED;
    if (state === BLOCK_FREE) {
      if (stateBefore === BLOCK_FREE) return DAMAGED;
      freeBlocks++;
      freeSeen += blockUnits(block);
    }
    unitsBefore = blockUnits(block);
    stateBefore = state;
  }
  if (blockState(blockEndMark()) !== BLOCK_USED || blockUnitsBefore(blockEndMark()) !== unitsBefore) return DAMAGED;
  return freeSeen === freeUnits && freeListHolds(freeBlocks) ? OK : DAMAGED;
}

/** Is what the list leads to a free block? A link that was overwritten is not followed any further. */
function listedCheck(block: VirtAddr): void {
  if (!isBlockPlace(block)) panic("heap: a free block was written to (used after free?)", block);
  if (!blockIsFree(block)) panic("heap: the header of a free block was overwritten", block);
}

/** Makes the free `block` a used one of `units`; what is left over stays free if it can be a block. */
function blockUse(block: VirtAddr, units: number): VirtAddr {
  freeRemove(block);
  const whole = blockUnits(block);
  const used = whole - units < MIN_UNITS ? whole : units;
  blockWrite(block, used, blockUnitsBefore(block), BLOCK_USED);
  if (used < whole) {
    const rest = blockPlus(block, used);
    blockWrite(rest, whole - used, used, BLOCK_FREE);
    followerTell(rest);
    freeInsert(rest);
  }
  freeUnits -= used;
  return block;
}

/** The block after `block` learns how large `block` is now. */
function followerTell(block: VirtAddr): void {
  const follower = blockAfter(block);
  blockWrite(follower, blockUnits(follower), blockUnits(block), blockState(follower));
}

/** Takes the free neighbour off the list to become part of another block; answers its units. */
function freeAbsorb(block: VirtAddr): number {
  freeRemove(block);
  return blockUnits(block);
}

/** BLOCK_USED or BLOCK_FREE. */
function neighbourState(neighbour: VirtAddr, block: VirtAddr): number {
  const state = blockState(neighbour);
  if (state === BLOCK_BROKEN) panic("heap: the header of a neighbour was overwritten (overrun?)", blockBytes(block));
  return state;
}

/** Is the list `count` free blocks that point at each other? */
function freeListHolds(count: number): boolean {
  let seen = 0;
  let previous: VirtAddr = NOWHERE;
  for (let block = freeFirst(); block !== NOWHERE; block = freeNext(block)) {
    if (seen === count || !isBlockPlace(block) || !blockIsFree(block)) return false;
    if (freePrevious(block) !== previous) return false;
    previous = block;
    seen++;
  }
  return seen === count;
}
