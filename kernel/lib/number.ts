/** Reads an unsigned number as a person writes one: `4096`, `0x4444_4444_0000`, `64K`, `16M`, `2G`, `1T`. */
import { load8 } from "../doors/machine.ts";

const WORD_MAX = 0xffff_ffff_ffff_ffffn;

const CHAR = {
  ZERO: 0x30,
  NINE: 0x39,
  UNDERSCORE: 0x5f,
  A: 0x61,
  F: 0x66,
  G: 0x67,
  K: 0x6b,
  M: 0x6d,
  T: 0x74,
  X: 0x78,
} as const;
/** Turns an ASCII capital into its small letter, and leaves digits as they are. */
const SMALL_LETTER = 0x20;
const NOT_A_DIGIT = -1;

let parsed = 0n;

/** The value of the last numberParse that answered true; 0 before the first. */
export function numberParsed(): bigint {
  return parsed;
}

/**
 * Is all of the `length` bytes at `at` one number? Decimal, or hexadecimal after `0x`; `_` may stand between two
 * digits; a decimal number may end in K, M, G or T (powers of 1024). Small letters and capitals mean the same.
 * False for no digits, anything else, and a value of 2^64 or more; numberParsed() then keeps what it had.
 */
export function numberParse(at: bigint, length: number): boolean {
  const isHex = length > 2 && load8(at) === CHAR.ZERO && letterAt(at, 1) === CHAR.X;
  if (isHex) return digitsParse(at + 2n, length - 2, 16, 0);

  const shift = length > 0 ? suffixShift(letterAt(at, length - 1)) : 0;
  return digitsParse(at, shift === 0 ? length : length - 1, 10, shift);
}

/** `length` digits and single underscores between them; the value is then multiplied by 2^shift. */
function digitsParse(at: bigint, length: number, base: number, shift: number): boolean {
  const most = WORD_MAX >> BigInt(shift);
  let value = 0n;
  let digitBefore = false;
  for (let i = 0; i < length; i++) {
    if (load8(at + BigInt(i)) === CHAR.UNDERSCORE) {
      if (!digitBefore) return false;
      digitBefore = false;
      continue;
    }
    const digit = digitAt(at, i);
    if (digit === NOT_A_DIGIT || digit >= base) return false;
    if (value > (most - BigInt(digit)) / BigInt(base)) return false;
    value = value * BigInt(base) + BigInt(digit);
    digitBefore = true;
  }
  if (!digitBefore) return false; // empty, or a trailing underscore

  parsed = value << BigInt(shift);
  return true;
}

function digitAt(at: bigint, index: number): number {
  const char = load8(at + BigInt(index));
  if (char >= CHAR.ZERO && char <= CHAR.NINE) return char - CHAR.ZERO;
  const letter = char | SMALL_LETTER;
  if (letter >= CHAR.A && letter <= CHAR.F) return letter - CHAR.A + 10;
  return NOT_A_DIGIT;
}

function letterAt(at: bigint, index: number): number {
  return load8(at + BigInt(index)) | SMALL_LETTER;
}

function suffixShift(letter: number): number {
  switch (letter) {
    case CHAR.K:
      return 10;
    case CHAR.M:
      return 20;
    case CHAR.G:
      return 30;
    case CHAR.T:
      return 40;
    default:
      return 0;
  }
}
