/** Where lowering stands: the program, the module and the function; and the questions that every step asks of them. */
import type { TSESTree } from "@typescript-eslint/typescript-estree";
import ts from "typescript";
import type { Node } from "./nodes.ts";
import { kindOf, type Kind, type Signature } from "./kinds.ts";
import type { Refusal } from "./errors.ts";
import { placeOf, refusalAt, tsNode } from "./places.ts";
import type { Module, SourceProgram } from "./program.ts";
import type { Entities, Entity, FunctionEntity } from "./symbols.ts";

/** An import of the Wasm module, natively a C function. */
export interface Door {
  readonly name: string;
  readonly params: readonly Kind[];
  readonly result: Kind;
  /** What the compiler made it for; null for a door that the program declares. */
  readonly role:
    | null
    | { readonly of: "string"; readonly index: number; readonly text: string }
    | { readonly of: "static"; readonly symbol: string }
    | { readonly of: "code"; readonly symbol: string }
    | { readonly of: "invoke"; readonly args: number };
}

export interface StaticBytes {
  readonly symbol: string;
  readonly size: number;
  readonly align: number;
}

export interface Line {
  readonly file: string;
  readonly line: number;
}

/** A parameter or local variable. */
export interface Local {
  /** Its name in Wasm; C prefixes it with `var_`. */
  readonly symbol: string;
  readonly name: string;
  readonly kind: Kind;
}

/** The program, and the tables that grow while it is lowered. */
export interface Lowering {
  readonly program: SourceProgram;
  readonly entities: Entities;
  readonly doors: Map<string, Door>;
  readonly strings: string[];
  readonly statics: Map<string, StaticBytes>;
  readonly lines: Line[];
  readonly lineIndex: Map<string, number>;
}

/** The target of a `break` or `continue`. */
export interface JumpTarget {
  readonly label: string;
  readonly userLabel: string | null;
  readonly isLoop: boolean;
}

export interface FunctionScope {
  readonly entity: FunctionEntity;
  readonly result: Kind;
  readonly locals: Map<ts.Node, Local>;
  readonly targets: JumpTarget[];
  readonly symbols: Set<string>;
  labels: number;
}

export interface Scope {
  readonly lowering: Lowering;
  readonly module: Module;
  /** Null in the initialiser of a module variable. */
  readonly fn: FunctionScope | null;
}

export type LoweredFunction = { readonly node: Node; readonly locals: readonly Local[] };

export function refuse(scope: Scope, node: TSESTree.Node, reason: string): Refusal {
  return refusalAt(scope.module, node, reason);
}

/** Inserts a call of one of the checked build's tests around `node`. */
export function check(scope: Scope, node: TSESTree.Node, open: string, close = ")"): void {
  scope.module.checks.push({ start: node.range[0], end: node.range[1], open, close });
}

// ---- names ---------------------------------------------------------------------------------------------------
function symbolOf(scope: Scope, node: TSESTree.Node): ts.Symbol | undefined {
  const { checker } = scope.lowering.program;
  const found = tsNode(scope.module, node);
  const isShorthand = ts.isShorthandPropertyAssignment(found.parent); // the name is a property's and a variable's
  const symbol = isShorthand
    ? checker.getShorthandAssignmentValueSymbol(found.parent)
    : checker.getSymbolAtLocation(found);
  return symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** The declaration that an identifier, or the property of `namespace.name`, stands for. */
export function declarationOf(scope: Scope, node: TSESTree.Expression): ts.Declaration | undefined {
  if (node.type === "Identifier") return symbolOf(scope, node)?.valueDeclaration;
  if (node.type === "MemberExpression" && !node.computed) return symbolOf(scope, node.property)?.valueDeclaration;
  return undefined;
}

export function entityOf(scope: Scope, node: TSESTree.Expression): Entity | undefined {
  const declaration = declarationOf(scope, node);
  return declaration && scope.lowering.entities.get(declaration);
}

export function localOf(scope: Scope, node: TSESTree.Expression): Local | undefined {
  const declaration = node.type === "Identifier" ? declarationOf(scope, node) : undefined;
  return declaration && scope.fn?.locals.get(declaration);
}

/** A global of the language, like Math, and nothing that the program calls so. */
export function isGlobal(scope: Scope, node: TSESTree.Node, name: string): boolean {
  if (node.type !== "Identifier" || node.name !== name) return false;
  const file = symbolOf(scope, node)?.declarations?.[0]?.getSourceFile().fileName;
  return file === undefined || scope.lowering.program.moduleOf(file) === undefined;
}

// ---- kinds ---------------------------------------------------------------------------------------------------
/** A variable has its declared type: what flow narrows it to may be `never`, and so may what consists of it. */
export function kindAt(scope: Scope, node: TSESTree.Node): Kind {
  const { checker } = scope.lowering.program;
  const named = node.type === "Identifier" || (node.type === "MemberExpression" && !node.computed);
  const symbol = named ? symbolOf(scope, node.type === "Identifier" ? node : node.property) : undefined;
  const isVariable = symbol !== undefined && (symbol.flags & ts.SymbolFlags.Variable) !== 0;
  const type = isVariable ? checker.getTypeOfSymbol(symbol) : scope.module.services.getTypeAtLocation(node);
  const kind = kindOf(type, checker);
  if (typeof kind !== "string") throw refuse(scope, node, kind.reason);
  if (kind !== "never") return kind;
  return valuesOf(node).map((value) => kindAt(scope, value)).find((each) => each !== "never") ?? kind;
}

/** The parts of an expression of which one is its value. */
function valuesOf(node: TSESTree.Node): readonly TSESTree.Expression[] {
  switch (node.type) {
    case "ConditionalExpression":
      return [node.consequent, node.alternate];
    case "LogicalExpression":
      return [node.left, node.right];
    case "SequenceExpression":
      return node.expressions.slice(-1);
    case "AssignmentExpression":
      return [node.right];
    default:
      return [];
  }
}

export function requireKind(scope: Scope, node: TSESTree.Node, kind: Kind): void {
  const found = kindAt(scope, node);
  if (found !== kind) throw refuse(scope, node, `expected ${kind}, found ${found}: ${conversionTo(kind)}`);
}

function conversionTo(kind: Kind): string {
  switch (kind) {
    case "number":
      return "write Number(…)";
    case "bigint":
      return "write BigInt(…)";
    case "boolean":
      return "compare it, for example with !== 0";
    default:
      return "pass a value of that kind";
  }
}

export function signatureOf(scope: Scope, node: TSESTree.Node, signature: ts.Signature): Signature {
  const { checker } = scope.lowering.program;
  const kind = (type: ts.Type): Kind => {
    const found = kindOf(type, checker);
    if (typeof found === "string") return found;
    throw refuse(scope, node, found.reason);
  };
  return {
    params: signature.getParameters().map((param) => kind(checker.getTypeOfSymbol(param))),
    result: kind(signature.getReturnType()),
  };
}

/** In the entity's own module, outside its function. */
export function scopeOf(scope: Scope, entity: Entity): Scope {
  return { lowering: scope.lowering, module: entity.module, fn: null };
}

export function entitySignature(scope: Scope, entity: Entity & { kind: "function" | "door" }): Signature {
  if (entity.signature) return entity.signature;
  const { checker } = scope.lowering.program;
  const declaration = tsNode(entity.module, entity.fn) as ts.SignatureDeclaration;
  const signature = checker.getSignatureFromDeclaration(declaration);
  const own = scopeOf(scope, entity);
  if (signature === undefined) throw refuse(own, entity.node, "a function needs a signature");
  entity.signature = signatureOf(own, entity.node, signature);
  return entity.signature;
}

// ---- lines ---------------------------------------------------------------------------------------------------
/** The index of the node's line in the line table. */
export function lineOf(scope: Scope, node: TSESTree.Node): number {
  const { file, line } = placeOf(scope.module, node);
  const key = `${file}:${line}`;
  let index = scope.lowering.lineIndex.get(key);
  if (index === undefined) {
    index = scope.lowering.lines.push({ file, line }) - 1;
    scope.lowering.lineIndex.set(key, index);
  }
  return index;
}
