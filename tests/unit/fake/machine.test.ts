import { beforeEach, expect, test } from "vitest";
import type * as Doors from "../../../kernel/doors/machine.ts";
import * as fake from "../../fake/machine.ts";
import { BusError, fakeMachine, GeneralProtection, MIB, PageFault } from "../../fake/machine.ts";

const ROOT = 0x40_0000n;
const VA = 0x1_0000_0000_0000n >> 4n; // 0x1000_0000_0000: PML4 entry 32
const PRESENT = 1n;
const WRITABLE = 2n;
const GLOBAL = 0x100n;
const NO_EXECUTE = 1n << 63n;

let machine: fake.Machine;
beforeEach(() => {
  machine = fakeMachine();
});

/** Hand-made tables at 4 MiB: VA -> `leaf`, nothing else. */
function tables(leaf: bigint): void {
  for (let pa = ROOT; pa < ROOT + 0x4000n; pa += 8n) machine.physWrite64(pa, 0n);
  machine.physWrite64(ROOT + 32n * 8n, (ROOT + 0x1000n) | PRESENT | WRITABLE);
  machine.physWrite64(ROOT + 0x1000n, (ROOT + 0x2000n) | PRESENT | WRITABLE);
  machine.physWrite64(ROOT + 0x2000n, (ROOT + 0x3000n) | PRESENT | WRITABLE);
  leafWrite(leaf);
}
const leafWrite = (leaf: bigint): void => machine.physWrite64(ROOT + 0x3000n, leaf);
const leafRead = (): bigint => machine.physRead64(ROOT + 0x3000n);

test("every door has a fake", () => {
  const doors: typeof Doors = fake;
  expect(Object.values(doors).length).toBeGreaterThan(40);
});

test("RAM starts as junk, the same junk every time", () => {
  const first = fake.load64(0x50_0000n);
  expect(first).not.toBe(0n);
  fake.store64(0x50_0000n, 1n);
  fakeMachine();
  expect(fake.load64(0x50_0000n)).toBe(first);
});

test("statics are zero after a reset and keep their address", () => {
  const at = fake.staticBytes(100, 64);
  expect(at % 64n).toBe(0n);
  expect(fake.load64(at)).toBe(0n);
  fake.store64(at, 7n);
  fakeMachine();
  expect(fake.load64(at)).toBe(0n);
});

test("the boot tables show physical memory at 0 and at the direct map, and the image without its stack guards", () => {
  fake.store32(0x50_0000n, 0xdeadbeef);
  expect(fake.load32(0xffff_8000_0050_0000n)).toBe(0xdeadbeef);
  expect(fake.load8(fake.linkerSymbol(9) - 1n)).toBeTypeOf("number");
  expect(() => fake.load8(fake.linkerSymbol(8))).toThrow(PageFault);
});

test("where there is no RAM nothing answers", () => {
  expect(() => fake.load8(16n * BigInt(MIB))).toThrow(BusError);
});

test("an address that is not canonical is a general protection fault", () => {
  expect(() => fake.load8(0x8000_0000_0000n)).toThrow(GeneralProtection);
});

test("words that straddle two frames are read and written whole", () => {
  for (const at of [0x50_0ff9n, 0x50_fffdn]) {
    fake.store64(at, 0x1122_3344_5566_7788n);
    expect(fake.load64(at)).toBe(0x1122_3344_5566_7788n);
    expect(fake.load16(at)).toBe(0x7788);
  }
});

test("the MMU walks the kernel's tables, and marks accessed and dirty", () => {
  tables(0x80_0000n | PRESENT | WRITABLE);
  fake.writeCr3(ROOT);
  machine.physWrite8(0x80_0123n, 0x5a);
  expect(fake.load8(VA + 0x123n)).toBe(0x5a);
  expect(leafRead() & 0x60n).toBe(0x20n);
  fake.store8(VA + 0x123n, 1);
  expect(leafRead() & 0x60n).toBe(0x60n);
  expect(machine.physRead8(0x80_0123n)).toBe(1);
});

test("absent, read-only and no-execute are refused with the CPU's own error code", () => {
  tables(0x80_0000n | PRESENT | NO_EXECUTE);
  fake.writeCr3(ROOT);
  expect(() => fake.load8(0x1000n)).toThrow(expect.objectContaining({ va: 0x1000n, error: 0 }));
  expect(() => fake.store8(VA + 5n, 1)).toThrow(expect.objectContaining({ va: VA + 5n, error: 3 }));
  expect(() => machine.probe(VA, "fetch")).toThrow(expect.objectContaining({ error: 17 }));
  expect(() => machine.probe(VA, "read", true)).toThrow(expect.objectContaining({ error: 5 }));
  expect(fake.readCr2()).toBe(VA);
});

test("a reserved bit is a fault of its own", () => {
  tables(0x80_0000n | PRESENT | (1n << 45n));
  fake.writeCr3(ROOT);
  expect(() => fake.load8(VA)).toThrow(expect.objectContaining({ error: 9 }));
});

test("a changed entry is not seen before the flush", () => {
  tables(0x80_0000n | PRESENT);
  fake.writeCr3(ROOT);
  machine.physWrite8(0x80_0000n, 1);
  machine.physWrite8(0x90_0000n, 2);
  expect(fake.load8(VA)).toBe(1);
  leafWrite(0x90_0000n | PRESENT);
  expect(fake.load8(VA)).toBe(1);
  fake.invalidatePage(VA + 0x10n);
  expect(fake.load8(VA)).toBe(2);
});

test("a CR3 load leaves global entries, and invalidatePage or CR4.PGE drops them", () => {
  fake.writeCr4(fake.readCr4() | 0x80n);
  tables(0x80_0000n | PRESENT | GLOBAL);
  fake.writeCr3(ROOT);
  fake.load8(VA);
  leafWrite(0n);
  fake.writeCr3(ROOT);
  fake.load8(VA);
  fake.writeCr4(fake.readCr4() & ~0x80n);
  expect(() => fake.load8(VA)).toThrow(PageFault);
  expect(machine.flushes.map((flush) => flush.kind)).toEqual(["all", "space", "space", "all"]);
});

test("a table that was taken away is still walked until a flush", () => {
  tables(0x80_0000n | PRESENT);
  fake.writeCr3(ROOT);
  fake.load8(VA);
  machine.physWrite64(ROOT + 0x3008n, 0x90_0000n | PRESENT);
  machine.physWrite64(ROOT + 0x2000n, 0n);
  fake.load8(VA + 0x1000n);
  fake.invalidatePage(VA + 0x1000n);
  expect(() => fake.load8(VA + 0x1000n)).toThrow(PageFault);
});

test("what is flushed before it is changed is remembered as it was", () => {
  tables(0x80_0000n | PRESENT);
  fake.writeCr3(ROOT);
  fake.invalidatePage(VA);
  leafWrite(0n);
  expect(fake.load8(VA)).toBeTypeOf("number");
  fake.invalidatePage(VA);
  expect(() => fake.load8(VA)).toThrow(PageFault);
});

test("a fault handler that repairs lets the access go on", () => {
  tables(0n);
  fake.writeCr3(ROOT);
  machine.physWrite8(0x80_0007n, 9);
  machine.faultHandler((va, error) => {
    expect([va, error]).toEqual([VA + 7n, 0]);
    leafWrite(0x80_0000n | PRESENT);
    return true;
  });
  expect(fake.load8(VA + 7n)).toBe(9);
});

test("SMAP opens for tryCopyUser alone, and only where there is SMAP", () => {
  tables(0x60_0000n | PRESENT | WRITABLE | 4n);
  for (const at of [32n * 8n, 0x1000n, 0x2000n]) machine.physWrite64(ROOT + at, machine.physRead64(ROOT + at) | 4n);
  machine.physWrite64(ROOT + 0x2000n + 8n, 0x80n | PRESENT | WRITABLE); // 2 MiB of physical 0 behind it
  fake.writeCr3(ROOT);
  fake.writeCr4(0x20_0020n);
  expect(fake.tryCopyUser(VA + 0x20_0000n, VA, 8)).toBe(8);
  expect(() => fake.load64(VA)).toThrow(PageFault);
  fakeMachine({ cpu: { smap: false } });
  expect(() => fake.tryCopyUser(0n, 0n, 1)).toThrow("#UD");
});

test("fillWords and copyBytes cross pages", () => {
  fake.fillWords(0x50_0ff8n, 0x0101_0101_0101_0101n, 3);
  fake.copyBytes(0x60_0ffdn, 0x50_0ff8n, 24);
  expect(machine.physGet(0x60_0ffdn, 24)).toEqual(new Uint8Array(24).fill(1));
});

test("nothing outside the fence may be touched", () => {
  machine.fence([{ start: 0x50_0000, end: 0x50_0010 }]);
  fake.load64(0x50_0008n);
  expect(() => fake.load64(0x50_0009n)).toThrow(BusError);
});

test("what goes out on COM1 can be read, what is typed comes in", () => {
  for (const byte of Buffer.from("ok\r\n")) fake.outb(0x3f8, byte);
  expect(machine.serialTake()).toBe("ok\r\n");
  machine.serialType("a");
  expect(fake.inb(0x3fd) & 1).toBe(1);
  expect(fake.inb(0x3f8)).toBe(97);
  expect(fake.inb(0x3fd) & 1).toBe(0);
});

test("a panic carries its message and value", () => {
  const panic = expect.objectContaining({ name: "KernelPanic", message: "room: words", value: 5n });
  expect(() => fake.panicTrap("room: words", 5n)).toThrow(panic);
});
