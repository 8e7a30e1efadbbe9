/**
 * Step 6: the one C file around the unmodified output of wasm2c. It supplies doors, strings and static bytes, and gives
 * functions their TypeScript names.
 *
 * wasm2c passes every function a pointer to the instance of the module. There is one instance, so a macro for each
 * function drops that argument: `w2c_kernel_frameTake(instance, x)` is read as `frameTake(x)`, in its declaration, its
 * definition and its calls alike. The module's variables are no part of it either (typed.ts). All functions are static;
 * those that the entry exports are then made global symbols, without a second copy or a jump.
 */
import { MODULE_NAME } from "./encode.ts";
import { isVoid, type Kind } from "./kinds.ts";
import type { FunctionInfo, LoweredProgram, VariableInfo } from "./lower.ts";
import type { Door, StaticBytes } from "./scope.ts";
import type { WasmModule } from "./slots.ts";
import { kindType } from "./typed.ts";

export interface GlueOptions {
  /** As #include sees them from the glue file. */
  readonly doors: string;
  readonly header: string;
  readonly code: string;
  /** Goes before the names of exported symbols. */
  readonly prefix: string;
}

const INSTANCE = `w2c_${MODULE_NAME}`;

export function glue(program: LoweredProgram, module: WasmModule, options: GlueOptions): string {
  const { functions, exports, doors, statics } = program;
  const variables = program.variables.filter(({ symbol }) => module.variables.includes(symbol));
  const lines = [
    "// Generated: doors, data and names around the output of wasm2c.",
    '#include "wasm-rt.h"',
    "struct w2c_env;",
    `#include "${options.doors}"`,
    '#include "kinds.h"',
    '#include "traps.h"',
    "",
    "// ---- string literals, static bytes, code addresses, calls of function values",
    ...doors.flatMap(stringLiteral),
    ...statics.map((bytes) => `static ${staticBytes(bytes)};`),
    ...functions.map((fn) => `static ${prototype(fn)};`),
    ...doors.flatMap(doorBody),
    "",
    "// ---- names",
    ...functions.map(({ symbol }) => functionName(symbol)),
    ...module.variables.map(variableName),
    ...exports.flatMap(({ name, symbol }) => exported(symbol, `${options.prefix}${name}`)),
    "",
    "// ---- the module; its own instantiation is not needed",
    `struct ${INSTANCE};`,
    `static void wasm2c_${MODULE_NAME}_instantiate(struct ${INSTANCE} *, struct w2c_env *);`,
    `static void wasm2c_${MODULE_NAME}_free(struct ${INSTANCE} *);`,
    `static wasm_rt_func_type_t wasm2c_${MODULE_NAME}_get_func_type(u32, u32, ...);`,
    `#include "${options.header}"`,
    `static ${INSTANCE} statics;`,
    `static ${INSTANCE} *const instance = &statics;`,
    ...variables.map((each) => `static ${variable(each)};`),
    `#include "${options.code}"`,
  ];
  return `${lines.join("\n")}\n`;
}

/** `w2c_kernel_NAME(instance, …)` is read as `NAME(…)`. */
export function functionName(symbol: string): string {
  return `#define ${INSTANCE}_${symbol}(instance, ...) ${symbol}(__VA_ARGS__)`;
}

export function variableName(symbol: string): string {
  return `#define w2c_${symbol} ${symbol}`;
}

/** What a door of a string literal points to. */
export function stringLiteral({ name, role }: Door): string[] {
  if (role?.of !== "string") return [];
  const bytes = [...new TextEncoder().encode(role.text)];
  const type = `static const struct { u32 length; u8 bytes[${bytes.length + 1}]; }`;
  return [`${type} ${name} = { ${bytes.length}, { ${[...bytes, 0].join(", ")} } };`];
}

export function staticBytes({ symbol, size, align }: StaticBytes): string {
  return `u8 ${symbol}[${size}] __attribute__((aligned(${align})))`;
}

/** Doors that the program declares are in the doors header; these are the compiler's own. */
export function doorBody(door: Door): string[] {
  const { role, name } = door;
  if (role === null) return [];
  const head = `static inline __attribute__((always_inline, nodebug)) ${resultType(door.result)} w2c_env_${name}`;
  switch (role.of) {
    case "string":
      return [`${head}(struct w2c_env *env) { return (u64)&${name}; }`];
    case "static":
    case "code":
      return [`${head}(struct w2c_env *env) { return (u64)${role.symbol}; }`];
    case "invoke": {
      const params = slotNames(role.args);
      const type = `${resultType(door.result)} (*)(${parameterList(params)})`;
      const call = `((${type})code)(${params.join(", ")})`;
      const heads = ["struct w2c_env *env", "u64 code", ...params.map((param) => `u64 ${param}`)].join(", ");
      return [`${head}(${heads}) { ${isVoid(door.result) ? "" : "return "}${call}; }`];
    }
  }
}

/**
 * What leads to a cold function is taken to be unlikely, too: the panics cost the paths beside them nothing. Calls that
 * never return are not merged into one: each keeps its own line, for the backtrace.
 */
function attributes({ isCold, result }: Declared): string {
  const names = [...(isCold ? ["cold", "noinline"] : []), ...(result === "never" ? ["noreturn", "nomerge"] : [])];
  return names.length === 0 ? "" : `__attribute__((${names.join(", ")})) `;
}

/** What a declaration says of a function. */
export type Declared = Pick<FunctionInfo, "symbol" | "params" | "result" | "isCold">;

export function prototype(fn: Declared): string {
  const { symbol, params, result } = fn;
  return `${attributes(fn)}${kindType(result)} ${symbol}(${params.map(kindType).join(", ") || "void"})`;
}

/** `used` keeps the function, and its calling convention, for callers that the C compiler does not see. */
function exported(symbol: string, name: string): string[] {
  const attributes = `static __typeof__(${symbol}) ${symbol} __attribute__((used));`;
  if (name === symbol) return [attributes, `__asm__(".globl ${name}");`];
  return [attributes, `__asm__(".globl ${name}\\n.set ${name}, ${symbol}");`];
}

export function variable({ symbol, kind, init }: VariableInfo): string {
  return `${kindType(kind)} ${symbol} = ${slotLiteral(init)}`;
}

function slotLiteral(init: bigint | string): string {
  return typeof init === "string" ? `(u64)${init}` : `${BigInt.asUintN(64, init)}ull`;
}

function resultType(kind: Kind): string {
  return isVoid(kind) ? "void" : "u64";
}
function slotNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `a${i}`);
}
function parameterList(names: readonly string[]): string {
  return names.map((name) => `u64 ${name}`).join(", ") || "void";
}
