import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { displayPath } from "../../../scripts/compile/errors.ts";
import { drawing, drawnFiles, kernelLayouts, redraw, type PlacedLayout } from "../../../scripts/drawings.ts";

let layouts: PlacedLayout[];

beforeAll(() => {
  layouts = kernelLayouts();
}, 60_000);

const record = (name: string, fields: [string, number][]): PlacedLayout => {
  let size = 0;
  const placed = fields.map(([field, width]) => {
    const offset = size;
    size += width;
    return { name: field, offset, width, access: "word" as const };
  });
  return { name, size, fields: placed, file: "/kernel/mm/one.ts" };
};
const GATE = record("GATE", [["low", 2], ["kind", 2], ["high", 4], ["next", 8]]);

test("a record is drawn in rows of eight bytes", () => {
  expect(drawing(GATE)).toEqual([
    "GATE, 16 bytes",
    "+0   | low   | kind  | high          |",
    "+8   | next                          |",
  ]);
});

test("bytes are drawn wider where names are long", () => {
  expect(drawing(record("NAMES", [["revision", 1], ["a", 3], ["b", 4]]))[1]).toHaveLength(5 + 1 + 8 * 12);
});

test("a field over two rows has its name where most of it is, and of a long one the middle is left out", () => {
  expect(drawing(record("TSS", [["a", 4], ["rsp", 8], ["b", 4]]))).toEqual([
    "TSS, 16 bytes",
    "+0   | a             | rsp           |",
    "+8   |               | b             |",
  ]);
  expect(drawing(record("TEXT", [["length", 8], ["bytes", 64]]))).toEqual([
    "TEXT, 72 bytes",
    "+0   | length                        |",
    "+8   | bytes                         |",
    "+16  ...",
    "+64  |                               |",
  ]);
});

test("a title in a comment is followed by the drawing, an old one is replaced, all else stays", () => {
  const comment = (...rows: string[]): string => {
    return ["/**", " * Gates.", " *", ...rows, " *", " */", "// GATE, 16 bytes are not many", ""].join("\n");
  };
  const old = comment(" *   GATE, 99 bytes", " *   +0   | old |");
  const right = comment(...drawing(GATE).map((row) => ` *   ${row}`));
  expect(redraw("/kernel/mm/one.ts", old, [GATE])).toBe(right);
  expect(redraw("/kernel/mm/one.ts", right, [GATE])).toBe(right);
});

test("a title stands for the layout of its own file, then of its folder, and for no other", () => {
  const other = { ...record("GATE", [["all", 8]]), file: "/kernel/mm/two.ts" };
  expect(redraw("/kernel/mm/two.ts", "GATE, 1 bytes", [GATE, other])).toContain("all");
  expect(redraw("/kernel/mm/README.md", "GATE, 1 bytes", [GATE])).toContain("kind");
  expect(redraw("/kernel/arch/three.ts", "GATE, 1 bytes", [GATE])).toBe("GATE, 1 bytes");
});

test("every drawing in the kernel is what its layout says", () => {
  const texts = drawnFiles().map((file) => [file, readFileSync(file, "utf8")] as const);
  const wrong = texts.filter(([file, text]) => redraw(file, text, layouts) !== text).map(([file]) => displayPath(file));
  expect(wrong, "run: npx tsx scripts/drawings.ts --write").toEqual([]);
  const drawn = texts.flatMap(([, text]) => text.match(/^[ *]+[A-Z][A-Z0-9_]*, \d+ bytes$/gm) ?? []);
  expect(drawn.length).toBeGreaterThanOrEqual(8);
});
