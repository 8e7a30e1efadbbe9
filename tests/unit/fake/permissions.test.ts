/** The fake MMU allows what the manual says: the same matrix as the CPU's, of tests/qemu/kernel/permissions.ts. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { fakeMachine, PageFault } from "../../fake/machine.ts";
import { ACCESS, isAllowed, MODE } from "../../qemu/kernel/access.ts";

const ACCESSES = [["read", ACCESS.READ], ["write", ACCESS.WRITE], ["fetch", ACCESS.FETCH]] as const;
const ROOT = 0x10_0000n;
const PAGE = 0x10_4000n;
const ALL_PRESENT = 0x1111;
const WAYS = 16 ** 4;
/** All of WP, SMEP and SMAP for the kernel; AC where it counts; for a program all of them, which should not matter. */
const ALL = MODE.WP | MODE.SMEP | MODE.SMAP;
const OPEN = [0, MODE.WP, MODE.SMEP, MODE.WP | MODE.SMEP].map((mode) => mode | MODE.SMAP | MODE.AC);
const SETTINGS = [0, 1, 2, 3, 4, 5, 6, ALL, ...OPEN, MODE.RING3, MODE.RING3 | ALL];

const traceLimit = Error.stackTraceLimit;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = traceLimit;
});

/** Of `way` one hexadecimal digit a level: bits P, W, U and NX of the entry there. */
function addressOf(way: number): bigint {
  return [0, 1, 2, 3].reduce((va, i) => va | (BigInt((way >> (4 * i)) & 15) << BigInt(12 + 9 * i)), 0n);
}
function rightsOf(way: number): bigint {
  const digits = [0, 1, 2, 3].map((i) => (way >> (4 * i)) & 15);
  const all = (bit: number): boolean => digits.every((digit) => (digit & bit) !== 0);
  const noExecute = digits.some((digit) => (digit & 8) !== 0);
  return (all(2) ? 2n : 0n) | (all(4) ? 4n : 0n) | (noExecute ? 1n << 63n : 0n);
}

test("every combination of P, W, U and NX at four levels, in every setting, from either ring", () => {
  const machine = fakeMachine();
  for (let table = ROOT; table < PAGE; table += 0x1000n) {
    for (let i = 0n; i < 512n; i++) {
      const entry = i < 16n ? (table + 0x1000n) | (i & 7n) | ((i >> 3n) << 63n) : 0n;
      machine.physWrite64(table + i * 8n, entry);
    }
  }
  machine.cpu.cr3 = ROOT;
  const wrong: string[] = [];
  let tried = 0;
  for (const mode of SETTINGS) {
    machine.cpu.cr0 = 0x8001_0033n & ((mode & MODE.WP) !== 0 ? ~0n : ~0x1_0000n);
    machine.cpu.cr4 = 0x20n | ((mode & MODE.SMEP) !== 0 ? 1n << 20n : 0n) | ((mode & MODE.SMAP) !== 0 ? 1n << 21n : 0n);
    machine.cpu.userAccess = (mode & MODE.AC) !== 0;
    for (let way = 0; way < WAYS; way++) {
      const isPresent = (way & ALL_PRESENT) === ALL_PRESENT;
      if (!isPresent && (mode !== MODE.WP || way % 3 !== 0)) continue; // what is absent, once, and a third of it
      for (const [name, access] of ACCESSES) {
        const may = isPresent && isAllowed(rightsOf(way), access, mode);
        tried++;
        const does = did(name, addressOf(way), (mode & MODE.RING3) !== 0);
        if (does !== may) wrong.push(`${name} ${way.toString(16)} ${mode}`);
      }
    }
  }
  expect(wrong.slice(0, 20)).toEqual([]);
  expect(tried).toBeGreaterThan(200_000);

  function did(name: "read" | "write" | "fetch", va: bigint, ring3: boolean): boolean {
    try {
      return machine.probe(va, name, ring3) === PAGE;
    } catch (fault) {
      if (!(fault instanceof PageFault)) throw fault;
      return false;
    }
  }
});
