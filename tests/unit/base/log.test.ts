import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { serialInit } from "../../../kernel/arch/serial.ts";
import {
  decimalDigitCount, hexDigitCount, logAscii, logEnd, logHex, logHexDigits, logLine, logNumber, logPhys, logText,
  logVirt,
} from "../../../kernel/base/log.ts";
import type { PhysAddr, VirtAddr } from "../../../kernel/lib/addr.ts";
import { fakeMachine, type Machine } from "../../fake/machine.ts";

let machine: Machine;
beforeEach(() => {
  machine = fakeMachine();
  serialInit();
});
function said(act: () => void): string {
  machine.serialTake();
  act();
  return machine.serialTake();
}
const words = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const integers = fc.maxSafeInteger();

test("a line is written in pieces and ends with carriage return and line feed", () => {
  const line = said(() => {
    logText("mm/phys: frames");
    logNumber(" total=", 131072);
    logPhys(" first=", 0x101000n as PhysAddr);
    logVirt(" map=", 0xffff_8000_0010_0000n as VirtAddr);
    logEnd();
  });
  expect(line).toBe("mm/phys: frames total=131072 first=p0x101000 map=v0xffff800000100000\r\n");
});

test("numbers are written in decimal as JavaScript writes them", () => {
  for (const n of [0, 1, 9, 10, 99, 100, 101, -1, -10, 2 ** 53 - 1, -(2 ** 53) + 1, 10 ** 15, 10 ** 15 - 1]) {
    expect(said(() => logNumber("n=", n))).toBe(`n=${n}`);
  }
  fc.assert(
    fc.property(integers, (n) => {
      expect(said(() => logNumber("", n))).toBe(String(n));
    }),
  );
});

test("words are written in hexadecimal without leading zeros, or at a width with them", () => {
  fc.assert(
    fc.property(words, (value) => {
      expect(said(() => logHex("x=", value))).toBe(`x=0x${value.toString(16)}`);
      expect(said(() => logHexDigits(value, 16))).toBe(value.toString(16).padStart(16, "0"));
    }),
  );
});

test("digits are counted as they are written", () => {
  fc.assert(
    fc.property(words, integers, (value, n) => {
      expect(hexDigitCount(value)).toBe(value.toString(16).length);
      expect(decimalDigitCount(n)).toBe(String(Math.abs(n)).length);
    }),
  );
});

test("bytes that nobody vouches for cannot move the cursor: whatever is not printable is a question mark", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  machine.physPut(0x20_0000n, bytes);
  const text = said(() => logAscii(0x20_0000n, 256));
  expect(text).toHaveLength(256);
  expect(text.slice(0x20, 0x7f)).toBe(String.fromCharCode(...bytes.slice(0x20, 0x7f)));
  expect(text.replace(/[\x20-\x7e]/g, "")).toBe("");
});

test("before the serial port is set up, logging is silent", () => {
  fakeMachine().portPlug(0x3f8, 8, null);
  serialInit();
  logLine("nobody hears this");
  expect(machine.serialTake()).toBe("");
});
