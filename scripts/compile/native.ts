/** From Wasm to C, and how that C is compiled. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Compiled } from "./compile.ts";
import { displayPath } from "./errors.ts";
import { MODULE_NAME } from "./encode.ts";
import { glue } from "./glue.ts";
import { putLines } from "./lines.ts";

const WASM2C = fileURLToPath(new URL("../../node_modules/wabt/bin/wasm2c", import.meta.url));

/** Headers that stand in for those of a C library: give it to clang with -isystem. */
export const RUNTIME_HEADERS = fileURLToPath(new URL("rt", import.meta.url));

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
  "-fno-asynchronous-unwind-tables",
  "-w", // generated code: unused helpers, braces, labels
];

export interface NativeOptions {
  /** The C header with the doors. */
  readonly doors: string;
  readonly prefix?: string;
}

/** Writes BASE.wasm, BASE.h, BASE.c, BASE.glue.c and BASE.json. */
export function writeNative(compiled: Compiled, base: string, options: NativeOptions): void {
  writeFileSync(`${base}.wasm`, compiled.nativeWasm);
  runWasm2c(base);
  const code = readFileSync(`${base}.c`, "utf8");
  requireNames(compiled, code, readFileSync(`${base}.h`, "utf8"));
  writeFileSync(`${base}.c`, putLines(code, compiled.lines));
  const name = basename(base);
  const files = {
    doors: relative(dirname(resolve(base)), resolve(options.doors)),
    header: `${name}.h`,
    code: `${name}.c`,
    prefix: options.prefix ?? "",
  };
  writeFileSync(`${base}.glue.c`, glue(compiled, compiled.module, files));
  writeFileSync(`${base}.json`, `${JSON.stringify(description(compiled), null, 1)}\n`);
}

function runWasm2c(base: string): void {
  const run = spawnSync(process.execPath, [WASM2C, "-n", MODULE_NAME, `${base}.wasm`, "-o", `${base}.c`]);
  if (run.status !== 0) throw new Error(`wasm2c failed on ${base}.wasm:\n${run.stderr}`);
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

/** What debuggers and tools want to know. In C a local is `var_` and its symbol; a variable is `statics.SYMBOL`. */
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
