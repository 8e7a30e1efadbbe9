import { beforeEach, expect, test } from "vitest";
import { stackEnd, stackGuard, symbolsStart, textStart } from "../../../kernel/arch/image.ts";
import { serialInit } from "../../../kernel/arch/serial.ts";
import { backtraceLog } from "../../../kernel/stats/backtrace.ts";
import type { Place } from "../../../scripts/symbols/places.ts";
import { packTable } from "../../../scripts/symbols/table.ts";
import { fakeMachine, type Machine, store64, store8 } from "../../fake/machine.ts";
import { trapFrame } from "../trap/frame.ts";

const IMAGE_MAP = 0xffff_ffff_8000_0000n;
const place = (symbol: string, file: string, line: number): Place => ({ symbol, file, line });
const MAIN = place("kernelMain", "kernel/main.ts", 53);
const BOX = place("boxTake", "kernel/mm/heap/heap.ts", 40);
const READ = place("wordRead", "kernel/mm/phys/frames.ts", 135);
const STUB = place("trap_stub", "boot/traps.asm", 0);
const LONG = place("aFunctionWithAnUncommonlyLongName", "kernel/console/address-commands.ts", 1234);

let machine: Machine;
let code = 0n;
let stack = 0n; // the first byte behind the boot stack
beforeEach(() => {
  machine = fakeMachine();
  serialInit();
  code = textStart();
  stack = stackEnd(0);
  const stretches = [[MAIN], [BOX, MAIN], [READ], [STUB], [LONG]].map((chain, i) => (
    { address: code + BigInt(i * 0x100), chain }));
  machine.physPut(symbolsStart() - IMAGE_MAP, packTable(stretches, code, code + 0x500n, new Map()));
  for (let at = 0n; at < 0x600n; at++) store8(code + at, 0x90);
});

/** A function's call at `at`: who called it, and where its caller's is. */
function call(at: bigint, returnAddress: bigint, caller: bigint): void {
  store64(at, caller);
  store64(at + 8n, returnAddress);
}
function backtrace(registers: Parameters<typeof trapFrame>[1], pa?: bigint): string[] {
  const frame = trapFrame(machine, { vector: 14n, ...registers }, pa);
  machine.serialTake();
  backtraceLog(frame);
  const lines = machine.serialTake().split("\r\n");
  for (const line of lines) expect(line).toMatch(/^[ -~]{0,79}$/);
  expect(lines[0]).toBe("backtrace");
  return lines.slice(1, -1);
}
const hex = (value: bigint) => `0x${value.toString(16).padStart(16, "0")}`;

test("the trap's own place, then each caller with what was inlined; a return address counts as its call", () => {
  call(stack - 0x80n, code + 0x200n, stack - 0x40n); // the byte before is in boxTake
  call(stack - 0x40n, code + 0x10n, 0n);
  expect(backtrace({ rip: code + 0x210n, rbp: stack - 0x80n })).toEqual([
    `  #0 ${hex(code + 0x210n)} wordRead           kernel/mm/phys/frames.ts:135`,
    `  #1 ${hex(code + 0x200n)} boxTake            kernel/mm/heap/heap.ts:40`,
    "  #2       inlined into kernelMain         kernel/main.ts:53",
    `  #3 ${hex(code + 0x10n)} kernelMain         kernel/main.ts:53`,
  ]);
});

test("below a trap stub lies the frame of another trap: it is named, and crossed", () => {
  const below = stack - 0x100n;
  call(below - 0x10n, code + 0x310n, 0n); // onTrap, called by the stub with the frame on top of the stack
  trapFrame(machine, { vector: 13n, rip: code + 0x10n, rbp: stack - 0x20n }, below - IMAGE_MAP);
  call(stack - 0x20n, code + 0x20n, 0n);
  expect(backtrace({ rip: code + 0x210n, rbp: below - 0x10n })).toEqual([
    expect.stringContaining("  #0"),
    "     -- #GP general protection --",
    `  #1 ${hex(code + 0x10n)} kernelMain         kernel/main.ts:53`,
    `  #2 ${hex(code + 0x20n)} kernelMain         kernel/main.ts:53`,
  ]);
});

test("before a function has its own rbp, and after it, its caller is on top of the stack", () => {
  call(stack - 0x40n, code + 0x20n, 0n);
  const edges: [number[], bigint][] = [[[0x55], 0n], [[0x48, 0x89, 0xe5], 8n], [[0xc3], 0n]];
  for (const [opcode, above] of edges) {
    opcode.forEach((byte, i) => store8(code + 0x210n + BigInt(i), byte));
    const rsp = stack - 0x60n - above;
    store64(rsp, 0n);
    store64(rsp + above, code + 0x180n);
    const lines = backtrace({ rip: code + 0x210n, rbp: stack - 0x40n, rsp });
    expect(lines[1]).toBe(`  #1 ${hex(code + 0x180n)} boxTake            kernel/mm/heap/heap.ts:40`);
    expect(lines).toHaveLength(4);
  }
});

test("who called an address where no code is stands on top of the stack", () => {
  store64(stack - 0x60n, code + 0x20n);
  const lines = backtrace({ rip: 0x10n, rbp: 0n, rsp: stack - 0x60n });
  expect(lines).toEqual([
    `  #0 ${hex(0x10n)} no code of the kernel`,
    `  #1 ${hex(code + 0x20n)} kernelMain         kernel/main.ts:53`,
  ]);
});

test("int3 is told with the address behind it: the instruction is the one before", () => {
  expect(backtrace({ vector: 3n, rip: code + 0x100n })[0]).toContain("kernelMain");
  expect(backtrace({ vector: 14n, rip: code + 0x100n })[0]).toContain("boxTake");
});

test("what does not fit one line of the screen takes two", () => {
  expect(backtrace({ rip: code + 0x410n })).toEqual([
    `  #0 ${hex(code + 0x410n)} aFunctionWithAnUncommonlyLongName`,
    "                        kernel/console/address-commands.ts:1234",
  ]);
});

test("recursion is told once, with how often; and a chain without end in sight is cut", () => {
  for (let i = 0n; i < 200n; i++) call(stack - 0x3000n + i * 16n, code + 0x10n, stack - 0x3000n + (i + 1n) * 16n);
  call(stack - 0x3000n + 200n * 16n, code + 0x20n, 0n);
  expect(backtrace({ rip: code + 0x210n, rbp: stack - 0x3000n }).slice(1)).toEqual([
    `  #1 ${hex(code + 0x10n)} kernelMain         kernel/main.ts:53`,
    "     the same call, 199 times more",
    `  #2 ${hex(code + 0x20n)} kernelMain         kernel/main.ts:53`,
  ]);
  for (let i = 0n; i < 200n; i++) store64(stack - 0x3000n + i * 16n + 8n, code + 0x10n + (i % 2n));
  const lines = backtrace({ rip: code + 0x210n, rbp: stack - 0x3000n });
  expect(lines.length).toBeLessThan(50);
  expect(lines.at(-1)).toBe("     and so on");
});

test("a broken chain is followed as far as it can be true, and no further", () => {
  for (const next of [stack - 0x40n, stack - 0x48n, stack, stack + 0x100n, 1n, 0x5000n, 2n ** 64n - 8n]) {
    call(stack - 0x40n, code + 0x20n, next);
    const lines = backtrace({ rip: code + 0x210n, rbp: stack - 0x40n });
    expect(lines.slice(0, 2).map((line) => line.slice(0, 4))).toEqual(["  #0", "  #1"]);
    expect(lines.length).toBeLessThan(4);
  }
  call(stack - 0x40n, code + 0x20n, 0x1234n);
  const lines = backtrace({ rip: code + 0x210n, rbp: stack - 0x40n });
  expect(lines.at(-1)).toBe("     the chain of calls breaks here: rbp was 0x0000000000001234");
});

test("an rbp that points to no stack, or not to a whole place in one, is not read", () => {
  for (const rbp of [0n, 8n, stack, stack - 8n, stack - 0x3cn, stackGuard(0) + 0x10n, 2n ** 63n, 2n ** 64n - 8n]) {
    expect(backtrace({ rip: code + 0x210n, rbp })).toHaveLength(1);
  }
});

test("of a trap that came from a program, the kernel has no calls to tell", () => {
  expect(backtrace({ rip: code, cs: 0x2bn })).toEqual(["     a program"]);
});

test("without a table the addresses are told alone", () => {
  store64(symbolsStart(), 0n);
  expect(backtrace({ rip: code })).toEqual([`  #0 ${hex(code)} of an unknown function`]);
});
