/** bigint: words of 64 bits, exact modulo 2^64 inside a ring expression. */
import { countLeadingZeros, countOnes, countTrailingZeros, rotateLeft } from "../../../kernel/lib/bits.ts";

export function addWords(a: bigint, b: bigint): bigint {
  return a + b;
}
export function subtractWords(a: bigint, b: bigint): bigint {
  return a - b;
}
export function multiplyWords(a: bigint, b: bigint): bigint {
  return a * b;
}
export function divideWords(a: bigint, b: bigint): bigint {
  return a / b;
}
export function restOfWords(a: bigint, b: bigint): bigint {
  return a % b;
}
export function wrapped(a: bigint, b: bigint): bigint {
  return BigInt.asUintN(64, a * b - (a + b) + ~a - -b);
}
export function maskedDifference(a: bigint, b: bigint): bigint {
  return (a - b) & 0xffff_ffffn;
}
export function alignedDown(a: bigint): bigint {
  return a & ~4095n;
}
export function withoutBits(a: bigint, b: bigint): bigint {
  return (a | b) & ~(a & b) & (a ^ b);
}
export function shiftWordRight(a: bigint, count: bigint): bigint {
  return a >> count;
}
export function shiftWordLeft(a: bigint, count: bigint): bigint {
  return BigInt.asUintN(64, a << count);
}
export function shiftByMaskedCount(a: bigint, count: bigint): bigint {
  return BigInt.asUintN(64, (a << (count & 63n)) | (a >> (count & 31n)));
}
export function shiftByConstants(a: bigint): bigint {
  return BigInt.asUintN(64, (a << 63n) ^ (a >> 63n) ^ (a << 64n) ^ (a >> 64n) ^ (a << 0n) ^ (a >> 70n));
}
export function shiftByBits(count: number): bigint {
  return 1n << BigInt(count & 63);
}
export function lowBits(a: bigint): bigint {
  return BigInt.asUintN(8, a) + BigInt.asUintN(33, a) + BigInt.asUintN(1, ~a);
}
export function signExtended(a: bigint): bigint {
  return BigInt.asUintN(64, BigInt.asIntN(8, a) + BigInt.asIntN(16, a) + BigInt.asIntN(32, a) + BigInt.asIntN(48, a));
}
export function signedToNumber(a: bigint): number {
  return Number(BigInt.asIntN(16, a)) + Number(BigInt.asIntN(53, a));
}
export function toNumber(a: bigint): number {
  return Number(a);
}
export function fromNumber(a: number): bigint {
  return BigInt(a);
}
export function fromNegative(a: number): bigint {
  return BigInt.asUintN(64, BigInt(a));
}
export function offsetBy(a: bigint, b: number): bigint {
  return a + BigInt(b) * 8n;
}
export function compareWords(a: bigint, b: bigint): number {
  const order = Number(a < b) + 2 * Number(a <= b) + 4 * Number(a > b) + 8 * Number(a >= b);
  return order + 16 * Number(a === b) + 32 * Number(a !== b);
}
export function countedBits(a: bigint): number {
  return countTrailingZeros(a) + 100 * countLeadingZeros(a) + 10000 * countOnes(a);
}
export function rotated(a: bigint, count: number): bigint {
  return rotateLeft(a, count);
}
export function lowestOne(a: bigint): bigint {
  return a === 0n ? 0n : 1n << BigInt(countTrailingZeros(a));
}
export function compoundWords(x: bigint): bigint {
  let a = x >> 4n;
  a += 5n;
  a |= 3n;
  a &= ~1n;
  a ^= 0xff00n;
  a <<= 2n;
  a >>= 1n;
  a /= 3n;
  a %= 1000n;
  a *= 7n;
  a -= 1n;
  a++;
  ++a;
  a--;
  return a;
}
export function bounceWord(a: bigint): bigint {
  let x = a;
  const before = x++;
  return BigInt.asUintN(64, before * 3n + x-- + --x);
}
export function sumOfUnsigned(count: bigint): bigint {
  let sum = 0n;
  for (let i = 0n; i < (count & 255n); i++) {
    if (i % 3n === 0n) continue;
    sum += i;
  }
  return sum;
}
