/** Where runs of whole areas are. */
"compiler: cold"; // one area is at hand without a search
import { type Frame, frameNumber, NO_FRAME } from "../../lib/addr.ts";
import { bitTreeNextAt, bitTreeWord, NO_MEMBER } from "../../lib/bit-tree.ts";
import { areasEnd, areasLow } from "./areas.ts";
import { areaOpenedClose } from "./open-word.ts";
import { NO_BIT, runInBits, WORD_ORDER } from "./run-bits.ts";
import { ALL_FREE, AREA_FRAMES } from "./units.ts";
import { areasTree } from "./whole-areas.ts";

/**
 * The first frame of 2^order whole areas, aligned to their number; the open one among them, if it is whole; low memory
 * comes last. NO_FRAME if there are none.
 */
export function areaRunFind(order: number): Frame {
  let area = highRunFind(order);
  if (area === NO_MEMBER && areaOpenedClose()) area = highRunFind(order);
  if (area === NO_MEMBER) area = lowRunFind(order);
  return area === NO_MEMBER ? NO_FRAME : frameNumber(area * AREA_FRAMES);
}

function highRunFind(order: number): number {
  const areas = areasTree();
  for (let word = bitTreeNextAt(areas, 1, 0); word < areasEnd(); word = bitTreeNextAt(areas, 1, word + 1)) {
    const bits = bitTreeWord(areas, word * 64);
    if (order <= WORD_ORDER) {
      const bit = runInBits(bits, order);
      if (bit !== NO_BIT) return word * 64 + bit;
    } else if (bits === ALL_FREE && word % (1 << (order - WORD_ORDER)) === 0 && areWhole(word, order - WORD_ORDER)) {
      return word * 64;
    }
  }
  return NO_MEMBER;
}

/** With areas of low memory in it. */
function lowRunFind(order: number): number {
  if (areasLow() === 0n) return NO_MEMBER;
  const bits = bitTreeWord(areasTree(), 0) | areasLow();
  if (order > WORD_ORDER) return bits === ALL_FREE && areWhole(0, order - WORD_ORDER) ? 0 : NO_MEMBER;
  const bit = runInBits(bits, order);
  return bit === NO_BIT ? NO_MEMBER : bit;
}

/** Are all areas whole of the words behind `word`, which is the first of 2^order? */
function areWhole(word: number, order: number): boolean {
  const areas = areasTree();
  for (let i = 1; i < 1 << order; i++) {
    if (bitTreeNextAt(areas, 1, word + i) !== word + i) return false;
    if (bitTreeWord(areas, (word + i) * 64) !== ALL_FREE) return false;
  }
  return true;
}
