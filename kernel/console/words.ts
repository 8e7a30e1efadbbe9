/** The words of the line: a command and what comes after it. Words are separated by spaces. */
"compiler: cold"; // for people to read
import { load8, stringLength } from "../doors/machine.ts";
import { logAsciiCut, logLine } from "../base/log.ts";
import { numberParse } from "../lib/number.ts";
import { textBegins } from "../lib/text.ts";

const SPACE = 0x20;
const WORD_COLUMNS = 42; // the longest sentence has 38
// The log writes addresses as v0x400000 and p0x1000.
const VIRTUAL_MARK = 0x76;
const PHYSICAL_MARK = 0x70;

let text = 0n;
let length = 0;

/** From now on the words are those of the `count` bytes at `at`, which must stay where they are. */
export function wordsSet(at: bigint, count: number): void {
  text = at;
  length = count;
}

export function wordCount(): number {
  let words = 0;
  for (let at = wordStart(0); at < length; at = wordStart(wordEnd(at))) words++;
  return words;
}

/** Where word `index` is, and how long: 0 if there is no such word. */
export function wordStartAt(index: number): bigint {
  return text + BigInt(wordFind(index));
}
export function wordLength(index: number): number {
  const start = wordFind(index);
  return wordEnd(start) - start;
}

/** Is word `index` exactly `expected`? No if there is no such word. */
export function wordIs(index: number, expected: string): boolean {
  const start = wordFind(index);
  const size = wordEnd(start) - start;
  return size === stringLength(expected) && textBegins(expected, text + BigInt(start), size);
}

/**
 * Is word `index` a number? Then numberParsed() is it. An address as the log writes it (`v0x400000`, `p0x1000`) is one.
 */
export function wordIsNumber(index: number): boolean {
  const start = wordFind(index);
  const end = wordEnd(start);
  const isMarked = end - start > 1 && (byteAt(start) === VIRTUAL_MARK || byteAt(start) === PHYSICAL_MARK);
  const digits = isMarked ? start + 1 : start;
  return numberParse(text + BigInt(digits), end - digits);
}

/** Is the command's argument a number? If not, that is said. */
export function argumentIsNumber(): boolean {
  if (wordIsNumber(1)) return true;
  wordLog(1);
  logLine(" is not a number below 2^64; see help.");
  return false;
}

/** Writes word `index` to the log, cut so that the sentence around it fits the screen. */
export function wordLog(index: number): void {
  const start = wordFind(index);
  logAsciiCut(text + BigInt(start), wordEnd(start) - start, WORD_COLUMNS);
}

/** Where word `index` starts; `length` if there are not that many. */
function wordFind(index: number): number {
  let at = wordStart(0);
  for (let i = 0; i < index; i++) at = wordStart(wordEnd(at));
  return at;
}

/** The first character from `at` on that is no space. */
function wordStart(at: number): number {
  let start = at;
  while (start < length && byteAt(start) === SPACE) start++;
  return start;
}

/** The first space from `at` on, or the end of the line. */
function wordEnd(at: number): number {
  let end = at;
  while (end < length && byteAt(end) !== SPACE) end++;
  return end;
}

function byteAt(index: number): number {
  return load8(text + BigInt(index));
}
