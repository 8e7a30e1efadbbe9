/**
 * What the compiler remembers of a program from one run to the next, in one file: of every module what its functions
 * became, under a key of all that this came from. A file that is not what this compiler wrote is as good as none.
 */
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { REPOSITORY } from "./errors.ts";
import type { Signature } from "./kinds.ts";
import type { Layout } from "./layouts.ts";
import type { VariableInfo } from "./lower.ts";
import type { Door, Local, StaticBytes } from "./scope.ts";
import { digest, surfaceOf, type Surface } from "./surface.ts";

/** Things shared by functions, as texts: `FILE#NAME`, or MEMORY. */
export interface KeptEffects {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly calls: readonly string[];
  readonly hasBarrier: boolean;
}
export interface KeptFunction extends Signature {
  readonly name: string;
  readonly isCold: boolean;
  readonly locals: readonly Local[];
  readonly effects: KeptEffects;
  /** Symbols. */
  readonly calls: readonly string[];
  readonly variables: readonly string[];
  readonly doors: readonly Door[];
  /** Instructions of Wasm. */
  readonly size: number;
  /** Its C, with lines. */
  readonly code: string;
}
export interface KeptModule {
  readonly key: string;
  readonly textDigest: string;
  readonly surface: Surface;
  /** Of functions, variables and static bytes, by name. */
  readonly symbols: Readonly<Record<string, string>>;
  /** By symbol. */
  readonly functions: Readonly<Record<string, KeptFunction>>;
  readonly variables: readonly (Omit<VariableInfo, "init"> & { readonly init: string; readonly isFunction: boolean })[];
  readonly statics: readonly StaticBytes[];
  readonly layouts: readonly Layout[];
  /** What the functions do that its loops call, by the function's `FILE#NAME`: digests. */
  readonly awaited: Readonly<Record<string, string>>;
}
export interface Kept {
  /** What all C of wasm2c begins with. */
  readonly preamble: string;
  /** By path from the repository on, as everything here that names a file; in the order of the program. */
  readonly modules: Readonly<Record<string, KeptModule>>;
}
export const NOTHING_KEPT: Kept = { preamble: "", modules: {} };

/** A module as it is now. */
export interface Found {
  readonly file: string;
  readonly path: string;
  readonly text: string;
  readonly textDigest: string;
  readonly surface: Surface;
}

export function pathOf(file: string): string {
  return relative(REPOSITORY, file);
}

export function readKept(file: string): Kept {
  if (!existsSync(file)) return NOTHING_KEPT;
  const text = readFileSync(file, "utf8");
  const end = text.indexOf("\n");
  const body = text.slice(end + 1);
  return end > 0 && text.slice(0, end) === digest(compilerDigest(), body) ? (JSON.parse(body) as Kept) : NOTHING_KEPT;
}

export function writeKept(file: string, kept: Kept): void {
  const body = JSON.stringify(kept);
  writeFileSync(`${file}.new`, `${digest(compilerDigest(), body)}\n${body}`);
  renameSync(`${file}.new`, file);
}

let ownDigest: string | undefined;

/** Of the compiler's source and the packages that it stands on. */
export function compilerDigest(): string {
  const directory = join(REPOSITORY, "scripts/compile");
  const names = readdirSync(directory).filter((name) => name.endsWith(".ts")).sort();
  const files = [...names.map((name) => join(directory, name)), join(REPOSITORY, "package-lock.json")];
  return (ownDigest ??= digest(process.version, ...files.map((file) => readFileSync(file, "utf8"))));
}

/** Texts that stand for files, by absolute path. */
export type Texts = ReadonlyMap<string, string>;
export const NO_TEXTS: Texts = new Map();

/** The entry and what it imports, each once; null where the whole program must be asked. */
export function findModules(entry: string, kept: Kept, texts: Texts): Found[] | null {
  const found = new Map<string, Found>();
  const queue = [entry];
  for (const file of queue) { // grows on the way
    if (found.has(file)) continue;
    if (!existsSync(file)) return null;
    const text = texts.get(file) ?? readFileSync(file, "utf8");
    const textDigest = digest(text);
    const path = pathOf(file);
    const known = kept.modules[path];
    const surface = known?.textDigest === textDigest ? known.surface : surfaceOf(file, text);
    if (surface === null) return null;
    found.set(file, { file, path, text, textDigest, surface });
    queue.push(...importsOf(file, surface));
  }
  return [...found.values()];
}

function importsOf(file: string, surface: Surface): string[] {
  return surface.imports.map((name) => resolve(dirname(file), name));
}

/** By path: what a module becomes, except for its effects on others and the names that are given to it. */
export function keysOf(modules: readonly Found[]): Map<string, string> {
  const byFile = new Map(modules.map((module) => [module.file, module]));
  const surfaces = new Map(modules.map(({ file, path, surface }) => [file, digest(path, surface.text)]));
  const doors = modules.filter(({ surface }) => surface.hasDoors);
  return new Map(modules.map((module) => {
    const seen = new Set<Found>([module, ...doors]);
    for (const each of seen) { // grows on the way
      for (const file of importsOf(each.file, each.surface)) seen.add(byFile.get(file)!);
    }
    const others = [...seen].map(({ file }) => surfaces.get(file)!).sort();
    return [module.path, digest(module.path, module.textDigest, ...others)];
  }));
}
