/**
 * Step 7a: the C of wasm2c knows slots of 64 bits; here its functions, locals and variables get their kinds back, for
 * debuggers to show (rt/kinds.h). To the C compiler they are the same slots: wasm2c reads and writes a local or a
 * variable by plain assignment and nothing else.
 *
 * A variable of the module is taken out of the instance and becomes one of C's, with a name that a debugger knows.
 */
import { MODULE_NAME } from "./encode.ts";
import { isVoid, type Kind } from "./kinds.ts";
import type { FunctionInfo } from "./lower.ts";

const INSTANCE = String.raw`w2c_${MODULE_NAME}\*(?: instance)?`;
const SLOTS = String.raw`(?:, u64(?: \w+)?)*`;
const HEAD = new RegExp(String.raw`^(static )?(?:u64|void) w2c_${MODULE_NAME}_(\w+)\((${INSTANCE})(${SLOTS})\)`);
const LOCALS = /^ {2}u64 (var_\w+ = 0(?:, var_\w+ = 0)*);$/;
const FIELD = /^ {2}u64 w2c_(\w+);$/;
const IN_INSTANCE = /\binstance->w2c_(\w+)/g;

export function kindType(kind: Kind): string {
  return isVoid(kind) ? "void" : `__${kind}`;
}

/** `text` is wasm2c's code or header; `variables` are the symbols of the module's. */
export function putKinds(text: string, functions: readonly FunctionInfo[], variables: readonly string[]): string {
  const bySymbol = new Map(functions.map((fn) => [fn.symbol, fn]));
  const isVariable = new Set(variables);
  let inside: FunctionInfo | undefined;
  const out: string[] = [];
  for (const line of text.split("\n")) {
    const head = HEAD.exec(line);
    const fn = bySymbol.get(head?.[2] ?? "");
    const locals = LOCALS.exec(line)?.[1];
    if (head !== null && fn !== undefined) {
      if (line.endsWith("{")) inside = fn;
      out.push(headOf(head, fn) + line.slice(head[0].length));
    } else if (locals !== undefined && inside !== undefined) {
      out.push(...localsOf(locals.split(", "), inside));
    } else if (!isVariable.has(FIELD.exec(line)?.[1] ?? "")) {
      out.push(line.replace(IN_INSTANCE, (all, name: string) => (isVariable.has(name) ? `w2c_${name}` : all)));
    }
    if (line === "}") inside = undefined;
  }
  return out.join("\n");
}

/** A declaration or the first line of a definition, up to the closing bracket. */
function headOf([, storage, symbol, instance, slots]: RegExpExecArray, fn: FunctionInfo): string {
  const params = slots!.split(", u64").slice(1);
  if (params.length !== fn.params.length) throw new Error(`wasm2c gave ${symbol} ${params.length} parameters`);
  const typed = params.map((name, i) => `, ${kindType(fn.params[i]!)}${name}`);
  return `${storage ?? ""}${kindType(fn.result)} w2c_${MODULE_NAME}_${symbol}(${instance}${typed.join("")})`;
}

/** One line each, in their order; what the source does not have stays out of the debug information. */
function localsOf(declarators: readonly string[], { locals }: FunctionInfo): string[] {
  const kinds = new Map(locals.map(({ symbol, kind }) => [`var_${symbol} = 0`, kind]));
  return declarators.map((declarator) => {
    const kind = kinds.get(declarator);
    return kind === undefined ? `  __attribute__((nodebug)) u64 ${declarator};` : `  ${kindType(kind)} ${declarator};`;
  });
}
