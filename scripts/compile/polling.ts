/**
 * Refuses a loop that waits for what it cannot see change: natively a module variable and an ordinary load are read
 * once, and the loop would go round for ever.
 *
 * What decides whether a loop goes on are its test and the conditions around every jump out of it or to its next turn.
 * It waits if they look at a module variable or at memory, and nothing that they look at is changed by a turn of the
 * loop. It may wait if there is a barrier in it, or in what it calls: a door that keeps the C compiler from
 * remembering.
 */
import type { TSESTree } from "@typescript-eslint/typescript-estree";
import ts from "typescript";
import { CallEffects, effectsOf, MEMORY, variableOf, walk, type Effects, type Thing } from "./effects.ts";
import { addRefusal, refusalAt } from "./places.ts";
import type { Module } from "./program.ts";
import type { Lowering, Scope } from "./scope.ts";
import { withoutCasts, type FunctionEntity } from "./symbols.ts";

type Loop = TSESTree.ForStatement | TSESTree.WhileStatement | TSESTree.DoWhileStatement;

/**
 * Adds a refusal to its module for every loop of `functions` that waits in vain. `asked` is told of each function that
 * a loop calls.
 */
export function refusePolling(
  lowering: Lowering,
  functions: Iterable<FunctionEntity>,
  calls = new CallEffects(lowering),
  asked: (module: Module, callee: FunctionEntity) => void = () => undefined,
): void {
  for (const { fn, module } of functions) {
    const scope: Scope = { lowering, module, fn: null };
    walk(fn.body, (node) => {
      if (isLoop(node)) {
        const study = new LoopStudy(scope, calls, node);
        study.callees.forEach((callee) => asked(module, callee));
        const awaited = study.awaited();
        if (awaited !== null) addRefusal(module, refusalAt(module, node, reason(awaited)));
      }
      return true;
    });
  }
}

function reason(awaited: Thing): string {
  const remedy = "call pause() or halt() in it, or read memory with a volatile door";
  if (awaited === MEMORY) return `this loop waits for memory that nothing in it changes, and reads it once: ${remedy}`;
  const name = ts.isVariableDeclaration(awaited) ? awaited.name.getText() : "a variable";
  return `this loop waits for '${name}', which nothing in it changes, and reads it once: ${remedy}`;
}

function isLoop(node: TSESTree.Node): node is Loop {
  return node.type === "ForStatement" || node.type === "WhileStatement" || node.type === "DoWhileStatement";
}

/** A place in a loop, and the conditions inside the loop that lead there. */
interface Guarded<N> {
  readonly node: N;
  readonly guards: readonly TSESTree.Expression[];
}
/** What a jump within the loop may mean that lies deeper than the loop's own. */
interface Inner {
  readonly breaks: boolean;
  readonly continues: boolean;
  readonly labels: readonly string[];
}
const NOTHING_INNER: Inner = { breaks: false, continues: false, labels: [] };

interface Assigned {
  readonly to: Thing;
  /** Null when the new value is made of the old one. */
  readonly from: TSESTree.Expression | null;
}

class LoopStudy {
  readonly #scope: Scope;
  readonly #calls: CallEffects;
  readonly #loop: Loop;
  readonly #all: Effects;
  readonly #called: Effects;
  readonly #jumps: Guarded<TSESTree.Node>[] = [];
  readonly #assignments: Guarded<Assigned>[] = [];

  constructor(scope: Scope, calls: CallEffects, loop: Loop) {
    this.#scope = scope;
    this.#calls = calls;
    this.#loop = loop;
    const turn = loop.type === "ForStatement" ? [loop.test, loop.update, loop.body] : [loop.test, loop.body];
    const parts = turn.filter((part) => part !== null);
    this.#all = effectsOf(scope, parts);
    this.#called = calls.of(this.#all.calls);
    for (const part of parts) this.#collect(part, [], NOTHING_INNER);
  }

  get callees(): ReadonlySet<FunctionEntity> {
    return this.#all.calls;
  }

  /** What it waits for in vain; null when it does not. */
  awaited(): Thing | null {
    if (this.#all.hasBarrier || this.#called.hasBarrier) return null;
    const hasContinue = this.#jumps.some(({ node }) => node.type === "ContinueStatement");
    const leavesAtOnce = this.#jumps.some(({ guards }) => guards.length === 0);
    if (leavesAtOnce && !hasContinue) return null;
    const { test } = this.#loop;
    const conditions = [...(test ? [test] : []), ...this.#jumps.flatMap(({ guards }) => guards)];
    const looked = new Set<Thing>();
    for (const thing of this.#readsOf(conditions)) {
      if (this.#changes(thing, [], looked)) return null;
    }
    const shared = [...looked].filter((thing) => this.#calls.isShared(thing));
    return shared.find((thing) => thing !== MEMORY) ?? shared[0] ?? null;
  }

  /** Does a turn of the loop give it another value than the turn before? `looked`: all that it depends on. */
  #changes(thing: Thing, makers: readonly Thing[], looked: Set<Thing>): boolean {
    looked.add(thing);
    if (this.#called.writes.has(thing)) return true;
    if (!this.#all.writes.has(thing)) return false;
    if (thing === MEMORY || makers.includes(thing)) return true;
    return this.#assignments.some(({ node: { to, from }, guards }) => {
      if (to !== thing) return false;
      if (from === null) return true;
      return this.#readsOf([from, ...guards]).some((read) => this.#changes(read, [...makers, thing], looked));
    });
  }

  #readsOf(nodes: readonly TSESTree.Expression[]): Thing[] {
    const { reads, calls } = effectsOf(this.#scope, nodes);
    return [...reads, ...this.#calls.of(calls).reads];
  }

  // ---- jumps and assignments, with their conditions ----------------------------------------------------------
  #collect(node: TSESTree.Node, guards: readonly TSESTree.Expression[], inner: Inner): void {
    walk(node, (each) => {
      switch (each.type) {
        case "IfStatement":
        case "ConditionalExpression":
          this.#collect(each.test, guards, inner);
          this.#collect(each.consequent, [...guards, each.test], inner);
          if (each.alternate) this.#collect(each.alternate, [...guards, each.test], inner);
          return false;
        case "LogicalExpression":
          this.#collect(each.left, guards, inner);
          this.#collect(each.right, [...guards, each.left], inner);
          return false;
        case "SwitchStatement":
          this.#collect(each.discriminant, guards, inner);
          for (const part of each.cases.flatMap(({ consequent }) => consequent)) {
            this.#collect(part, [...guards, each.discriminant], { ...inner, breaks: true });
          }
          return false;
        case "ForStatement":
        case "WhileStatement":
        case "DoWhileStatement":
          this.#collectInner(each, guards, inner);
          return false;
        case "LabeledStatement":
          this.#collect(each.body, guards, { ...inner, labels: [...inner.labels, each.label.name] });
          return false;
        case "BreakStatement":
        case "ContinueStatement":
          if (leavesTurn(each, inner)) this.#jumps.push({ node: each, guards });
          return false;
        case "ReturnStatement":
          this.#jumps.push({ node: each, guards });
          return true;
        case "CallExpression":
          if (this.#neverReturns(each)) this.#jumps.push({ node: each, guards });
          return true;
        default:
          this.#addAssignment(each, guards);
          return true;
      }
    });
  }

  #collectInner(loop: Loop, guards: readonly TSESTree.Expression[], around: Inner): void {
    const within = loop.test ? [...guards, loop.test] : guards;
    const inner: Inner = { ...around, breaks: true, continues: true };
    if (loop.type === "ForStatement" && loop.init) this.#collect(loop.init, guards, around);
    if (loop.type === "ForStatement" && loop.update) this.#collect(loop.update, within, inner);
    if (loop.test) this.#collect(loop.test, guards, around);
    this.#collect(loop.body, within, inner);
  }

  #neverReturns(call: TSESTree.CallExpression): boolean {
    return (this.#scope.module.services.getTypeAtLocation(call).flags & ts.TypeFlags.Never) !== 0;
  }

  #addAssignment(node: TSESTree.Node, guards: readonly TSESTree.Expression[]): void {
    const add = (target: TSESTree.Node, from: TSESTree.Expression | null): void => {
      for (const to of variableOf(this.#scope, target)) this.#assignments.push({ node: { to, from }, guards });
    };
    if (node.type === "UpdateExpression") add(withoutCasts(node.argument), null);
    if (node.type === "VariableDeclarator" && node.init) add(node.id, node.init);
    if (node.type === "AssignmentExpression") {
      add(withoutCasts(node.left as TSESTree.Expression), node.operator === "=" ? node.right : null);
    }
  }
}

/** To the next turn, or out of the loop: a jump within an inner loop or switch is neither. */
function leavesTurn(jump: TSESTree.BreakStatement | TSESTree.ContinueStatement, inner: Inner): boolean {
  if (jump.label !== null) return !inner.labels.includes(jump.label.name);
  return jump.type === "BreakStatement" ? !inner.breaks : !inner.continues;
}
