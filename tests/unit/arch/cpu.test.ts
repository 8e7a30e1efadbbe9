import { expect, test } from "vitest";
import {
  cpuInit, hasGigabytePages, hasGlobalPages, hasNx, hasPat, hasSmap, hasSmep, hasUmip, physicalAddressBits,
  physicalLimit,
} from "../../../kernel/arch/cpu.ts";
import { fakeMachine } from "../../fake/machine.ts";

const PAE = 1n << 5n;
const MCE = 1n << 6n;
const PGE = 1n << 7n;
const SSE = 3n << 9n; // OSFXSR, OSXMMEXCPT: for programs
const UMIP = 1n << 11n;
const SMEP = 1n << 20n;
const SMAP = 1n << 21n;
const WP = 1n << 16n;

test("every protection that the CPU has is switched on", () => {
  const machine = fakeMachine();
  cpuInit();
  expect(machine.cpu.cr4).toBe(PAE | MCE | PGE | SSE | UMIP | SMEP | SMAP);
  expect(machine.cpu.cr0 & WP).toBe(WP);
  expect([hasNx(), hasGigabytePages(), hasGlobalPages(), hasSmep(), hasSmap(), hasUmip()]).toEqual(Array(6).fill(true));
  expect(physicalAddressBits()).toBe(40);
});

test.each([
  ["globalPages", PGE, hasGlobalPages],
  ["smep", SMEP, hasSmep],
  ["smap", SMAP, hasSmap],
  ["umip", UMIP, hasUmip],
] as const)("a CPU without %s is asked for everything else", (feature, bit, has) => {
  const machine = fakeMachine({ cpu: { [feature]: false } });
  cpuInit(); // setting a CR4 bit that the CPU lacks would be #GP
  expect(machine.cpu.cr4).toBe((PAE | MCE | PGE | SSE | UMIP | SMEP | SMAP) & ~bit);
  expect(has()).toBe(false);
});

test("what has no control bit is only reported", () => {
  fakeMachine({ cpu: { gigabytePages: false, physicalBits: 36 } });
  cpuInit();
  expect(hasGigabytePages()).toBe(false);
  expect(hasNx()).toBe(true);
  expect(physicalAddressBits()).toBe(36);
  expect(physicalLimit()).toBe(0x10_0000_0000n);
});

test("bits that a loader left in CR4 do not stay", () => {
  const machine = fakeMachine();
  machine.cpu.cr4 |= 1n << 16n; // FSGSBASE
  cpuInit();
  expect(machine.cpu.cr4 & (1n << 16n)).toBe(0n);
});

test("a CPU with PAT has write-combining memory where it had write-through; one without is left alone", () => {
  const machine = fakeMachine();
  cpuInit();
  expect([hasPat(), machine.cpu.msrs.get(0x277)]).toEqual([true, 0x0007_0106_0007_0106n]);
  const without = fakeMachine({ cpu: { pat: false } });
  cpuInit(); // writing the register would be #GP
  expect([hasPat(), without.cpu.msrs.get(0x277)]).toEqual([false, undefined]);
});
