/**
 * Counting and turning the bits of a 64-bit word.
 * The bodies run in Node; natively each function is the one Wasm opcode that its directive names.
 */

/** Trailing zero bits: the index of the lowest one bit; 64 for zero. */
export function countTrailingZeros(x: bigint): number {
  "wasm i64.ctz";
  const low = Number(BigInt.asUintN(32, x));
  if (low !== 0) return 31 - Math.clz32(low & -low);
  const high = Number(x >> 32n);
  return high === 0 ? 64 : 63 - Math.clz32(high & -high);
}

/** Leading zero bits; 64 for zero. */
export function countLeadingZeros(x: bigint): number {
  "wasm i64.clz";
  const high = Number(x >> 32n);
  return high !== 0 ? Math.clz32(high) : 32 + Math.clz32(Number(BigInt.asUintN(32, x)));
}

/** One bits. */
export function countOnes(x: bigint): number {
  "wasm i64.popcnt";
  let ones = 0;
  for (let rest = x; rest !== 0n; rest &= rest - 1n) ones++;
  return ones;
}

/** Rotated left by `count` modulo 64. */
export function rotateLeft(x: bigint, count: number): bigint {
  "wasm i64.rotl";
  const n = BigInt(count & 63);
  return BigInt.asUintN(64, (x << n) | (x >> (64n - n)));
}
