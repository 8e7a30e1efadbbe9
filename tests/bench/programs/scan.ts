/** Scanning text: its characters, and its words and numbers. */
import { load8 } from "../../../kernel/doors/machine.ts";
import { rotateLeft } from "../../../kernel/lib/bits.ts";

const SPACE = 32;
const DIGIT_0 = 48;
const DIGIT_9 = 57;

/** How many characters `length` bytes of UTF-8 are: every byte begins one, but the continuation bytes. */
export function scanCharacters(at: bigint, length: number): number {
  let count = 0;
  const end = at + BigInt(length);
  for (let cursor = at; cursor < end; cursor++) {
    if ((load8(cursor) & 0xc0) !== 0x80) count++;
  }
  return count;
}

/** Splits at bytes up to the space; answers a hash over the values of numbers and the letters of words, in order. */
export function scanTokens(at: bigint, length: number): bigint {
  const end = at + BigInt(length);
  let hash = 0n;
  let cursor = at;
  while (cursor < end) {
    const byte = load8(cursor);
    if (byte <= SPACE) {
      cursor++;
      continue;
    }
    const tokenEnd = tokenEndFind(cursor, end);
    const value = isDigit(byte) ? numberValue(cursor, tokenEnd) : wordHash(cursor, tokenEnd);
    hash = BigInt.asUintN(64, rotateLeft(hash, 5) + value);
    cursor = tokenEnd;
  }
  return hash;
}

function tokenEndFind(start: bigint, end: bigint): bigint {
  let cursor = start + 1n;
  while (cursor < end && load8(cursor) > SPACE) cursor++;
  return cursor;
}

/** The digits from `start` on, modulo 2^64; what is no digit ends the number. */
function numberValue(start: bigint, end: bigint): bigint {
  let value = 0n;
  for (let cursor = start; cursor < end; cursor++) {
    const byte = load8(cursor);
    if (!isDigit(byte)) break;
    value = BigInt.asUintN(64, value * 10n + BigInt(byte - DIGIT_0));
  }
  return value;
}

/** FNV-1a, 32 bits. */
function wordHash(start: bigint, end: bigint): bigint {
  let hash = 0x811c_9dc5;
  for (let cursor = start; cursor < end; cursor++) hash = Math.imul(hash ^ load8(cursor), 0x0100_0193);
  return BigInt(hash >>> 0);
}

function isDigit(byte: number): boolean {
  return byte >= DIGIT_0 && byte <= DIGIT_9;
}
