import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { numberParse, numberParsed } from "../../../kernel/lib/number.ts";
import { type Machine, fakeMachine } from "../../fake/machine.ts";

const TEXT = 0x40_0000;
let machine: Machine;

beforeEach(() => {
  machine = fakeMachine();
});

/** The number that `text` is, or null. Nothing outside the text may be read. */
function parse(text: string): bigint | null {
  const bytes = Buffer.from(text, "latin1");
  machine.fence(null);
  machine.physPut(BigInt(TEXT), bytes);
  machine.fence([{ start: TEXT, end: TEXT + bytes.length }]);
  return numberParse(BigInt(TEXT), bytes.length) ? numberParsed() : null;
}

test.each([
  ["0", 0n],
  ["4096", 4096n],
  ["0x1F", 31n],
  ["0Xff", 255n],
  ["0x4444_4444_0000", 0x4444_4444_0000n],
  ["1_000", 1000n],
  ["64K", 65536n],
  ["16m", 16n << 20n],
  ["2G", 2n << 30n],
  ["3T", 3n << 40n],
  ["16777215t", 16777215n << 40n],
  ["18446744073709551615", 0xffff_ffff_ffff_ffffn],
  ["0xffff_ffff_ffff_ffff", 0xffff_ffff_ffff_ffffn],
  ["17179869183G", 17179869183n << 30n],
  ["000000000000000000000000000007", 7n],
])("%s is %d", (text, value) => expect(parse(text)).toBe(value));

test.each([
  "", "K", "0x", "0xg", "x1", "_1", "1_", "1__0", "0x_1", "0x1_", "1_K", "-1", "+1", " 1", "1 ", "1.5",
  "4KB", "4P", "16777216T", "12a", "0x1K", "0b1",
  "18446744073709551616", "0x1_0000_0000_0000_0000", "17179869184G", "99999999999999999999999999",
])("'%s' is no number", (text) => expect(parse(text)).toBeNull());

test("a refused text leaves the last number as it was", () => {
  expect(parse("17")).toBe(17n);
  expect(parse("17 apples")).toBeNull();
  expect(numberParsed()).toBe(17n);
});

test("every 64-bit word is read back, in either base", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }), (value) => {
      expect(parse(value.toString())).toBe(value);
      expect(parse(`0x${value.toString(16)}`)).toBe(value);
    }),
  );
});

test("any text is answered as a regular expression and BigInt would", () => {
  const letters = fc.constantFrom(..."0123456789abcdefxXkKMG__ -");
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 24 }), (chars) => {
      const text = chars.join("");
      expect(parse(text)).toBe(modelParse(text));
    }),
    { numRuns: 2000 },
  );
});

function modelParse(text: string): bigint | null {
  const hex = /^0x([0-9a-f]+(_[0-9a-f]+)*)$/i.exec(text);
  const decimal = /^(\d+(_\d+)*)([kmg]?)$/i.exec(text);
  const digits = (hex?.[1] ?? decimal?.[1] ?? "").replaceAll("_", "");
  if (digits === "") return null;
  const shift = "_kmg".indexOf((decimal?.[3] ?? "").toLowerCase() || "_") * 10;
  const value = BigInt((hex ? "0x" : "") + digits) << BigInt(shift);
  return value >> 64n === 0n ? value : null;
}
