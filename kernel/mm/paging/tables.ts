/**
 * Frames that become page tables.
 *
 * An operation that must not stop half-way first puts aside as many frames as it can need (tablesStock), and only then
 * changes anything. The stock is a list through the first word of each frame; between operations it is empty.
 */
import { panic } from "../../base/panic.ts";
import { fillWords, load64, store64 } from "../../doors/machine.ts";
import { BOOT_REACH, type Frame, frameAddr, frameBytes, frameOf, NO_FRAME, physAddr } from "../../lib/addr.ts";
import { frameGive, frameTake } from "../phys/frames.ts";
import { kernelTables } from "../phys/owners.ts";
import { rangeTake } from "../phys/ranges.ts";
import { TABLE_ENTRIES } from "./pte.ts";

let stock: Frame = NO_FRAME;
let stockCount = 0;
let isBooting = true; // only frames below BOOT_REACH can be written

/** The boot tables are (again) the ones in use: tables must lie where they reach. */
export function tablesInit(): void {
  stock = NO_FRAME;
  stockCount = 0;
  isBooting = true;
}

/** The kernel's own direct map is live: every frame can be a table. */
export function tablesReachAll(): void {
  isBooting = false;
}

/** Makes sure that `count` tables can be taken; otherwise false, and the stock is empty. */
export function tablesStock(count: number): boolean {
  while (stockCount < count) {
    const frame = frameTakeInReach();
    if (frame === NO_FRAME) {
      stockGiveBack();
      return false;
    }
    store64(frameBytes(frame), BigInt(stock + 1)); // NO_FRAME, -1, becomes 0
    stock = frame;
    stockCount++;
  }
  return true;
}

/** A table with every entry empty, from the stock. */
export function tableTake(): Frame {
  if (stockCount === 0) panic("mm/paging: a table was taken that nobody put aside");
  const frame = stockPop();
  fillWords(frameBytes(frame), 0n, TABLE_ENTRIES);
  return frame;
}

/** Nothing may lead to the table any more, in memory or in the TLB. */
export function tableGive(table: Frame): void {
  frameGive(table);
}

/** Any frame; while the boot tables are live, one that they show. */
function frameTakeInReach(): Frame {
  const frame = frameTake(kernelTables());
  if (frame === NO_FRAME || !isBooting || frameAddr(frame) < BOOT_REACH) return frame;
  frameGive(frame);
  return rangeTake(1, 1, frameOf(physAddr(BOOT_REACH)), kernelTables());
}

function stockPop(): Frame {
  const frame = stock;
  stock = (Number(load64(frameBytes(frame))) - 1) as Frame;
  stockCount--;
  return frame;
}

function stockGiveBack(): void {
  while (stockCount > 0) frameGive(stockPop());
}
