/** Runs of ones in a word: of free frames, or of whole areas. */
import { countTrailingZeros } from "../../lib/bits.ts";
import { ALL_FREE } from "./units.ts";

/** What fits into a word: 2^6. */
export const WORD_ORDER = 6;
/** No run of ones. */
export const NO_BIT = 64;

/** The lowest bit at which 2^order ones start (order 0..6), aligned to their number; NO_BIT if there are none. */
export function runInBits(bits: bigint, order: number): number {
  let starts = bits;
  for (let i = 0; i < order; i++) starts &= starts >> (1n << BigInt(i));
  return countTrailingZeros(starts & alignedBits(order));
}

/** Every 2^order-th bit. */
function alignedBits(order: number): bigint {
  switch (order) {
    case 0:
      return ALL_FREE;
    case 1:
      return 0x5555_5555_5555_5555n;
    case 2:
      return 0x1111_1111_1111_1111n;
    case 3:
      return 0x0101_0101_0101_0101n;
    case 4:
      return 0x0001_0001_0001_0001n;
    case 5:
      return 0x0000_0001_0000_0001n;
    default:
      return 1n;
  }
}
