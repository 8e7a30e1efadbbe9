import { beforeEach, expect, test } from "vitest";
import { descriptorsInit, descriptorsLoaded, kernelStackSet } from "../../../kernel/arch/descriptors.ts";
import {
  doubleFaultStackTop, machineCheckStackTop, nmiStackTop, stackTop,
} from "../../../kernel/arch/image.ts";
import type { VirtAddr } from "../../../kernel/lib/addr.ts";
import { fakeMachine, load16, load32, load64, load8, trapStub, type Machine } from "../../fake/machine.ts";

// Decoded here by the bit positions of the manual's drawings, with none of the kernel's own layouts.

let machine: Machine;
let gdt = 0n;
let idt = 0n;
beforeEach(() => {
  machine = fakeMachine();
  descriptorsInit();
  gdt = load64(machine.cpu.gdt + 2n);
  idt = load64(machine.cpu.idt + 2n);
});

function segment(selector: number) {
  const word = load64(gdt + BigInt(selector));
  const bit = (n: number) => Number((word >> BigInt(n)) & 1n);
  const level = Number((word >> 45n) & 3n);
  const present = bit(44) & bit(47); // and a segment, not a system descriptor
  return { present, code: bit(43), level, writableOrReadable: bit(41), long: bit(53), big: bit(54) };
}
function gate(vector: number) {
  const at = idt + BigInt(vector * 16);
  const low = load64(at);
  return {
    code: (low & 0xffffn) | ((low >> 32n) & 0xffff_0000n) | (BigInt(load32(at + 8n)) << 32n),
    selector: Number((low >> 16n) & 0xffffn),
    stack: Number((low >> 32n) & 7n),
    type: Number((low >> 40n) & 15n),
    level: Number((low >> 45n) & 3n),
    present: Number((low >> 47n) & 1n),
    zeros: ((low >> 35n) & 31n) + ((low >> 44n) & 1n) + BigInt(load32(at + 12n)),
  };
}
function taskState(): bigint {
  const low = load64(gdt + 0x38n);
  return ((low >> 16n) & 0xff_ffffn) | (((low >> 56n) & 0xffn) << 24n) | (BigInt(load32(gdt + 0x40n)) << 32n);
}

const CODE = { present: 1, code: 1, writableOrReadable: 1, long: 1, big: 0 };
const DATA = { present: 1, code: 0, writableOrReadable: 1, long: 0, big: 1 };

test("the kernel's code is 64-bit and level 0, its data writable and level 0", () => {
  expect(segment(0x08)).toEqual({ ...CODE, level: 0 });
  expect(segment(0x10)).toEqual({ ...DATA, level: 0 });
});

test("a program's code and data are the same at level 3, data first and code 8 above it as sysret wants", () => {
  expect(segment(0x28)).toEqual({ ...DATA, level: 3 });
  expect(segment(0x30)).toEqual({ ...CODE, level: 3 });
});

test("entries 0, 0x18 and 0x20 are null, and the limit is the last byte of nine", () => {
  expect(load64(gdt)).toBe(0n);
  expect(load64(gdt + 0x18n)).toBe(0n);
  expect(load64(gdt + 0x20n)).toBe(0n);
  expect(load16(machine.cpu.gdt)).toBe(9 * 8 - 1);
});

test("the task register holds an available 64-bit TSS of 104 bytes that lets programs use no port", () => {
  const low = load64(gdt + 0x38n);
  expect(machine.cpu.taskRegister).toBe(0x38);
  expect((low >> 40n) & 0xffn).toBe(0x89n);
  expect((low & 0xffffn) | (((low >> 48n) & 0xfn) << 16n)).toBe(103n);
  expect((low >> 55n) & 1n).toBe(0n); // granularity: bytes
  expect(load32(gdt + 0x44n)).toBe(0);
  expect(load16(taskState() + 102n)).toBe(104);
});

test("double fault, NMI and machine check run on stacks of their own", () => {
  const ist = (n: number) => load64(taskState() + 36n + BigInt(8 * (n - 1)));
  expect(ist(gate(8).stack)).toBe(doubleFaultStackTop());
  expect(ist(gate(2).stack)).toBe(nmiStackTop());
  expect(ist(gate(18).stack)).toBe(machineCheckStackTop());
  expect(new Set([gate(8).stack, gate(2).stack, gate(18).stack])).toEqual(new Set([1, 2, 3]));
});

test("every vector has a gate to its own stub, programs may use only int3's, and all but three keep the stack", () => {
  expect(load16(machine.cpu.idt)).toBe(256 * 16 - 1);
  for (let vector = 0; vector < 256; vector++) {
    const { stack, ...rest } = gate(vector);
    const level = vector === 3 ? 3 : 0;
    expect(rest).toEqual({ code: trapStub(vector), selector: 0x08, type: 0xe, level, present: 1, zeros: 0n });
    if (![2, 8, 18].includes(vector)) expect(stack).toBe(0);
  }
});

test("programs enter the kernel on the boot stack until another is set", () => {
  expect(load64(taskState() + 4n)).toBe(stackTop());
  kernelStackSet(0xffff_e000_0000_4000n as VirtAddr);
  expect(load64(taskState() + 4n)).toBe(0xffff_e000_0000_4000n);
  expect(load8(taskState())).toBe(0);
});

test("building them again undoes the busy bit that ltr sets", () => {
  expect(descriptorsLoaded()).toBe(true);
  descriptorsInit();
  expect((load64(gdt + 0x38n) >> 40n) & 0xffn).toBe(0x89n);
});
