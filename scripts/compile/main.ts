/**
 * Command line:
 * `main.ts ENTRY.ts -o BASE [--prefix=P] [--doors=FILE.h] [--checking] [--objects=FILE -- COMMAND [ARGUMENT ...]]`.
 *
 * Writes the C of a program, to BASE.glue.c. With a COMMAND, which is clang's, it makes objects of it instead, and only
 * those that have changed: FILE names them to the linker (make.ts). With --checking it is of the checking build
 * (kernel/base/checking.ts).
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { compileProgram } from "./compile.ts";
import { CompileError } from "./errors.ts";
import { makeKernel } from "./make.ts";
import { writeNative } from "./native.ts";

const USAGE =
  "usage: main.ts ENTRY.ts -o BASE [--prefix=P] [--doors=FILE.h] [--checking] [--objects=FILE -- COMMAND ...]";

const CHECKING = resolve("kernel/base/checking.ts");

/** The module that says which build it is, as it is in the checking one. */
function checkingTexts(): ReadonlyMap<string, string> {
  const text = readFileSync(CHECKING, "utf8");
  const changed = text.replace("CHECKING = false", "CHECKING = true");
  if (changed === text) throw new Error(`${CHECKING} does not say "CHECKING = false" any more`);
  return new Map([[CHECKING, changed]]);
}

async function main(): Promise<number> {
  const end = process.argv.indexOf("--");
  const command = end < 0 ? [] : process.argv.slice(end + 1);
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2, end < 0 ? undefined : end),
    allowPositionals: true,
    options: {
      output: { type: "string", short: "o" },
      prefix: { type: "string", default: "" },
      doors: { type: "string", default: "boot/doors.h" },
      checking: { type: "boolean", default: false },
      objects: { type: "string" },
    },
  });
  const [entry] = positionals;
  const { output, objects, checking, ...options } = values;
  const texts = checking ? checkingTexts() : new Map<string, string>();
  if (entry === undefined || positionals.length > 1 || output === undefined || (objects === undefined) !== end < 0) {
    console.error(USAGE);
    return 2;
  }
  const status = objects === undefined
    ? null
    : await makeKernel({ entry, texts, base: output, objects, command, ...options });
  if (status !== null) return status;
  const compiled = compileProgram(entry, { texts }); // throws the sentences
  if (objects !== undefined) throw new Error("the whole program is right, and what changed of it is not");
  writeNative(compiled, output, options);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof CompileError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
