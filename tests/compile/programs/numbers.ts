/** number: integers within ±2^53, bitwise operators on 32 bits. */

export function addNumbers(a: number, b: number): number {
  return a + b;
}
export function subtractNumbers(a: number, b: number): number {
  return a - b;
}
export function multiplyNumbers(a: number, b: number): number {
  return a * b;
}
export function remainder(a: number, b: number): number {
  return a % b;
}
export function remainderOfEight(a: number): number {
  return a % 8;
}
export function negate(a: number): number {
  return -a;
}
export function truncatedQuotient(a: number, b: number): number {
  return Math.trunc(a / b);
}
export function flooredQuotient(a: number, b: number): number {
  return Math.floor(a / b);
}
export function truncatedEighth(a: number): number {
  return Math.trunc(a / 8);
}
export function flooredEighth(a: number): number {
  return Math.floor(a / 8);
}
export function flooredByMinusSeven(a: number): number {
  return Math.floor(a / -7);
}
export function and(a: number, b: number): number {
  return a & b;
}
export function or(a: number, b: number): number {
  return a | b;
}
export function exclusiveOr(a: number, b: number): number {
  return a ^ b;
}
export function complement(a: number): number {
  return ~a;
}
export function toSigned32(a: number): number {
  return a | 0;
}
export function toUnsigned32(a: number): number {
  return a >>> 0;
}
export function shiftLeft(a: number, count: number): number {
  return a << count;
}
export function shiftRight(a: number, count: number): number {
  return a >> count;
}
export function shiftRightUnsigned(a: number, count: number): number {
  return a >>> count;
}
export function leadingZeros32(a: number): number {
  return Math.clz32(a);
}
export function multiply32(a: number, b: number): number {
  return Math.imul(a, b);
}
export function smaller(a: number, b: number): number {
  return Math.min(a, b);
}
export function larger(a: number, b: number): number {
  return Math.max(a, b);
}
export function middleOfThree(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
export function smallestOfThree(a: number, b: number, c: number): number {
  return Math.min(a, b, c);
}
export function compareNumbers(a: number, b: number): number {
  const order = Number(a < b) + 2 * Number(a <= b) + 4 * Number(a > b) + 8 * Number(a >= b);
  return order + 16 * Number(a === b) + 32 * Number(a !== b);
}
export function mixedWidths(a: number, b: number): number {
  return ((a & 0xff) << 24) + (b >>> 1) - (a ^ b);
}
export function nestedIntrinsics(a: number, b: number): number {
  return Math.min(Math.floor(a / 3), Math.max(Math.floor(b / -3), Math.floor(Math.min(a, b) / 5)));
}
export function compoundNumbers(a: number, b: number): number {
  let x = a % 1000;
  x += b % 1000;
  x *= 3;
  x -= 7;
  x |= 0x100;
  x &= 0xffff;
  x ^= b;
  x <<= 3;
  x >>= 1;
  x >>>= 2;
  x %= 10007;
  return x;
}
export function increments(start: number): number {
  let a = start % 100;
  const before = a++ + ++a;
  const after = a-- - --a;
  return a * 10000 + before * 100 + after;
}
