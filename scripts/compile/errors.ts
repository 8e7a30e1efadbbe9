/** What the compiler says when it cannot go on: a place in the source and a sentence. */
import { isAbsolute, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

/** A place in a source file; line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One refusal. Its message begins with `file:line:column: `. */
export class Refusal extends Error {
  constructor(
    readonly place: Place | null,
    readonly reason: string,
  ) {
    super(place === null ? reason : `${displayPath(place.file)}:${place.line}:${place.column}: ${reason}`);
    this.name = "Refusal";
  }
}

/** Every refusal of a program that cannot be compiled. */
export class CompileError extends Error {
  constructor(readonly refusals: readonly Refusal[]) {
    super(refusals.map((refusal) => refusal.message).join("\n"));
    this.name = "CompileError";
  }
}

/** The path as people and debuggers should see it: relative to the repository for a file in it, absolute otherwise. */
export function displayPath(file: string): string {
  const path = relative(REPOSITORY, file);
  return path.startsWith("..") || isAbsolute(path) ? file : path;
}
