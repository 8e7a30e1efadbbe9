import { beforeEach, expect, test } from "vitest";
import { rodataEnd, rodataStart, stackGuard, textEnd, textStart } from "../../../kernel/arch/image.ts";
import { serialInit } from "../../../kernel/arch/serial.ts";
import { fatal, fatalInit } from "../../../kernel/trap/fatal.ts";
import { DebugExit, fakeMachine, Halted, store16, store32, store8, type Machine } from "../../fake/machine.ts";
import { trapFrame } from "./frame.ts";

const PANIC_MARK = 0x70616e6963n;
let machine: Machine;
let rip = 0n;
beforeEach(() => {
  machine = fakeMachine();
  serialInit();
  fatalInit(false);
  rip = textStart() + 0x1234n;
  store16(rip, 0x0b0f);
});

/** The report's lines; the kernel must have halted. */
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

test("a panic is told with its message and value, and the machine halts", () => {
  const rdi = literal("frames: given back twice");
  const lines = report({ vector: 6n, rax: PANIC_MARK, rdi, rsi: 0x1234n });
  expect(lines.slice(0, 5)).toEqual([
    "",
    "trap/fatal: panic: frames: given back twice",
    "  value    0x1234",
    `  at       v0x${rip.toString(16)}`,
    "registers",
  ]);
  expect(lines.slice(-2)).toEqual(["The machine is halted.", ""]);
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
  expect(lines.slice(1, 6)).toEqual([
    "trap/fatal: #PF page fault",
    `  at       v0x${rip.toString(16)}`,
    "  address  v0x8",
    "  error    0x2 W: a write by the kernel, page not present",
    "  guess    null pointer?",
  ]);
  expect(lines.slice(-4)).toEqual([
    "walk of v0x8 from p0x0",
    "  stopped: no table of level 4 can be at p0x0", // the fake boot tables are not in memory
    "The machine is halted.",
    "",
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
