/**
 * The places where the last operations were: for each of 64 neighbouring GiB the table of level 2 that one came
 * through, in whatever space that was. For the neighbours of a page nobody walks from the top; two levels are left.
 * What is remembered is the way to that table alone: its entries, and the tables under it, are read again each time.
 *
 * A table of level 2 that is taken out of use is forgotten by whoever takes it (cursorForget), in every space: it
 * stands in one place, that of its address, or in none.
 */
import { fillWords, load64, staticBytes, store64 } from "../../doors/machine.ts";
import { DIRECT_MAP, type Frame, frameBytes, type PhysAddr, physAddr, type VirtAddr } from "../../lib/addr.ts";
import { TOP_LEVEL } from "./pte.ts";

// For each place three words, in columns: an index that is scaled by 8 is an address without a shift.
const CURSORS = 64;
const COLUMN_BYTES = 512;
const spans = staticBytes(COLUMN_BYTES, 64); // the number of the GiB
const roots = staticBytes(COLUMN_BYTES, 64); // the number of the root, 0 for none
const tables = staticBytes(COLUMN_BYTES, 64); // where the table of level 2 is seen
const SPAN_SHIFT = 30n;
/** To the place of an entry of level 2 in its table: its index, times 8. */
const ENTRY_SHIFT = 18n;
const ENTRY_MASK = 0xff8n;

let stopLevel = TOP_LEVEL;

/** Is the table of level 2 for `va` under `root` remembered? Then `va` is canonical. */
export function isAtCursor(root: Frame, va: VirtAddr): boolean {
  const at = cursorOf(va);
  return load64(spans + at) === va >> SPAN_SHIFT && load64(roots + at) === rootWord(root);
}
/** The entry of level 2 for `va`; isAtCursor must have said yes. */
export function cursorEntry(va: VirtAddr): PhysAddr {
  return physAddr(load64(tables + cursorOf(va)) - DIRECT_MAP + ((va >> ENTRY_SHIFT) & ENTRY_MASK));
}
/** `level2` is the table for `va`, which is canonical. */
export function cursorSet(root: Frame, va: VirtAddr, level2: Frame): void {
  const at = cursorOf(va);
  store64(spans + at, va >> SPAN_SHIFT);
  store64(roots + at, rootWord(root));
  store64(tables + at, frameBytes(level2));
}
/** The table of level 2 for `va` goes out of use. */
export function cursorForget(va: VirtAddr): void {
  store64(roots + cursorOf(va), 0n);
}
/** Any table may go out of use, roots included. */
export function cursorsForget(): void {
  fillWords(roots, 0n, CURSORS);
}

/** The level at which the last walk ended. */
export function walkStop(): number {
  return stopLevel;
}
export function walkStopSet(level: number): void {
  stopLevel = level;
}

/** Where in the columns the GiB of `va` has its place. */
function cursorOf(va: VirtAddr): bigint {
  return ((va >> SPAN_SHIFT) & BigInt(CURSORS - 1)) * 8n;
}
/** Frame 0 is nobody's root. */
function rootWord(root: Frame): bigint {
  return BigInt.asUintN(64, BigInt(root));
}
