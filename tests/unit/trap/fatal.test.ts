import { beforeEach, expect, test } from "vitest";
import {
  dataStart, rodataEnd, rodataStart, stackEnd, stackGuard, symbolsStart, textEnd, textStart,
} from "../../../kernel/arch/image.ts";
import { serialInit } from "../../../kernel/arch/serial.ts";
import { logLine, logText } from "../../../kernel/base/log.ts";
import { ringInit } from "../../../kernel/base/log-ring.ts";
import { DEMAND_WINDOW, directMap, type PhysAddr } from "../../../kernel/lib/addr.ts";
import { HEAP_BASE } from "../../../kernel/mm/heap/heap-boot.ts";
import { fatal, fatalInit } from "../../../kernel/trap/fatal.ts";
import { packTable } from "../../../scripts/symbols/table.ts";
import { DebugExit, fakeMachine, Halted, store16, store32, store64, store8, type Machine } from "../../fake/machine.ts";
import { bootedMachine } from "./booted.ts";
import { trapFrame } from "./frame.ts";

const PANIC_MARK = 0x70616e6963n;
let machine: Machine;
let rip = 0n;
beforeEach(() => {
  machine = fakeMachine();
  serialInit();
  ringInit();
  fatalInit(false);
  rip = textStart() + 0x1234n;
  store16(rip, 0x0b0f);
});

/** The report's lines; the kernel must have halted, or wait for somebody to type. */
function report(registers: Parameters<typeof trapFrame>[1]): string[] {
  machine.serialTake();
  expect(() => fatal(trapFrame(machine, { rip, ...registers }))).toThrow(Halted);
  const lines = machine.serialTake().split("\r\n");
  for (const line of lines) expect(line).toMatch(/^[ -~]{0,79}$/);
  return lines;
}
function literal(text: string, at = rodataStart() + 0x40n): bigint {
  store32(at, Buffer.byteLength(text));
  Buffer.from(text).forEach((byte, i) => store8(at + 4n + BigInt(i), byte));
  return at;
}

test("a panic is told with its message and value, and a prompt waits", () => {
  const rdi = literal("frames: given back twice");
  const lines = report({ vector: 6n, rax: PANIC_MARK, rdi, rsi: 0x1234n });
  expect(lines.slice(0, 5)).toEqual([
    "",
    "trap/fatal: panic: frames: given back twice",
    "  value    0x1234",
    `  at       v0x${rip.toString(16)}`,
    "registers",
  ]);
  expect(lines.slice(-3)).toEqual([
    "The kernel has stopped. This prompt looks at what is left: help lists how.",
    "To leave QEMU: exit, or Ctrl-C twice. To look with a debugger: make debug.",
    "! ",
  ]);
});

test("with the table of symbols, a panic is placed where it was called, a fault where it came from", () => {
  const [panic, caller] = [
    { symbol: "panic", file: "kernel/base/panic.ts", line: 21 },
    { symbol: "frameGive", file: "kernel/mm/phys/frames.ts", line: 74 },
  ];
  const stretches = [{ address: textStart(), chain: [caller] }, { address: textStart() + 0x1000n, chain: [panic] }];
  const table = packTable(stretches, textStart(), textEnd(), new Map());
  machine.physPut(symbolsStart() - 0xffff_ffff_8000_0000n, table);
  const rbp = stackEnd(0) - 0x20n;
  store64(rbp, 0n);
  store64(rbp + 8n, textStart() + 0x80n);
  const rdi = literal("frames: given back twice");
  const where = "  in       frameGive          kernel/mm/phys/frames.ts:74";
  const lines = report({ vector: 6n, rax: PANIC_MARK, rdi, rbp });
  expect(lines[4]).toBe(where);
  expect(lines.slice(lines.indexOf("backtrace") + 1).map((line) => line.split(/ +/)[3]).slice(0, 2)).toEqual([
    "panic", "frameGive",
  ]);
  fatalInit(false);
  expect(report({ vector: 13n, rip: textStart() + 4n })[3]).toBe(where);
});

test("the last lines of the log are told again, and the report is not among them, nor pushes any out", () => {
  for (let i = 1; i <= 20; i++) logLine(`mm: line ${i}`);
  logText("mm: half a line");
  for (let again = 0; again < 2; again++) {
    fatalInit(false);
    const lines = report({ vector: 13n });
    const log = lines.slice(lines.indexOf("last lines of the log") + 1, -3);
    expect(log).toEqual([...Array.from({ length: 11 }, (_, i) => `mm: line ${i + 10}`), "mm: half a line"]);
  }
});

test("the bytes of the instruction are told, up to the end of the code, and only if it is the kernel's", () => {
  [0x48, 0x8b, 0x07, 0x00, 0xff].forEach((byte, i) => store8(textEnd() - 5n + BigInt(i), byte));
  expect(report({ vector: 13n, rip: textEnd() - 5n })).toContain("  bytes    48 8b 07 00 ff");
  for (const other of [0n, textStart() - 1n, textEnd(), 2n ** 64n - 1n]) {
    fatalInit(false);
    expect(report({ vector: 13n, rip: other }).join("\n")).not.toContain("  bytes");
  }
});

test("a ud2 without the mark, and a mark without ud2, are invalid opcodes", () => {
  expect(report({ vector: 6n, rax: 1n })[1]).toBe("trap/fatal: #UD invalid opcode");
  fatalInit(false);
  expect(report({ vector: 6n, rax: PANIC_MARK, rip: rip + 2n })[1]).toBe("trap/fatal: #UD invalid opcode");
  fatalInit(false);
  expect(report({ vector: 6n, rax: PANIC_MARK, rip: textEnd() - 1n })[1]).toBe("trap/fatal: #UD invalid opcode");
  fatalInit(false);
  expect(report({ vector: 6n, rax: PANIC_MARK, rip: 2n ** 64n - 1n })[1]).toBe("trap/fatal: #UD invalid opcode");
  fatalInit(false);
  expect(report({ vector: 13n, rax: PANIC_MARK })[1]).toBe("trap/fatal: #GP general protection");
});

test("a message that is no string literal is not read", () => {
  for (const rdi of [0n, rodataStart() - 1n, rodataEnd() - 3n, 0x8000_0000_0000n, 2n ** 64n - 1n]) {
    fatalInit(false);
    const said = report({ vector: 6n, rax: PANIC_MARK, rdi })[1];
    expect(said).toBe(`trap/fatal: panic: (no message at v0x${rdi.toString(16)})`);
  }
});

test("a message's length is believed only as far as .rodata goes, and its bytes cannot move the cursor", () => {
  const at = rodataEnd() - 4n - 5n;
  literal("ab\x1b[2", at);
  store32(at, 0xffff_ffff);
  expect(report({ vector: 6n, rax: PANIC_MARK, rdi: at })[1]).toBe("trap/fatal: panic: ab?[2");
});

test("a message that is wider than the screen is cut, and shows it", () => {
  const rdi = literal("x".repeat(100));
  expect(report({ vector: 6n, rax: PANIC_MARK, rdi })[1]).toBe(`trap/fatal: panic: ${"x".repeat(57)}...`);
});

test("every register is shown under its name", () => {
  const names = "rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rflags".split(" ");
  const values = Object.fromEntries(names.map((name, i) => [name, 0x1111_0000_0000_0000n + BigInt(i)]));
  machine.cpu.cr0 = 0x8001_0033n;
  machine.cpu.cr2 = 0xcafen;
  machine.cpu.cr4 = 0x30_00a0n;
  const text = report({ vector: 13n, ...values }).join("\n");
  const shown = [...text.matchAll(/ (\w+) +([0-9a-f]{16})\b/g)].map(([, name, hex]) => [name, BigInt(`0x${hex}`)]);
  const control = { cr0: 0x8001_0033n, cr2: 0xcafen, cr3: 0n, cr4: 0x30_00a0n };
  expect(Object.fromEntries(shown)).toEqual({ ...values, ...control, rip, cs: 8n, ss: 0x10n });
});

test("a page fault is told with its address, the error in words, a guess and the walk", () => {
  machine.cpu.cr2 = 8n;
  const lines = report({ vector: 14n, error: 2n });
  expect(lines[3]).toMatch(/^ {2}bytes {4}0f 0b( [0-9a-f]{2}){13}$/);
  expect([...lines.slice(1, 3), ...lines.slice(4, 8)]).toEqual([
    "trap/fatal: #PF page fault",
    `  at       v0x${rip.toString(16)}`,
    "  address  v0x8",
    "  which is in page zero, which is never mapped",
    "  error    0x2 W: a write by the kernel, page not present",
    "  guess    null pointer?",
  ]);
  const walk = lines.indexOf("walk of v0x8 from p0x0");
  expect(lines.slice(walk + 1, walk + 3)).toEqual([
    "  stopped: no table of level 4 can be at p0x0", // the fake boot tables are not in memory
    "backtrace",
  ]);
});

test("a double fault shows the address that the fault before it left behind: a stack overflow is recognised", () => {
  for (let i = 0; i < 4; i++) {
    fatalInit(false);
    machine.cpu.cr2 = stackGuard(i) + 0xff8n;
    const lines = report({ vector: 8n });
    expect(lines).toContain("trap/fatal: #DF double fault");
    expect(lines).toContain("  guess    stack overflow?");
  }
});

test("what an address is: every part of the address space has its words", () => {
  machine = bootedMachine();
  ringInit();
  const known: [bigint, string][] = [
    [0n, "in page zero, which is never mapped"],
    [HEAP_BASE, "in the heap"],
    [HEAP_BASE + 0xf_ffffn, "in the heap"],
    [HEAP_BASE - 1n, "less than a page in front of the heap"],
    [HEAP_BASE + 0x800_0000n, "less than a page behind the heap"],
    [0x5000n, "in the lower half, where the kernel has only its heap"],
    [0x8000_0000_0000_0000n, "no address: its bits 47 to 63 differ"],
    [directMap(0x80_0000n as PhysAddr), "the direct map of p0x800000: usable"],
    [directMap(0xf_0000n as PhysAddr), "the direct map of p0xf0000: reserved"],
    [directMap(0xfd_0000_0000n as PhysAddr), "the direct map of p0xfd00000000, where no memory is"],
    [DEMAND_WINDOW + 8n, "in the demand-paged window"],
    [0xffff_d000_0000_0000n, "where the kernel has nothing"],
    [stackGuard(0), "the guard page under the boot stack"],
    [stackGuard(1) + 8n, "the guard page under the double-fault stack"],
    [stackGuard(2), "the guard page under the NMI stack"],
    [stackGuard(3) + 0xfffn, "the guard page under the machine-check stack"],
    [stackEnd(0) - 1n, "in the boot stack"],
    [stackEnd(3) - 1n, "in the machine-check stack"],
    [textStart(), "in the kernel's code"],
    [rodataEnd() - 1n, "in the kernel's constants"],
    [dataStart() + 0x10_0000n, "in the kernel's variables"],
    [2n ** 64n - 1n, "near the kernel's image, but not in it"],
  ];
  for (const [address, words] of known) {
    fatalInit(false);
    machine.cpu.cr2 = address;
    expect(report({ vector: 14n })).toContain(`  which is ${words}`);
  }
});

test.each([
  [0n, 0x10n, "a call of a function that was never set?"],
  [0x4444_4444_0000n, 0x11n, "a jump through a pointer that was written over?"],
  [0xffff_ffff_8010_9000n, 0x3n, "a write through a pointer to code?"],
  [0xffff_ffff_8018_9000n, 0x3n, "a write to a constant?"],
])("a page fault at %i with error %i gets its guess", (address, error, guess) => {
  machine.cpu.cr2 = address;
  expect(report({ vector: 14n, error })).toContain(`  guess    ${guess}`);
});

test("what freed memory is full of is called that, also with the offset of a field", () => {
  expect(report({ vector: 13n, rbx: 0xf4ee_f4ee_f4ee_f4f6n })).toContain(
    "  guess    rbx, 0xf4eef4eef4eef4f6, is freed memory's pattern: used after free?",
  );
});

test("general protection names each register that cannot be an address", () => {
  const lines = report({ vector: 13n, rax: 0xdead_beef_dead_beefn, r15: 0x8000_0000_0000_0000n, rbx: 0x1234n });
  expect(lines.filter((line) => line.startsWith("  guess"))).toEqual([
    "  guess    rax, 0xdeadbeefdeadbeef, was used as an address?",
    "  guess    r15, 0x8000000000000000, was used as an address?",
  ]);
});

test.each([
  [0xfffn, "  guess    null pointer?"],
  [0xdead_beef_dead_beefn, "  guess    a number used as a pointer, or a pointer written over?"],
])("address %i gets its guess", (address, guess) => {
  machine.cpu.cr2 = address;
  expect(report({ vector: 14n })).toContain(guess);
});

test("an address that is like no known mistake gets no guess", () => {
  machine.cpu.cr2 = 0x5000n;
  expect(report({ vector: 14n }).join("\n")).not.toContain("guess");
});

test("other exceptions say nothing of CR2's address", () => {
  machine.cpu.cr2 = 8n;
  const text = report({ vector: 13n, error: 0x28n }).join("\n");
  expect(text).toContain("  error    0x28: GDT selector 0x28");
  expect(text).not.toMatch(/walk|guess|address/);
});

test("an exception that has no error code shows none", () => {
  expect(report({ vector: 0n, error: 0n }).join("\n")).not.toContain("  error ");
});

test("a fault inside the report gets one line, and a fault inside that line gets none", () => {
  report({ vector: 13n });
  machine.cpu.cr2 = 0x77n;
  expect(report({ vector: 14n })).toEqual([
    "",
    `cut short: #PF page fault at=v0x${rip.toString(16)} cr2=v0x77`,
    "The machine is halted.",
    "",
  ]);
  expect(report({ vector: 14n })).toEqual([""]);
});

test("asked to, the end is QEMU's end with status 35, after the report", () => {
  fatalInit(true);
  machine.serialTake();
  expect(() => fatal(trapFrame(machine, { vector: 13n, rip }))).toThrow(new DebugExit(0x11));
  expect(machine.serialTake()).toContain("registers");
});

test("interrupts are off at the end", () => {
  machine.cpu.interruptsEnabled = true;
  report({ vector: 0n });
  expect(machine.cpu.interruptsEnabled).toBe(false);
});
