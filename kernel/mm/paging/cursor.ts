/**
 * The places where the last operations were: for each of 64 neighbouring GiB the table of level 2 that one came through,
 * in whatever space it was last. For the neighbours of a page nobody walks from the top; two levels are left. What is
 * remembered is the way to that table alone: the entries in it, and the tables under it, are read again each time.
 *
 * A table of level 2 that is taken out of use is forgotten by whoever takes it (cursorForget), in every space: it
 * stands in one place, that of its address, or in none.
 */
import { fillWords, staticBytes } from "../../doors/machine.ts";
import { type Frame, frameAddr, type PhysAddr, physAddr, type VirtAddr } from "../../lib/addr.ts";
import { type Field, layout, u64 } from "../../lib/layout.ts";
import { TOP_LEVEL } from "./pte.ts";

/*
 *   CURSOR, 32 bytes
 *   +0   | root          | span          |   the root's number, 0 for none; the number of the GiB
 *   +16  | table         | rest          |   where the table of level 2 is
 */
const phys64 = u64 as Field<PhysAddr, 8>;
const CURSOR = layout(32, { root: u64, span: u64, table: phys64, rest: u64 });
const CURSORS = 64;
const CURSOR_WORDS = 4;
const cursors = staticBytes(CURSORS * CURSOR.SIZE, 64);

const SPAN_SHIFT = 30n;
const INDEX_SHIFT = 25n; // of the span's number, times CURSOR.SIZE
const INDEX_MASK = 0x7e0n;
/** To the place of an entry of level 2 in its table: its index, times 8. */
const ENTRY_SHIFT = 18n;
const ENTRY_MASK = 0xff8n;

let stopLevel = TOP_LEVEL;

/** Is the table of level 2 for `va` under `root` remembered? Then `va` is canonical. */
export function isAtCursor(root: Frame, va: VirtAddr): boolean {
  const at = cursorAt(va);
  return CURSOR.span(at) === va >> SPAN_SHIFT && CURSOR.root(at) === rootWord(root);
}
/** The entry of level 2 for `va`; isAtCursor must have said yes. */
export function cursorEntry(va: VirtAddr): PhysAddr {
  return physAddr(CURSOR.table(cursorAt(va)) + ((va >> ENTRY_SHIFT) & ENTRY_MASK));
}
/** `level2` is the table for `va`, which is canonical. */
export function cursorSet(root: Frame, va: VirtAddr, level2: Frame): void {
  const at = cursorAt(va);
  CURSOR.setRoot(at, rootWord(root));
  CURSOR.setSpan(at, va >> SPAN_SHIFT);
  CURSOR.setTable(at, frameAddr(level2));
}
/** The table of level 2 for `va` goes out of use. */
export function cursorForget(va: VirtAddr): void {
  CURSOR.setRoot(cursorAt(va), 0n);
}
/** Any table may go out of use, roots included. */
export function cursorsForget(): void {
  fillWords(cursors, 0n, CURSORS * CURSOR_WORDS);
}

/** The level at which the last walk ended. */
export function entryStop(): number {
  return stopLevel;
}
export function entryStopSet(level: number): void {
  stopLevel = level;
}

function cursorAt(va: VirtAddr): bigint {
  return cursors + ((va >> INDEX_SHIFT) & INDEX_MASK);
}
/** Frame 0 is nobody's root. */
function rootWord(root: Frame): bigint {
  return BigInt.asUintN(64, BigInt(root));
}
