/**
 * A program of which only what changed is compiled; for the rest stands what was kept. The modules that did not change
 * are there as their surfaces: the checker and the lowering see no bodies of theirs.
 */
import { resolve } from "node:path";
import { encode } from "./encode.ts";
import { splitCode } from "./functions-c.ts";
import {
  findModules,
  keysOf,
  NO_TEXTS,
  NOTHING_KEPT,
  pathOf,
  type Found,
  type Kept,
  type KeptFunction,
  type KeptModule,
  type Texts,
} from "./kept.ts";
import { KeptEffectsOf } from "./kept-effects.ts";
import {
  exportsOf,
  functionInfo,
  lowerModules,
  refusalsOf,
  treeOf,
  type CheckedProgram,
  type ExportInfo,
  type FunctionInfo,
} from "./lower.ts";
import { lowerFunction } from "./lower-statements.ts";
import type { NativeNames } from "./names.ts";
import { refusePolling } from "./polling.ts";
import { generate } from "./porffor.ts";
import { loadProgram, type Module } from "./program.ts";
import { entitySignature, type Door } from "./scope.ts";
import { lowerSlots, type WasmFunction } from "./slots.ts";
import type { Entities, Entity, FunctionEntity } from "./symbols.ts";

export interface ChangedProgram {
  /** All modules, in the order of the program: what the next run may use once the types are known to be right. */
  readonly kept: Kept;
  readonly exports: readonly ExportInfo[];
  /** How many modules were compiled, for who wants to know. */
  readonly compiled: readonly string[];
  /** Are the types of what was compiled right? */
  typesAreRight(): boolean;
}

/** Null where there is something to refuse: the sentences come from the whole program. */
export function compileChanged(entry: string, kept: Kept, overlay: Texts = NO_TEXTS): ChangedProgram | null {
  const found = findModules(resolve(entry), kept, overlay);
  if (found === null) return null;
  const keys = keysOf(found);
  const fresh = found.filter(({ path }) => kept.modules[path]?.key !== keys.get(path));
  const isFresh = new Set(fresh.map(({ file }) => file));
  const texts = found.map(({ file, text, surface }) => [file, isFresh.has(file) ? text : surface.text] as const);
  const source = loadProgram([entry], { checksTypes: false, texts: new Map(texts) });
  if (source.modules.length !== found.length) return null;

  const names = new KeptNames(found, kept, isFresh);
  const checked = lowerModules(source, ({ file }) => isFresh.has(file), names.enter);
  if (!names.areKept) return kept === NOTHING_KEPT ? null : compileChanged(entry, NOTHING_KEPT, overlay);
  const effects = new KeptEffectsOf(checked.lowering, kept, isFresh);
  refusePolling(checked.lowering, checked.functions.keys(), effects.calls, effects.asked);
  if (refusalsOf(source).length > 0) return null;
  if (!effects.awaitedAreKept()) return kept === NOTHING_KEPT ? null : compileChanged(entry, NOTHING_KEPT, overlay);

  const { functions, preamble } = compileFunctions(checked, kept);
  const modules = source.modules.map((module): [string, KeptModule] => {
    const path = pathOf(module.file);
    const known = kept.modules[path];
    if (known !== undefined && !isFresh.has(module.file)) return [path, known];
    const about = found.find(({ file }) => file === module.file)!;
    return [path, keptModule(checked, module, about, keys.get(path)!, functions, effects)];
  });
  return {
    kept: { preamble, modules: Object.fromEntries(modules) },
    exports: exportInfos(checked, source.modules[0]!),
    compiled: [...isFresh].map(pathOf),
    typesAreRight: () => source.typesAreRight([...isFresh]),
  };
}

function exportInfos(checked: CheckedProgram, module: Module): ExportInfo[] {
  const scope = { lowering: checked.lowering, module, fn: null };
  return exportsOf(checked, module).map(({ name, entity }) => {
    return { name, symbol: entity.symbol, ...entitySignature(scope, entity) };
  });
}

// ---- names ---------------------------------------------------------------------------------------------------
/** Hands out symbols in the order of the program; what modules declare that did not change is looked at later. */
class KeptNames {
  readonly #found: ReadonlyMap<string, Found>;
  readonly #kept: Kept;
  readonly #isFresh: ReadonlySet<string>;
  /** Has each name that was there the symbol that it had? The code of others, which is kept, calls it so. */
  areKept = true;

  constructor(found: readonly Found[], kept: Kept, isFresh: ReadonlySet<string>) {
    this.#found = new Map(found.map((module) => [module.file, module]));
    this.#kept = kept;
    this.#isFresh = isFresh;
  }

  readonly enter = (entities: Entities, module: Module, names: NativeNames): void => {
    const symbols = this.#kept.modules[pathOf(module.file)]?.symbols ?? {};
    const take = (name: string): string => {
      const symbol = names.take(name);
      if (Object.hasOwn(symbols, name) && symbols[name] !== symbol) this.areKept = false; // `valueOf` is a name, too
      return symbol;
    };
    if (this.#isFresh.has(module.file)) return entities.add(module, { take });
    const given = new Map(Object.keys(symbols).map((name) => [name, take(name)]));
    const known = { take: (name: string): string => given.get(name)! };
    // any layout of any module may need a door
    if (this.#found.get(module.file)?.surface.hasDoors === true) entities.add(module, known);
    else entities.addLater(module, known);
  };
}

function symbolsOf(own: readonly Entity[]): Record<string, string> {
  return Object.fromEntries(own.flatMap((entity) => ("symbol" in entity ? [[entity.name, entity.symbol]] : [])));
}

// ---- functions -----------------------------------------------------------------------------------------------
type CompiledFunction = Omit<KeptFunction, "effects">;

/** All functions of the modules that were lowered, through Porffor and wasm2c, whoever calls them. By symbol. */
function compileFunctions(
  checked: CheckedProgram,
  kept: Kept,
): { readonly functions: Map<string, CompiledFunction>; readonly preamble: string } {
  const { lowering } = checked;
  const own = [...checked.functions.keys()];
  if (own.length === 0) return { functions: new Map(), preamble: kept.preamble };
  // what they call and is not compiled now: as a function that does nothing
  const called = new Set(own.flatMap((entity) => [...entity.uses]).filter((entity) => !checked.functions.has(entity)));
  const empty = [...called].map((entity) => {
    return [entity, lowerFunction({ lowering, module: entity.module, fn: null }, entity)] as const;
  });
  const all = { ...checked, functions: new Map([...checked.functions, ...empty]) };
  const entities = [...all.functions.keys()];
  const infos = entities.map((entity) => functionInfo(all, entity));
  const keptVariables = Object.values(kept.modules).flatMap(({ variables }) => variables);
  const ownVariables = [...checked.variables.values()];
  const isOwn = new Set(ownVariables.map(({ symbol }) => symbol));
  const variables = [...ownVariables, ...keptVariables.filter(({ symbol }) => !isOwn.has(symbol)).map((variable) => {
    return { ...variable, init: 0n };
  })];
  const doors = [...lowering.doors.values()];
  const module = lowerSlots(generate(treeOf(all, entities, infos, variables), doors));
  const program = { functions: infos, variables, exports: [] };
  const wasm = encode(program, module, { exports: false, lines: true });
  const { preamble, code } = splitCode(wasm, infos, module.variables, lowering.lines);
  const symbols = new Map(module.functions.map(({ index, symbol }) => [index, symbol]));
  const compiled = new Map(module.functions.map((fn) => [fn.symbol, fn]));
  const functions = infos.slice(0, own.length).map((info): [string, CompiledFunction] => {
    const { symbol } = info;
    const fn = compiled.get(symbol);
    const text = code.get(symbol);
    if (fn === undefined || text === undefined) throw new Error(`the function ${symbol} was lost`);
    return [symbol, { ...described(info), ...usesOf(fn, symbols), code: text }];
  });
  return { functions: new Map(functions), preamble };
}

function described({ name, params, result, isCold, locals }: FunctionInfo) {
  return { name, params, result, isCold, locals };
}

function usesOf(fn: WasmFunction, symbols: ReadonlyMap<number, string>) {
  const calls = new Set<string>();
  const variables = new Set<string>();
  const doors = new Map<string, Door>();
  let size = 0;
  for (const { op, value } of fn.code) {
    if (op !== "line") size++;
    if (typeof value === "string") variables.add(value);
    if (typeof value !== "object") continue;
    if ("fn" in value) calls.add(symbols.get(value.fn)!);
    else doors.set(value.door.name, value.door);
  }
  for (const { role } of doors.values()) if (role?.of === "code") calls.add(role.symbol);
  // where a string is in the table depends on what else was compiled
  const kept = [...doors.values()].map((door): Door => {
    return door.role?.of === "string" ? { ...door, role: { ...door.role, index: 0 } } : door;
  });
  return { calls: [...calls], variables: [...variables], doors: kept, size };
}

// ---- modules -------------------------------------------------------------------------------------------------
function keptModule(
  checked: CheckedProgram,
  module: Module,
  { textDigest, surface }: Found,
  key: string,
  functions: ReadonlyMap<string, CompiledFunction>,
  effects: KeptEffectsOf,
): KeptModule {
  const declared = [...checked.lowering.entities.values()].filter((entity) => entity.module === module);
  const own = <K extends Entity["kind"]>(kind: K): (Entity & { kind: K })[] => {
    return declared.filter((entity): entity is Entity & { kind: K } => entity.kind === kind);
  };
  const keptFunction = (entity: FunctionEntity): [string, KeptFunction] => {
    return [entity.symbol, { ...functions.get(entity.symbol)!, effects: effects.of(entity) }];
  };
  return {
    key,
    textDigest,
    surface,
    symbols: symbolsOf(declared),
    functions: Object.fromEntries(own("function").map(keptFunction)),
    variables: own("variable").map((entity) => {
      const { symbol, name, kind, init } = checked.variables.get(entity)!;
      return { symbol, name, kind, init: String(init), isFunction: typeof init === "string" };
    }),
    statics: own("static").map(({ symbol }) => checked.lowering.statics.get(symbol)!),
    layouts: own("layout").map(({ layout }) => layout!),
    awaited: effects.awaitedBy(module),
  };
}
