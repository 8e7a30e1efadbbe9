/** The upper levels of the sets of words and areas: what follows when a word has its first member, or none left. */
"compiler: cold"; // that is once for 64 words
import { load64, store64 } from "../../doors/machine.ts";
import { type Frame, frameNumber } from "../../lib/addr.ts";
import { bitTreeAddAt, bitTreeNextAt, bitTreeRemoveAt, bitTreeWordAt } from "../../lib/bit-tree.ts";
import { countTrailingZeros } from "../../lib/bits.ts";
import { AREA_FRAMES } from "./units.ts";
import { areasTree, highWordSetFirst } from "./whole-areas.ts";

/** The word `index` of level 0 has members now. (Its caller has it in the register of a first argument.) */
export function wordIsAdded(index: bigint, tree: bigint): void {
  bitTreeAddAt(tree, 1, index);
}

/**
 * Of the 64 words none has a whole area any more of which the lowest was one, and `area` the last: the next word is the
 * lowest. Answers the first frame of `area`.
 */
export function highWordsLeave(area: number): Frame {
  const areas = areasTree();
  const words = BigInt(area) >> 12n;
  const at = bitTreeWordAt(areas, 2, words >> 6n);
  const left = load64(at) & ~(1n << (words & 63n));
  if (left === 0n) {
    bitTreeRemoveAt(areas, 2, words);
    highWordSetFirst(bitTreeNextAt(areas, 1, 0));
  } else {
    store64(at, left);
    const next = Number(words & ~63n) + countTrailingZeros(left); // none is below
    highWordSetFirst(next * 64 + countTrailingZeros(load64(bitTreeWordAt(areas, 1, BigInt(next)))));
  }
  return frameNumber(area * AREA_FRAMES);
}
