/** What functions do (effects.ts), of those that are compiled now and of those of which only this is known. */
import { CallEffects, MEMORY, type Effects, type Thing } from "./effects.ts";
import { pathOf, type Kept, type KeptEffects } from "./kept.ts";
import { tsNode } from "./places.ts";
import type { Module } from "./program.ts";
import type { Lowering } from "./scope.ts";
import { digest } from "./surface.ts";
import type { Entity, FunctionEntity } from "./symbols.ts";

export class KeptEffectsOf {
  readonly calls: CallEffects;
  readonly #lowering: Lowering;
  readonly #kept: Kept;
  readonly #isFresh: ReadonlySet<string>;
  readonly #awaited = new Map<Module, Set<FunctionEntity>>();
  readonly #byId = new Map<string, Entity>();
  readonly #digests = new Map<FunctionEntity, string>();

  constructor(lowering: Lowering, kept: Kept, isFresh: ReadonlySet<string>) {
    this.#lowering = lowering;
    this.#kept = kept;
    this.#isFresh = isFresh;
    const entities = [...lowering.entities.values()];
    for (const entity of entities) this.#byId.set(idOf(entity), entity);
    const known = new Map<FunctionEntity, Effects>();
    for (const entity of entities) {
      if (entity.kind !== "function" || isFresh.has(entity.module.file)) continue;
      const own = kept.modules[pathOf(entity.module.file)]?.functions[entity.symbol]?.effects;
      if (own !== undefined) known.set(entity, this.#restored(own));
    }
    this.calls = new CallEffects(lowering, known);
  }

  /** Told of each function that a loop of `module` calls. */
  readonly asked = (module: Module, callee: FunctionEntity): void => {
    const all = this.#awaited.get(module) ?? new Set();
    this.#awaited.set(module, all.add(callee));
  };

  /** Of the loops that are not looked at now: does what they call do what it did when they were? */
  awaitedAreKept(): boolean {
    return Object.entries(this.#kept.modules).every(([path, { awaited }]) => {
      return Object.entries(awaited).every(([id, known]) => {
        const callee = this.#byId.get(id);
        if (callee === undefined) return true; // then its callers are looked at
        return callee.kind === "function" && this.#digestOf(callee) === known;
      }) || this.#isFreshPath(path);
    });
  }

  awaitedBy(module: Module): Record<string, string> {
    const callees = [...(this.#awaited.get(module) ?? [])];
    return Object.fromEntries(callees.map((callee) => [idOf(callee), this.#digestOf(callee)]));
  }

  /** Of the function itself, not of what it calls. */
  of(entity: FunctionEntity): KeptEffects {
    return this.#text(this.calls.ownOf(entity));
  }

  #isFreshPath(path: string): boolean {
    return [...this.#isFresh].some((file) => pathOf(file) === path);
  }

  #digestOf(entity: FunctionEntity): string {
    const known = this.#digests.get(entity);
    if (known !== undefined) return known;
    const { reads, writes, hasBarrier } = this.#text(this.calls.of([entity]));
    const made = digest(JSON.stringify([reads, writes, hasBarrier]));
    this.#digests.set(entity, made);
    return made;
  }

  #text({ reads, writes, calls, hasBarrier }: Effects): KeptEffects {
    return { reads: this.#ids(reads), writes: this.#ids(writes), calls: [...calls].map(idOf).sort(), hasBarrier };
  }

  #ids(things: Iterable<Thing>): string[] {
    const shared = [...things].filter((thing) => this.calls.isShared(thing));
    return shared.map((thing) => (thing === MEMORY ? MEMORY : idOf(this.#lowering.entities.get(thing)!))).sort();
  }

  #restored({ reads, writes, calls, hasBarrier }: KeptEffects): Effects {
    const things = (ids: readonly string[]): Set<Thing> => new Set(ids.flatMap((id): Thing[] => {
      const entity = this.#byId.get(id);
      if (id === MEMORY || entity === undefined) return id === MEMORY ? [MEMORY] : [];
      return [tsNode(entity.module, entity.node) as Exclude<Thing, typeof MEMORY>];
    }));
    const functions = calls.flatMap((id) => {
      const entity = this.#byId.get(id);
      return entity?.kind === "function" ? [entity] : [];
    });
    return { reads: things(reads), writes: things(writes), calls: new Set(functions), hasBarrier };
  }
}

function idOf(entity: Entity): string {
  return `${pathOf(entity.module.file)}#${entity.name}`;
}
