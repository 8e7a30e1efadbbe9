/** The lines that were obeyed, the last HISTORY_LINES of them. */
import { copyBytes, load8, staticBytes, store8 } from "../doors/machine.ts";

/** The longest line, in characters; an 80-column terminal shows it whole after the prompt. */
export const LINE_MAX = 77;
export const HISTORY_LINES = 16;

const texts = staticBytes(HISTORY_LINES * LINE_MAX, 8);
const lengths = staticBytes(HISTORY_LINES, 8); // a byte each

let added = 0; // ever

/** Keeps the line of `length` (0..LINE_MAX) bytes at `text`, unless it is empty or the same as the one before. */
export function historyAdd(text: bigint, length: number): void {
  if (length === 0 || (added > 0 && isNewest(text, length))) return;
  const slot = added % HISTORY_LINES;
  copyBytes(slotText(slot), text, length);
  store8(lengths + BigInt(slot), length);
  added++;
}

/** How many lines there are to go back to: 0..HISTORY_LINES. */
export function historyCount(): number {
  return Math.min(added, HISTORY_LINES);
}
/** Where the line that is `back` (1..historyCount()) lines ago lies, until historyAdd is called again. */
export function historyText(back: number): bigint {
  return slotText((added - back) % HISTORY_LINES);
}
export function historyLength(back: number): number {
  return load8(lengths + BigInt((added - back) % HISTORY_LINES));
}
/** None is kept any more. */
export function historyForget(): void {
  added = 0;
}

function slotText(slot: number): bigint {
  return texts + BigInt(slot * LINE_MAX);
}

function isNewest(text: bigint, length: number): boolean {
  if (historyLength(1) !== length) return false;
  for (let i = 0n; i < BigInt(length); i++) {
    if (load8(historyText(1) + i) !== load8(text + i)) return false;
  }
  return true;
}
