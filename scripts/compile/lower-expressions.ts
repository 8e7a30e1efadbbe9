/** Expressions: what each is by the kinds of its operands, and what the checked build has to test about it. */
import type { TSESTree } from "@typescript-eslint/typescript-estree";
import ts from "typescript";
import {
  branchTest,
  compare,
  constant,
  isFalse,
  isNumberOperator,
  isRingOperator,
  isTrue,
  numberMayOverflow,
  numberNot,
  numberOperation,
  ringOperation,
  shortCircuit,
  signedBits,
  truth,
  wordOperation,
  type Value,
} from "./arithmetic.ts";
import { constantValue, recordMember, staticAddress, stringAddress } from "./lower-constants.ts";
import { codeAddress, lowerCall } from "./lower-calls.ts";
import { layoutOf } from "./layouts.ts";
import { assign, choose, globalName, localName, sequence, update, variable } from "./nodes.ts";
import { expressionHint, foreignHint } from "./hints.ts";
import { refusalAt } from "./places.ts";
import { check, declarationOf, entityOf, isGlobal, kindAt, localOf, refuse, requireKind, type Scope } from "./scope.ts";
import { withoutCasts, type Entity } from "./symbols.ts";

const TWO_TO_64 = 1n << 64n;
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
function uncast(scope: Scope, node: TSESTree.Expression): TSESTree.Expression {
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
  throw refuse(scope, node, "properties are not supported, except of enums, constant records, layouts and namespaces");
}

/** The value of an expression that must be constant. */
export function constantOf(scope: Scope, node: TSESTree.Expression): bigint {
  const value = lowerExpression(scope, node).constant;
  if (value === undefined) throw refuse(scope, node, "must be a constant that the compiler can work out");
  return value;
}

// ---- bigint: the ring rule -----------------------------------------------------------------------------------
/** Exact modulo 2^64 whatever its operands: `+ - * & | ^ << ~ -` on bigint, BigInt(n), BigInt.asIntN. */
function isRing(scope: Scope, node: TSESTree.Expression): boolean {
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
function ringRoot(scope: Scope, node: TSESTree.Expression): Value {
  const value = lowerRing(scope, node);
  const remedy = "write BigInt.asUintN(64, …)";
  if (value.constant !== undefined) {
    if (value.constant >= 0n && value.constant < TWO_TO_64) return value;
    throw refuse(scope, node, `constant ${value.constant} is outside 0..2^64-1: ${remedy}`);
  }
  const mayBeNegative = node.type === "UnaryExpression" || (node.type === "CallExpression" && !isGlobal(scope, node.callee, "BigInt"));
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
    const isShift = plain.operator === "<<";
    return ringOperation(plain.operator, left, isShift ? lowerExpression(scope, plain.right) : lowerRing(scope, plain.right));
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
export function conversionArgument(scope: Scope, node: TSESTree.CallExpression, kinds: readonly string[]): TSESTree.Expression {
  const [argument] = node.arguments;
  if (argument === undefined || argument.type === "SpreadElement") throw refuse(scope, node, "one argument is needed");
  const kind = kindAt(scope, argument);
  if (!kinds.includes(kind)) throw refuse(scope, node, `a ${kind} cannot be converted: pass one of ${kinds.join(", ")}`);
  return argument;
}

/** The first argument of BigInt.asUintN and asIntN. */
export function bitCount(scope: Scope, node: TSESTree.CallExpression): number {
  const count = constantOf(scope, node.arguments[0] as TSESTree.Expression);
  if (count < 1n || count > 64n) throw refuse(scope, node, `the bit count must be a constant 1..64, not ${count}`);
  return Number(count);
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
    throw refuse(scope, node, `the operands of ${operator} are ${kind} and ${other}: convert one with Number(…) or BigInt(…)`);
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

function requireNumberOperator(scope: Scope, node: TSESTree.Node, operator: string): void {
  if (operator === "/") throw refuse(scope, node, "number / gives fractions: write Math.trunc(a / b) or Math.floor(a / b)");
  if (!isNumberOperator(operator)) throw unsupported(scope, node, operator, "number");
}

const REMEDIES: Readonly<Record<string, string>> = {
  string: "compare numbers that stand for the strings",
  boolean: "use && || ! === !==",
  function: "keep a number beside the function and compare that",
};

function unsupported(scope: Scope, node: TSESTree.Node, operator: string, kind: string) {
  let remedy = REMEDIES[kind] ?? "write it out";
  if (operator.startsWith("+") && kind === "string") remedy = "pass the parts to the log functions one by one";
  if (operator.startsWith("**")) remedy = "shift for a power of two, multiply in a loop otherwise";
  if (operator.startsWith(">>>") && kind === "bigint") remedy = "words are unsigned, write >>";
  return refuse(scope, node, `operator ${operator} is not supported on ${kind}: ${remedy}`);
}

function logical(scope: Scope, node: TSESTree.LogicalExpression): Value {
  if (node.operator === "??") throw refuse(scope, node, "operator ?? is not supported: nothing is null; compare with the value that means none");
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

// ---- assignment ----------------------------------------------------------------------------------------------
/** Porffor's name of the variable that is written to. */
function target(scope: Scope, node: TSESTree.Node): string {
  const plain = withoutCasts(node as TSESTree.Expression);
  const local = localOf(scope, plain);
  if (local) return localName(local.symbol);
  const entity = entityOf(scope, plain);
  if (entity?.kind === "variable") return globalName(entity.symbol);
  throw refuse(scope, node, "only variables can be assigned: memory is written with the store doors");
}

function assignment(scope: Scope, node: TSESTree.AssignmentExpression): Value {
  const name = target(scope, node.left);
  if (node.operator === "=") return { node: assign(name, needed(scope, node.right).node) };
  return { node: assign(name, compound(scope, node, { node: variable(name) }).node) };
}

function compound(scope: Scope, node: TSESTree.AssignmentExpression, current: Value): Value {
  const operator = node.operator.slice(0, -1);
  const kind = kindAt(scope, node.left);
  requireKind(scope, node.right, kind);
  if (kind === "number") {
    requireNumberOperator(scope, node, operator);
    if (numberMayOverflow(operator)) check(scope, node, "$n(");
    return numberOperation(operator, current, lowerExpression(scope, node.right));
  }
  if (kind === "bigint" && isRingOperator(operator)) {
    check(scope, node, "$u(");
    const right = operator === "<<" ? lowerExpression(scope, node.right) : lowerRing(scope, node.right);
    return ringOperation(operator, current, right);
  }
  if (kind === "bigint" && (operator === "/" || operator === "%" || operator === ">>")) {
    return wordOperation(operator, current, lowerExpression(scope, node.right));
  }
  throw unsupported(scope, node, node.operator, kind);
}

function increment(scope: Scope, node: TSESTree.UpdateExpression): Value {
  const name = target(scope, node.argument);
  const kind = kindAt(scope, node.argument);
  if (kind !== "number" && kind !== "bigint") throw unsupported(scope, node, node.operator, kind);
  const test = kind === "number" ? "$n(" : "$u(";
  if (node.prefix) check(scope, node, test);
  else check(scope, node, "($t = ", `, ${test}${scope.module.text.slice(...node.argument.range)}), $t)`);
  return { node: update(node.operator, node.prefix, name) };
}
