/**
 * Page-table entries, the tables that they are in, and the way from a root down to the entry for an address. Tables are
 * frames of bitmap.ts, seen at DIRECT_MAP.
 *
 * An operation that must not stop half-way first puts aside as many tables as it can need (tablesStock), and only then
 * changes anything. The stock is a list through the first word of each table.
 */
import {
  fillWords, load64, loadOnce64, panicTrap, store64, storeVolatile64,
} from "../../../kernel/doors/machine.ts";
import {
  BOOT_REACH, directMap, type Frame, frameAddr, frameBytes, frameNumber, frameOf, isCanonical, NO_FRAME, NO_PHYS,
  PAGE_SHIFT, type PhysAddr, physAddr, type VirtAddr,
} from "../../../kernel/lib/addr.ts";
import { bitmapGive, bitmapTake } from "./bitmap.ts";

export const PTE_EMPTY = 0n;
export const PTE_PRESENT = 1n;
export const PTE_WRITABLE = 2n;
export const PTE_USER = 4n;
export const PTE_HUGE = 0x80n;
export const PTE_NO_EXECUTE = 1n << 63n;
/** Writable, for the user, write-through, not cached, global, not executed. */
export const PTE_FLAGS = PTE_WRITABLE | PTE_USER | 0x18n | 0x100n | PTE_NO_EXECUTE;
const PTE_FRAME = 0x000f_ffff_ffff_f000n;

export const TABLE_ENTRIES = 512;
const ENTRY_BYTES = 8;
const INDEX_BITS = 9;
/** Level 1 maps 4 KiB, 2 maps 2 MiB, 3 maps 1 GiB, 4 is the root's. */
export const TOP_LEVEL = 4;

// ---- entries -----------------------------------------------------------------------------------------------
export function pteFrame(pte: bigint): Frame {
  return frameOf(physAddr(pte & PTE_FRAME));
}
function pteIsTable(pte: bigint): boolean {
  return (pte & (PTE_PRESENT | PTE_HUGE)) === PTE_PRESENT;
}
export function pteRead(entry: PhysAddr): bigint {
  return loadOnce64(directMap(entry));
}
export function pteWrite(entry: PhysAddr, pte: bigint): void {
  storeVolatile64(directMap(entry), pte);
}

/** Bytes that one entry of `level` maps, and frames. */
export function levelSpan(level: number): bigint {
  return 1n << levelShift(level);
}
export function levelFrames(level: number): number {
  return Number(levelSpan(level) >> PAGE_SHIFT);
}
/** Which entry of a table of `level` is for `va`. */
export function levelIndex(va: VirtAddr, level: number): number {
  return Number(va >> levelShift(level)) & (TABLE_ENTRIES - 1);
}
/** The mask changes nothing; it tells the C compiler that no shift by it loses the whole word. */
function levelShift(level: number): bigint {
  return (PAGE_SHIFT + BigInt(INDEX_BITS * (level - 1))) & 63n;
}

/** Where the entry for `va` lies in `table`, a table of `level`. */
export function entryAddr(table: Frame, va: VirtAddr, level: number): PhysAddr {
  return physAddr(frameAddr(table) + BigInt(ENTRY_BYTES * levelIndex(va, level)));
}
export function entryAfter(entry: PhysAddr, count: number): PhysAddr {
  return physAddr(entry + BigInt(ENTRY_BYTES * count));
}
export function entriesAreEmpty(first: PhysAddr, count: number): boolean {
  for (let i = 0; i < count; i++) {
    if (pteRead(entryAfter(first, i)) !== PTE_EMPTY) return false;
  }
  return true;
}

// ---- tables ------------------------------------------------------------------------------------------------
let stock: Frame = NO_FRAME;
let stockCount = 0;

/** Forgets what was put aside. */
export function pageTablesInit(): void {
  stock = NO_FRAME;
  stockCount = 0;
}

/** Makes sure that `count` tables can be taken; otherwise false, and the stock is empty. */
export function tablesStock(count: number): boolean {
  while (stockCount < count) {
    const frame = bitmapTake();
    if (frame === NO_FRAME || frameAddr(frame) >= BOOT_REACH) {
      if (frame !== NO_FRAME) bitmapGive(frame);
      while (stockCount > 0) bitmapGive(stockPop());
      return false;
    }
    store64(frameBytes(frame), BigInt(stock + 1)); // NO_FRAME, -1, becomes 0
    stock = frame;
    stockCount++;
  }
  return true;
}

/** A table with every entry empty, from the stock. */
function tableTake(): Frame {
  if (stockCount === 0) panicTrap("pages: a table was taken that nobody put aside", 0n);
  const frame = stockPop();
  fillWords(frameBytes(frame), 0n, TABLE_ENTRIES);
  return frame;
}

function stockPop(): Frame {
  const frame = stock;
  stock = frameNumber(Number(load64(frameBytes(frame))) - 1);
  stockCount--;
  return frame;
}

// ---- walking -----------------------------------------------------------------------------------------------
/** No entry. Frame 0 is never a table, so none lies at 0. */
export const NO_ENTRY = 0n as PhysAddr;

let stopLevel = TOP_LEVEL;

/**
 * The entry at which a walk for `va` ends: at `level`, or above it at one that leads to no table.
 * entryStop() tells at which level that was.
 */
export function entryDeepest(root: Frame, va: VirtAddr, level: number): PhysAddr {
  let table = root;
  for (let at = TOP_LEVEL; at > level; at--) {
    const entry = entryAddr(table, va, at);
    const pte = pteRead(entry);
    if (!pteIsTable(pte)) {
      stopLevel = at;
      return entry;
    }
    table = pteFrame(pte);
  }
  stopLevel = level;
  return entryAddr(table, va, level);
}
export function entryStop(): number {
  return stopLevel;
}

/** Where the entry for `va` lives at `level`, or NO_ENTRY if no table is there. */
export function entryFind(root: Frame, va: VirtAddr, level: number): PhysAddr {
  const entry = entryDeepest(root, va, level);
  return stopLevel === level ? entry : NO_ENTRY;
}

/** The same, building tables that are missing. NO_ENTRY, and nothing changed, if it cannot be built. */
export function entryReach(root: Frame, va: VirtAddr, level: number, user: bigint): PhysAddr {
  let entry = entryDeepest(root, va, level);
  if (stopLevel === level) return entry;
  if (pteRead(entry) !== PTE_EMPTY || !tablesStock(stopLevel - level)) return NO_ENTRY;

  for (let at = stopLevel - 1; at >= level; at--) {
    const table = tableTake();
    pteWrite(entry, frameAddr(table) | PTE_PRESENT | PTE_WRITABLE | user);
    entry = entryAddr(table, va, at);
  }
  return entry;
}

/** The physical address behind `va`, or NO_PHYS. */
export function pageTranslate(root: Frame, va: VirtAddr): PhysAddr {
  if (!isCanonical(va)) return NO_PHYS;
  const pte = pteRead(entryDeepest(root, va, 1));
  if ((pte & PTE_PRESENT) === 0n) return NO_PHYS;
  const inside = levelSpan(stopLevel) - 1n;
  return physAddr((pte & PTE_FRAME & ~inside) | (va & inside));
}
