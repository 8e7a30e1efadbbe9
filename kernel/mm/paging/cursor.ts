/**
 * The place where the last operation was: the table of level 2 that it came through, good for 1 GiB of one space. For
 * the neighbours of a page nobody walks from the top; two levels are left. It is forgotten when any table is taken out
 * of use: a table that is free leads anywhere.
 */
import { type Frame, NO_FRAME, type VirtAddr } from "../../lib/addr.ts";

const SPAN_SHIFT = 30n;

let cursorRoot: Frame = NO_FRAME;
let cursorSpan = 0n;
let table: Frame = NO_FRAME;

/** Is the table of level 2 for `va` under `root` the one that is remembered? */
export function isAtCursor(root: Frame, va: VirtAddr): boolean {
  return va >> SPAN_SHIFT === cursorSpan && root === cursorRoot;
}
/** The remembered table; isAtCursor must have said yes. */
export function cursorTable(): Frame {
  return table;
}
/** `level2` is the table for `va`, which is canonical. */
export function cursorSet(root: Frame, va: VirtAddr, level2: Frame): void {
  cursorRoot = root;
  cursorSpan = va >> SPAN_SHIFT;
  table = level2;
}
export function cursorForget(): void {
  cursorRoot = NO_FRAME;
}
