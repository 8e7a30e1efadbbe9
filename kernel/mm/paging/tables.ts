/**
 * Frames that become page tables. The frame record of a table counts its entries that are not empty (`references`), so
 * that nobody has to look for them; its owner is the owner of the root under which it hangs.
 *
 * An operation that must not stop half-way first puts aside as many frames as it can need (tablesStock), and only then
 * changes anything. The stock is a list through the records of the frames; between operations it is empty.
 */
import { panic } from "../../base/panic.ts";
import { fillWords } from "../../doors/machine.ts";
import {
  BOOT_REACH, type Frame, frameAddr, frameBytes, frameOf, KERNEL_HALF, NO_FRAME, physAddr, type VirtAddr,
} from "../../lib/addr.ts";
import { FRAME, frameNext, frameNextSet, frameRecord } from "../phys/frame-table.ts";
import { frameGive, frameTake } from "../phys/frames.ts";
import type { Owner } from "../phys/owners.ts";
import { rangeTake } from "../phys/ranges.ts";
import { cursorsForget } from "./cursor.ts";
import { TABLE_ENTRIES } from "./pte.ts";

const SLOT_SHIFT = 39n;
const NO_SLOT = 0xffff_ffffn;

let stock: Frame = NO_FRAME;
let stockCount = 0;
let sharedSlot = NO_SLOT;
let isBooting = true; // only frames below BOOT_REACH can be written

/** The boot tables are (again) the ones in use: tables must lie where they reach. */
export function tablesInit(): void {
  stock = NO_FRAME;
  stockCount = 0;
  sharedSlot = NO_SLOT;
  isBooting = true;
  cursorsForget();
}

/** The kernel's own direct map is live: every frame can be a table. */
export function tablesReachAll(): void {
  isBooting = false;
}

/** The 512 GiB around `va` are the kernel's in every space: their table of level 3 stays from now on, empty or not. */
export function slotShare(va: VirtAddr): void {
  sharedSlot = va >> SLOT_SHIFT;
}
/** So are all slots of the kernel half. */
export function isShared(va: VirtAddr): boolean {
  return va >= KERNEL_HALF || va >> SLOT_SHIFT === sharedSlot;
}

/** Makes sure that `count` tables of `owner` can be taken; otherwise false, and the stock is empty. */
export function tablesStock(count: number, owner: Owner): boolean {
  while (stockCount < count) {
    const frame = frameTakeInReach(owner);
    if (frame === NO_FRAME) {
      tablesStockEnd();
      return false;
    }
    frameNextSet(frame, stock);
    stock = frame;
    stockCount++;
  }
  return true;
}

/** What is left of the stock is given back. */
export function tablesStockEnd(): void {
  while (stockCount > 0) frameGive(stockPop());
}

/** A table with every entry empty, from the stock. */
export function tableTake(): Frame {
  if (stockCount === 0) panic("mm/paging: a table was taken that nobody put aside");
  const frame = stockPop();
  fillWords(frameBytes(frame), 0n, TABLE_ENTRIES);
  return frame;
}

/** Entries of the table that are not empty. */
export function tableEntries(table: Frame): number {
  return FRAME.references(frameRecord(table));
}
/** It has `count` more, or fewer. */
export function tableEntriesAdd(table: Frame, count: number): void {
  const record = frameRecord(table);
  FRAME.setReferences(record, FRAME.references(record) + count);
}

/** Any frame; while the boot tables are live, one that they show. */
function frameTakeInReach(owner: Owner): Frame {
  const frame = frameTake(owner);
  if (frame === NO_FRAME || !isBooting || frameAddr(frame) < BOOT_REACH) return frame;
  frameGive(frame);
  return rangeTake(1, 1, frameOf(physAddr(BOOT_REACH)), owner);
}

function stockPop(): Frame {
  const frame = stock;
  stock = frameNext(frame);
  stockCount--;
  return frame;
}

