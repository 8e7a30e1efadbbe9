/**
 * The 80x25 text screen, for the one case in which a person may look at nothing else: the kernel refuses the machine.
 * Written through the boot tables' map of low memory; the kernel's own tables do not map it.
 */
import { store16, stringByte, stringLength } from "../doors/machine.ts";
import { DIRECT_MAP } from "../lib/addr.ts";

const SCREEN = DIRECT_MAP + 0xb8000n;
const WHITE_ON_RED = 0x4f00;
const COLUMNS = 80;

/** Shows `text` from the start of `row` (0..24), cut at the right edge. Only while the boot tables are live. */
export function vgaTextShow(row: number, text: string): void {
  const start = SCREEN + BigInt(row * COLUMNS * 2);
  const count = Math.min(stringLength(text), COLUMNS);
  for (let column = 0; column < count; column++) {
    store16(start + BigInt(column * 2), WHITE_ON_RED | stringByte(text, column));
  }
}
