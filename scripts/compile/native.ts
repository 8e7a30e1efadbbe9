/** From Wasm to C, and how that C is compiled. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { Compiled } from "./compile.ts";
import { displayPath, REPOSITORY } from "./errors.ts";
import { MODULE_NAME } from "./encode.ts";
import { glue } from "./glue.ts";
import { putLines } from "./lines.ts";
import { putKinds } from "./typed.ts";

/** It is Wasm itself and runs for a tenth of a second: to optimise it takes three. */
const WASM2C = ["--liftoff-only", resolve(REPOSITORY, "node_modules/wabt/bin/wasm2c")];

/** Headers that stand in for those of a C library: give it to clang with -isystem. */
export const RUNTIME_HEADERS = resolve(REPOSITORY, "scripts/compile/rt");

/** For the glue file, wherever it will run. The kernel adds -fno-pic -mcmodel=kernel. */
export const CLANG_FLAGS: readonly string[] = [
  "-std=gnu11",
  "-ffreestanding",
  "-nostdlibinc",
  "-isystem",
  RUNTIME_HEADERS,
  "-mno-red-zone",
  "-mgeneral-regs-only",
  "-fno-stack-protector",
  "-fno-strict-aliasing",
  "-fwrapv",
  "-fno-finite-loops",
  "-fno-omit-frame-pointer",
  "-fno-optimize-sibling-calls", // a backtrace shows the caller of a last call too …
  "-mllvm", "-enable-shrink-wrap=false", // … and a function sets up its frame first of all
  "-fno-asynchronous-unwind-tables",
  "-w", // generated code: unused helpers, braces, labels
];

export interface NativeOptions {
  /** The C header with the doors. */
  readonly doors: string;
  readonly prefix?: string;
}

/** Writes BASE.wasm, BASE.h, BASE.c, BASE.glue.c and BASE.json; one that is there and the same keeps its time. */
export function writeNative(compiled: Compiled, base: string, options: NativeOptions): void {
  const { nativeWasm } = compiled;
  writeChanged(`${base}.wasm`, nativeWasm);
  const name = basename(base);
  const { code, header } = wasm2c(nativeWasm, name);
  requireNames(compiled, code, header);
  const typed = (text: string): string => putKinds(text, compiled.functions, compiled.module.variables);
  writeChanged(`${base}.h`, typed(header));
  writeChanged(`${base}.c`, putLines(typed(code), compiled.lines));
  const files = {
    doors: relative(dirname(resolve(base)), resolve(options.doors)),
    header: `${name}.h`,
    code: `${name}.c`,
    prefix: options.prefix ?? "",
  };
  writeChanged(`${base}.glue.c`, glue(compiled, compiled.module, files));
  writeChanged(`${base}.json`, `${JSON.stringify(description(compiled), null, 1)}\n`);
}

/** Leaves a file with the same content alone, so that what is made from it need not be made again. */
export function writeChanged(file: string, content: string | Uint8Array): void {
  if (existsSync(file) && readFileSync(file).equals(Buffer.from(content))) return;
  writeFileSync(file, content);
}

/** Its output, of which NAME.c includes NAME.h. */
export function wasm2c(wasm: Uint8Array, name: string): { readonly code: string; readonly header: string } {
  const directory = mkdtempSync(join(tmpdir(), "wasm2c-"));
  try {
    const base = join(directory, name);
    writeFileSync(`${base}.wasm`, wasm);
    const run = spawnSync(process.execPath, [...WASM2C, "-n", MODULE_NAME, `${base}.wasm`, "-o", `${base}.c`]);
    if (run.status !== 0) throw new Error(`wasm2c failed on ${name}.wasm:\n${run.stderr}`);
    return { code: readFileSync(`${base}.c`, "utf8"), header: readFileSync(`${base}.h`, "utf8") };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The glue's macros stand on how wasm2c spells names. */
function requireNames(compiled: Compiled, code: string, header: string): void {
  for (const { symbol } of compiled.functions) {
    if (!code.includes(` w2c_${MODULE_NAME}_${symbol}(`)) throw new Error(`wasm2c renamed the function ${symbol}`);
  }
  for (const symbol of compiled.module.variables) {
    if (!header.includes(` w2c_${symbol};`)) throw new Error(`wasm2c renamed the variable ${symbol}`);
  }
}

/** What debuggers and tools want to know. In C a local is `var_` and its symbol, all else is its symbol. */
function description(compiled: Compiled) {
  const { functions, exports, strings, statics, lines, layouts } = compiled;
  const declared = compiled.doors.filter(({ role }) => role === null);
  return {
    functions,
    exports,
    doors: declared.map(({ name, params, result }) => ({ name, params, result })),
    variables: compiled.variables.map((variable) => ({ ...variable, init: String(variable.init) })),
    strings,
    statics,
    lines: lines.map(({ file, line }) => ({ file: displayPath(file), line })),
    layouts,
  };
}
