/** The program that the exports reach, put together from what its modules became. */
import type { ChangedProgram } from "./changed.ts";
import type { KeptFunction } from "./kept.ts";
import type { ExportInfo, FunctionInfo, VariableInfo } from "./lower.ts";
import type { Layout } from "./layouts.ts";
import type { Door, StaticBytes } from "./scope.ts";

export interface WholeFunction extends KeptFunction {
  readonly symbol: string;
  /** The path of its module. */
  readonly path: string;
}
export interface WholeVariable extends VariableInfo {
  readonly path: string;
}
export interface WholeStatic extends StaticBytes {
  readonly path: string;
}
export interface Whole {
  /** By symbol; those that are reached, in the order of the program. */
  readonly functions: ReadonlyMap<string, WholeFunction>;
  readonly exports: readonly ExportInfo[];
  /** By symbol; those that are used. */
  readonly variables: ReadonlyMap<string, WholeVariable>;
  readonly statics: ReadonlyMap<string, WholeStatic>;
  readonly doors: readonly Door[];
  readonly layouts: readonly Layout[];
}

/** Null where there is something to refuse. */
export function wholeOf({ kept, exports }: ChangedProgram): Whole | null {
  const modules = Object.entries(kept.modules);
  const all = new Map(modules.flatMap(([path, { functions }]) => {
    return Object.entries(functions).map(([symbol, fn]): [string, WholeFunction] => [symbol, { ...fn, symbol, path }]);
  }));
  const declared = modules.flatMap(([path, { variables }]) => variables.map((variable) => ({ ...variable, path })));
  const starts = declared.filter(({ isFunction }) => isFunction).map(({ init }) => init);
  const live = new Set([...exports.map(({ symbol }) => symbol), ...starts]);
  for (const symbol of live) all.get(symbol)!.calls.forEach((callee) => live.add(callee)); // grows on the way
  if (exports.some(({ name, symbol }) => name !== symbol && live.has(name))) return null;

  const functions = new Map([...all].filter(([symbol]) => live.has(symbol)));
  const doors = new Map<string, Door>();
  for (const door of [...functions.values()].flatMap((fn) => fn.doors)) {
    const known = doors.get(door.name);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(door)) return null;
    doors.set(door.name, door);
  }
  const used = new Set([...functions.values()].flatMap(({ variables }) => variables));
  const variables = declared.filter(({ symbol }) => used.has(symbol)).map(({ isFunction, init, ...variable }) => {
    return { ...variable, init: isFunction ? init : BigInt(init) };
  });
  const statics = modules.flatMap(([path, module]) => module.statics.map((bytes) => ({ ...bytes, path })));
  return {
    functions,
    exports,
    variables: new Map(variables.map((variable) => [variable.symbol, variable])),
    statics: new Map(statics.map((bytes) => [bytes.symbol, bytes])),
    doors: [...doors.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    layouts: modules.flatMap(([, { layouts }]) => layouts),
  };
}

/** What debuggers and tools want to know; in C a local is `var_` and its symbol, all else is its symbol. */
export function describe(whole: Whole) {
  const functions = [...whole.functions.values()];
  const values = new Set(whole.doors.flatMap(({ role }) => (role?.of === "code" ? [role.symbol] : [])));
  for (const { init } of whole.variables.values()) if (typeof init === "string") values.add(init);
  return {
    functions: functions.map(({ symbol, name, params, result, locals, isCold }): FunctionInfo => {
      return { symbol, name, params, result, locals, isValue: values.has(symbol), isCold };
    }),
    exports: whole.exports,
    doors: whole.doors.flatMap(({ role, ...door }) => (role === null ? [door] : [])),
    variables: [...whole.variables.values()].map(({ symbol, name, kind, init }) => {
      return { symbol, name, kind, init: String(init) };
    }),
    strings: whole.doors.flatMap(({ role }) => (role?.of === "string" ? [role.text] : [])),
    statics: [...whole.statics.values()].map(({ symbol, size, align }) => ({ symbol, size, align })),
    layouts: whole.layouts,
  };
}
