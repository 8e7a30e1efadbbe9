/** Statements and whole functions. Every loop, switch and jump gets a label: Porffor mislays unlabelled ones. */
import type { TSESTree } from "@typescript-eslint/typescript-estree";
import { branchTest, constant } from "./arithmetic.ts";
import { statementHint, expressionHint } from "./hints.ts";
import { isVoid } from "./kinds.ts";
import { lowerExpression, lowerTruth, needed } from "./lower-expressions.ts";
import { plainName } from "./names.ts";
import * as nodes from "./nodes.ts";
import type { Node } from "./nodes.ts";
import { refusalAt, tsNode } from "./places.ts";
import {
  entitySignature,
  kindAt,
  lineOf,
  refuse,
  requireKind,
  scopeOf,
  type FunctionScope,
  type JumpTarget,
  type Local,
  type LoweredFunction,
  type Scope,
} from "./scope.ts";
import { withoutCasts, type FunctionEntity } from "./symbols.ts";

/** A scope inside a function. */
type Inside = Scope & { readonly fn: FunctionScope };

export function lowerFunction(outside: Scope, entity: FunctionEntity): LoweredFunction {
  const own = scopeOf(outside, entity);
  const { fn: source } = entity;
  if (source.async) throw refuse(own, entity.node, expressionHint({ type: "AwaitExpression" } as TSESTree.Node));
  if (source.generator) throw refuse(own, entity.node, expressionHint({ type: "YieldExpression" } as TSESTree.Node));
  source.params.forEach((param) => requireParameter(own, param));
  const { result } = entitySignature(outside, entity);
  const fn = { entity, result, locals: new Map(), targets: [], symbols: new Set<string>(), labels: 0 };
  const scope: Inside = { ...own, fn };
  const params = source.params.map((param) => {
    return newLocal(scope, (param.type === "AssignmentPattern" ? param.left : param) as TSESTree.Identifier);
  });
  const body = functionBody(scope, source);
  const names = params.map((param) => nodes.localName(param.symbol));
  const node = nodes.functionConstant(nodes.globalName(entity.symbol), names, !isVoid(result), nodes.block(body));
  return { node, locals: [...scope.fn.locals.values()] };
}

function requireParameter(scope: Scope, param: TSESTree.Parameter): void {
  const name = param.type === "AssignmentPattern" ? param.left : param;
  if (name.type === "RestElement") throw refuse(scope, param, "rest parameters are not supported: name each parameter");
  if (name.type !== "Identifier") throw refuse(scope, param, "destructuring is not supported: name each parameter");
  if (name.name === "this") throw refuse(scope, param, "`this` is not supported: pass the state as arguments");
  if (name.optional) {
    throw refuse(scope, param, "optional parameters are not supported: give it a constant default, a = 0");
  }
  kindAt(scope, name);
}

function functionBody(scope: Inside, fn: FunctionEntity["fn"]): Node[] {
  if (fn.body.type === "BlockStatement") {
    const statements = fn.body.body.flatMap((statement) => lowerStatement(scope, statement));
    return scope.fn.result === "never" ? [...statements, unreachable()] : statements;
  }
  if (isVoid(scope.fn.result)) return [mark(scope, fn.body), ...effect(scope, fn.body)];
  return [mark(scope, fn.body), nodes.returnStatement(needed(scope, fn.body).node)];
}

function newLocal(scope: Inside, id: TSESTree.Identifier): Local {
  const { locals, symbols } = scope.fn;
  const plain = plainName(id.name);
  let symbol = plain;
  for (let n = 1; symbols.has(symbol); n++) symbol = `${plain}_${n}`;
  const local = { symbol, name: id.name, kind: kindAt(scope, id) };
  symbols.add(symbol);
  locals.set(tsNode(scope.module, id).parent, local);
  return local;
}

// ---- lines ---------------------------------------------------------------------------------------------------
function mark(scope: Scope, node: TSESTree.Node): Node {
  return nodes.statement(nodes.lineMarker(lineOf(scope, node)));
}

/** The marker, then the value: for what a loop evaluates again and again. */
function marked(scope: Scope, node: TSESTree.Node, value: Node): Node {
  return nodes.sequence([nodes.lineMarker(lineOf(scope, node)), value]);
}

// ---- statements ----------------------------------------------------------------------------------------------
export function lowerStatement(scope: Inside, node: TSESTree.Statement): Node[] {
  try {
    return lowerKnown(scope, node);
  } catch (error) {
    throw refusalAt(scope.module, node, error);
  }
}

function lowerKnown(scope: Inside, node: TSESTree.Statement): Node[] {
  switch (node.type) {
    case "EmptyStatement":
    case "TSTypeAliasDeclaration":
    case "TSInterfaceDeclaration":
      return [];
    case "VariableDeclaration":
      return [mark(scope, node), variables(scope, node)];
    case "ExpressionStatement":
      return [mark(scope, node), ...effect(scope, node.expression)];
    case "BlockStatement":
      return [body(scope, node)];
    case "IfStatement":
      return ifStatement(scope, node);
    case "ForStatement":
      return forLoop(scope, node, null);
    case "WhileStatement":
    case "DoWhileStatement":
      return whileLoop(scope, node, null);
    case "LabeledStatement":
      return labelledLoop(scope, node);
    case "BreakStatement":
    case "ContinueStatement":
      return jump(scope, node);
    case "SwitchStatement":
      return switchStatement(scope, node);
    case "ReturnStatement":
      return returnStatement(scope, node);
    default:
      throw refuse(scope, node, statementHint(node));
  }
}

function body(scope: Inside, node: TSESTree.Statement): Node {
  const statements = node.type === "BlockStatement" ? node.body : [node];
  return nodes.block(statements.flatMap((statement) => lowerStatement(scope, statement)));
}

/** An expression whose value nobody takes. What follows one that never returns cannot be reached. */
/** The brand of a promise: who calls for one must pass it on. */
const MUST_USE = "__mustUse";

function effect(scope: Scope, node: TSESTree.Expression): Node[] {
  const kind = kindAt(scope, node);
  const type = scope.module.services.getTypeAtLocation(node);
  if (node.type === "CallExpression" && type.getProperty(MUST_USE) !== undefined) {
    throw refuse(scope, node, "this value must not be dropped: hand it to the function that settles it");
  }
  const done = nodes.statement(lowerExpression(scope, node).node);
  return kind === "never" ? [done, unreachable()] : [done];
}

function unreachable(): Node {
  return nodes.statement(nodes.intrinsic("$unreachable"));
}

function variables(scope: Inside, node: TSESTree.VariableDeclaration): Node {
  if (node.kind === "var") throw refuse(scope, node, "`var` is not supported: write let or const");
  const declared = node.declarations.map(({ id, init }) => {
    if (id.type !== "Identifier") throw refuse(scope, id, "destructuring is not supported: name each variable");
    const value = init ? needed(scope, init) : constant(0n);
    return { name: nodes.localName(newLocal(scope, id).symbol), value: value.node };
  });
  return nodes.declare(declared);
}

function returnStatement(scope: Inside, node: TSESTree.ReturnStatement): Node[] {
  if (!node.argument) return [mark(scope, node), nodes.returnStatement(null)];
  const kind = kindAt(scope, withoutCasts(node.argument));
  if (kind === "never") return [mark(scope, node), ...effect(scope, node.argument)];
  if (isVoid(scope.fn.result)) {
    throw refuse(scope, node, "a void function returns no value: make the expression a statement, then return");
  }
  return [mark(scope, node), nodes.returnStatement(needed(scope, node.argument).node)];
}

function ifStatement(scope: Inside, node: TSESTree.IfStatement): Node[] {
  const before = mark(scope, node);
  const test = lowerTruth(scope, node.test);
  const consequent = body(scope, node.consequent);
  const alternate = node.alternate ? body(scope, node.alternate) : null;
  if (test.constant === undefined) {
    return [before, { type: "IfStatement", test: branchTest(test), consequent, alternate }];
  }
  const taken = test.constant !== 0n ? consequent : alternate;
  return taken ? [before, taken] : [before];
}

// ---- loops and jumps -----------------------------------------------------------------------------------------
function breakable(scope: Inside, isLoop: boolean, userLabel: string | null, make: () => Node): Node {
  const label = `L${scope.fn.labels++}`;
  scope.fn.targets.push({ label, userLabel, isLoop });
  const made = make();
  scope.fn.targets.pop();
  return nodes.labelled(label, made);
}

function forLoop(scope: Inside, node: TSESTree.ForStatement, userLabel: string | null): Node[] {
  const before = mark(scope, node);
  const init = node.init && forInit(scope, node.init);
  const loop = breakable(scope, true, userLabel, () => ({
    type: "ForStatement",
    init,
    test: node.test && marked(scope, node.test, branchTest(lowerTruth(scope, node.test))),
    update: node.update && marked(scope, node.update, needed(scope, node.update).node),
    body: body(scope, node.body),
  }));
  return [before, loop];
}

function forInit(scope: Inside, init: TSESTree.ForInitialiser): Node {
  return init.type === "VariableDeclaration" ? variables(scope, init) : needed(scope, init).node;
}

function whileLoop(
  scope: Inside,
  node: TSESTree.WhileStatement | TSESTree.DoWhileStatement,
  userLabel: string | null,
): Node[] {
  const loop = breakable(scope, true, userLabel, () => ({
    type: node.type,
    test: marked(scope, node.test, branchTest(lowerTruth(scope, node.test))),
    body: body(scope, node.body),
  }));
  return [mark(scope, node), loop];
}

function labelledLoop(scope: Inside, node: TSESTree.LabeledStatement): Node[] {
  const { name } = node.label;
  switch (node.body.type) {
    case "ForStatement":
      return forLoop(scope, node.body, name);
    case "WhileStatement":
    case "DoWhileStatement":
      return whileLoop(scope, node.body, name);
    default:
      throw refuse(scope, node, "only loops can have labels: put the statements in a function and return");
  }
}

function jump(scope: Inside, node: TSESTree.BreakStatement | TSESTree.ContinueStatement): Node[] {
  const fits = (target: JumpTarget): boolean => {
    if (node.label) return target.userLabel === node.label.name;
    return target.isLoop || node.type === "BreakStatement";
  };
  const target = [...scope.fn.targets].reverse().find(fits);
  if (target === undefined) throw refuse(scope, node, "there is nothing to leave here");
  return [mark(scope, node), { type: node.type, label: nodes.label(target.label) }];
}

function switchStatement(scope: Inside, node: TSESTree.SwitchStatement): Node[] {
  const before = mark(scope, node);
  const kind = kindAt(scope, node.discriminant);
  if (kind !== "number" && kind !== "bigint") {
    throw refuse(scope, node.discriminant, `switch on ${kind} is not supported: use if, or switch on a number`);
  }
  const defaultAt = node.cases.findIndex((each) => each.test === null);
  const misplaced = defaultAt >= 0 && defaultAt !== node.cases.length - 1 ? node.cases[defaultAt] : undefined;
  if (misplaced) throw refuse(scope, misplaced, "`default` must be the last case: move it");
  const discriminant = needed(scope, node.discriminant).node;
  const made = breakable(scope, false, null, () => ({
    type: "SwitchStatement",
    discriminant,
    cases: node.cases.map((each) => {
      if (each.test) requireKind(scope, each.test, kind);
      const consequent = each.consequent.flatMap((statement) => lowerStatement(scope, statement));
      return { type: "SwitchCase", test: each.test && needed(scope, each.test).node, consequent };
    }),
  }));
  return [before, made];
}
