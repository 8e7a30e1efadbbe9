/** Tables for a person: what log.ts writes, at a width. Anything wider than its column is written in full. */
import { stringLength } from "../doors/machine.ts";
import { decimalDigitCount, hexDigitCount, logByte, logHex, logNumber, logText } from "./log.ts";

const SPACE = 32;
const POINT = 46;

/** `text` at the left of `width` columns. */
export function columnText(text: string, width: number): void {
  logText(text);
  columnSpaces(width - stringLength(text));
}

/** `text` at the right of `width` columns. */
export function columnTextRight(text: string, width: number): void {
  columnSpaces(width - stringLength(text));
  logText(text);
}

/** `n`, 0 or more, at the right of `width` columns. */
export function columnNumber(n: number, width: number): void {
  columnSpaces(width - decimalDigitCount(n));
  logNumber("", n);
}

/** `tenths` / 10 with one decimal, at the right of `width` columns. */
export function columnTenths(tenths: number, width: number): void {
  columnNumber(Math.trunc(tenths / 10), width - 2);
  logByte(POINT);
  logNumber("", tenths % 10);
}

/** `prefix` (one letter: the kind of address) and `value` as `p0x1f`, at the right of `width` columns. */
export function columnAddress(prefix: string, value: bigint, width: number): void {
  columnSpaces(width - stringLength(prefix) - 2 - hexDigitCount(value));
  logHex(prefix, value);
}

export function columnSpaces(count: number): void {
  for (let i = 0; i < count; i++) logByte(SPACE);
}
