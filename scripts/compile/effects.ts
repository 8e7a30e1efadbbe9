/**
 * What a piece of code reads, writes and calls, as far as polling.ts asks: variables by their declaration, and all of
 * memory as one thing.
 */
import type { TSESTree } from "@typescript-eslint/typescript-estree";
import type ts from "typescript";
import { accessorOf } from "./layouts.ts";
import { declarationOf, entityOf, isGlobal, type Lowering, type Scope } from "./scope.ts";
import { withoutCasts, type FunctionEntity } from "./symbols.ts";

/** Memory, as ordinary loads and stores see it. */
export const MEMORY = "memory";
/** A variable, by its declaration. */
export type Thing = ts.Declaration | typeof MEMORY;

export interface Effects {
  readonly reads: Set<Thing>;
  readonly writes: Set<Thing>;
  readonly calls: Set<FunctionEntity>;
  /** Something in it keeps the C compiler from remembering what it has read. */
  hasBarrier: boolean;
}

const LOADS = /^load(8|16|32|64)$/;
const STORES = /^store(8|16|32|64)$/;
/**
 * The other doors that are no barrier: they look at what never changes, or say nothing to the C compiler. Every door
 * that is not named here has a "memory" clobber, or is opaque.
 */
const QUIET =
  /^(loadOnce64|stringLength|stringByte|staticBytes|cpuid|framePointer|trapStub|linkerSymbol|poison|unpoison)$/;

export function isBarrier(door: string): boolean {
  return !LOADS.test(door) && !STORES.test(door) && !QUIET.test(door);
}

/** Of `nodes` alone: what the functions do that they call is asked for with effectsOfCalls. */
export function effectsOf(scope: Scope, nodes: readonly TSESTree.Node[]): Effects {
  const effects: Effects = { reads: new Set(), writes: new Set(), calls: new Set(), hasBarrier: false };
  for (const node of nodes) walk(node, (each) => addEffects(scope, each, effects));
  return effects;
}

/** `visit` answers whether to go on into the parts. Types are left out. */
export function walk(node: TSESTree.Node, visit: (node: TSESTree.Node) => boolean): void {
  if (node.type.startsWith("TSType") || !visit(node)) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === "parent") continue;
    for (const part of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof part === "object" && part !== null && "type" in part && "range" in part) {
        walk(part as TSESTree.Node, visit);
      }
    }
  }
}

function addEffects(scope: Scope, node: TSESTree.Node, effects: Effects): boolean {
  switch (node.type) {
    case "Identifier":
      variableOf(scope, node).forEach((thing) => effects.reads.add(thing));
      return false;
    case "UpdateExpression":
    case "AssignmentExpression": {
      const target = node.type === "UpdateExpression" ? node.argument : node.left;
      variableOf(scope, withoutCasts(target as TSESTree.Expression)).forEach((thing) => effects.writes.add(thing));
      return true;
    }
    case "VariableDeclarator":
      variableOf(scope, node.id).forEach((thing) => effects.writes.add(thing));
      return true;
    case "CallExpression":
      addCall(scope, node, effects);
      return true;
    default:
      return true;
  }
}

/** The local or module variable that is named, if one is; a constant is none. */
export function variableOf(scope: Scope, node: TSESTree.Node): Thing[] {
  const declaration = declarationOf(scope, node as TSESTree.Expression);
  if (declaration === undefined) return [];
  const entity = scope.lowering.entities.get(declaration);
  return entity === undefined || entity.kind === "variable" ? [declaration] : [];
}

function addCall(scope: Scope, node: TSESTree.CallExpression, effects: Effects): void {
  const callee = withoutCasts(node.callee);
  const entity = entityOf(scope, callee);
  if (entity?.kind === "function") {
    effects.calls.add(entity);
  } else if (entity?.kind === "door") {
    if (LOADS.test(entity.name)) effects.reads.add(MEMORY);
    if (STORES.test(entity.name)) effects.writes.add(MEMORY);
    if (isBarrier(entity.name)) effects.hasBarrier = true;
  } else if (entity === undefined && callee.type === "MemberExpression") {
    const owner = entityOf(scope, callee.object);
    if (owner?.kind !== "layout" || owner.layout === undefined || callee.property.type !== "Identifier") return;
    const accessor = accessorOf(owner.layout, callee.property.name);
    if (accessor?.does === "read") effects.reads.add(MEMORY);
    if (accessor?.does === "write") effects.writes.add(MEMORY);
  } else if (entity?.kind !== "opcode" && !isGlobal(scope, callee, "Number") && !isGlobal(scope, callee, "BigInt")) {
    effects.hasBarrier = true; // a function value: it may do anything
  }
}

/** With what they call, and so on: what is shared, not the locals of those functions. */
export class CallEffects {
  readonly #lowering: Lowering;
  readonly #known: (entity: FunctionEntity) => Effects | undefined;
  readonly #own = new Map<FunctionEntity, Effects>();

  /** `known`: of functions whose bodies are not there. */
  constructor(lowering: Lowering, known: (entity: FunctionEntity) => Effects | undefined = () => undefined) {
    this.#lowering = lowering;
    this.#known = known;
  }

  of(calls: Iterable<FunctionEntity>): Effects {
    const all: Effects = { reads: new Set(), writes: new Set(), calls: new Set(calls), hasBarrier: false };
    for (const entity of all.calls) { // grows on the way
      const own = this.ownOf(entity);
      own.calls.forEach((callee) => all.calls.add(callee));
      own.reads.forEach((thing) => this.isShared(thing) && all.reads.add(thing));
      own.writes.forEach((thing) => this.isShared(thing) && all.writes.add(thing));
      all.hasBarrier ||= own.hasBarrier;
    }
    return all;
  }

  ownOf(entity: FunctionEntity): Effects {
    let own = this.#own.get(entity);
    if (own === undefined) {
      const scope: Scope = { lowering: this.#lowering, module: entity.module, fn: null };
      own = this.#known(entity) ?? effectsOf(scope, [entity.fn.body]);
      this.#own.set(entity, own);
    }
    return own;
  }

  /** Somebody else can change it: an interrupt, a device, another function. */
  isShared(thing: Thing): boolean {
    return thing === MEMORY || this.#lowering.entities.has(thing);
  }
}
