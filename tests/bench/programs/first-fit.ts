/**
 * A heap: first fit over blocks with boundary tags. A block given back merges with both neighbours at once, so no two
 * free blocks touch. Blocks lie end to end from the arena's first byte to the end mark, which is never free.
 *
 *   +0   | units         | unitsBefore   |   the block's size in units of 16 bytes, and that of the one before it
 *   +8   | seal                          |   a mark for used or free, mixed with the header's address and sizes
 *   +16  | next                          |   while it is free: the list of free blocks, the one freed last first
 *   +24  | previous                      |
 *
 * A header is checked before it is believed, and a link must be answered by the neighbour's before it is followed.
 */
import { panicTrap } from "../../../kernel/doors/machine.ts";
import { NOWHERE, type VirtAddr, virtAddr } from "../../../kernel/lib/addr.ts";
import { layout, u32, u64 } from "../../../kernel/lib/layout.ts";

const BLOCK = layout(32, { units: u32, unitsBefore: u32, seal: u64, next: u64, previous: u64 });
const HEADER_BYTES = 16n;
const UNIT_BYTES = 16;
/** A header, and room for a free block's links. */
const MIN_UNITS = 2;

const SEAL_USED = 0x7573_6564_9d3a_51c7n;
const SEAL_FREE = 0x6672_6565_62c5_ae38n;

let arenaStart: VirtAddr = NOWHERE;
let endMark: VirtAddr = NOWHERE;
let firstFree: VirtAddr = NOWHERE;
let sizeUnits = 0;
let freeUnits = 0;

/** An empty heap: `start` and `sizeBytes` are multiples of 16, at least 48 bytes, at most 64 GiB. */
export function firstFitInit(start: VirtAddr, sizeBytes: number): void {
  sizeUnits = Math.trunc(sizeBytes / UNIT_BYTES);
  freeUnits = sizeUnits - 1; // the end mark
  arenaStart = start;
  endMark = blockPlus(start, freeUnits);
  firstFree = NOWHERE;
  blockWrite(start, freeUnits, 0, SEAL_FREE);
  blockWrite(endMark, 1, freeUnits, SEAL_USED);
  listInsert(start);
}

/** `sizeBytes` bytes at a multiple of 16, or NOWHERE. Cost: one look at each free block until one fits. */
export function firstFitTake(sizeBytes: bigint): VirtAddr {
  if (sizeBytes > BigInt(sizeUnits * UNIT_BYTES)) return NOWHERE;
  const units = unitsFor(Number(sizeBytes));
  for (let block = firstFree; block !== NOWHERE; block = virtAddr(BLOCK.next(block))) {
    if (!isPlace(block)) panicTrap("heap: a free block was written to", block);
    if (!isFree(block)) panicTrap("heap: the header of a free block was overwritten", block);
    if (BLOCK.units(block) < units) continue;
    blockUse(block, units);
    return virtAddr(block + HEADER_BYTES);
  }
  return NOWHERE;
}

/** Takes back what firstFitTake gave; panics for anything else, and if a header was overwritten. Constant cost. */
export function firstFitGive(va: VirtAddr): void {
  const block = virtAddr(va - HEADER_BYTES);
  if (va < arenaStart + HEADER_BYTES || !isPlace(block)) panicTrap("heap: given back, but never the heap's", va);
  if (!isUsed(block)) panicTrap(isFree(block) ? "heap: given back twice" : "heap: header overwritten", va);

  let start = block;
  let units = BLOCK.units(block);
  const after = blockAfter(block);
  const before = blockBefore(block);
  freeUnits += units;
  blockWrite(block, units, BLOCK.unitsBefore(block), SEAL_FREE); // so that giving it back again is noticed
  if (isFreeNeighbour(after, block)) {
    listRemove(after);
    units += BLOCK.units(after);
  }
  if (before !== NOWHERE && isFreeNeighbour(before, block)) {
    listRemove(before);
    units += BLOCK.units(before);
    start = before;
  }
  blockWrite(start, units, BLOCK.unitsBefore(start), SEAL_FREE);
  followerTell(start);
  listInsert(start);
}

/** Makes the free `block` a used one of `wanted` units; what is left over stays free if it can be a block. */
function blockUse(block: VirtAddr, wanted: number): void {
  listRemove(block);
  const whole = BLOCK.units(block);
  const units = whole - wanted < MIN_UNITS ? whole : wanted;
  blockWrite(block, units, BLOCK.unitsBefore(block), SEAL_USED);
  if (units < whole) {
    const rest = blockPlus(block, units);
    blockWrite(rest, whole - units, units, SEAL_FREE);
    followerTell(rest);
    listInsert(rest);
  }
  freeUnits -= units;
}

/** The block after `block` learns how large `block` is now. */
function followerTell(block: VirtAddr): void {
  const follower = blockAfter(block);
  blockWrite(follower, BLOCK.units(follower), BLOCK.units(block), isUsed(follower) ? SEAL_USED : SEAL_FREE);
}

function isFreeNeighbour(neighbour: VirtAddr, block: VirtAddr): boolean {
  if (isUsed(neighbour)) return false;
  if (!isFree(neighbour)) panicTrap("heap: the header of a neighbour was overwritten", block);
  return true;
}

// ---- blocks ------------------------------------------------------------------------------------------------
function unitsFor(sizeBytes: number): number {
  const units = 1 + Math.trunc((sizeBytes + UNIT_BYTES - 1) / UNIT_BYTES);
  return units < MIN_UNITS ? MIN_UNITS : units;
}
/** Can a block's header (not the end mark) be at `va`? */
function isPlace(va: bigint): boolean {
  return va >= arenaStart && va < endMark && (va & BigInt(UNIT_BYTES - 1)) === 0n;
}
function blockPlus(block: VirtAddr, units: number): VirtAddr {
  return virtAddr(block + BigInt(units * UNIT_BYTES));
}
function blockAfter(block: VirtAddr): VirtAddr {
  return blockPlus(block, BLOCK.units(block));
}
/** NOWHERE for the arena's first. */
function blockBefore(block: VirtAddr): VirtAddr {
  const units = BLOCK.unitsBefore(block);
  return units === 0 ? NOWHERE : virtAddr(block - BigInt(units * UNIT_BYTES));
}

function blockWrite(block: VirtAddr, units: number, unitsBefore: number, mark: bigint): void {
  BLOCK.setUnits(block, units);
  BLOCK.setUnitsBefore(block, unitsBefore);
  BLOCK.setSeal(block, sealOf(block, units, unitsBefore, mark));
}
function isUsed(block: VirtAddr): boolean {
  return BLOCK.seal(block) === sealOf(block, BLOCK.units(block), BLOCK.unitsBefore(block), SEAL_USED);
}
function isFree(block: VirtAddr): boolean {
  return BLOCK.seal(block) === sealOf(block, BLOCK.units(block), BLOCK.unitsBefore(block), SEAL_FREE);
}
function sealOf(block: VirtAddr, units: number, unitsBefore: number, mark: bigint): bigint {
  return mark ^ block ^ ((BigInt(units) << 32n) | BigInt(unitsBefore));
}

// ---- the list of free blocks -------------------------------------------------------------------------------
function listInsert(block: VirtAddr): void {
  BLOCK.setNext(block, firstFree);
  BLOCK.setPrevious(block, NOWHERE);
  if (firstFree !== NOWHERE) BLOCK.setPrevious(firstFree, block);
  firstFree = block;
}

/** Both neighbours must point back. */
function listRemove(block: VirtAddr): void {
  const next = virtAddr(BLOCK.next(block));
  const previous = virtAddr(BLOCK.previous(block));
  if (!isAfter(block, previous) || !isBefore(block, next)) panicTrap("heap: a free block was written to", block);
  if (previous === NOWHERE) firstFree = next;
  else BLOCK.setNext(previous, next);
  if (next !== NOWHERE) BLOCK.setPrevious(next, previous);
}
function isAfter(block: VirtAddr, previous: VirtAddr): boolean {
  return previous === NOWHERE ? firstFree === block : isPlace(previous) && BLOCK.next(previous) === block;
}
function isBefore(block: VirtAddr, next: VirtAddr): boolean {
  return next === NOWHERE || (isPlace(next) && BLOCK.previous(next) === block);
}
