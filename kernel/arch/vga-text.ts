/**
 * The 80x25 text screen, for the cases in which a person may look at nothing else: the kernel refuses the machine, or
 * stops. At first it is written through the boot tables' map of low memory, later where vgaTextPlace says.
 */
import { stringByte, stringLength, tryStore8 } from "../doors/machine.ts";
import { DIRECT_MAP, type VirtAddr } from "../lib/addr.ts";

/** Where the screen is in physical memory, and how much of it there is. */
export const VGA_TEXT = 0xb_8000n;
export const VGA_TEXT_BYTES = 4000n;
const WHITE_ON_RED = 0x4f;
const COLUMNS = 80;

let screen: bigint = DIRECT_MAP + VGA_TEXT;

/** From now on the screen is at `at`. */
export function vgaTextPlace(at: VirtAddr): void {
  screen = at;
}

/** Shows `text` from the start of `row` (0..24), cut at the right edge; nothing where there is no screen. */
export function vgaTextShow(row: number, text: string): void {
  const start = screen + BigInt(row * COLUMNS * 2);
  const count = Math.min(stringLength(text), COLUMNS);
  for (let column = 0; column < count; column++) {
    if (!tryStore8(start + BigInt(column * 2), stringByte(text, column))) return;
    if (!tryStore8(start + BigInt(column * 2 + 1), WHITE_ON_RED)) return;
  }
}
