/**
 * The log: lines on the serial port, written in pieces.
 *
 *   logText("mm/phys: frames"); logNumber(" total=", total); logPhys(" first=", pa); logEnd();
 *   mm/phys: frames total=131072 first=p0x101000
 *
 * Allocates nothing: it works from the first instruction of main to the last line of a panic. What was written last
 * stays in log-ring.ts.
 */
"compiler: cold"; // inlined into everything that logs, it was half of the kernel
import { load8, stringByte, stringLength } from "../doors/machine.ts";
import type { PhysAddr, VirtAddr } from "../lib/addr.ts";
import { serialWrite } from "../arch/serial.ts";
import { ringPut } from "./log-ring.ts";

const LINE_FEED = 10;
const MINUS = 45;
const DIGIT_0 = 48;
const LETTER_A = 97;
const QUESTION_MARK = 63;

/** One byte, on the line and into the ring: everything that is logged goes through here. */
export function logByte(byte: number): void {
  ringPut(byte);
  serialWrite(byte);
}

export function logText(text: string): void {
  const length = stringLength(text);
  for (let i = 0; i < length; i++) logByte(stringByte(text, i));
}

/** Ends the line. */
export function logEnd(): void {
  logByte(LINE_FEED);
}

/** `text` and the end of the line. */
export function logLine(text: string): void {
  logText(text);
  logEnd();
}

/** `label`, then `n` in decimal. */
export function logNumber(label: string, n: number): void {
  logText(label);
  if (n < 0) logByte(MINUS);
  const rest = n < 0 ? 0 - n : n;
  for (let scale = decimalScale(rest); scale > 0; scale = Math.trunc(scale / 10)) {
    logByte(DIGIT_0 + (Math.trunc(rest / scale) % 10));
  }
}

/** `label`, then `value` as `0x1f`. */
export function logHex(label: string, value: bigint): void {
  logText(label);
  logText("0x");
  logHexDigits(value, hexDigitCount(value));
}

/** `label`, then a physical address as `p0x101000`. */
export function logPhys(label: string, pa: PhysAddr): void {
  logText(label);
  logHex("p", pa);
}

/** `label`, then a virtual address as `v0x400000`. */
export function logVirt(label: string, va: VirtAddr): void {
  logText(label);
  logHex("v", va);
}

/** The low `digits` hexadecimal digits of `value`, leading zeros written, no prefix. */
export function logHexDigits(value: bigint, digits: number): void {
  for (let digit = digits - 1; digit >= 0; digit--) {
    const nibble = Number((value >> BigInt(digit * 4)) & 0xfn);
    logByte(nibble < 10 ? DIGIT_0 + nibble : LETTER_A + nibble - 10);
  }
}

/** `count` bytes at `va` that nobody vouches for: what is not printable ASCII is shown as `?`. */
export function logAscii(va: bigint, count: number): void {
  for (let i = 0; i < count; i++) {
    const byte = load8(va + BigInt(i));
    logByte(byte >= 0x20 && byte < 0x7f ? byte : QUESTION_MARK);
  }
}

/** logAscii in at most `columns`: what is longer is cut, and ends in `...` then. */
export function logAsciiCut(va: bigint, count: number, columns: number): void {
  if (count <= columns) {
    logAscii(va, count);
    return;
  }
  logAscii(va, columns - 3);
  logText("...");
}

/** How many digits logHex writes: 1..16. */
export function hexDigitCount(value: bigint): number {
  let digits = 1;
  for (let rest = value >> 4n; rest !== 0n; rest >>= 4n) digits++;
  return digits;
}

/** How many digits logNumber writes, the sign not counted. */
export function decimalDigitCount(n: number): number {
  let digits = 1;
  for (let rest = Math.trunc(n / 10); rest !== 0; rest = Math.trunc(rest / 10)) digits++;
  return digits;
}

/** The greatest power of ten that is not above `n`; 1 for 0. */
function decimalScale(n: number): number {
  let scale = 1;
  while (Math.trunc(n / scale) >= 10) scale *= 10;
  return scale;
}
