/**
 * The heap's blocks: end to end from the arena's first byte to the end mark, a block of one header that is never free.
 *
 *   HEADER, 16 bytes
 *   +0   | units         | unitsBefore   |
 *   +8   | seal                          |
 *
 * After it lies, in a used block, what the owner stores; in a free one LINKS (free-list.ts), then nothing:
 *
 *   LINKS, 16 bytes
 *   +0   | next                          |
 *   +8   | previous                      |
 *
 *   units        the block's size in units of 16 bytes, header included
 *   unitsBefore  the size of the block that ends where this one starts; 0 for the arena's first
 *   seal         a mark for used or free, mixed with the header's address and sizes: a header that was overwritten, or
 *                that never was one, does not fit
 *   next, previous   the list of free blocks
 *
 * What the owner gets is a multiple of 16, as the arena's start is. All else is poisoned (doors/machine.ts): headers
 * and links but for the moment in which the heap itself looks at them.
 */
import { poison, unpoison } from "../../../../kernel/doors/machine.ts";
import { NOWHERE, type VirtAddr, virtAddr } from "../../../../kernel/lib/addr.ts";
import { layout, u32, u64 } from "../../../../kernel/lib/layout.ts";

const HEADER = layout(16, { units: u32, unitsBefore: u32, seal: u64 });

export const UNIT_BYTES = 16;
/** A header, and room for a free block's links. */
export const MIN_UNITS = 2;

/** blockState's answers. */
export const BLOCK_BROKEN = 0;
export const BLOCK_USED = 1;
export const BLOCK_FREE = 2;

const SEAL_USED = 0x7573_6564_9d3a_51c7n;
const SEAL_FREE = 0x6672_6565_62c5_ae38n;

let arenaStart: VirtAddr = NOWHERE;
let endMark: VirtAddr = NOWHERE;

/** The arena: `sizeBytes` from `start` on, both multiples of 16. Makes one free block, its answer, and the end mark. */
export function blocksInit(start: VirtAddr, sizeBytes: number): VirtAddr {
  const units = Math.trunc(sizeBytes / UNIT_BYTES) - 1;
  arenaStart = start;
  endMark = blockPlus(start, units);
  poison(start, sizeBytes);
  blockWrite(start, units, 0, BLOCK_FREE);
  blockWrite(endMark, 1, units, BLOCK_USED);
  return start;
}

export function blockFirst(): VirtAddr {
  return arenaStart;
}
export function blockEndMark(): VirtAddr {
  return endMark;
}

/** Can a block's header (not the end mark) be at `va`? False for everything while there is no arena. */
export function isBlockPlace(va: bigint): boolean {
  return va >= arenaStart && va < endMark && (va & BigInt(UNIT_BYTES - 1)) === 0n;
}

/** Units that a block needs whose owner asks for `sizeBytes` bytes. */
export function unitsFor(sizeBytes: number): number {
  const units = 1 + Math.trunc((sizeBytes + UNIT_BYTES - 1) / UNIT_BYTES);
  return units < MIN_UNITS ? MIN_UNITS : units;
}

/** Writes a header; `state` is BLOCK_USED or BLOCK_FREE. */
export function blockWrite(block: VirtAddr, units: number, unitsBefore: number, state: number): void {
  headerOpen(block);
  HEADER.setUnits(block, units);
  HEADER.setUnitsBefore(block, unitsBefore);
  HEADER.setSeal(block, sealOf(block, units, unitsBefore, state));
  headerClose(block);
}

/** Is there a header at `block`, a place in the arena, and of which kind? */
export function blockState(block: VirtAddr): number {
  if (sealFits(block, BLOCK_USED)) return BLOCK_USED;
  return blockIsFree(block) ? BLOCK_FREE : BLOCK_BROKEN;
}
/** Is there a free block's header at `block`, a place in the arena? */
export function blockIsFree(block: VirtAddr): boolean {
  return sealFits(block, BLOCK_FREE);
}

export function blockUnits(block: VirtAddr): number {
  headerOpen(block);
  const units = HEADER.units(block);
  headerClose(block);
  return units;
}
export function blockUnitsBefore(block: VirtAddr): number {
  headerOpen(block);
  const units = HEADER.unitsBefore(block);
  headerClose(block);
  return units;
}
/** The place `units` above `block`. */
export function blockPlus(block: VirtAddr, units: number): VirtAddr {
  return virtAddr(block + BigInt(units * UNIT_BYTES));
}
/** The block that starts where `block` ends. Not for the end mark. */
export function blockAfter(block: VirtAddr): VirtAddr {
  return blockPlus(block, blockUnits(block));
}
/** The block that ends where `block` starts; NOWHERE for the first. */
export function blockBefore(block: VirtAddr): VirtAddr {
  const units = blockUnitsBefore(block);
  return units === 0 ? NOWHERE : virtAddr(block - BigInt(units * UNIT_BYTES));
}

/** What the owner of the block sees, and the way back. */
export function blockBytes(block: VirtAddr): VirtAddr {
  return virtAddr(block + BigInt(HEADER.SIZE));
}
export function blockOfBytes(va: VirtAddr): VirtAddr {
  return virtAddr(va - BigInt(HEADER.SIZE));
}

function headerOpen(block: VirtAddr): void {
  unpoison(block, HEADER.SIZE);
}
function headerClose(block: VirtAddr): void {
  poison(block, HEADER.SIZE);
}

function sealFits(block: VirtAddr, state: number): boolean {
  headerOpen(block);
  const fits = HEADER.seal(block) === sealOf(block, HEADER.units(block), HEADER.unitsBefore(block), state);
  headerClose(block);
  return fits;
}
function sealOf(block: VirtAddr, units: number, unitsBefore: number, state: number): bigint {
  const mark = state === BLOCK_USED ? SEAL_USED : SEAL_FREE;
  return mark ^ block ^ ((BigInt(units) << 32n) | BigInt(unitsBefore));
}
