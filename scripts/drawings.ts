/**
 * Drawings of records, from the same `layout(…)` that the kernel is compiled from. In a comment or a README, the line
 * `NAME, 16 bytes` asks for one; what follows it is the drawing:
 *
 *     HEADER, 16 bytes
 *     +0  | units         | unitsBefore   |
 *     +8  | seal                          |
 *
 *   tsx scripts/drawings.ts           names the files in which a drawing is not what the layout says, and fails
 *   tsx scripts/drawings.ts --write   draws them anew
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { argv, exit } from "node:process";
import { fileURLToPath } from "node:url";
import { displayPath, REPOSITORY } from "./compile/errors.ts";
import type { Field, Layout } from "./compile/layouts.ts";
import { checkProgram } from "./compile/lower.ts";
import { loadProgram } from "./compile/program.ts";

export interface PlacedLayout extends Layout {
  /** Where it is described. */
  readonly file: string;
}

const ROW_BYTES = 8;
/** Columns that a byte may take; the first that has room for every name. */
const SCALES = [4, 6, 8, 10, 12];
/** Where none has: the cells of long names are then wider than they should be. */
const SCALE_TOO_SMALL = 6;
/** Rows of one field beyond these are left out. */
const ROWS_SHOWN = 2;
const TITLE = /^(.*?)\b([A-Z][A-Z0-9_]*), \d+ bytes$/;
const DRAWN = /^[ *]*\+\d+ +(\||\.\.\.)/;

// ---- one record --------------------------------------------------------------------------------------------------
/** The title and the rows, without indentation. */
export function drawing(layout: Layout): string[] {
  const scale = SCALES.find((each) => layout.fields.every((field) => isRoomFor(field, each))) ?? SCALE_TOO_SMALL;
  const rows: string[] = [];
  for (let at = 0; at < layout.size; at += ROW_BYTES) {
    const parts = layout.fields.flatMap((field) => partOf(field, at, scale));
    const middle = parts.length === 1 && parts[0]?.isMiddle === true;
    if (middle && rows.at(-1)?.endsWith("...") === true) continue;
    rows.push(middle ? `+${at}`.padEnd(5) + "..." : `+${at}`.padEnd(5) + "|" + parts.map(({ text }) => text).join(""));
  }
  return [`${layout.name}, ${layout.size} bytes`, ...rows];
}

/** What of `field` lies in the row from `at` on, drawn. */
function partOf(field: Field, at: number, scale: number): { text: string; isMiddle: boolean }[] {
  const start = Math.max(field.offset, at);
  const end = Math.min(field.offset + field.width, at + ROW_BYTES);
  if (start >= end) return [];
  const name = nameRow(field) === at ? ` ${field.name}` : "";
  const rowsBefore = (at - nameRow(field)) / ROW_BYTES;
  const isMiddle = rowsBefore >= ROWS_SHOWN - 1 && field.offset + field.width > at + ROW_BYTES;
  return [{ text: `${name.padEnd((end - start) * scale - 1)}|`, isMiddle }];
}

/** The row in which most of the field's first two rows lies: there its name stands. */
function nameRow({ offset, width }: Field): number {
  const row = offset - (offset % ROW_BYTES);
  const here = Math.min(width, row + ROW_BYTES - offset);
  const next = Math.min(width - here, ROW_BYTES);
  return next > here ? row + ROW_BYTES : row;
}

function isRoomFor(field: Field, scale: number): boolean {
  const row = nameRow(field);
  const bytes = Math.min(field.offset + field.width, row + ROW_BYTES) - Math.max(field.offset, row);
  return field.name.length + 3 <= bytes * scale;
}

// ---- all of them -------------------------------------------------------------------------------------------------
/** Every layout of the kernel. */
export function kernelLayouts(): PlacedLayout[] {
  const { lowering } = checkProgram(loadProgram(filesIn("kernel", ".ts")));
  return [...lowering.entities.values()].flatMap((entity) => {
    return entity.kind === "layout" && entity.layout ? [{ ...entity.layout, file: entity.module.file }] : [];
  });
}

/** Files of the kernel that may have drawings. */
export function drawnFiles(): string[] {
  return [...filesIn("kernel", ".ts"), ...filesIn("kernel", ".md")];
}

/** The text with every drawing as its layout says. A title's layout is that of its file, or else of its folder. */
export function redraw(file: string, text: string, layouts: readonly PlacedLayout[]): string {
  const out: string[] = [];
  let skipping = false;
  for (const line of text.split("\n")) {
    if (skipping && DRAWN.test(line)) continue;
    skipping = false;
    const [, indentation, name] = TITLE.exec(line) ?? [];
    const layout = name === undefined ? undefined : find(layouts, file, name);
    if (layout === undefined || indentation === undefined) {
      out.push(line);
      continue;
    }
    out.push(...drawing(layout).map((row, i) => (i === 0 ? indentation : indentation.replaceAll(/[^ *]/g, " ")) + row));
    skipping = true;
  }
  return out.join("\n");
}

function find(layouts: readonly PlacedLayout[], file: string, name: string): PlacedLayout | undefined {
  const named = layouts.filter((each) => each.name === name);
  return named.find((each) => each.file === file) ?? named.find((each) => dirname(each.file) === dirname(file));
}

function filesIn(folder: string, ending: string): string[] {
  const names = readdirSync(resolve(REPOSITORY, folder), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(ending)).sort().map((name) => resolve(REPOSITORY, folder, name));
}

// ---- command line ------------------------------------------------------------------------------------------------
function main(): void {
  const layouts = kernelLayouts();
  let wrong = 0;
  for (const file of drawnFiles()) {
    const text = readFileSync(file, "utf8");
    const right = redraw(file, text, layouts);
    if (right === text) continue;
    wrong++;
    console.log(`${displayPath(file)}: a drawing is not what its layout says`);
    if (argv.includes("--write")) writeFileSync(file, right);
  }
  if (wrong > 0 && !argv.includes("--write")) exit(1);
}

if (argv[1] === fileURLToPath(import.meta.url)) main();
