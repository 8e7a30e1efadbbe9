/** Expressions: what each is by the kinds of its operands, and what the checked build has to test about it. */
import type { TSESTree } from "@typescript-eslint/typescript-estree";
import ts from "typescript";
import {
  branchTest,
  compare,
  constant,
  isFalse,
  isNumberOperator,
  isTrue,
  numberMayOverflow,
  numberNot,
  numberOperation,
  shortCircuit,
  truth,
  wordOperation,
  type Value,
} from "./arithmetic.ts";
import { expressionHint, foreignHint } from "./hints.ts";
import { layoutOf } from "./layouts.ts";
import { assignment, increment } from "./lower-assignments.ts";
import { codeAddress, lowerCall } from "./lower-calls.ts";
import { constantValue, recordMember, staticAddress, stringAddress } from "./lower-constants.ts";
import { isRing, ringRoot, TWO_TO_64 } from "./lower-ring.ts";
import { choose, globalName, localName, sequence, variable } from "./nodes.ts";
import { refusalAt } from "./places.ts";
import { check, declarationOf, entityOf, kindAt, localOf, refuse, requireKind, type Scope } from "./scope.ts";
import { withoutCasts, type Entity } from "./symbols.ts";

const COMPARISONS: Readonly<Record<string, string>> = {
  "===": "==",
  "!==": "!=",
  "==": "==",
  "!=": "!=",
  "<": "<",
  "<=": "<=",
  ">": ">",
  ">=": ">=",
};

/** In value position: the result is inside the domain of its kind, or the checked build says so. */
export function lowerExpression(scope: Scope, node: TSESTree.Expression): Value {
  const plain = uncast(scope, node);
  try {
    return isRing(scope, plain) ? ringRoot(scope, plain) : lowerPlain(scope, plain);
  } catch (error) {
    throw refusalAt(scope.module, plain, error);
  }
}

function lowerPlain(scope: Scope, node: TSESTree.Expression): Value {
  switch (node.type) {
    case "Literal":
      return literal(scope, node);
    case "TemplateLiteral":
      return template(scope, node);
    case "Identifier":
      return reference(scope, node);
    case "MemberExpression":
      return member(scope, node);
    case "UnaryExpression":
      return unary(scope, node);
    case "BinaryExpression":
      return binary(scope, node);
    case "LogicalExpression":
      return logical(scope, node);
    case "ConditionalExpression":
      return conditional(scope, node);
    case "SequenceExpression":
      return { node: sequence(node.expressions.map((part) => needed(scope, part).node)) };
    case "AssignmentExpression":
      return assignment(scope, node);
    case "UpdateExpression":
      return increment(scope, node);
    case "CallExpression":
      return lowerCall(scope, node);
    default:
      throw refuse(scope, node, expressionHint(node));
  }
}

/** Says what to write instead, before its type can be complained about. */
function refuseForeign(scope: Scope, node: TSESTree.Expression): void {
  const plain = withoutCasts(node);
  const hint = foreignHint(plain);
  if (hint !== null) throw refuse(scope, plain, hint);
}

/** An expression whose value is used. */
export function needed(scope: Scope, node: TSESTree.Expression): Value {
  refuseForeign(scope, node);
  const kind = kindAt(scope, node);
  if (kind !== "void" && kind !== "never") return lowerExpression(scope, node);
  throw refuse(scope, node, `a value is needed, and this has none (${kind}): make it a statement of its own`);
}

/** Strips `as T`, which may change the brand but never the kind. */
export function uncast(scope: Scope, node: TSESTree.Expression): TSESTree.Expression {
  const plain = withoutCasts(node);
  for (let outer = node; outer !== plain; outer = (outer as TSESTree.TSAsExpression).expression) {
    const inner = (outer as TSESTree.TSAsExpression).expression;
    const from = kindAt(scope, inner);
    const to = kindAt(scope, outer);
    if (from !== to) throw refuse(scope, outer, `a cast cannot make a ${to} of a ${from}: convert it`);
  }
  return plain;
}

// ---- leaves --------------------------------------------------------------------------------------------------
function literal(scope: Scope, node: TSESTree.Literal): Value {
  if (typeof node.value === "boolean") return truth(node.value);
  if (typeof node.value === "string") return stringAddress(scope, node.value);
  if ("bigint" in node) {
    const value = BigInt(node.bigint);
    if (value >= TWO_TO_64) throw refuse(scope, node, "the literal does not fit 64 bits: split it over two words");
    return constant(value);
  }
  if (typeof node.value === "number" && Number.isSafeInteger(node.value)) return constant(BigInt(node.value));
  if (typeof node.value === "number") {
    throw refuse(scope, node, `${node.raw} is not an integer within ±2^53: scale it, or write a bigint`);
  }
  throw refuse(scope, node, `${node.raw} is not a kernel value: use number, bigint, boolean or a string literal`);
}

function template(scope: Scope, node: TSESTree.TemplateLiteral): Value {
  const [quasi] = node.quasis;
  if (node.expressions.length > 0 || quasi === undefined) {
    throw refuse(scope, node, "strings cannot be built at run time: pass the parts to the log functions one by one");
  }
  return stringAddress(scope, quasi.value.cooked ?? "");
}

function reference(scope: Scope, node: TSESTree.Identifier): Value {
  const local = localOf(scope, node);
  if (local) return { node: variable(localName(local.symbol)) };
  const entity = entityOf(scope, node);
  if (entity === undefined) {
    throw refuse(scope, node, `'${node.name}' does not exist in the kernel: only what its modules declare does`);
  }
  return entityValue(scope, node, entity);
}

function entityValue(scope: Scope, node: TSESTree.Expression, entity: Entity): Value {
  switch (entity.kind) {
    case "constant":
      return constantValue(scope, entity);
    case "variable":
      return { node: variable(globalName(entity.symbol)) };
    case "static":
      return staticAddress(scope, entity);
    case "function":
      return codeAddress(scope, node, entity);
    default:
      throw refuse(scope, node, `${entity.kind} '${entity.name}' is not a value: use its members, or call it`);
  }
}

function member(scope: Scope, node: TSESTree.MemberExpression): Value {
  if (node.computed) throw refuse(scope, node, "indexing is not supported: compute the address and use load and store");
  const declaration = declarationOf(scope, node);
  if (declaration && ts.isEnumMember(declaration)) {
    const value = scope.lowering.program.checker.getConstantValue(declaration);
    if (typeof value === "number" && Number.isSafeInteger(value)) return constant(BigInt(value));
    throw refuse(scope, node, "only integer enums are supported: write a constant for each name");
  }
  const entity = entityOf(scope, node);
  if (entity) return entityValue(scope, node, entity); // import * as namespace

  refuseForeign(scope, node.object);
  const owner = entityOf(scope, node.object);
  const property = (node.property as TSESTree.Identifier).name;
  if (owner?.kind === "record") return recordMember(scope, node, owner, property);
  if (owner?.kind === "layout" && property === "SIZE") {
    return constant(BigInt(layoutOf(scope, owner, constantOf).size));
  }
  if (owner?.kind === "layout") throw refuse(scope, node, `an accessor is not a value: call it, ${property}(at)`);
  const only = "only enums, constant records, layouts and namespaces have properties";
  throw refuse(scope, node, `${only}: keep the parts in variables or in a layout`);
}

/** The value of an expression that must be constant. */
export function constantOf(scope: Scope, node: TSESTree.Expression): bigint {
  const value = lowerExpression(scope, node).constant;
  if (value === undefined) throw refuse(scope, node, "must be constant: a literal, a const, or what folds from them");
  return value;
}

// ---- operators -----------------------------------------------------------------------------------------------
function unary(scope: Scope, node: TSESTree.UnaryExpression): Value {
  const { operator, argument } = node;
  if (operator === "!") return isFalse(lowerTruth(scope, argument));
  if (operator === "+") throw refuse(scope, node, "unary + is not supported: write Number(…)");
  if (operator !== "-" && operator !== "~") throw refuse(scope, node, expressionHint(node));
  requireKind(scope, argument, "number");
  const value = lowerExpression(scope, argument);
  if (operator === "~") return numberNot(value);
  if (value.constant === 0n) throw refuse(scope, node, "-0 is not an integer: write 0");
  if (value.constant === undefined) check(scope, node, "$n(");
  return numberOperation("-", constant(0n), value);
}

function binary(scope: Scope, node: TSESTree.BinaryExpression): Value {
  const { operator, left, right } = node;
  if (left.type === "PrivateIdentifier") throw refuse(scope, node, expressionHint(node));
  [node, left, right].forEach((each) => refuseForeign(scope, each));
  const kind = kindAt(scope, left);
  const other = kindAt(scope, right);
  const comparison = COMPARISONS[operator];
  if (kind !== other) {
    const found = `the operands of ${operator} are ${kind} and ${other}`;
    throw refuse(scope, node, `${found}: convert one with Number(…) or BigInt(…)`);
  }
  if (comparison !== undefined) {
    requireComparable(scope, node, kind);
    return compare(comparison, lowerExpression(scope, left), lowerExpression(scope, right), kind === "bigint");
  }
  if (kind === "number") {
    requireNumberOperator(scope, node, operator);
    const value = numberOperation(operator, lowerExpression(scope, left), lowerExpression(scope, right));
    if (value.constant === undefined && numberMayOverflow(operator)) check(scope, node, "$n(");
    return value;
  }
  if (kind === "bigint" && (operator === "/" || operator === "%" || operator === ">>")) {
    return wordOperation(operator, lowerExpression(scope, left), lowerExpression(scope, right));
  }
  throw unsupported(scope, node, operator, kind);
}

function requireComparable(scope: Scope, node: TSESTree.BinaryExpression, kind: string): void {
  if (kind === "number" || kind === "bigint") return;
  if (kind === "boolean" && /^[!=]/.test(node.operator)) return;
  throw unsupported(scope, node, node.operator, kind);
}

export function requireNumberOperator(scope: Scope, node: TSESTree.Node, operator: string): void {
  if (operator === "/") {
    throw refuse(scope, node, "number / gives fractions: write Math.trunc(a / b) or Math.floor(a / b)");
  }
  if (!isNumberOperator(operator)) throw unsupported(scope, node, operator, "number");
}

const REMEDIES: Readonly<Record<string, string>> = {
  string: "compare numbers that stand for the strings",
  boolean: "use && || ! === !==",
  function: "keep a number beside the function and compare that",
};

export function unsupported(scope: Scope, node: TSESTree.Node, operator: string, kind: string) {
  let remedy = REMEDIES[kind] ?? "write it out";
  if (operator.startsWith("+") && kind === "string") remedy = "pass the parts to the log functions one by one";
  if (operator.startsWith("**")) remedy = "shift for a power of two, multiply in a loop otherwise";
  if (operator.startsWith(">>>") && kind === "bigint") remedy = "words are unsigned, write >>";
  return refuse(scope, node, `operator ${operator} is not supported on ${kind}: ${remedy}`);
}

function logical(scope: Scope, node: TSESTree.LogicalExpression): Value {
  if (node.operator === "??") {
    const remedy = "nothing is null; compare with the value that means none";
    throw refuse(scope, node, `operator ?? is not supported: ${remedy}`);
  }
  requireKind(scope, node.left, "boolean");
  requireKind(scope, node.right, "boolean");
  return shortCircuit(node.operator, lowerExpression(scope, node.left), lowerExpression(scope, node.right));
}

/** What `if` tests: a boolean, or a number or bigint that is not zero. The value is 0 or 1. */
export function lowerTruth(scope: Scope, node: TSESTree.Expression): Value {
  const plain = uncast(scope, node);
  if (plain.type === "UnaryExpression" && plain.operator === "!") return isFalse(lowerTruth(scope, plain.argument));
  if (plain.type === "LogicalExpression" && plain.operator !== "??") {
    return shortCircuit(plain.operator, lowerTruth(scope, plain.left), lowerTruth(scope, plain.right));
  }
  const kind = kindAt(scope, plain);
  if (kind !== "boolean" && kind !== "number" && kind !== "bigint") {
    throw refuse(scope, plain, `a ${kind} cannot be tested: compare something`);
  }
  return isTrue(lowerExpression(scope, plain));
}

function conditional(scope: Scope, node: TSESTree.ConditionalExpression): Value {
  const test = lowerTruth(scope, node.test);
  const consequent = needed(scope, node.consequent);
  const alternate = needed(scope, node.alternate);
  if (test.constant !== undefined) return test.constant !== 0n ? consequent : alternate;
  return { node: choose(branchTest(test), consequent.node, alternate.node) };
}
