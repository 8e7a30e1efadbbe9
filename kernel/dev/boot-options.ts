/**
 * Boot options: the words of the command line, `key=value` or a bare `key`. Of two with the same key the last counts,
 * so that QEMU's fw_cfg can override what the ISO says. Nothing is stored: each question reads the line anew.
 */
"compiler: cold"; // runs once
import { load8, stringLength } from "../doors/machine.ts";
import { logAsciiCut, logEnd, logNumber, logText } from "../base/log.ts";
import { type VirtAddr, virtAddr } from "../lib/addr.ts";
import { numberParse, numberParsed } from "../lib/number.ts";
import { textBegins } from "../lib/text.ts";
import { commandLine, commandLineLength, isBlank } from "./boot-info.ts";

const EQUALS = 0x3d;
const UNKNOWN_COLUMNS = 24;
const VALUE_COLUMNS = 20; // of one that is refused, so that the line fits the screen

let valueStart = 0; // where in the command line the value lies that option() found last
let valueEnd = 0;

/** Is the word from `at` to `end` - 1 one that somebody asks for? kernel/README.md says what each means. */
function isKnown(at: number, end: number): boolean {
  return (
    keyMatches("heap.base", at, end) ||
    keyMatches("heap.size", at, end) ||
    keyMatches("heap.max", at, end) ||
    keyMatches("panic", at, end) ||
    keyMatches("scenario", at, end) // tests/qemu/kernel
  );
}

/** One line if there are words that nobody asks for: most likely somebody has mistyped one. */
export function optionsCheck(): void {
  let unknown = 0;
  let first = 0;
  for (let at = 0; at < commandLineLength(); at = wordEnd(at) + 1) {
    if (wordEnd(at) === at || isKnown(at, wordEnd(at))) continue;
    if (unknown === 0) first = at;
    unknown++;
  }
  if (unknown === 0) return;
  logText("dev: boot option unknown: ");
  logAsciiCut(commandLine() + BigInt(first), wordEnd(first) - first, UNKNOWN_COLUMNS);
  if (unknown > 1) logNumber(", and so are more: ", unknown - 1);
  logEnd();
}

/** Is there such an option? optionText() and optionTextLength() then give its value. Cost: the length of the line. */
export function option(key: string): boolean {
  valueStart = 0;
  valueEnd = 0;
  let found = false;
  let at = 0;
  while (at < commandLineLength()) {
    const end = wordEnd(at);
    if (keyMatches(key, at, end)) {
      found = true;
      valueEnd = end;
      valueStart = at + stringLength(key) < end ? at + stringLength(key) + 1 : end;
    }
    at = end + 1;
  }
  return found;
}

/** The value that the last option() found: optionTextLength() bytes of untrusted text, none for a bare word. */
export function optionText(): VirtAddr {
  return virtAddr(commandLine() + BigInt(valueStart));
}
export function optionTextLength(): number {
  return valueEnd - valueStart;
}

/** Is there such an option, with exactly this value? */
export function optionIs(key: string, value: string): boolean {
  if (!option(key) || optionTextLength() !== stringLength(value)) return false;
  return textBegins(value, optionText(), optionTextLength());
}

/**
 * The option's number, or `fallback` when it is not given. One that is no number (see numberParse) gets a line, and the
 * fallback counts as well.
 */
export function optionNumber(key: string, fallback: bigint): bigint {
  if (!option(key)) return fallback;
  if (numberParse(optionText(), optionTextLength())) return numberParsed();

  logText("dev: option is no number, the default is used: ");
  logText(key);
  logText("=");
  logAsciiCut(optionText(), optionTextLength(), VALUE_COLUMNS);
  logEnd();
  return fallback;
}

function wordEnd(at: number): number {
  let end = at;
  while (end < commandLineLength() && !isBlank(byteAt(end))) end++;
  return end;
}

/** Is the word at..end-1 `key` alone, or `key` and an equals sign and more? */
function keyMatches(key: string, at: number, end: number): boolean {
  const length = stringLength(key);
  if (end - at < length || !textBegins(key, commandLine() + BigInt(at), length)) return false;
  return end - at === length || byteAt(at + length) === EQUALS;
}

function byteAt(index: number): number {
  return load8(commandLine() + BigInt(index));
}
