import fc from "fast-check";
import { expect, test } from "vitest";
import { signed, unsigned } from "../../scripts/compile/encode.ts";

/** LEB128 as the Wasm specification defines its value. */
function decode(bytes: readonly number[], isSigned: boolean): bigint {
  const value = bytes.reduce((sum, byte, i) => sum | (BigInt(byte & 0x7f) << BigInt(7 * i)), 0n);
  return isSigned ? BigInt.asIntN(7 * bytes.length, value) : value;
}

test("signed LEB128 comes back as the 64-bit value that it was, in at most ten bytes", () => {
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (value) => {
      expect(decode(signed(value), true)).toBe(value);
      expect(signed(value).length).toBeLessThanOrEqual(10);
    }),
  );
});

test("unsigned LEB128 comes back, beyond 32 bits too", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      expect(decode(unsigned(value), false)).toBe(BigInt(value));
    }),
  );
});

test("LEB128 is as short as it can be", () => {
  expect(unsigned(127)).toEqual([0x7f]);
  expect(unsigned(128)).toEqual([0x80, 0x01]);
  expect(signed(63n)).toEqual([0x3f]);
  expect(signed(64n)).toEqual([0xc0, 0x00]);
  expect(signed(-64n)).toEqual([0x40]);
});
