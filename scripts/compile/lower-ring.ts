/**
 * The ring rule of bigint: `+ - * & | ^ ~ <<` and BigInt(n) are exact modulo 2^64 whatever their operands, so only the
 * root of such an expression has to be a word again.
 */
import type { TSESTree } from "@typescript-eslint/typescript-estree";
import { constant, isRingOperator, ringOperation, signedBits, type Value } from "./arithmetic.ts";
import { expressionHint } from "./hints.ts";
import { constantOf, lowerExpression, uncast } from "./lower-expressions.ts";
import { check, isGlobal, kindAt, refuse, requireKind, type Scope } from "./scope.ts";

export const TWO_TO_64 = 1n << 64n;

/** Exact modulo 2^64 whatever its operands: `+ - * & | ^ << ~ -` on bigint, BigInt(n), BigInt.asIntN. */
export function isRing(scope: Scope, node: TSESTree.Expression): boolean {
  if (node.type === "BinaryExpression") return isRingOperator(node.operator) && kindAt(scope, node) === "bigint";
  if (node.type === "UnaryExpression") return "-~".includes(node.operator) && kindAt(scope, node) === "bigint";
  if (node.type !== "CallExpression") return false;
  return isGlobal(scope, node.callee, "BigInt") || isGlobalMember(scope, node.callee, "BigInt", "asIntN");
}

export function isGlobalMember(scope: Scope, node: TSESTree.Node, object: string, property: string): boolean {
  return (
    node.type === "MemberExpression" &&
    !node.computed &&
    node.property.type === "Identifier" &&
    node.property.name === property &&
    isGlobal(scope, node.object, object)
  );
}

/** The root of a ring expression: here the value must be a word again. */
export function ringRoot(scope: Scope, node: TSESTree.Expression): Value {
  const value = lowerRing(scope, node);
  const remedy = "write BigInt.asUintN(64, …)";
  if (value.constant !== undefined) {
    if (value.constant >= 0n && value.constant < TWO_TO_64) return value;
    throw refuse(scope, node, `constant ${value.constant} is outside 0..2^64-1: ${remedy}`);
  }
  const isSigned = node.type === "CallExpression" && !isGlobal(scope, node.callee, "BigInt");
  const mayBeNegative = node.type === "UnaryExpression" || isSigned;
  if (mayBeNegative) throw refuse(scope, node, `this bigint can be negative: ${remedy}, or mask it with &`);
  check(scope, node, "$u(");
  return value;
}

/** An operand that matters only modulo 2^64: of a ring operator, of BigInt.asUintN and asIntN. */
export function lowerRing(scope: Scope, node: TSESTree.Expression): Value {
  const plain = uncast(scope, node);
  if (!isRing(scope, plain)) return lowerExpression(scope, plain);
  if (plain.type === "BinaryExpression" && plain.left.type !== "PrivateIdentifier") {
    requireKind(scope, plain.left, "bigint");
    requireKind(scope, plain.right, "bigint");
    const left = lowerRing(scope, plain.left);
    const lowerRight = plain.operator === "<<" ? lowerExpression : lowerRing;
    return ringOperation(plain.operator, left, lowerRight(scope, plain.right));
  }
  if (plain.type === "UnaryExpression") {
    const operand = lowerRing(scope, plain.argument);
    if (plain.operator === "-") return ringOperation("-", constant(0n), operand);
    return ringOperation("^", operand, constant(-1n));
  }
  if (plain.type !== "CallExpression") throw refuse(scope, plain, expressionHint(plain));
  if (isGlobal(scope, plain.callee, "BigInt")) {
    return lowerExpression(scope, conversionArgument(scope, plain, ["number", "boolean", "bigint"]));
  }
  return signedBits(bitCount(scope, plain), lowerRing(scope, plain.arguments[1] as TSESTree.Expression));
}

/** The one argument of Number(…) or BigInt(…). */
export function conversionArgument(
  scope: Scope,
  node: TSESTree.CallExpression,
  kinds: readonly string[],
): TSESTree.Expression {
  const [argument] = node.arguments;
  if (argument === undefined || argument.type === "SpreadElement") throw refuse(scope, node, "one argument is needed");
  const kind = kindAt(scope, argument);
  if (kinds.includes(kind)) return argument;
  throw refuse(scope, node, `a ${kind} cannot be converted: pass one of ${kinds.join(", ")}`);
}

/** The first argument of BigInt.asUintN and asIntN. */
export function bitCount(scope: Scope, node: TSESTree.CallExpression): number {
  const count = constantOf(scope, node.arguments[0] as TSESTree.Expression);
  if (count < 1n || count > 64n) throw refuse(scope, node, `the bit count must be a constant 1..64, not ${count}`);
  return Number(count);
}
