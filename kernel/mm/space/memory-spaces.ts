/**
 * Memory spaces: of each PML4 slot, 512 GiB, a space remembers the highest address that was ever allocated in it. The
 * next allocation goes above it, where nothing can be in the way. Once the slot is used up, ranges that were freed are
 * used again; the regions know where they are, so no page-table entry is looked at.
 */
import { load64, store64 } from "../../doors/machine.ts";
import { alignUp, higher, lower, NOWHERE, type Page, PAGE_SIZE, pageOf, virtAddr } from "../../lib/addr.ts";
import { holeFind, NO_HOLE } from "./region-holes.ts";
import { SPACE, type Space, spaceRegions } from "./space.ts";
import { isUserSlot, SLOT_BYTES, slotEnd, slotOf, slotStart, USER_SLOTS } from "./user-range.ts";

/**
 * Where `count` pages can be had in a slot of `space`, at a multiple of `align` (a power of two, at least a page):
 * above the highest allocation, or from there on where something was freed. NOWHERE: no such room, or a slot that is
 * none of a program's. Page zero is had only by those who ask for it by its address. Nothing has changed: spaceMap and
 * spaceReserve do that. Cost: a few instructions above; as holeFind below.
 */
export function slotRangeFind(space: Space, slot: number, count: number, align: bigint): Page | typeof NOWHERE {
  if (!isUserSlot(slot) || count < 1 || count > Number(SLOT_BYTES / PAGE_SIZE)) return NOWHERE;
  const size = BigInt(count) * PAGE_SIZE;
  const low = higher(slotStart(slot), PAGE_SIZE);
  const above = alignUp(higher(low, slotHighest(space, slot)), align);
  if (above + size <= slotEnd(slot)) return pageOf(virtAddr(above));
  const hole = holeFind(spaceRegions(space), size, align, low, slotEnd(slot));
  return hole === NO_HOLE ? NOWHERE : pageOf(virtAddr(hole));
}

/** The same in the first slot that has room. */
export function rangeFind(space: Space, count: number, align: bigint): Page | typeof NOWHERE {
  for (let slot = 0; slot < USER_SLOTS; slot++) {
    const found = slotRangeFind(space, slot, count, align);
    if (found !== NOWHERE) return found;
  }
  return NOWHERE;
}

/** Where the highest allocation of a slot ends, or ended; 0: there was none. */
export function slotHighest(space: Space, slot: number): bigint {
  return load64(highestAt(space, slot));
}

/** start..end-1, a user range, is allocated, wherever it was asked for. */
export function highestRaise(space: Space, start: bigint, end: bigint): void {
  for (let slot = slotOf(start); slot <= slotOf(end - 1n); slot++) {
    const reached = lower(end, slotStart(slot) + SLOT_BYTES);
    if (reached > slotHighest(space, slot)) store64(highestAt(space, slot), reached);
  }
}

function highestAt(space: Space, slot: number): bigint {
  return SPACE.highestAt(space) + BigInt(slot * 8);
}
