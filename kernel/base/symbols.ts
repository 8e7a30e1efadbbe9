/**
 * What code is at an address: functions, files and lines of TypeScript, from the table that scripts/symbols makes of
 * the debug information and links into .rodata. Nothing is unpacked: a question costs some hundred steps, no memory.
 *
 *   +0    magic, size of the code, number of rows, number of files        32 bits each
 *   +16   where the following are, from the table's start                     32 bits each
 *         row blocks     code offset, position     one for each 64 rows: where the first lies in code and table
 *         scope blocks   position                  one for each 16 scopes
 *         functions      name, first line          16 bits each, by file
 *         files          name, first function      16 bits each
 *         strings        128 pairs of bytes, then texts that end with 0; a byte above 127 stands for a pair
 *
 *   rows      +code, +-scope, line     one for each stretch of code; the differences are from the row before
 *   scopes    function, -parent, line  a function, or what it was when inlined at a line of its parent
 *
 * Positions count nibbles. Numbers in rows and scopes are groups of three bits, lowest first, each in a nibble whose
 * fourth bit says that more come. Lines count from their function's first as 1; 0 is code that belongs to no single
 * one.
 */
"compiler: cold"; // for people to read
import { load8, stringByte, stringLength } from "../doors/machine.ts";
import { layout, u16, u32 } from "../lib/layout.ts";
import { symbolsStart, textStart } from "../arch/image.ts";
import { logByte } from "./log.ts";

const HEADER = layout(36, {
  magic: u32,
  codeSize: u32,
  rowCount: u32,
  fileCount: u32,
  blocks: u32,
  scopes: u32,
  functions: u32,
  files: u32,
  strings: u32,
});
const BLOCK = layout(8, { code: u32, position: u32 });
const POSITION = layout(4, { position: u32 });
const FUNCTION = layout(4, { name: u16, firstLine: u16 });
const FILE = layout(4, { name: u16, firstFunction: u16 });
const PAIR = layout(2, { bytes: u16 });

const MAGIC = 0x314d_5953; // "SYM1"
const ROWS_PER_BLOCK = 64;
const SCOPES_PER_BLOCK = 16;
const FIRST_PAIR = 128;

let position = 0; // of the next nibble to be read
let scopeFunction = 0;
let scopeParent = 0;
let parentLine = 0; // the line of the parent that this one is inlined at, as a row has it
let line = 0; // as a row has it
let compared = 0; // bytes of the text that symbolNameIs looks for

/**
 * Finds the code at `address`, and with it the innermost function there: what follows is about that one. False if there
 * is no table, or nothing is known of that address. For a return address, ask for the byte before it: the call's own.
 */
export function symbolFind(address: bigint): boolean {
  const table = symbolsStart();
  if (HEADER.magic(table) !== MAGIC || address < textStart()) return false;
  if (address - textStart() >= BigInt(HEADER.codeSize(table))) return false;
  const scope = rowFind(Number(address - textStart()));
  if (scope === 0) return false;
  scopeRead(scope);
  return true;
}

/** Goes on to the function into which the code was inlined. False if it was not: then nothing has changed. */
export function symbolOuter(): boolean {
  if (scopeParent === 0) return false;
  line = parentLine;
  scopeRead(scopeParent);
  return true;
}

/** Was the code inlined into another function? */
export function symbolIsInlined(): boolean {
  return scopeParent !== 0;
}

/** The line in the function's file; 0 when the code belongs to no single one. */
export function symbolLine(): number {
  return line === 0 ? 0 : FUNCTION.firstLine(functionAt(scopeFunction)) + line - 1;
}

/** Writes the function's name. */
export function symbolNameLog(): void {
  textLog(FUNCTION.name(functionAt(scopeFunction)));
}
export function symbolNameLength(): number {
  return textLength(FUNCTION.name(functionAt(scopeFunction)));
}

/** Is the function called `text`, and nothing else? The trap stubs are called trap_stub. */
export function symbolNameIs(text: string): boolean {
  if (symbolNameLength() !== stringLength(text)) return false;
  compared = 0;
  for (let at = textAt(FUNCTION.name(functionAt(scopeFunction))); load8(at) !== 0; at++) {
    if (!codeIs(load8(at), text)) return false;
  }
  return true;
}

/** Writes the path of the function's file, from the root of the sources: `kernel/mm/phys/frames.ts`. */
export function symbolFileLog(): void {
  textLog(FILE.name(fileOf(scopeFunction)));
}
export function symbolFileLength(): number {
  return textLength(FILE.name(fileOf(scopeFunction)));
}

/** Sets `line`, and gives the scope, of the last row that is not behind `code`; 0 when nothing is known of it. */
function rowFind(code: number): number {
  const table = symbolsStart();
  const rowCount = HEADER.rowCount(table);
  const block = blockFind(code, Math.floor((rowCount + ROWS_PER_BLOCK - 1) / ROWS_PER_BLOCK));
  const rows = Math.min(rowCount - block * ROWS_PER_BLOCK, ROWS_PER_BLOCK);
  let at = BLOCK.code(blockAt(block));
  let scope = 0;
  position = BLOCK.position(blockAt(block));
  for (let row = 0; row < rows; row++) {
    at += numberRead();
    if (at > code) break;
    scope += signedRead();
    line = numberRead();
  }
  return scope;
}

/** The last block that does not begin behind `code`. */
function blockFind(code: number, count: number): number {
  let low = 0;
  let high = count;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (BLOCK.code(blockAt(middle)) <= code) low = middle;
    else high = middle;
  }
  return low;
}

/** `scope` counts from 1. */
function scopeRead(scope: number): void {
  const index = scope - 1;
  const block = Math.floor(index / SCOPES_PER_BLOCK);
  const table = symbolsStart();
  position = POSITION.position(table + BigInt(HEADER.scopes(table) + block * POSITION.SIZE));
  for (let skipped = index - block * SCOPES_PER_BLOCK; skipped >= 0; skipped--) {
    scopeFunction = numberRead();
    scopeParent = numberRead();
    parentLine = scopeParent === 0 ? 0 : numberRead();
  }
  if (scopeParent !== 0) scopeParent = scope - scopeParent;
}

function numberRead(): number {
  let value = 0;
  let scale = 1;
  for (;;) {
    const nibble = nibbleRead();
    value += (nibble & 7) * scale;
    if (nibble < 8) return value;
    scale *= 8;
  }
}

function signedRead(): number {
  const coded = numberRead();
  return (coded & 1) === 0 ? Math.floor(coded / 2) : -1 - Math.floor(coded / 2);
}

function nibbleRead(): number {
  const byte = load8(symbolsStart() + BigInt(Math.floor(position / 2)));
  const nibble = (position & 1) === 0 ? byte & 15 : byte >> 4;
  position++;
  return nibble;
}

function blockAt(index: number): bigint {
  const table = symbolsStart();
  return table + BigInt(HEADER.blocks(table) + index * BLOCK.SIZE);
}

function functionAt(index: number): bigint {
  const table = symbolsStart();
  return table + BigInt(HEADER.functions(table) + index * FUNCTION.SIZE);
}

/** The last file that does not begin behind the function; there are some dozens. */
function fileOf(fn: number): bigint {
  const table = symbolsStart();
  let file = table + BigInt(HEADER.files(table));
  for (let left = HEADER.fileCount(table) - 1; left > 0; left--) {
    const next = file + BigInt(FILE.SIZE);
    if (FILE.firstFunction(next) > fn) break;
    file = next;
  }
  return file;
}

function textLog(offset: number): void {
  for (let at = textAt(offset); load8(at) !== 0; at++) codeLog(load8(at));
}

function textLength(offset: number): number {
  let length = 0;
  for (let at = textAt(offset); load8(at) !== 0; at++) length += codeLength(load8(at));
  return length;
}

function textAt(offset: number): bigint {
  return stringsAt() + BigInt(offset);
}

/** A pair's codes are all lower than its own, so this ends. */
function codeLog(code: number): void {
  if (code < FIRST_PAIR) {
    logByte(code);
    return;
  }
  const pair = pairOf(code);
  codeLog(pair & 0xff);
  codeLog(pair >> 8);
}

/** Does it stand for what comes next in `text`? */
function codeIs(code: number, text: string): boolean {
  if (code < FIRST_PAIR) {
    compared++;
    return stringByte(text, compared - 1) === code;
  }
  const pair = pairOf(code);
  return codeIs(pair & 0xff, text) && codeIs(pair >> 8, text);
}

function codeLength(code: number): number {
  if (code < FIRST_PAIR) return 1;
  const pair = pairOf(code);
  return codeLength(pair & 0xff) + codeLength(pair >> 8);
}

function pairOf(code: number): number {
  return PAIR.bytes(stringsAt() + BigInt((code - FIRST_PAIR) * PAIR.SIZE));
}

function stringsAt(): bigint {
  const table = symbolsStart();
  return table + BigInt(HEADER.strings(table));
}
