import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { symbolsStart, textStart } from "../../../kernel/arch/image.ts";
import { serialInit } from "../../../kernel/arch/serial.ts";
import {
  symbolFileLength, symbolFileLog, symbolFind, symbolIsInlined, symbolLine, symbolNameIs, symbolNameLength,
  symbolNameLog, symbolOuter,
} from "../../../kernel/base/symbols.ts";
import type { Place, Stretch } from "../../../scripts/symbols/places.ts";
import { packTable } from "../../../scripts/symbols/table.ts";
import { fakeMachine, type Machine, store32 } from "../../fake/machine.ts";

const IMAGE_MAP = 0xffff_ffff_8000_0000n;
const CODE_SIZE = 0x4000;

let machine: Machine;
beforeEach(() => {
  machine = fakeMachine();
  serialInit();
});

/** Puts a table of `stretches`, at offsets from the code's start, where the linker would. */
function load(stretches: readonly { readonly code: number; readonly chain: readonly Place[] }[]): void {
  const placed: Stretch[] = stretches.map(({ code, chain }) => ({ address: textStart() + BigInt(code), chain }));
  const table = packTable(placed, textStart(), textStart() + BigInt(CODE_SIZE), new Map([["has_1", "has"]]));
  machine.physPut(symbolsStart() - IMAGE_MAP, table);
}
function said(log: () => void): string {
  machine.serialTake();
  log();
  return machine.serialTake();
}
/** What the kernel finds at `code`, in the form that it was given in. */
function found(code: number): Place[] {
  if (!symbolFind(textStart() + BigInt(code))) return [];
  const chain: Place[] = [];
  for (;;) {
    chain.push({ symbol: said(symbolNameLog), file: said(symbolFileLog), line: symbolLine() });
    expect([symbolNameLength(), symbolFileLength()]).toEqual([chain.at(-1)!.symbol.length, chain.at(-1)!.file.length]);
    if (!symbolIsInlined()) return chain;
    expect(symbolOuter()).toBe(true);
  }
}

const take: Place = { symbol: "frameTake", file: "kernel/mm/phys/frames.ts", line: 54 };
const table: Place = { symbol: "tableTake", file: "kernel/mm/paging/tables.ts", line: 46 };
const main: Place = { symbol: "kernelMain", file: "kernel/main.ts", line: 53 };

test("code is found from its first byte to the next stretch, with what it was inlined into", () => {
  load([{ code: 0, chain: [main] }, { code: 0x10, chain: [take, table, main] }, { code: 0x20, chain: [] }]);
  expect(found(0)).toEqual([main]);
  expect(found(0xf)).toEqual([main]);
  expect(found(0x10)).toEqual([take, table, main]);
  expect(found(0x1f)).toEqual([take, table, main]);
  expect(found(0x20)).toEqual([]);
});

test("the same function inlined at two lines is told with the line of each", () => {
  const early = { ...main, line: 50 };
  const late = { ...main, line: 60 };
  load([{ code: 0, chain: [take, early] }, { code: 8, chain: [take, late] }]);
  expect(found(0)).toEqual([take, early]);
  expect(found(8)).toEqual([take, late]);
});

test("code of no single line has none, but its function and what that was inlined into are told", () => {
  load([{ code: 0, chain: [{ ...take, line: 0 }, table] }, { code: 4, chain: [take, { ...table, line: 0 }] }]);
  expect(found(0)).toEqual([{ ...take, line: 0 }, table]);
  expect(found(4)).toEqual([take, { ...table, line: 0 }]);
});

test("a line of another file, which merged code may have, is not told as one of the function's own", () => {
  load([{ code: 0, chain: [take] }, { code: 4, chain: [{ ...take, file: "kernel/lib/addr.ts", line: 9 }] }]);
  expect(found(4)).toEqual([{ ...take, line: 0 }]);
});

test("a symbol that had to be numbered goes by its name in TypeScript", () => {
  load([{ code: 0, chain: [{ ...take, symbol: "has_1" }] }]);
  expect(found(0)).toEqual([{ ...take, symbol: "has" }]);
});

test("a name is compared whole", () => {
  load([{ code: 0, chain: [take] }, ...["frameGive", "tableTake", "takeFrame"].map((symbol, i) => (
    { code: 8 + i, chain: [{ ...take, symbol }] }))]);
  expect(symbolFind(textStart())).toBe(true);
  const names = ["frameTake", "frameTak", "frameTakes", "frameTakE", "", "tableTake"];
  expect(names.map((name) => symbolNameIs(name))).toEqual([true, false, false, false, false, false]);
});

test("outside the code nothing is known, nor where there is no table", () => {
  load([{ code: 0, chain: [main] }]);
  for (const address of [0n, textStart() - 1n, textStart() + BigInt(CODE_SIZE), 2n ** 64n - 1n]) {
    expect(symbolFind(address)).toBe(false);
  }
  expect(found(CODE_SIZE - 1)).toEqual([main]);
  store32(symbolsStart(), 0);
  expect(symbolFind(textStart())).toBe(false);
});

test("in long code, blocks of rows and of scopes begin where those before them end", () => {
  const chain = (i: number): Place[] => [{ ...take, line: 1 + i }, { ...table, line: 300 - i }, main];
  load(Array.from({ length: 200 }, (_, i) => ({ code: 4 * i, chain: chain(i) })));
  for (let code = 0; code < 800; code++) expect(found(code)).toEqual(chain(Math.floor(code / 4)));
});

test("whatever is packed is found again, at each first and last byte", () => {
  const symbol = fc.stringMatching(/^[a-z][A-Za-z0-9]{0,20}$/);
  const functions = fc.uniqueArray(symbol, { minLength: 2, maxLength: 60 });
  const scenario = functions.chain((symbols) => {
    const place = fc.record({ index: fc.nat(symbols.length - 1), line: fc.integer({ min: 1, max: 300 }) });
    const places = place.map(({ index, line }) => (
      { symbol: symbols[index]!, file: `kernel/room${index % 7}/file.ts`, line: index * 400 + line }));
    const stretch = fc.record({ size: fc.integer({ min: 1, max: 60 }), chain: fc.array(places, { maxLength: 6 }) });
    return fc.array(stretch, { minLength: 1, maxLength: 90 });
  });
  fc.assert(
    fc.property(scenario, (stretches) => {
      let code = 0;
      const placed = stretches.map(({ size, chain }) => ({ code: (code += size) - size, size, chain }));
      load(placed);
      for (const { code, size, chain } of placed) {
        expect(found(code)).toEqual(chain);
        expect(found(code + size - 1)).toEqual(chain);
      }
    }),
    { numRuns: 25, endOnFailure: true },
  );
});
