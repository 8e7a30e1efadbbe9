/**
 * The kernel under vitest: every kernel file runs as its checked build (checked.ts), over a machine that tests supply.
 * A file that the compiler refuses fails the tests that import it, with the place in the source.
 */
import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import type { Plugin } from "vite";
import { toJavaScript, type JavaScript } from "./checked.ts";
import { CompileError, REPOSITORY } from "./errors.ts";
import { checkProgram, type CheckedProgram } from "./lower.ts";
import { loadProgram } from "./program.ts";

export interface KernelOptions {
  /** Directories of kernel code, relative to the repository. */
  readonly directories?: readonly string[];
  /** The module of doors and what stands for it in tests, relative to the repository. */
  readonly doors?: string;
  readonly machine?: string;
}

export function kernelChecked(options: KernelOptions = {}): Plugin {
  const directories = (options.directories ?? ["kernel"]).map((path) => resolve(REPOSITORY, path));
  const doors = resolve(REPOSITORY, options.doors ?? "kernel/doors/machine.ts");
  const machine = resolve(REPOSITORY, options.machine ?? "tests/fake/machine.ts");
  const isKernel = (file: string): boolean => {
    return file.endsWith(".ts") && directories.some((each) => file.startsWith(`${each}/`));
  };
  return {
    name: "kernel-checked",
    enforce: "pre",
    async resolveId(source, importer, resolveOptions) {
      if (!source.endsWith("machine.ts")) return null;
      const resolved = await this.resolve(source, importer, { ...resolveOptions, skipSelf: true });
      return resolved?.id === doors ? machine : resolved;
    },
    transform(_code, id) {
      const file = id.split("?")[0] ?? id;
      return isKernel(file) && file !== doors ? checkedFile(directories, file) : null;
    },
    watchChange(file) {
      if (isKernel(file)) programs.clear();
    },
  };
}

/** One program for all test projects of a run: by its directories. */
const programs = new Map<string, CheckedProgram>();

function checkedFile(directories: readonly string[], file: string): JavaScript {
  const key = directories.join();
  let checked = programs.get(key);
  if (checked === undefined) {
    checked = checkProgram(loadProgram(directories.flatMap(filesIn)));
    programs.set(key, checked);
  }
  const module = checked.program.moduleOf(file);
  if (module === undefined) throw new Error(`${file} was written after the tests began: start them again`);
  if (module.refusals.length > 0) throw new CompileError(module.refusals);
  return toJavaScript(checked.lowering, module);
}

function filesIn(directory: string): string[] {
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".ts")).map((name) => resolve(directory, name));
}
