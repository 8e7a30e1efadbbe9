/**
 * Links a kernel with a table of its own functions and lines in it:
 *
 *   main.mjs OUT.elf NAMES.json LINKER ARGUMENT …      the arguments as for OUT.elf, without -o
 *
 * Linked once without the table, to learn where the code lies, and once with it. linker.ld puts the table behind the
 * code, so no function moves; that is checked. NAMES.json is what the compiler writes of its functions.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { elfSymbols } from "../compile/elf.ts";
import { readPlaces } from "./places.ts";
import { packTable } from "./table.ts";

const [out, names, linker, ...args] = process.argv.slice(2);
if (out === undefined || names === undefined || linker === undefined) {
  throw new Error("usage: main.mjs OUT.elf NAMES.json LINKER ARGUMENT …");
}
const base = out.replace(/\.elf$/, "");
const bare = `${base}.bare.elf`;
const table = `${base}.symbols`; // linker.ld knows it by this ending

link(linker, bare, args);
const before = textSymbols(bare);
const [start, end] = [before.get("text_start")!, before.get("text_end")!];
const functions = typescriptNames(names);
const places = readPlaces(bare, before, start, end, (symbol) => functions.has(symbol));
writeFileSync(table, packTable(places, start, end, functions));
rmSync(bare);
link(linker, out, [...args, "--format=binary", table]);

const after = textSymbols(out);
for (const [symbol, value] of before) {
  if (after.get(symbol) !== value) throw new Error(`${symbol} moved when the table was linked in: see linker.ld`);
}

function link(linker: string, out: string, args: readonly string[]): void {
  execFileSync(linker, [...args, "-o", out], { stdio: ["ignore", "inherit", "inherit"] });
}

function textSymbols(elf: string): Map<string, bigint> {
  const symbols = elfSymbols(elf);
  const [start, end] = [symbols.get("text_start")!, symbols.get("text_end")!];
  return new Map([...symbols].filter(([, value]) => value >= start && value <= end));
}

/** By symbol. Two functions of one name, in two files, have two symbols. */
function typescriptNames(path: string): Map<string, string> {
  const { functions } = JSON.parse(readFileSync(path, "utf8")) as { functions: { symbol: string; name: string }[] };
  return new Map(functions.map(({ symbol, name }) => [symbol, name]));
}
