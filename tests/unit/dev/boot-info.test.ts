import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import {
  COMMAND_LINE_LIMIT,
  MODULE_LIMIT,
  MODULE_NAME_LIMIT,
  RANGE_LIMIT,
  bootInfoClear,
  bootInfoReport,
  commandLineAdd,
  moduleAdd,
  moduleCount,
  moduleNameLength,
  rangeAdd,
  rangeCount,
  rangeEnd,
  rangeKind,
  rangeStart,
} from "../../../kernel/dev/boot-info.ts";
import { NOWHERE, type VirtAddr, directMap, physAddr } from "../../../kernel/lib/addr.ts";
import type { Machine } from "../../fake/machine.ts";
import { commandLineKept, logTake, loggingMachine, rangesKept } from "./record.ts";

const TEXT = 0x40_0000n;
const WORD_MAX = 0xffff_ffff_ffff_ffffn;
let machine: Machine;

beforeEach(() => {
  machine = loggingMachine();
  bootInfoClear();
});

function text(words: string): VirtAddr {
  machine.physPut(TEXT, Buffer.from(words, "latin1"));
  return directMap(physAddr(TEXT));
}
const addWords = (words: string): void => commandLineAdd(text(words), words.length);
function report(): string {
  bootInfoReport();
  return logTake(machine);
}

test("an empty range says nothing, wherever it is", () => {
  rangeAdd(0x1000n, 0n, 1);
  rangeAdd(WORD_MAX, 0n, 2);
  expect([rangeCount(), report()]).toEqual([0, ""]);
});

test("usable memory that reaches past the last address is not believed, what is taken away is", () => {
  rangeAdd(0x1000n, WORD_MAX, 1); // wraps around
  rangeAdd(0x1000n, 1n << 52n, 1);
  rangeAdd(1n << 52n, 0x1000n, 1);
  expect(rangesKept()).toEqual([]);
  rangeAdd(0x1000n, WORD_MAX, 2);
  rangeAdd(1n << 60n, 0x1000n, 2);
  expect(rangesKept()).toEqual(["1000-10000000000000 2"]);
  expect(report()).toBe("dev: memory ranges past the end of addresses, not believed count=5\n");
});

test("when the record is full, usable memory is lost", () => {
  for (let i = 0; i < RANGE_LIMIT + 3; i++) rangeAdd(BigInt(i) * 0x2000n, 0x1000n, 1);
  expect(rangeCount()).toBe(RANGE_LIMIT);
  expect(report()).toBe("dev: too many memory ranges, usable ones are lost count=3\n");
});

test("when the record is full of usable ranges, the last makes way for one that is not usable", () => {
  for (let i = 0; i < RANGE_LIMIT; i++) rangeAdd(BigInt(i) * 0x2000n, 0x1000n, 1);
  rangeAdd(0x1000n, 0x5000n, 4);
  expect(rangesKept().slice(-2)).toEqual([`${(0x2000 * (RANGE_LIMIT - 2)).toString(16)}-1fd000 1`, "1000-6000 4"]);
});

test("whatever more comes than the record holds, no byte counts as usable that should not", () => {
  const ranges = fc.array(fc.tuple(fc.nat(5000), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 5 })), {
    minLength: RANGE_LIMIT - 3,
    maxLength: RANGE_LIMIT + 60,
  });
  fc.assert(
    fc.property(ranges, (given) => {
      bootInfoClear();
      const right = usableBytes(given.map(([start, length, kind]) => ({ start, end: start + length, kind })));
      for (const [start, length, kind] of given) rangeAdd(BigInt(start), BigInt(length), kind);
      const kept = Array.from({ length: rangeCount() }, (_, i) => ({
        start: Number(rangeStart(i)),
        end: Number(rangeEnd(i)),
        kind: rangeKind(i),
      }));
      const wrong = [...usableBytes(kept)].filter((byte) => !right.has(byte));
      expect(wrong).toEqual([]);
      if (given.length <= RANGE_LIMIT) expect(usableBytes(kept)).toEqual(right);
    }),
    { numRuns: 60 },
  );
});

/** Bytes that some range calls usable and none calls anything else. */
function usableBytes(ranges: readonly { start: number; end: number; kind: number }[]): Set<number> {
  const bytes = (wanted: (kind: number) => boolean): number[] =>
    ranges.filter((r) => wanted(r.kind)).flatMap((r) => Array.from({ length: r.end - r.start }, (_, i) => r.start + i));
  const taken = new Set(bytes((kind) => kind !== 1));
  return new Set(bytes((kind) => kind === 1).filter((byte) => !taken.has(byte)));
}

test("a module too many is reserved memory", () => {
  for (let i = 0; i <= MODULE_LIMIT; i++) moduleAdd(BigInt(i) * 0x1000n, BigInt(i) * 0x1000n + 0x10n, NOWHERE, 0);
  expect(moduleCount()).toBe(MODULE_LIMIT);
  expect(rangesKept()).toEqual(["10000-10010 2"]);
  expect(report()).toBe("dev: too many modules, the last are kept out of reach count=1\n");
});

test("a module that ends before it starts is ignored, an empty one is not", () => {
  moduleAdd(0x2000n, 0x1fffn, NOWHERE, 0);
  moduleAdd(0n, (1n << 52n) + 1n, NOWHERE, 0);
  moduleAdd(0x2000n, 0x2000n, NOWHERE, 0);
  expect(moduleCount()).toBe(1);
  expect(report()).toBe("dev: modules that make no sense are ignored count=2\n");
});

test("a module's name is cut to what the record holds", () => {
  moduleAdd(0n, 0x1000n, text("x".repeat(100)), 100);
  moduleAdd(0x1000n, 0x2000n, text("short"), 5);
  expect([moduleNameLength(0), moduleNameLength(1)]).toEqual([MODULE_NAME_LIMIT, 5]);
});

test("words from several places are one command line", () => {
  addWords("a=1 b=2");
  addWords("");
  addWords("c=3");
  expect(commandLineKept(machine)).toBe("a=1 b=2 c=3");
});

test("a command line of just the limit fits", () => {
  const full = "x".repeat(COMMAND_LINE_LIMIT);
  addWords(full);
  expect([commandLineKept(machine), report()]).toEqual([full, ""]);
});

test.each([
  ["one long word", [`${"x".repeat(COMMAND_LINE_LIMIT)}1`], ""],
  ["words after a full line", ["y".repeat(COMMAND_LINE_LIMIT), "a=1"], "y".repeat(COMMAND_LINE_LIMIT)],
  ["the word that crosses the limit", [`${"x".repeat(2044)} a=16`], "x".repeat(2044)],
  ["the word that crosses it later", ["y".repeat(2043), "b=1 a=16"], `${"y".repeat(2043)} b=1`],
])("of too long a command line whole words are dropped: %s", (_, pieces, kept) => {
  for (const piece of pieces) addWords(piece);
  expect(commandLineKept(machine)).toBe(kept);
  expect(report()).toBe("dev: the command line is too long, its last words are dropped\n");
});
