/** The C that wasm2c makes of a program, function by function. */
import type { FunctionInfo } from "./lower.ts";
import { putLines } from "./lines.ts";
import { wasm2c } from "./native.ts";
import type { Line } from "./scope.ts";
import { putKinds } from "./typed.ts";

const DECLARATION = /^(?:static )?\w+ w2c_kernel_\w+\(w2c_kernel\*.*\);$/m;
const FUNCTION = /^\w+ w2c_kernel_(\w+)\(w2c_kernel\* instance.*\) \{$/;
const NAME = "functions";

/** `preamble` is what all of wasm2c's code begins with; `code` is by symbol, with kinds and lines. */
export function splitCode(
  wasm: Uint8Array,
  functions: readonly FunctionInfo[],
  variables: readonly string[],
  table: readonly Line[],
): { readonly preamble: string; readonly code: ReadonlyMap<string, string> } {
  const { code } = wasm2c(wasm, NAME);
  const start = code.search(DECLARATION);
  const preamble = code.slice(0, start).replace(`#include "${NAME}.h"\n`, "");
  const lines = putLines(putKinds(code.slice(start), functions, variables), table).split("\n");
  const found = new Map<string, string>();
  for (let i = 0; i < lines.length; i++) {
    const symbol = FUNCTION.exec(lines[i]!)?.[1];
    if (symbol === undefined) continue;
    const first = lines[i - 1]!.startsWith("#line") ? i - 1 : i;
    while (lines[i] !== "}") i++;
    found.set(symbol, `${lines.slice(first, i + 1).join("\n")}\n`);
  }
  return { preamble, code: found };
}
