import { beforeEach, expect, test } from "vitest";
import { serialInit } from "../../../kernel/arch/serial.ts";
import { errorCodeLog, exceptionNameLog, hasErrorCode } from "../../../kernel/stats/exceptions.ts";
import { fakeMachine, type Machine } from "../../fake/machine.ts";

let machine: Machine;
beforeEach(() => {
  machine = fakeMachine();
  serialInit();
});
function name(vector: number): string {
  exceptionNameLog(vector);
  return machine.serialTake();
}
function meaning(vector: number, error: bigint): string {
  errorCodeLog(vector, error);
  return machine.serialTake().replace("\r\n", "");
}

test("every exception has the manual's mnemonic, and every vector something to be called", () => {
  const named = [0, 1, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20, 21, 28, 29, 30];
  const mnemonics = "DE DB BP OF BR UD NM DF TS NP SS GP PF MF AC MC XM VE CP HV VC SX".split(" ");
  expect(named.map((vector) => name(vector).split(" ")[0])).toEqual(mnemonics.map((each) => `#${each}`));
  expect(name(2)).toBe("NMI non-maskable interrupt");
  expect(name(15)).toBe("vector 15");
  expect(name(255)).toBe("vector 255");
  expect(new Set(Array.from({ length: 256 }, (_, vector) => name(vector))).size).toBe(256);
});

test.each([
  [0b00000n, "0x0: a read by the kernel, page not present"],
  [0b00010n, "0x2 W: a write by the kernel, page not present"],
  [0b00111n, "0x7 P W U: a write by a program, page present but protected"],
  [0b10001n, "0x11 P I: a fetch by the kernel, page present but protected"],
  [0b01001n, "0x9 P R: a read by the kernel, reserved bit set in an entry"],
  [0b01000n, "0x8 R: a read by the kernel, reserved bit set in an entry"], // as QEMU reports it
])("page-fault error %i says what was tried and why it failed", (error, words) => {
  expect(meaning(14, error)).toBe(words);
});

test.each([
  [13, 0n, "0x0: no selector"],
  [13, 0x28n, "0x28: GDT selector 0x28"],
  [11, 0x2cn, "0x2c: LDT selector 0x28"],
  [10, 0x31n, "0x31: GDT selector 0x30, from an external event"],
  [12, 0x6an, "0x6a: the IDT's gate for vector 13"],
])("the error code of vector %i, %i, names its selector", (vector, error, words) => {
  expect(meaning(vector, error)).toBe(words);
});

test.each([
  [1n, "0x1: a near return that the shadow stack contradicts"],
  [2n, "0x2: a far return or iret that the shadow stack contradicts"],
  [0x8003n, "0x8003: an indirect branch to where no endbr64 is"], // bit 15: in an enclave
  [4n, "0x4: rstorssp found no shadow-stack token"],
  [5n, "0x5: setssbsy found no supervisor token"],
  [6n, "0x6"],
])("the error code of a control-protection exception, %i, names the check", (error, words) => {
  expect(meaning(21, error)).toBe(words);
});

test("a page fault by key or shadow stack shows its bits", () => {
  expect(meaning(14, 0x21n)).toBe("0x21 P PK: a read by the kernel, page present but protected");
  expect(meaning(14, 0x43n)).toBe("0x43 P W SS: a write by the kernel, page present but protected");
});

test("an error code is expected of the vectors that have one", () => {
  const vectors = Array.from({ length: 256 }, (_, vector) => vector).filter(hasErrorCode);
  expect(vectors).toEqual([8, 10, 11, 12, 13, 14, 17, 21, 29, 30]);
});

test("an error code without meaning is only shown", () => {
  expect(meaning(8, 0n)).toBe("0x0");
});

test("whatever the error code, its line fits the screen", () => {
  const column = "  error    ".length;
  for (let error = 0n; error < 128n; error++) {
    if ((error & 8n) !== 0n && error >= 32n) continue; // a reserved bit is found before keys and shadow stacks
    expect(meaning(14, error).length).toBeLessThanOrEqual(80 - column);
  }
  for (let error = 0n; error < 8n; error++) expect(meaning(21, error).length).toBeLessThanOrEqual(80 - column);
  for (const error of [0x7ffn, 0xffffn]) expect(meaning(13, error).length).toBeLessThanOrEqual(80 - column);
});
