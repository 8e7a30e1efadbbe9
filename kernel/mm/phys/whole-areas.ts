/** What areas.ts and upper-levels.ts both change: the set of whole areas that are not low, and its lowest word. */
import { staticBytes } from "../../doors/machine.ts";
import { BIT_TREE } from "../../lib/bit-tree.ts";

const whole = staticBytes(BIT_TREE.SIZE, 8);
let first = 0;

/** The set: area i is member i, and one member behind them all is the end (areas.ts). */
export function areasTree(): bigint {
  return whole;
}
/** The lowest word with whole areas. Behind the last one if there are none: then it has none. */
export function highWord(): number {
  return first;
}
export function highWordSetFirst(word: number): void {
  first = word;
}
