import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { MULTIBOOT2_MAGIC, PVH_MAGIC, bootInfoRead } from "../../../kernel/dev/boot-read.ts";
import { OK } from "../../../kernel/lib/status.ts";
import { memoryMapBuild } from "../../../kernel/mm/phys/memory-map.ts";
import { regionCount, regionEnd, regionKind, regionStart } from "../../../kernel/mm/phys/regions.ts";
import type { Machine } from "../../fake/machine.ts";
import { type Loaded, multibootInfo, pvhPut, range, rsdp, startInfo } from "./loader.ts";
import { IMAGE_RANGE, logTake, loggingMachine } from "./record.ts";

const INFO = 0x57_2010;
const RAM_BYTES = 16 * 1024 * 1024;
const INFO_LIMIT = 1024 * 1024;
const PATIENCE = 60_000; // ms, for a busy machine
let machine: Machine;

beforeAll(() => {
  machine = loggingMachine();
});

const loaded: Loaded = {
  ranges: [range(0, 0x9fc00), range(0x9fc00, 0x400, 2), range(0x10_0000, 0xe0_0000), range(0xf0_0000, 0x10_0000, 3)],
  modules: [
    { start: 0x60_0000, end: 0x60_1234, text: "a" },
    { start: 0x70_0000, end: 0x70_0010, text: "the second of them" },
  ],
  commandLine: "heap.size=2M panic=exit",
  rsdp: rsdp(0x1000, 0x2000n),
};
const STREAM = multibootInfo(loaded);

/** A few bytes of a stream replaced, often by the values that break parsers, and perhaps its end cut off. */
const changes = fc.array(
  fc.tuple(fc.nat(STREAM.length - 1), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 7, 8, 0x7f, 0x80, 0xff))),
  { maxLength: 6 },
);
const mutated = fc.tuple(changes, fc.option(fc.nat(STREAM.length), { freq: 3 })).map(([bytes, cut]) => {
  const copy = Buffer.from(STREAM);
  for (const [at, value] of bytes) copy[at] = value;
  if (cut === null || cut < 8) return copy;
  copy.writeUInt32LE(cut, 0);
  return copy.subarray(0, cut);
});
const random = fc.uint8Array({ minLength: 8, maxLength: 400 }).map((bytes) => Buffer.from(bytes));
/** Random tags of plausible types and sizes, which get further than random bytes. */
const tags = fc
  .array(fc.tuple(fc.nat(22), fc.oneof(fc.nat(80), fc.nat(0xffff_ffff)), fc.uint8Array({ maxLength: 72 })), {
    maxLength: 8,
  })
  .map((list) =>
    Buffer.concat(
      [[0, 0, new Uint8Array()] as const, ...list].map(([type, size, bytes], i) => {
        const padded = Buffer.alloc(8 + Math.ceil(bytes.length / 8) * 8);
        padded.writeUInt32LE(i === 0 ? 400 : type, 0);
        padded.writeUInt32LE(i === 0 ? 0 : size, 4);
        Buffer.from(bytes).copy(padded, 8);
        return padded;
      }),
    ),
  );

test("whatever multiboot information is, nothing outside it is touched, and a refusal is one line", () => {
  fc.assert(
    fc.property(fc.oneof(mutated, random, tags), (bytes) => {
      machine.fence(null);
      machine.physPut(BigInt(INFO), bytes);
      const size = bytes.readUInt32LE(0);
      const declared = size > INFO_LIMIT ? 8 : Math.max(8, size);
      machine.fence([{ start: INFO, end: INFO + declared }, IMAGE_RANGE]);
      const status = bootInfoRead(MULTIBOOT2_MAGIC, INFO);
      expectLines(status);
      if (status === OK) expectSafe(Buffer.from(machineBytes(declared)));
    }),
    { numRuns: 2000 },
  );
}, PATIENCE);

test("the stream that the mutations start from is a good one", () => {
  machine.fence(null);
  machine.physPut(BigInt(INFO), STREAM);
  expect(bootInfoRead(MULTIBOOT2_MAGIC, INFO)).toBe(OK);
  memoryMapBuild();
  expect(usable()).toEqual([
    [0x30_0000, 0x57_2000],
    [0x57_3000, 0x60_0000],
    [0x60_2000, 0x70_0000],
    [0x70_1000, 0xf0_0000],
  ]);
});

/** The declared bytes as they lie in memory: behind what the test put there is junk. */
const machineBytes = (length: number): Uint8Array => machine.physGet(BigInt(INFO), length);

function expectLines(status: number): void {
  const lines = logTake(machine);
  expect(lines).toMatch(status === OK ? /^(dev: .*\n)+$/ : /^dev: .*\n$/);
}

/** No usable region lies outside the ranges of type 1, or touches any other range, a module, or the information. */
function expectSafe(bytes: Buffer): void {
  memoryMapBuild();
  logTake(machine);
  const said = readAgain(bytes);
  for (const [start, end] of usable()) {
    for (const taken of said.taken) expect(taken.start < end && taken.end > start).toBe(false);
    expect(said.given.some((given) => given.start < end && given.end > start)).toBe(true);
    expect(uncovered(start, end, said.given)).toBe(0);
  }
}

function usable(): [number, number][] {
  const found: [number, number][] = [];
  for (let i = 0; i < regionCount(); i++) {
    if (regionKind(i) === 1) found.push([Number(regionStart(i)), Number(regionEnd(i))]);
  }
  return found;
}

interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** How many bytes of start..end-1 are in none of the stretches. */
function uncovered(start: number, end: number, stretches: readonly Stretch[]): number {
  let at = start;
  for (const stretch of [...stretches].sort((a, b) => a.start - b.start)) {
    if (stretch.start > at) break;
    at = Math.max(at, stretch.end);
  }
  return Math.max(0, end - at);
}

/**
 * The specification read a second time, in the plainest way. Numbers lose digits above 2^53, where nothing is usable.
 */
function readAgain(bytes: Buffer): { given: Stretch[]; taken: Stretch[] } {
  const given: Stretch[] = [];
  const taken: Stretch[] = [{ start: INFO, end: INFO + bytes.readUInt32LE(0) }];
  for (let at = 8; bytes.readUInt32LE(at) !== 0; at += Math.ceil(bytes.readUInt32LE(at + 4) / 8) * 8) {
    const [type, size] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
    if (type === 3) taken.push({ start: bytes.readUInt32LE(at + 8), end: bytes.readUInt32LE(at + 12) });
    if (type !== 6) continue;
    const step = bytes.readUInt32LE(at + 8);
    for (let entry = at + 16; entry + step <= at + size; entry += step) {
      const start = Number(bytes.readBigUInt64LE(entry));
      const stretch = { start, end: start + Number(bytes.readBigUInt64LE(entry + 8)) };
      if (bytes.readUInt32LE(entry + 16) === 1) given.push(stretch);
      else taken.push(stretch);
    }
  }
  return { given, taken: taken.filter(({ start, end }) => start < end) };
}

// PVH's pieces are all over memory, so the fence is RAM itself. A memory map that lies about RAM cannot be seen
// through: where the map may be anything, nothing else is pointed at.
const pointer = fc.oneof(
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  fc.bigInt({ min: 0n, max: BigInt(RAM_BYTES) }),
  fc.constantFrom(0n, 1n, 0x6000n, 0x7000n, 0x8000n, 0x9000n),
  fc.constantFrom(BigInt(RAM_BYTES) - 1n, (1n << 32n) - 1n, (1n << 64n) - 1n),
);
const count = fc.oneof(fc.nat(5), fc.nat(0xffff_ffff));

function readPvh(info: bigint): void {
  machine.fence([{ start: 0, end: RAM_BYTES }]);
  logTake(machine);
  expectLines(bootInfoRead(PVH_MAGIC, Number(info)));
  machine.fence(null);
}

test("whatever a PVH loader points at, only memory is touched", () => {
  fc.assert(
    fc.property(pointer, pointer, pointer, count, changes, (modules, commandLine, root, moduleCount, bytes) => {
      const info = pvhPut(machine.physPut, loaded, { modules, commandLine, rsdp: root, moduleCount });
      for (const [at, value] of bytes) machine.physPut(0x8000n + BigInt(at), Buffer.from([value]));
      readPvh(info);
    }),
    { numRuns: 1000 },
  );
}, PATIENCE);

test("wherever a PVH loader says that the memory map is, only memory is touched", () => {
  fc.assert(
    fc.property(pointer, count, (map, mapCount) => {
      machine.physPut(0x6000n, startInfo({ map, mapCount }));
      readPvh(0x6000n);
    }),
    { numRuns: 1000 },
  );
}, PATIENCE);
