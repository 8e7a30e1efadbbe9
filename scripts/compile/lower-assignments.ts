/** Assignments: `x = …`, `x += …`, `x++`. */
import type { TSESTree } from "@typescript-eslint/typescript-estree";
import {
  isRingOperator,
  numberMayOverflow,
  numberOperation,
  ringOperation,
  wordOperation,
  type Value,
} from "./arithmetic.ts";
import { lowerExpression, needed, requireNumberOperator, unsupported } from "./lower-expressions.ts";
import { lowerRing } from "./lower-ring.ts";
import { assign, globalName, localName, update, variable } from "./nodes.ts";
import { check, entityOf, kindAt, localOf, refuse, requireKind, type Scope } from "./scope.ts";
import { withoutCasts } from "./symbols.ts";

/** Porffor's name of the variable that is written to. */
function target(scope: Scope, node: TSESTree.Node): string {
  const plain = withoutCasts(node as TSESTree.Expression);
  const local = localOf(scope, plain);
  if (local) return localName(local.symbol);
  const entity = entityOf(scope, plain);
  if (entity?.kind === "variable") return globalName(entity.symbol);
  throw refuse(scope, node, "only variables can be assigned: memory is written with the store doors");
}

export function assignment(scope: Scope, node: TSESTree.AssignmentExpression): Value {
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

export function increment(scope: Scope, node: TSESTree.UpdateExpression): Value {
  const name = target(scope, node.argument);
  const kind = kindAt(scope, node.argument);
  if (kind !== "number" && kind !== "bigint") throw unsupported(scope, node, node.operator, kind);
  const test = kind === "number" ? "$n(" : "$u(";
  if (node.prefix) check(scope, node, test);
  else check(scope, node, "($t = ", `, ${test}${scope.module.text.slice(...node.argument.range)}), $t)`);
  return { node: update(node.operator, node.prefix, name) };
}
