/**
 * A kernel's objects, of which only what changed is made again. `objects` becomes a list for the linker; the command
 * of clang runs beside the verdict of the TypeScript compiler, of which nothing comes but refusals.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { compileChanged, type ChangedProgram } from "./changed.ts";
import { readKept, type Texts, writeKept } from "./kept.ts";
import { RUNTIME_HEADERS, writeChanged } from "./native.ts";
import { keysOfObjects, makeObjects, type Making } from "./objects.ts";
import { unitsOf } from "./units.ts";
import { describe, wholeOf } from "./whole.ts";

export interface KernelOptions {
  readonly entry: string;
  /** What stands for files, by absolute path. */
  readonly texts: Texts;
  /** BASE.json and BASE.kept are files, BASE.units is a folder. */
  readonly base: string;
  readonly objects: string;
  /** The C header with the doors. */
  readonly doors: string;
  readonly prefix: string;
  readonly command: readonly string[];
}

/** Of a program whose types are not known to be right, anything can be thrown: then null. */
function changedUnchecked(entry: string, texts: Texts, file: string): ChangedProgram | null {
  try {
    return compileChanged(entry, readKept(file), texts);
  } catch {
    return null;
  }
}

/** The status; null where there is something to refuse. There is no list after either. */
export async function makeKernel({ entry, texts, base, objects, ...options }: KernelOptions): Promise<number | null> {
  const keptFile = `${base}.kept`;
  const program = changedUnchecked(entry, texts, keptFile);
  const whole = program && wholeOf(program);
  const begin = () => {
    if (program === null || whole === null) return null;
    const directory = `${base}.units`;
    mkdirSync(directory, { recursive: true });
    const preamble = `${base}.wasm2c.h`;
    writeChanged(preamble, program.kept.preamble);
    const from = (file: string): string => relative(resolve(directory), resolve(file));
    const units = unitsOf(whole, { doors: from(options.doors), preamble: from(preamble), prefix: options.prefix });
    const headers = [...headersIn(dirname(options.doors)), ...headersIn(RUNTIME_HEADERS), preamble];
    const make = { directory, command: options.command, headers };
    const keys = keysOfObjects(units, make);
    const list = units.map(({ name }, i) => `INPUT(${join(directory, name)}.o) /* ${keys[i]} */\n`).join("");
    // what is being made is not what the list says
    if (existsSync(objects) && readFileSync(objects, "utf8") !== list) rmSync(objects);
    return { ...makeObjects(units, keys, make), list };
  };
  const making: (Making & { readonly list: string }) | null = begin();
  const isRight = program !== null && making !== null && program.typesAreRight();
  if (!isRight) making?.kill();
  const status = (await making?.status) ?? null;
  if (!isRight || status !== 0) rmSync(objects, { force: true });
  if (!isRight || program === null || whole === null || making === null) return null;
  writeKept(keptFile, program.kept);
  if (status !== 0) return status;
  writeChanged(`${base}.json`, `${JSON.stringify(describe(whole), null, 1)}\n`);
  if (!existsSync(objects)) writeFileSync(objects, making.list);
  return 0;
}

function headersIn(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.endsWith(".h")).sort().map((name) => join(directory, name));
}
