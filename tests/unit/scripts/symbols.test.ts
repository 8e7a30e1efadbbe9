import fc from "fast-check";
import { expect, test } from "vitest";
import { Nibbles } from "../../../scripts/symbols/nibbles.ts";
import { pairCode } from "../../../scripts/symbols/pairs.ts";
import { parseChains, rowAddresses } from "../../../scripts/symbols/places.ts";
import { packTable } from "../../../scripts/symbols/table.ts";

test("the rows of a line table give each address of the code once, in order, those of other sections left out", () => {
  const listing = [
    "Address            Line   Column File   ISA Discriminator Flags",
    "0x0000000000100040     43      0      1   0             0  is_stmt",
    "0xffffffff8010f019    245      0      2   0             0  is_stmt end_sequence",
    "0xffffffff8010f000    237      0      2   0             0  is_stmt",
    "0xffffffff8010f000      0      0      2   0             0 ",
    "0xffffffff80118000      1      0      2   0             0  is_stmt end_sequence",
  ].join("\n");
  const [start, end] = [0xffff_ffff_8010_f000n, 0xffff_ffff_8011_8000n];
  expect(rowAddresses(listing, start, end)).toEqual([start, start + 0x19n]);
  expect(rowAddresses("", start, end)).toEqual([start]);
});

test("an answer is a chain of functions: doors and C's helpers are left out, assembly goes by its file", () => {
  const here = process.cwd();
  const answers = [
    `load8\n${here}/boot/doors.h:37:10\nwordRead\n${here}/kernel/mm/phys/frames.ts:135:12\n` +
      `main\n${here}/kernel/main.ts:0:0\n`,
    `stub_14\n${here}/boot/boot/traps.asm:23:0\n`,
    "??\n??:0:0\n",
  ].join("\n");
  expect(parseChains(answers, (symbol) => symbol !== "load8" && symbol !== "??")).toEqual([
    [
      { symbol: "wordRead", file: "kernel/mm/phys/frames.ts", line: 135 },
      { symbol: "main", file: "kernel/main.ts", line: 0 },
    ],
    [{ symbol: "stub_14", file: "boot/traps.asm", line: 23 }],
    [],
  ]);
});

test("texts in pairs are the texts again when the pairs are put in their place, and shorter", () => {
  const word = fc.stringMatching(/^(frame|table|page|heap|[a-z]{3}){1,4}[A-Z]?[a-z/.]{0,8}$/);
  fc.assert(
    fc.property(fc.array(word, { maxLength: 200 }), (texts) => {
      const { pairs, bytes, starts } = pairCode(texts);
      const plain = (code: number): number[] => (code < 128 ? [code] : pairs[code - 128]!.flatMap(plain));
      const text = (start: number) => Buffer.from([...bytes.subarray(start, bytes.indexOf(0, start))].flatMap(plain));
      expect(starts.map((start) => text(start).toString())).toEqual(texts);
      pairs.forEach(([first, second], i) => expect(Math.max(first, second)).toBeLessThan(128 + i));
      expect(bytes.length + 2 * pairs.length).toBeLessThanOrEqual(texts.join("").length + texts.length);
    }),
    { numRuns: 50 },
  );
});

test("a name that is not ASCII is refused: its bytes would be taken for pairs", () => {
  expect(() => pairCode(["größe"])).toThrow("not ASCII");
});

test("a number takes as many nibbles as it has groups of three bits", () => {
  const stream = new Nibbles();
  const lengths = [0, 7, 8, 63, 64, 511, 512].map((value) => {
    const before = stream.position;
    stream.put(value);
    return stream.position - before;
  });
  expect(lengths).toEqual([1, 1, 2, 2, 3, 3, 4]);
  expect(() => stream.put(-1)).toThrow(RangeError);
  expect(() => stream.put(0.5)).toThrow(RangeError);
});

test("what 16 bits cannot hold is refused, and not cut", () => {
  const place = { symbol: "f", file: "kernel/f.ts", line: 70_000 };
  expect(() => packTable([{ address: 0n, chain: [place] }], 0n, 8n, new Map())).toThrow("widen");
});
