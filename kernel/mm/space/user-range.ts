/**
 * What a user address is. Everybody who is told an address by a program asks here: mmap, MAP_FIXED, ELF, brk, stacks,
 * and every pointer in a system call.
 *
 *   0x0000_0000_0000_0000   programs, page zero included if a program asks for it
 *                           but the slot of 512 GiB in which the kernel has its heap (heap.base says which)
 *   0x0000_7fff_ffff_e000   the end: the last page but one of the lower half stays free, so that no instruction ends
 * where
 *                           the addresses do (sysret faults in the kernel otherwise)
 */
import { panic } from "../../base/panic.ts";
import { lower, virtAddr } from "../../lib/addr.ts";
import { kernelRoot } from "../paging/kernel-map.ts";
import { levelSpan, PTE_EMPTY, PTE_USER, pteRead, TOP_LEVEL } from "../paging/pte.ts";
import { entryAddr } from "../paging/walk.ts";

/** Programs end below this. */
export const USER_TOP = 0x7fff_ffff_e000n;
/** PML4 slots of the lower half. */
export const USER_SLOTS = 256;
export const SLOT_BYTES = 0x80_0000_0000n;
const NO_SLOT = -1;

let heapSlot = NO_SLOT;

/** The kernel's tables stand, and it has its heap: the slot of it is nobody else's from now on. */
export function userRangeInit(): void {
  heapSlot = NO_SLOT;
  for (let slot = 0; slot < USER_SLOTS; slot++) {
    const pte = pteRead(entryAddr(kernelRoot(), virtAddr(slotStart(slot)), TOP_LEVEL));
    if (pte === PTE_EMPTY || (pte & PTE_USER) !== 0n) continue;
    if (heapSlot !== NO_SLOT) panic("space: the kernel is in two slots of the lower half", BigInt(slot));
    heapSlot = slot;
  }
}

/** Can all of `size` bytes from `start` on be a program's? No size, no. */
export function isUserRange(start: bigint, size: bigint): boolean {
  if (start >= USER_TOP || size === 0n || size > USER_TOP - start) return false;
  if (heapSlot === NO_SLOT) return true;
  const heap = slotStart(heapSlot);
  return start >= heap + SLOT_BYTES || start + size <= heap;
}

/** Can the slot be a program's at all? */
export function isUserSlot(slot: number): boolean {
  return slot >= 0 && slot < USER_SLOTS && slot !== heapSlot;
}
export function slotStart(slot: number): bigint {
  return BigInt(slot) * levelSpan(TOP_LEVEL);
}
/** Where what programs have of it ends. */
export function slotEnd(slot: number): bigint {
  return lower(slotStart(slot) + SLOT_BYTES, USER_TOP);
}
/** In which slot an address of the lower half lies. */
export function slotOf(va: bigint): number {
  return Number(va / SLOT_BYTES);
}
