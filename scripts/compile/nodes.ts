/**
 * The tree that Porffor's code generator is given: ESTree in which every value is one slot, every name is ours, and
 * every operation is either a Wasm i64 operator or an intrinsic (intrinsics.ts).
 */
import type { IntrinsicName } from "./intrinsics.ts";

/** An ESTree node for Porffor. */
export interface Node {
  readonly type: string;
  readonly [property: string]: unknown;
}

/** Porffor's number for the type "number": with it on every value, its dynamic typing disappears. */
const NUMBER_TYPE = 1;
const NUMBER = { type: "TSTypeAnnotation", typeAnnotation: { type: "TSNumberKeyword" } };
const VOID = { type: "TSTypeAnnotation", typeAnnotation: { type: "TSVoidKeyword" } };

/** An operation of Porffor's Wasm node before lowering: an opcode (or "line", "i32") and its operands. */
export type PorfforOp = readonly [opcode: number | string | null, ...operands: unknown[]];

const F64_CONST = 0x44; // becomes i64.const in slots.ts

// Porffor knows hundreds of names of its own; with a sign in front, none of ours is among them.
export function localName(symbol: string): string {
  return `.${symbol}`;
}
export function globalName(symbol: string): string {
  return `:${symbol}`;
}
export function doorName(name: string): string {
  return `@${name}`;
}

function valued(node: Node): Node {
  return { ...node, _type: NUMBER_TYPE };
}

/** Raw operations in value position; they leave one slot. */
function wasm(...ops: PorfforOp[]): Node {
  return valued({ type: "Wasm", wasm: () => ops.map((op) => [...op]) });
}

// ---- values --------------------------------------------------------------------------------------------------
/** The low 64 bits of `value`. */
export function slotConstant(value: bigint): Node {
  return wasm([F64_CONST, BigInt.asIntN(64, value)]);
}

/** The low 32 bits of `value`, as an i32: an operand of the i32 intrinsics. */
export function wordConstant(value: bigint): Node {
  return wasm(["i32", Number(BigInt.asIntN(32, value))]);
}

export function variable(name: string): Node {
  return valued({ type: "Identifier", name });
}

/** A Wasm i64 operator, spelt as JavaScript spells it: `/ % >>` and comparisons are signed, `>>>` is not. */
export function operation(operator: string, left: Node, right: Node): Node {
  return valued({ type: "BinaryExpression", operator, left, right });
}

export function call(callee: string, args: readonly Node[]): Node {
  return valued({ type: "CallExpression", callee: { type: "Identifier", name: callee }, arguments: args });
}

export function intrinsic(name: IntrinsicName, ...operands: Node[]): Node {
  return call(name, operands);
}

/** `test` must be a comparison. Becomes a branch, not a select. */
export function choose(test: Node, consequent: Node, alternate: Node): Node {
  return valued({ type: "ConditionalExpression", test, consequent, alternate });
}

export function sequence(expressions: readonly Node[]): Node {
  return valued({ type: "SequenceExpression", expressions });
}

export function assign(name: string, right: Node): Node {
  return valued({ type: "AssignmentExpression", operator: "=", left: variable(name), right });
}

/** `++x`, `x--` … */
export function update(operator: string, prefix: boolean, name: string): Node {
  return valued({ type: "UpdateExpression", operator, prefix, argument: variable(name) });
}

/** Says that what follows comes from line `index` of the line table. */
export function lineMarker(index: number): Node {
  return wasm(["line", index], [F64_CONST, 0n]);
}

// ---- statements ----------------------------------------------------------------------------------------------
export function statement(expression: Node): Node {
  return { type: "ExpressionStatement", expression };
}

export function block(body: readonly Node[]): Node {
  return { type: "BlockStatement", body };
}

export function label(name: string): Node {
  return { type: "Identifier", name };
}

export function labelled(name: string, body: Node): Node {
  return { type: "LabeledStatement", label: label(name), body };
}

export function declare(variables: readonly { readonly name: string; readonly value: Node }[]): Node {
  const declarations = variables.map(({ name, value }) => ({
    type: "VariableDeclarator",
    id: { ...variable(name), typeAnnotation: NUMBER },
    init: value,
  }));
  return { type: "VariableDeclaration", kind: "let", declarations };
}

export function returnStatement(argument: Node | null): Node {
  return { type: "ReturnStatement", argument };
}

/** Porffor compiles arrow function constants only: a typed `function` gives invalid Wasm. */
export function functionConstant(name: string, params: readonly string[], hasResult: boolean, body: Node): Node {
  const init = {
    type: "ArrowFunctionExpression",
    params: params.map((param) => ({ ...variable(param), typeAnnotation: NUMBER })),
    body,
    expression: false,
    returnType: hasResult ? NUMBER : VOID,
  };
  const id = { type: "Identifier", name };
  return { type: "VariableDeclaration", kind: "const", declarations: [{ type: "VariableDeclarator", id, init }] };
}

export function exported(declaration: Node): Node {
  return { type: "ExportNamedDeclaration", declaration };
}

export function programNode(body: readonly Node[]): Node {
  return { type: "Program", sourceType: "module", body };
}
