/**
 * Step 2: the subset is checked and every function is lowered, by static type, to the all-i64 tree that Porffor
 * compiles. Everything is lowered, so that everything is checked; what the entry's exports reach is handed on.
 */
import type { TSESTree } from "@typescript-eslint/typescript-estree";
import ts from "typescript";
import { CompileError, type Refusal } from "./errors.ts";
import type { Kind, Signature } from "./kinds.ts";
import { layoutOf, type Layout } from "./layouts.ts";
import { constantValue, recordProperty, staticAddress } from "./lower-constants.ts";
import { codeAddress } from "./lower-calls.ts";
import { constantOf, lowerExpression } from "./lower-expressions.ts";
import { lowerFunction } from "./lower-statements.ts";
import { NativeNames } from "./names.ts";
import * as nodes from "./nodes.ts";
import type { Node } from "./nodes.ts";
import { addRefusal, refusalAt, tsNode } from "./places.ts";
import { refusePolling } from "./polling.ts";
import type { Module, SourceProgram } from "./program.ts";
import {
  entityOf,
  entitySignature,
  kindAt,
  refuse,
  scopeOf,
  type Door,
  type Line,
  type Local,
  type LoweredFunction,
  type Lowering,
  type Scope,
  type StaticBytes,
} from "./scope.ts";
import { Entities, withoutCasts, type Entity, type FunctionEntity, type VariableEntity } from "./symbols.ts";

export interface FunctionInfo extends Signature {
  readonly symbol: string;
  readonly name: string;
  readonly locals: readonly Local[];
  /** Its address is taken. */
  readonly isValue: boolean;
  /** It is called rarely: to be small rather than fast, and nowhere inlined. */
  readonly isCold: boolean;
}
export interface ExportInfo extends Signature {
  readonly name: string;
  readonly symbol: string;
}
export interface VariableInfo {
  readonly symbol: string;
  readonly name: string;
  readonly kind: Kind;
  /** The symbol of a function, or a constant. */
  readonly init: bigint | string;
}

/** What the later steps work on. */
export interface LoweredProgram {
  readonly tree: Node;
  readonly functions: readonly FunctionInfo[];
  readonly exports: readonly ExportInfo[];
  readonly variables: readonly VariableInfo[];
  readonly doors: readonly Door[];
  readonly strings: readonly string[];
  readonly statics: readonly StaticBytes[];
  readonly lines: readonly Line[];
  readonly layouts: readonly Layout[];
  readonly lowering: Lowering;
}

/** The subset checked and the checks of the checked build collected, for every module of the program. */
export interface CheckedProgram {
  readonly program: SourceProgram;
  readonly lowering: Lowering;
  readonly functions: ReadonlyMap<FunctionEntity, LoweredFunction>;
  readonly variables: ReadonlyMap<VariableEntity, VariableInfo>;
  readonly layouts: readonly Layout[];
}

/** Each once: a constant that cannot be is met by everybody who uses it. */
export function refusalsOf(program: SourceProgram): Refusal[] {
  const all = [...program.refusals, ...program.modules.flatMap((module) => module.refusals)];
  return [...new Map(all.map((refusal) => [refusal.message, refusal])).values()];
}

/** Refusals are left with their modules; a module in which tsc found errors is not looked at further. */
export function checkProgram(program: SourceProgram): CheckedProgram {
  const checked = lowerModules(program, (module) => module.refusals.length === 0);
  refusePolling(checked.lowering, checked.functions.keys());
  return checked;
}

/**
 * The same without a look at loops, of the modules that `isWanted`. `enter` puts what a module declares into the
 * entities.
 */
export function lowerModules(
  program: SourceProgram,
  isWanted: (module: Module) => boolean,
  enter = (entities: Entities, module: Module, names: NativeNames): void => entities.add(module, names),
): CheckedProgram {
  const wanted = new Set(program.modules.filter(isWanted)); // before any is entered, which finds fault, too
  const entities = new Entities();
  const names = new NativeNames();
  for (const module of exportersFirst(program)) enter(entities, module, names);
  const lowering: Lowering = {
    program,
    entities,
    doors: new Map(),
    strings: [],
    statics: new Map(),
    lines: [{ file: "", line: 0 }],
    lineIndex: new Map(),
  };
  const functions = new Map<FunctionEntity, LoweredFunction>();
  const variables = new Map<VariableEntity, VariableInfo>();
  const layouts: Layout[] = [];
  for (const entity of lowering.entities.values()) {
    if (!wanted.has(entity.module)) continue;
    const scope: Scope = { lowering, module: entity.module, fn: null };
    try {
      if (entity.kind === "function") functions.set(entity, lowerFunction(scope, entity));
      else if (entity.kind === "variable") variables.set(entity, variableInfo(scope, entity));
      else if (entity.kind === "layout") layouts.push(layoutOf(scope, entity, constantOf));
      else checkConstant(scope, entity);
    } catch (error) {
      addRefusal(entity.module, refusalAt(entity.module, entity.node, error));
    }
  }
  return { program, lowering, functions, variables, layouts };
}

function checkConstant(scope: Scope, entity: Entity): void {
  if (entity.kind === "constant" && !isFieldType(scope, entity.node)) constantValue(scope, entity);
  if (entity.kind === "record") entity.object.properties.forEach((property) => recordProperty(scope, entity, property));
  if (entity.kind === "static") staticAddress(scope, entity);
}

/** `const physAddr = u64 as Field<PhysAddr, 8>`: a type for layouts, no value. */
function isFieldType(scope: Scope, node: TSESTree.Node): boolean {
  const type = scope.module.services.getTypeAtLocation((node as TSESTree.VariableDeclarator).id);
  const home = type.symbol?.declarations?.[0]?.getSourceFile().fileName;
  return home !== undefined && scope.lowering.program.moduleOf(home)?.describesLayouts === true;
}

function variableInfo(scope: Scope, entity: VariableEntity): VariableInfo {
  const kind = kindAt(scope, (entity.node as TSESTree.VariableDeclarator).id);
  const { symbol, name } = entity;
  if (kind === "function") {
    const fn = entityOf(scope, withoutCasts(entity.init));
    if (fn?.kind !== "function") {
      throw refuse(scope, entity.init, "a function variable starts as the name of a function");
    }
    codeAddress(scope, entity.init, fn);
    return { symbol, name, kind, init: fn.symbol };
  }
  const value = lowerExpression(scope, entity.init).constant;
  if (value !== undefined) return { symbol, name, kind, init: value };
  throw refuse(scope, entity.node, `the initialiser of '${name}' is not constant: assign it in a function`);
}

// ---- what the exports reach ----------------------------------------------------------------------------------
/** The part of a program without refusals that the exports of its first module reach. */
export function reachableProgram(checked: CheckedProgram): LoweredProgram {
  const { lowering, program } = checked;
  const [entry] = program.modules;
  if (entry === undefined) throw new Error("a program needs an entry");
  const exports = exportsOf(checked, entry);
  const live = new Set<FunctionEntity>();
  const reach = (entity: FunctionEntity): void => {
    if (live.has(entity)) return;
    live.add(entity);
    entity.uses.forEach(reach);
  };
  exports.forEach(({ entity }) => reach(entity));
  const symbols = new Map([...checked.functions.keys()].map((entity) => [entity.symbol, entity]));
  const variables = [...checked.variables.values()];
  for (const { init } of variables) {
    const fn = typeof init === "string" ? symbols.get(init) : undefined;
    if (fn) reach(fn);
  }
  requireOwnSymbols(exports, live);
  const functions = [...live].map((entity) => functionInfo(checked, entity));
  return {
    tree: treeOf(checked, [...live], functions, variables),
    functions,
    exports: exports.map(({ name, entity }) => ({
      name,
      symbol: entity.symbol,
      ...entitySignature(scopeOf({ lowering, module: entry, fn: null }, entity), entity),
    })),
    variables,
    doors: [...lowering.doors.values()],
    strings: lowering.strings,
    statics: [...lowering.statics.values()],
    lines: lowering.lines,
    layouts: checked.layouts,
    lowering,
  };
}

export function exportsOf(checked: CheckedProgram, entry: Module): { name: string; entity: FunctionEntity }[] {
  return exportedDeclarations(checked.program, entry).flatMap(({ name, declaration }) => {
    const entity = checked.lowering.entities.get(declaration);
    return entity?.kind === "function" ? [{ name, entity }] : [];
  });
}

interface Exported {
  readonly name: string;
  readonly declaration: ts.Declaration;
}

function exportedDeclarations({ checker }: SourceProgram, entry: Module): Exported[] {
  const module = checker.getSymbolAtLocation(tsNode(entry, entry.ast));
  const symbols = module ? checker.getExportsOfModule(module) : [];
  return symbols.flatMap((symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return target.valueDeclaration === undefined ? [] : [{ name: symbol.name, declaration: target.valueDeclaration }];
  });
}

/** An exported function has its name before others of that name: natively the two would be one symbol. */
function exportersFirst(program: SourceProgram): Module[] {
  const { modules } = program;
  const [entry] = modules;
  if (entry === undefined) return [];
  const files = new Set(exportedDeclarations(program, entry).map((each) => each.declaration.getSourceFile().fileName));
  return [...modules.filter(({ file }) => files.has(file)), ...modules.filter(({ file }) => !files.has(file))];
}

/** Two functions cannot be one symbol. */
export function requireOwnSymbols(
  exports: readonly { name: string; entity: FunctionEntity }[],
  live: Iterable<FunctionEntity>,
): void {
  for (const { name, entity } of exports) {
    const other = [...live].find(({ symbol }) => symbol === name);
    if (other === undefined || other === entity) continue;
    const sentence = `'${entity.name}' is exported as '${name}', which another function is called: rename one of them`;
    throw new CompileError([refusalAt(other.module, other.node, sentence)]);
  }
}

export function functionInfo(checked: CheckedProgram, entity: FunctionEntity): FunctionInfo {
  const scope: Scope = { lowering: checked.lowering, module: entity.module, fn: null };
  const signature = entitySignature(scope, entity);
  return {
    symbol: entity.symbol,
    name: entity.name,
    ...signature,
    locals: checked.functions.get(entity)?.locals ?? [],
    isValue: entity.isValue,
    isCold: entity.module.isCold || signature.result === "never",
  };
}

/** Functions come before variables and the roots: Porffor miscompiles a call of what it has not seen. */
export function treeOf(
  checked: CheckedProgram,
  live: readonly FunctionEntity[],
  functions: readonly FunctionInfo[],
  variables: readonly VariableInfo[],
): Node {
  const bodies = live.flatMap((entity) => checked.functions.get(entity)?.node ?? []);
  const globals = variables.map(({ symbol, init }) => {
    const value = nodes.slotConstant(typeof init === "bigint" ? init : 0n);
    return nodes.declare([{ name: nodes.globalName(symbol), value }]);
  });
  // Porffor generates a function when it sees a call: one function, which is then dropped, calls each
  const calls = functions.map(({ symbol, params }) => {
    const zeros = params.map(() => nodes.slotConstant(0n));
    return nodes.statement(nodes.call(nodes.globalName(symbol), zeros));
  });
  const roots = nodes.exported(nodes.functionConstant(ROOTS, [], false, nodes.block(calls)));
  return nodes.programNode([...bodies, ...globals, roots]);
}

/** The function that makes Porffor generate all others. */
export const ROOTS = "$roots";
