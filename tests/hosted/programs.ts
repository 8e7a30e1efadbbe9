/** Programs around the hosted library: how they are built, and how they end. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { REPOSITORY } from "../../scripts/compile/errors.ts";

export const HOSTED = resolve(REPOSITORY, "build/hosted");
/** This machine has the sanitizers' run-time libraries; global-setup.ts has asked. */
export const HAS_SANITIZERS = existsSync(join(HOSTED, "sanitizers.stamp"));

const FLAGS = ["-O1", "-g", "-std=c11", "-pedantic", "-Wall", "-Wextra", "-Werror", "-I", HOSTED];
const SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

export interface Ended {
  readonly output: string;
  readonly ended: number | NodeJS.Signals;
}
export type Program = (...args: string[]) => Ended;

/** tests/hosted/program.c with the library, sanitized or not, in `folder`. */
export function programBuild(folder: string, sanitized: boolean): Program {
  const file = join(folder, sanitized ? "sanitized" : "plain");
  const library = join(HOSTED, sanitized ? "sanitized" : ".", "libpalimpsest.a");
  const source = resolve(REPOSITORY, "tests/hosted/program.c");
  execFileSync("clang-14", [...FLAGS, ...(sanitized ? SANITIZERS : []), source, library, "-o", file]);
  return (...args) => run(file, args);
}

export function run(
  file: string, args: readonly string[], cwd?: string, environment: Readonly<Record<string, string>> = {},
): Ended {
  const env = { ...process.env, ...environment };
  const { status, signal, stdout, stderr, error } = spawnSync(file, args, { encoding: "utf8", cwd, env });
  if (error) throw error;
  return { output: stdout + stderr, ended: signal ?? status ?? 0 };
}
