/** The top-level declarations of a program: what a name in kernel code can stand for. */
import type { TSESTree } from "@typescript-eslint/typescript-estree";
import type ts from "typescript";
import type { Value } from "./arithmetic.ts";
import type { Signature } from "./kinds.ts";
import type { IntrinsicName } from "./intrinsics.ts";
import { DIRECTIVES } from "./intrinsics.ts";
import type { Layout } from "./layouts.ts";
import type { NativeNames } from "./names.ts";
import type { Module } from "./program.ts";
import { addRefusal, refusalAt, tsNode } from "./places.ts";

export type NamedFunction = TSESTree.FunctionDeclaration & { readonly id: TSESTree.Identifier };
export type FunctionNode = NamedFunction | TSESTree.ArrowFunctionExpression;

interface Declared {
  readonly name: string;
  readonly module: Module;
  readonly node: TSESTree.Node;
}
export interface FunctionEntity extends Declared {
  readonly kind: "function";
  readonly fn: FunctionNode;
  /** Unique among functions, variables and static bytes: its name in Wasm, C and gdb. */
  readonly symbol: string;
  signature?: Signature;
  /** What it calls or whose address it takes. */
  readonly uses: Set<FunctionEntity>;
  isValue: boolean;
}
/** Calls become one instruction. */
export interface OpcodeEntity extends Declared {
  readonly kind: "opcode";
  readonly fn: FunctionNode;
  readonly intrinsic: IntrinsicName;
}
export interface DoorEntity extends Declared {
  readonly kind: "door";
  readonly fn: TSESTree.TSDeclareFunction;
  signature?: Signature;
}
export interface VariableEntity extends Declared {
  readonly kind: "variable";
  readonly init: TSESTree.Expression;
  readonly symbol: string;
}
export interface ConstantEntity extends Declared {
  readonly kind: "constant";
  readonly init: TSESTree.Expression;
  value?: Value;
  busy: boolean;
}
/** `const X = { … } as const` */
export interface RecordEntity extends Declared {
  readonly kind: "record";
  readonly object: TSESTree.ObjectExpression;
}
/** `const X = staticBytes(…)` */
export interface StaticEntity extends Declared {
  readonly kind: "static";
  readonly init: TSESTree.CallExpression;
  readonly symbol: string;
}
/** `const X = layout(…)` */
export interface LayoutEntity extends Declared {
  readonly kind: "layout";
  readonly init: TSESTree.CallExpression;
  layout?: Layout;
}
export type Entity =
  | FunctionEntity
  | OpcodeEntity
  | DoorEntity
  | VariableEntity
  | ConstantEntity
  | RecordEntity
  | StaticEntity
  | LayoutEntity;

/** By declaration, as the TypeScript checker resolves a name to it. */
export class Entities {
  readonly #all = new Map<ts.Node, Entity>();
  /** Modules at which nobody has looked yet, by file, and the names that were given to what is in them. */
  readonly #later = new Map<string, { readonly module: Module; readonly names: Names }>();

  get(node: ts.Node): Entity | undefined {
    if (this.#later.size > 0) this.#look(node.getSourceFile().fileName);
    return this.#all.get(node);
  }

  has(node: ts.Node): boolean {
    return this.get(node) !== undefined;
  }

  /** Of the modules that have been looked at. */
  values(): Iterable<Entity> {
    return this.#all.values();
  }

  named(file: string, name: string): Entity | undefined {
    this.#look(file);
    return [...this.#all.values()].find((entity) => entity.name === name && entity.module.file === file);
  }

  addLater(module: Module, names: Names): void {
    this.#later.set(module.file, { module, names });
  }

  #look(file: string): void {
    const later = this.#later.get(file);
    this.#later.delete(file);
    if (later !== undefined) this.add(later.module, later.names);
  }

  /** Everything that the module declares. What cannot be declared is added to its refusals. */
  add(module: Module, names: Names): void {
    if (module.describesLayouts) return;
    const add = (entity: Entity): void => void this.#all.set(tsNode(module, entity.node), entity);
    for (const statement of module.ast.body) {
      try {
        collectStatement(module, statement, names, add);
      } catch (error) {
        addRefusal(module, refusalAt(module, statement, error));
      }
    }
  }
}

/** Who hands out symbols. */
export type Names = Pick<NativeNames, "take">;

type Add = (entity: Entity) => void;

type TopLevel = TSESTree.ProgramStatement | TSESTree.NamedExportDeclarations;

function collectStatement(module: Module, statement: TopLevel, names: Names, add: Add): void {
  switch (statement.type) {
    case "ExportNamedDeclaration":
      if (statement.declaration) collectStatement(module, statement.declaration, names, add);
      return;
    case "ImportDeclaration":
    case "ExportAllDeclaration":
    case "TSTypeAliasDeclaration":
    case "TSInterfaceDeclaration":
    case "TSEnumDeclaration":
    case "EmptyStatement":
      return;
    case "FunctionDeclaration":
      return add(functionEntity(module, statement as NamedFunction, names));
    case "TSDeclareFunction":
      if (!statement.declare) throw refusalAt(module, statement, "overloads are not supported: give each its own name");
      return add({ kind: "door", name: nameOf(statement), module, node: statement, fn: statement });
    case "VariableDeclaration":
      if (statement.declare) throw refusalAt(module, statement, "only functions can be doors: declare a function");
      if (statement.kind === "var") throw refusalAt(module, statement, "`var` is not supported: write let or const");
      for (const declarator of statement.declarations) {
        add(variableEntity(module, declarator, statement.kind === "const", names));
      }
      return;
    case "ExpressionStatement":
      if (module.isCold && statement === module.ast.body[0]) return;
      throw refusalAt(module, statement, "statements at the top level are not supported: put them in a function");
    case "ClassDeclaration":
      throw refusalAt(module, statement, "classes are not supported: write functions and module variables");
    case "ExportDefaultDeclaration":
      throw refusalAt(module, statement, "default exports are not supported: export it by name");
    default:
      throw refusalAt(module, statement, `${statement.type} is not supported: write functions, variables and types`);
  }
}

function nameOf(fn: { readonly id: TSESTree.Identifier | null }): string {
  return fn.id?.name ?? "default";
}

function functionEntity(module: Module, fn: NamedFunction, names: Names): Entity {
  const name = fn.id.name;
  const first = fn.body.body[0];
  const directive = first?.type === "ExpressionStatement" ? first.directive : undefined;
  if (first === undefined || directive === undefined) {
    return { kind: "function", name, module, node: fn, fn, symbol: names.take(name), uses: new Set(), isValue: false };
  }
  const intrinsic = directive.startsWith("wasm ") ? DIRECTIVES[directive.slice("wasm ".length)] : undefined;
  if (intrinsic === undefined) {
    const known = Object.keys(DIRECTIVES).join(", ");
    const only = `only "wasm OPCODE", where OPCODE is one of ${known}`;
    throw refusalAt(module, first, `unknown directive "${directive}": ${only}`);
  }
  return { kind: "opcode", name, module, node: fn, fn, intrinsic };
}

function variableEntity(
  module: Module,
  declarator: TSESTree.VariableDeclarator,
  isConst: boolean,
  names: Names,
): Entity {
  if (declarator.id.type !== "Identifier") {
    throw refusalAt(module, declarator, "destructuring is not supported: name each variable");
  }
  const name = declarator.id.name;
  const declared = { name, module, node: declarator };
  if (declarator.init === null) {
    throw refusalAt(module, declarator, "a module variable needs an initialiser: in Node it would start as undefined");
  }
  const init = withoutCasts(declarator.init);
  if (init.type === "ArrowFunctionExpression") {
    if (!isConst) throw refusalAt(module, declarator, "a function must be a const, or a function declaration");
    return { kind: "function", ...declared, fn: init, symbol: names.take(name), uses: new Set(), isValue: false };
  }
  if (init.type === "FunctionExpression") {
    throw refusalAt(module, declarator, "function expressions are not supported: write a function declaration");
  }
  if (isConst && init.type === "ObjectExpression") return { kind: "record", ...declared, object: init };
  if (isConst && isCallOf(init, "staticBytes")) return { kind: "static", ...declared, init, symbol: names.take(name) };
  if (isConst && isCallOf(init, "layout")) return { kind: "layout", ...declared, init };
  if (isConst) return { kind: "constant", ...declared, init: declarator.init, busy: false };
  return { kind: "variable", ...declared, init: declarator.init, symbol: names.take(name) };
}

function isCallOf(node: TSESTree.Expression, name: string): node is TSESTree.CallExpression {
  return node.type === "CallExpression" && node.callee.type === "Identifier" && node.callee.name === name;
}

/** `x as T`, `x!`, `x satisfies T` without what only the checker sees. */
export function withoutCasts(node: TSESTree.Expression): TSESTree.Expression {
  let inner = node;
  while (
    inner.type === "TSAsExpression" ||
    inner.type === "TSNonNullExpression" ||
    inner.type === "TSSatisfiesExpression" ||
    inner.type === "TSTypeAssertion"
  ) {
    inner = inner.expression;
  }
  return inner;
}
