/** Calls: of kernel functions, doors, opcodes, layout accessors, function values, and of the language itself. */
import type { TSESTree } from "@typescript-eslint/typescript-estree";
import {
  constant,
  isSafe,
  lowBits,
  minimum,
  quotient,
  ringOperation,
  wordClz,
  wordMultiply,
  type Value,
} from "./arithmetic.ts";
import { expressionHint } from "./hints.ts";
import { isVoid, type Signature } from "./kinds.ts";
import { accessorOf, layoutOf } from "./layouts.ts";
import { address } from "./lower-constants.ts";
import { constantOf, lowerExpression, needed } from "./lower-expressions.ts";
import { bitCount, conversionArgument, isGlobalMember, lowerRing } from "./lower-ring.ts";
import { call, doorName, globalName, intrinsic, type Node } from "./nodes.ts";
import { tsNode } from "./places.ts";
import {
  check,
  entityOf,
  entitySignature,
  isGlobal,
  kindAt,
  refuse,
  requireKind,
  scopeOf,
  signatureOf,
  type Scope,
} from "./scope.ts";
import { withoutCasts, type DoorEntity, type FunctionEntity, type LayoutEntity } from "./symbols.ts";
import type ts from "typescript";

type Call = TSESTree.CallExpression;

export function lowerCall(scope: Scope, node: Call): Value {
  const callee = withoutCasts(node.callee);
  if (node.optional) throw refuse(scope, node, expressionHint({ type: "ChainExpression" } as TSESTree.ChainExpression));
  const builtin = builtinCall(scope, node, callee);
  if (builtin) return builtin;
  if (callee.type === "MemberExpression" && !callee.computed && callee.property.type === "Identifier") {
    const owner = entityOf(scope, callee.object);
    if (owner?.kind === "layout") return layoutCall(scope, node, owner, callee.property.name);
  }
  const entity = entityOf(scope, callee);
  switch (entity?.kind) {
    case "function":
      return functionCall(scope, node, entity);
    case "opcode": {
      const isCount = entity.intrinsic !== "$rotl" && entity.intrinsic !== "$rotr";
      const result = intrinsic(entity.intrinsic, ...args(scope, node).map((arg) => arg.node));
      return isCount ? { node: result, max: 64n } : { node: result };
    }
    case "door":
      return { node: doorCall(scope, node, entity, args(scope, node)) };
    default:
      return valueCall(scope, node, callee);
  }
}

function args(scope: Scope, node: Call): Value[] {
  return node.arguments.map((arg) => {
    if (arg.type === "SpreadElement") throw refuse(scope, arg, "spread is not supported: pass each argument");
    return needed(scope, arg);
  });
}

// ---- what the program declares -------------------------------------------------------------------------------
function functionCall(scope: Scope, node: Call, entity: FunctionEntity): Value {
  const { params } = entitySignature(scope, entity);
  const values = args(scope, node);
  for (let i = values.length; i < params.length; i++) values.push(defaultOf(scope, node, entity, i));
  scope.fn?.entity.uses.add(entity);
  return { node: call(globalName(entity.symbol), values.map((value) => value.node)) };
}

function defaultOf(scope: Scope, node: Call, entity: FunctionEntity, index: number): Value {
  const param = entity.fn.params[index];
  if (param?.type !== "AssignmentPattern") throw refuse(scope, node, `${entity.name} needs ${index + 1} arguments`);
  return constant(constantOf(scopeOf(scope, entity), param.right));
}

function doorCall(scope: Scope, node: TSESTree.Node, entity: DoorEntity, values: readonly Value[]): Node {
  const { name } = entity;
  if (name === "staticBytes") {
    throw refuse(scope, node, "staticBytes only initialises a top-level const: const X = staticBytes(…)");
  }
  if (/^ts_|__/.test(name)) throw refuse(scope, node, `'${name}' is a name of the compiler's own: rename the door`);
  const signature = entitySignature(scope, entity);
  if (values.length !== signature.params.length) {
    throw refuse(scope, node, `door ${name} takes ${signature.params.length} arguments, all of them must be given`);
  }
  const known = scope.lowering.doors.get(name);
  if (known && `${known.params} ${known.result}` !== `${signature.params} ${signature.result}`) {
    throw refuse(scope, node, `door ${name} is declared twice with different types: declare it in one module`);
  }
  scope.lowering.doors.set(name, { name, ...signature, role: null });
  return call(doorName(name), values.map((value) => value.node));
}

/** `GATE.selector(at)`, `GATE.setSelector(at, value)`, `GATE.selectorAt(at)` */
function layoutCall(scope: Scope, node: Call, entity: LayoutEntity, property: string): Value {
  const accessor = accessorOf(layoutOf(scope, entity, constantOf), property);
  if (accessor === undefined) throw refuse(scope, node, `layout ${entity.name} has no accessor '${property}'`);
  const { does, field } = accessor;
  const [at, value] = args(scope, node);
  if (at === undefined || (does === "write" && value === undefined)) {
    throw refuse(scope, node, `${property} needs the address of the record${does === "write" ? " and a value" : ""}`);
  }
  const place = ringOperation("+", at, constant(BigInt(field.offset)));
  if (does === "address") {
    check(scope, node, "$u(");
    return place;
  }
  const name = `${does === "read" ? "load" : "store"}${field.width * 8}`;
  const door = [...scope.lowering.entities.values()].find((each) => each.kind === "door" && each.name === name);
  if (door?.kind !== "door") throw refuse(scope, node, `no module declares the door ${name}`);
  return { node: doorCall(scope, node, door, does === "write" && value ? [place, value] : [place]) };
}

// ---- function values: natively code addresses ----------------------------------------------------------------
/** The address of a function. tsc lets fewer parameters or an ignored result stand in; a machine call does not. */
export function codeAddress(scope: Scope, node: TSESTree.Expression, entity: FunctionEntity): Value {
  const { checker } = scope.lowering.program;
  const wanted = checker.getContextualType(tsNode(scope.module, node) as ts.Expression)?.getCallSignatures()[0];
  const own = entitySignature(scope, entity);
  const asked = wanted && signatureOf(scope, node, wanted);
  if (asked && !sameShape(asked, own)) {
    throw refuse(scope, node, `'${entity.name}' must have exactly the parameters and the result of its function type`);
  }
  entity.isValue = true;
  scope.fn?.entity.uses.add(entity);
  const { symbol } = entity;
  return address(scope, { name: `ts_code_${symbol}`, params: [], result: "function", role: { of: "code", symbol } });
}

function sameShape(a: Signature, b: Signature): boolean {
  return a.params.length === b.params.length && isVoid(a.result) === isVoid(b.result);
}

function valueCall(scope: Scope, node: Call, callee: TSESTree.Expression): Value {
  if (kindAt(scope, callee) !== "function") {
    throw refuse(scope, node, "only functions that a module declares can be called");
  }
  const code = lowerExpression(scope, callee); // JavaScript evaluates the callee first
  const values = args(scope, node);
  const { checker } = scope.lowering.program;
  const resolved = checker.getResolvedSignature(tsNode(scope.module, node) as ts.CallExpression);
  const declared = scope.module.services.getTypeAtLocation(callee).getCallSignatures()[0];
  if (resolved === undefined || declared === undefined) throw refuse(scope, node, "only functions can be called");
  const { params, result } = signatureOf(scope, callee, declared);
  if (params.length !== values.length) {
    throw refuse(scope, node, `the function type has ${params.length} parameters: pass them all`);
  }
  const name = `ts_invoke${values.length}${isVoid(result) ? "v" : "r"}`;
  const slots = values.map(() => "bigint" as const);
  const role = { of: "invoke", args: values.length } as const;
  scope.lowering.doors.set(name, {
    name,
    params: ["function", ...slots],
    result: isVoid(result) ? "void" : "bigint",
    role,
  });
  return { node: call(doorName(name), [code.node, ...values.map((value) => value.node)]) };
}

// ---- the language --------------------------------------------------------------------------------------------
function builtinCall(scope: Scope, node: Call, callee: TSESTree.Expression): Value | null {
  if (isGlobal(scope, callee, "Number")) return numberOf(scope, node);
  if (isGlobalMember(scope, callee, "BigInt", "asUintN")) {
    return lowBits(bitCount(scope, node), lowerRing(scope, node.arguments[1] as TSESTree.Expression));
  }
  if (callee.type !== "MemberExpression" || !isGlobal(scope, callee.object, "Math")) return null;
  const name = callee.property.type === "Identifier" ? callee.property.name : "";
  if (name === "trunc" || name === "floor") return division(scope, node, name);
  switch (name) {
    case "clz32":
      return wordClz(numberArgument(scope, node, 0));
    case "imul":
      return wordMultiply(numberArgument(scope, node, 0), numberArgument(scope, node, 1));
    case "min":
    case "max":
      if (node.arguments.length === 0) throw refuse(scope, node, `Math.${name} of nothing is infinite: pass numbers`);
      return node.arguments
        .map((_, i) => numberArgument(scope, node, i))
        .reduce((best, next) => minimum(name, best, next));
    default:
      throw refuse(scope, node, `Math.${name} is not supported: only trunc, floor, min, max, imul and clz32 are`);
  }
}

function numberArgument(scope: Scope, node: Call, index: number): Value {
  const argument = node.arguments[index];
  if (argument === undefined || argument.type === "SpreadElement") {
    throw refuse(scope, node, `argument ${index + 1} is missing: pass a number`);
  }
  requireKind(scope, argument, "number");
  return lowerExpression(scope, argument);
}

/** `Number(x)`; around BigInt.asIntN it may be negative. */
function numberOf(scope: Scope, node: Call): Value {
  const argument = withoutCasts(conversionArgument(scope, node, ["number", "bigint", "boolean"]));
  const isSigned = argument.type === "CallExpression" && isGlobalMember(scope, argument.callee, "BigInt", "asIntN");
  const value = isSigned ? lowerRing(scope, argument) : lowerExpression(scope, argument);
  if (value.constant === undefined) check(scope, node, "$n(");
  else if (!isSafe(value.constant)) {
    throw refuse(scope, node, `constant ${value.constant} does not fit ±2^53: keep it a bigint`);
  }
  return value;
}

function division(scope: Scope, node: Call, rounding: "trunc" | "floor"): Value {
  const argument = node.arguments[0];
  const inner = argument && argument.type !== "SpreadElement" ? withoutCasts(argument) : null;
  if (inner?.type !== "BinaryExpression" || inner.operator !== "/") {
    throw refuse(scope, node, `Math.${rounding} is only supported around a division: Math.${rounding}(a / b)`);
  }
  requireKind(scope, inner.left, "number");
  requireKind(scope, inner.right, "number");
  const value = quotient(rounding, lowerExpression(scope, inner.left), lowerExpression(scope, inner.right));
  if (value.constant === undefined) check(scope, node, "$n(");
  return value;
}
