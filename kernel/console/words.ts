/**
 * The words of the line: a command and what comes after it. Words are separated by spaces, but for those in quotes or
 * behind a backslash: wordPlain has a word without these, as a shell would (POSIX, "Quoting"; there are no variables).
 */
"compiler: cold"; // for people to read
import { load8, staticBytes, store8, stringLength } from "../doors/machine.ts";
import { logAsciiCut, logLine } from "../base/log.ts";
import { numberParse } from "../lib/number.ts";
import { textBegins } from "../lib/text.ts";

const SPACE = 0x20;
const WORD_COLUMNS = 42; // the longest sentence has 38
// The log writes addresses as v0x400000 and p0x1000.
const VIRTUAL_MARK = 0x76;
const PHYSICAL_MARK = 0x70;

const SINGLE = 0x27;
const DOUBLE = 0x22;
const BACKSLASH = 0x5c;
const NO_QUOTE = 0;
/** Of a word without its quotes. */
const PLAIN_BYTES = 2048;
const plain = staticBytes(PLAIN_BYTES, 8);

let text = 0n;
let length = 0;
let quote = NO_QUOTE; // which is open, while characters are looked at

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

/** Are all quotes closed? */
export function wordsAreClosed(): boolean {
  quote = NO_QUOTE;
  for (let at = 0; at < length; ) at = characterEnd(at);
  return quote === NO_QUOTE;
}

/** Word `index` without its quotes: wordPlainText() until the next call. Answers how many bytes; -1: too many. */
export function wordPlain(index: number): number {
  const start = wordFind(index);
  const end = wordEnd(start);
  let count = 0;
  quote = NO_QUOTE;
  for (let at = start; at < end; ) {
    const isEscaped = escapes(at);
    const before = quote;
    const next = characterEnd(at);
    if (quote === before) {
      if (count === PLAIN_BYTES) return -1;
      store8(plain + BigInt(count), byteAt(isEscaped ? at + 1 : at));
      count++;
    }
    at = next;
  }
  return count;
}
export function wordPlainText(): bigint {
  return plain;
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

/** The first space from `at` on that ends a word, or the end of the line. */
function wordEnd(at: number): number {
  let end = at;
  quote = NO_QUOTE;
  while (end < length && (quote !== NO_QUOTE || byteAt(end) !== SPACE)) end = characterEnd(end);
  return end;
}

/** Steps over the character at `at`, with the backslash before it: `quote` says then which quotes are open. */
function characterEnd(at: number): number {
  const byte = byteAt(at);
  if (byte === quote) quote = NO_QUOTE;
  else if (quote === NO_QUOTE && isQuote(byte)) quote = byte;
  else if (escapes(at)) return at + 2;
  return at + 1;
}

/** Is there a backslash at `at` that takes the meaning of what follows? In double quotes only a few lose theirs. */
function escapes(at: number): boolean {
  if (byteAt(at) !== BACKSLASH || quote === SINGLE || at + 1 >= length) return false;
  return quote === NO_QUOTE || byteAt(at + 1) === DOUBLE || byteAt(at + 1) === BACKSLASH;
}
function isQuote(byte: number): boolean {
  return byte === SINGLE || byte === DOUBLE;
}

function byteAt(index: number): number {
  return load8(text + BigInt(index));
}
