/**
 * Step 7b: what debuggers see. Variables that only wasm2c knows are kept out of the debug information, where they would
 * be most of it; and line markers become #line. A marker is a call that wasm2c writes as
 *
 *   var_i0 = 12u;
 *   w2c_env_LINE(instance->w2c_env_instance, var_i0);
 *
 * for line 12 of the line table. It is taken out, and every line of C up to the next marker is said to come from there:
 * one directive at the marker would count on, into lines that the TypeScript does not have.
 */
import { displayPath } from "./errors.ts";
import type { Line } from "./scope.ts";

const ARGUMENT = /^\s*var_\w+ = (\d+)u;$/;
const CALL = /^\s*w2c_env_LINE\(/;
/** The stack slots of Wasm. Locals of the source are initialised where they are declared. */
const TEMPORARIES = /^ {2}(?=u(32|64) var_[ij]\d+(, var_[ij]\d+)*;$)/;
const FUNCTION = /^[a-z_].*\) \{$/;

export function putLines(code: string, table: readonly Line[]): string {
  const lines = code.split("\n");
  const out: string[] = [];
  let directive: string | null = null;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const marker = markerAt(lines, i);
    if (marker !== null) {
      directive = directiveFor(table[marker]);
      i++; // and the call
      continue;
    }
    if (FUNCTION.test(line)) directive = directiveFor(table[firstMarkerAfter(lines, i) ?? -1]);
    if (directive !== null) out.push(directive);
    out.push(line.replace(TEMPORARIES, "  __attribute__((nodebug)) "));
    if (line === "}") directive = null;
  }
  return out.join("\n");
}

/** The line number that the marker at `i` and `i + 1` names, null if there is none. */
function markerAt(lines: readonly string[], i: number): number | null {
  if (!CALL.test(lines[i + 1] ?? "")) return null;
  const argument = ARGUMENT.exec(lines[i]!);
  if (argument === null) throw new Error(`a line marker that wasm2c wrote in another shape: ${lines[i]}`);
  return Number(argument[1]);
}

/** Within the function that begins at `start`. */
function firstMarkerAfter(lines: readonly string[], start: number): number | null {
  for (let i = start + 1; i < lines.length && lines[i] !== "}"; i++) {
    const marker = markerAt(lines, i);
    if (marker !== null) return marker;
  }
  return null;
}

function directiveFor(line: Line | undefined): string | null {
  return line === undefined ? null : `#line ${line.line} ${JSON.stringify(displayPath(line.file))}`;
}
