/**
 * Compiles units, as many at a time as there are processors, and only those whose C, headers or command are others than
 * last time. Beside each object lies the key of all that it came from, written last: what was interrupted is repeated.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { renameInObject, sourceNames } from "./debug-names.ts";
import { digest } from "./surface.ts";
import type { Unit } from "./units.ts";

export interface Making {
  /** 0, or the status of the first command that failed. */
  readonly status: Promise<number>;
  kill(): void;
}

export interface MakeOptions {
  /** Where UNIT.c, UNIT.o and UNIT.key are; nothing else is there. */
  readonly directory: string;
  /** `-c UNIT.c -o UNIT.o` is put behind it. */
  readonly command: readonly string[];
  /** What the C includes. */
  readonly headers: readonly string[];
}

/** The key of each object, in order: what was made of these units would be the same. */
export function keysOfObjects(units: readonly Unit[], { command, headers }: MakeOptions): string[] {
  const common = digest(...command, ...headers.map((file) => readFileSync(file, "utf8")));
  return units.map(({ code }) => digest(common, code));
}

export function makeObjects(units: readonly Unit[], keys: readonly string[], options: MakeOptions): Making {
  const { directory } = options;
  mkdirSync(directory, { recursive: true });
  const wanted = new Set(units.flatMap(({ name }) => [`${name}.c`, `${name}.o`, `${name}.key`]));
  for (const name of readdirSync(directory)) if (!wanted.has(name)) rmSync(join(directory, name));
  const queue = units.map((unit, i) => ({ unit, key: keys[i]! })).filter(({ unit, key }) => {
    const base = join(directory, unit.name);
    return !existsSync(`${base}.o`) || !existsSync(`${base}.key`) || readFileSync(`${base}.key`, "utf8") !== key;
  });
  queue.sort((a, b) => b.unit.code.length - a.unit.code.length); // the longest first
  const running = new Set<ChildProcess>();
  let failed = 0;
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined && failed === 0; next = queue.shift()) {
      failed ||= await makeOne(next.unit, next.key, options, running);
    }
  };
  return {
    status: Promise.all(cpus().map(work)).then(() => failed),
    kill: () => {
      queue.length = 0;
      running.forEach((child) => child.kill());
    },
  };
}

async function makeOne(
  unit: Unit,
  key: string,
  { directory, command }: MakeOptions,
  running: Set<ChildProcess>,
): Promise<number> {
  const base = join(directory, unit.name);
  rmSync(`${base}.key`, { force: true });
  writeFileSync(`${base}.c`, unit.code);
  const status = await run([...command, "-c", `${base}.c`, "-o", `${base}.new.o`], running);
  if (status !== 0) return status;
  renameInObject(`${base}.new.o`, sourceNames(unit.functions));
  renameSync(`${base}.new.o`, `${base}.o`);
  writeFileSync(`${base}.key`, key);
  return 0;
}

/** Its status. */
function run([command = "", ...args]: readonly string[], running: Set<ChildProcess>): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "inherit" });
    running.add(child);
    const end = (status: number): void => {
      running.delete(child);
      resolve(status);
    };
    child.once("close", (code) => end(code ?? 1)).once("error", (error) => {
      console.error(`${command}: ${error.message}`);
      end(127); // what a shell says of a command that it does not find
    });
  });
}
