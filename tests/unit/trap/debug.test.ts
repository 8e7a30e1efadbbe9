import { beforeEach, expect, test } from "vitest";
import { callTriedAt, fixupsStart, physOfImage, textStart } from "../../../kernel/arch/image.ts";
import { serialInit } from "../../../kernel/arch/serial.ts";
import { TRAP_FRAME } from "../../../kernel/arch/trap-frame.ts";
import { onTrap } from "../../../kernel/trap/dispatch.ts";
import { fatalInit } from "../../../kernel/trap/fatal.ts";
import { fakeMachine, Halted, store64, type Machine } from "../../fake/machine.ts";
import { trapFrame } from "./frame.ts";

const TRAP_FLAG = 0x100n;
const RESUME_FLAG = 0x1_0000n;

let machine: Machine;
let rip = 0n;
beforeEach(() => {
  machine = fakeMachine();
  serialInit();
  fatalInit(false);
  rip = textStart() + 0x1234n;
});
function at(): string {
  return `v0x${rip.toString(16)}`;
}

test.each([
  [0x4000n, "single step"],
  [0x4001n, "single step"],
  [0x0001n, "debug register 0"],
  [0x000an, "debug register 1 3"],
  [0x2000n, "guarded debug register touched"],
  [0x0000n, "int1"],
])("#DB with status %i is told in a line with its cause, and goes on without stepping", (status, words) => {
  machine.cpu.dr6 = 0xffff_0ff0n | status;
  const frame = trapFrame(machine, { vector: 1n, rip, rflags: 0x46n | TRAP_FLAG });
  onTrap(frame);
  expect(machine.serialTake()).toBe(`trap/debug: ${words} at ${at()}\r\n`);
  expect(TRAP_FRAME.rip(frame)).toBe(rip);
  expect(TRAP_FRAME.rflags(frame)).toBe(0x46n | RESUME_FLAG);
  expect(machine.cpu.dr6).toBe(0xffff_0ff0n); // the CPU would not clear it
});

test("#DB in a program is not the kernel's, and while none runs it is the end", () => {
  expect(() => onTrap(trapFrame(machine, { vector: 1n, rip, cs: 0x2bn }))).toThrow(Halted);
});

test("the door breakpoint goes on after a line with the place of its int3", () => {
  const table = physOfImage(fixupsStart());
  machine.physWrite64(table, rip + 1n);
  machine.physWrite64(table + 8n, rip + 1n);
  const frame = trapFrame(machine, { vector: 3n, rip: rip + 1n });
  onTrap(frame);
  expect(machine.serialTake()).toBe(`trap/debug: breakpoint at ${at()}\r\n`);
  expect(TRAP_FRAME.rip(frame)).toBe(rip + 1n);
});

test("an int3 that nobody wrote is the end: the gaps between functions are full of them", () => {
  expect(() => onTrap(trapFrame(machine, { vector: 3n, rip }))).toThrow(Halted);
  expect(machine.serialTake()).toContain("trap/fatal: #BP breakpoint\r\n");
});

test("in a call that is tried it ends the call", () => {
  store64(callTriedAt(), 0xffff_ffff_8019_4000n);
  const frame = trapFrame(machine, { vector: 3n, rip });
  onTrap(frame);
  expect(TRAP_FRAME.rsp(frame)).toBe(0xffff_ffff_8019_4000n);
});
