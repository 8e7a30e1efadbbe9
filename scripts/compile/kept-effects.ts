/** What functions do (effects.ts), of those that are compiled now and of those of which only this is known. */
import { resolve } from "node:path";
import { CallEffects, MEMORY, type Effects, type Thing } from "./effects.ts";
import { REPOSITORY } from "./errors.ts";
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
  /** By `PATH#NAME`, as everything here. */
  readonly #own = new Map<string, KeptEffects | undefined>();
  readonly #digests = new Map<string, string>();

  constructor(lowering: Lowering, kept: Kept, isFresh: ReadonlySet<string>) {
    this.#lowering = lowering;
    this.#kept = kept;
    this.#isFresh = isFresh;
    this.calls = new CallEffects(lowering, (entity) => {
      const known = isFresh.has(entity.module.file) ? undefined : this.#ownOf(idOf(entity));
      return known && this.#restored(known);
    });
  }

  /** Told of each function that a loop of `module` calls. */
  readonly asked = (module: Module, callee: FunctionEntity): void => {
    const all = this.#awaited.get(module) ?? new Set();
    this.#awaited.set(module, all.add(callee));
  };

  /** Of the loops that are not looked at now: does what they call do what it did when they were? */
  awaitedAreKept(): boolean {
    const others = Object.entries(this.#kept.modules).filter(([path]) => !this.#isFresh.has(resolve(REPOSITORY, path)));
    return others.every(([, { awaited }]) => {
      return Object.entries(awaited).every(([id, known]) => this.#digestOf(id) === known);
    });
  }

  awaitedBy(module: Module): Record<string, string> {
    const ids = [...(this.#awaited.get(module) ?? [])].map(idOf);
    return Object.fromEntries(ids.map((id) => [id, this.#digestOf(id)]));
  }

  /** Of the function itself, not of what it calls. */
  of(entity: FunctionEntity): KeptEffects {
    const { reads, writes, calls, hasBarrier } = this.calls.ownOf(entity);
    return { reads: this.#ids(reads), writes: this.#ids(writes), calls: [...calls].map(idOf).sort(), hasBarrier };
  }

  #ids(things: Iterable<Thing>): string[] {
    const shared = [...things].filter((thing) => this.calls.isShared(thing));
    return shared.map((thing) => (thing === MEMORY ? MEMORY : idOf(this.#lowering.entities.get(thing)!))).sort();
  }

  /** Undefined for what is no function any more. */
  #ownOf(id: string): KeptEffects | undefined {
    if (this.#own.has(id)) return this.#own.get(id);
    const entity = this.#isFresh.has(fileOf(id)) ? this.#entity(id) : undefined;
    const module = this.#isFresh.has(fileOf(id)) ? undefined : this.#kept.modules[pathIn(id)];
    const symbol = module !== undefined && Object.hasOwn(module.symbols, nameIn(id)) ? module.symbols[nameIn(id)]! : "";
    const kept = module !== undefined && Object.hasOwn(module.functions, symbol)
      ? module.functions[symbol]!.effects
      : undefined;
    const own = entity?.kind === "function" ? this.of(entity) : kept;
    this.#own.set(id, own);
    return own;
  }

  /** Of all that it does, with what it calls. */
  #digestOf(id: string): string {
    const known = this.#digests.get(id);
    if (known !== undefined) return known;
    const reached = new Set([id]);
    const things = new Set<string>();
    for (const each of reached) { // grows on the way
      const own = this.#ownOf(each);
      own?.calls.forEach((callee) => reached.add(callee));
      own?.reads.forEach((thing) => things.add(`reads ${thing}`));
      own?.writes.forEach((thing) => things.add(`writes ${thing}`));
      if (own?.hasBarrier === true) things.add("barrier");
    }
    const made = digest(...[...things].sort());
    this.#digests.set(id, made);
    return made;
  }

  #entity(id: string): Entity | undefined {
    return this.#lowering.entities.named(fileOf(id), nameIn(id));
  }

  #restored({ reads, writes, calls, hasBarrier }: KeptEffects): Effects {
    const things = (ids: readonly string[]): Set<Thing> => new Set(ids.flatMap((id): Thing[] => {
      const entity = id === MEMORY ? undefined : this.#entity(id);
      if (entity === undefined) return id === MEMORY ? [MEMORY] : [];
      return [tsNode(entity.module, entity.node) as Exclude<Thing, typeof MEMORY>];
    }));
    const functions = calls.flatMap((id) => {
      const entity = this.#entity(id);
      return entity?.kind === "function" ? [entity] : [];
    });
    return { reads: things(reads), writes: things(writes), calls: new Set(functions), hasBarrier };
  }
}

function idOf(entity: Entity): string {
  return `${pathOf(entity.module.file)}#${entity.name}`;
}
function pathIn(id: string): string {
  return id.slice(0, id.lastIndexOf("#"));
}
function nameIn(id: string): string {
  return id.slice(id.lastIndexOf("#") + 1);
}
function fileOf(id: string): string {
  return resolve(REPOSITORY, pathIn(id));
}
