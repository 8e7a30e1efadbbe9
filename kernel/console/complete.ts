/**
 * Completion of what stands before the cursor: whoever knows words offers each, once to count them, once to show them.
 *
 *   completeBegin(text, length); completeOffer("mem"); completeOffer("memmap"); … completeRest() characters go on
 */
"compiler: cold"; // at the speed of a hand
import { columnText } from "../base/columns.ts";
import { logEnd } from "../base/log.ts";
import { load8, staticBytes, store8, stringByte, stringLength } from "../doors/machine.ts";
import { textBegins } from "../lib/text.ts";

/** The longest word that can be offered. */
const WORD_MAX = 32;
const COLUMN = 12;
const COLUMNS = 6; // 72 characters

const common = staticBytes(WORD_MAX, 8); // what all that fit begin with
let commonLength = 0;
let typed = 0n;
let typedLength = 0;
let fitting = 0;
let showing = false;
let shown = 0;

/** From now on words are offered for the `length` characters at `text`. */
export function completeBegin(text: bigint, length: number): void {
  typed = text;
  typedLength = length;
  fitting = 0;
  commonLength = 0;
  showing = false;
}
/** The words that fit are now shown as they are offered, in columns. */
export function completeShow(): void {
  showing = true;
  shown = 0;
}

/** `word` could have been meant. */
export function completeOffer(word: string): void {
  if (!textBegins(word, typed, typedLength)) return;
  if (showing) {
    if (shown > 0 && shown % COLUMNS === 0) logEnd();
    columnText(word, COLUMN);
    shown++;
    return;
  }
  const length = Math.min(stringLength(word), WORD_MAX);
  if (fitting === 0) {
    for (let i = 0; i < length; i++) store8(common + BigInt(i), stringByte(word, i));
    commonLength = length;
  }
  let same = 0;
  while (same < Math.min(length, commonLength) && load8(common + BigInt(same)) === stringByte(word, same)) same++;
  commonLength = same;
  fitting++;
}

/** How many of the words that were offered fit. */
export function completeCount(): number {
  return fitting;
}
/** How many characters all of them go on with, behind what is typed. */
export function completeRest(): number {
  return fitting === 0 ? 0 : commonLength - typedLength;
}
/** The first of these is 0. */
export function completeCharacter(index: number): number {
  return load8(common + BigInt(typedLength + index));
}
