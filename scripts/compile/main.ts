/**
 * Command line: `main.ts ENTRY.ts -o BASE [--prefix=P] [--doors=FILE.h] [--object=FILE.o -- COMMAND [ARGUMENT ...]]`.
 *
 * COMMAND makes FILE.o of BASE.glue.c. It runs if the C is newer, and beside the verdict of the TypeScript compiler,
 * which takes a quarter of this program's time and of which nothing comes but refusals. There is no FILE.o after one.
 */
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { compileLoaded, compileProgram, type Compiled } from "./compile.ts";
import { renameInObject, sourceNames } from "./debug-names.ts";
import { CompileError } from "./errors.ts";
import { isStale, writeNative } from "./native.ts";
import { loadProgram } from "./program.ts";

const USAGE = "usage: main.ts ENTRY.ts -o BASE [--prefix=P] [--doors=FILE.h] [--object=FILE.o -- COMMAND ...]";

/** Of a program whose types are not known to be right, anything can be thrown: then null. */
function compiledUnchecked(entry: string): Compiled | null {
  try {
    return compileLoaded(loadProgram([entry], { checksTypes: false }));
  } catch {
    return null;
  }
}

/** Its status. */
function run([command, ...args]: readonly string[]): { readonly status: Promise<number>; kill(): void } {
  const child = spawn(command ?? "", args, { stdio: "inherit" });
  const status = new Promise<number>((resolve) => {
    child.once("close", (code) => resolve(code ?? 1)).once("error", (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(127); // what a shell says of a command that it does not find
    });
  });
  return { status, kill: () => child.kill() };
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
      object: { type: "string" },
    },
  });
  const [entry] = positionals;
  const { output, object, ...options } = values;
  if (entry === undefined || positionals.length > 1 || output === undefined || (object === undefined) !== end < 0) {
    console.error(USAGE);
    return 2;
  }
  const compiled = compiledUnchecked(entry);
  if (compiled !== null) writeNative(compiled, output, options);
  const making = compiled !== null && object !== undefined && isStale(object, output) ? run(command) : null;
  if (compiled?.source.typesAreRight()) return finish(compiled, making?.status ?? 0, object);

  making?.kill();
  await making?.status;
  if (object !== undefined) rmSync(object, { force: true });
  // Again, in turn: now for the sentences.
  const again = compileProgram(entry);
  writeNative(again, output, options);
  return object === undefined ? 0 : finish(again, run(command).status, object);
}

/** Waits for the object and gives it its names, if it lacks them; the status of what made it. */
async function finish(compiled: Compiled, making: Promise<number> | number, object?: string): Promise<number> {
  const status = await making;
  if (status === 0 && object !== undefined) renameInObject(object, sourceNames(compiled.functions));
  return status;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof CompileError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
