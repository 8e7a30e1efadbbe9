/** Objects are made of what changed, of nothing else, and not of what is refused. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { expect, test } from "vitest";
import { displayPath, REPOSITORY } from "../../scripts/compile/errors.ts";
import { makeKernel } from "../../scripts/compile/make.ts";
import { CLANG_FLAGS } from "../../scripts/compile/native.ts";
import { withFolder } from "../folder.ts";

const MAIN = resolve(REPOSITORY, "scripts/compile/main.ts");
const DOORS = resolve(REPOSITORY, "tests/compile/doors.h");
const CLANG = ["clang-14", "-O2", "-g", ...CLANG_FLAGS, "-fno-pic", "-mcmodel=kernel"];
const LIMIT = "export const LIMIT = 3;\n";

/** A program of an entry and of two modules in a folder each. */
class Project {
  readonly folder: string;
  readonly objects: string;

  constructor(folder: string) {
    this.folder = folder;
    this.objects = join(folder, "out.objects");
    for (const name of ["a", "b"]) spawnSync("mkdir", [join(folder, name)]);
    this.write("main.ts", `import { far } from "./a/far.ts";
import { near, count } from "./b/near.ts";
export function start(at: number): number {
  return far(at) + near(at) + count;
}
`);
    const machine = relative(join(folder, "a"), join(REPOSITORY, "kernel/doors/machine.ts"));
    this.write("a/far.ts", `import { stringLength } from "${machine}";
export function far(at: number): number {
  let sum = 0;
  for (let i = 0; i < at; i++) sum += i ^ stringLength("far");
  return sum;
}
`);
    this.write("b/near.ts", `export let count = 0;
export function near(at: number): number {
  count++;
  return at + 1;
}
`);
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.folder, path), text);
  }

  edit(path: string, from: string, to: string): void {
    const text = readFileSync(join(this.folder, path), "utf8");
    expect(text).toContain(from);
    this.write(path, text.replace(from, to));
  }

  make(command: readonly string[] = CLANG): Promise<number | null> {
    const { folder, objects } = this;
    const base = join(folder, "out");
    const entry = join(folder, "main.ts");
    return makeKernel({ entry, texts: new Map(), base, objects, doors: DOORS, prefix: "", command });
  }

  /** By name, without the part that the folder has. */
  times(): Map<string, number> {
    const names = readdirSync(join(this.folder, "out.units")).filter((name) => name.endsWith(".o")).sort();
    return new Map(names.map((name) => [name, statSync(join(this.folder, "out.units", name)).mtimeMs]));
  }

  /** The units that were made again, by the end of their names. */
  async remade(edit: () => void): Promise<string[]> {
    const before = this.times();
    edit();
    expect(await this.make()).toBe(0);
    const changed = [...this.times()].filter(([name, time]) => before.get(name) !== time);
    return changed.map(([name]) => /([ab]|[^-]*)\.o$/.exec(name)![1]!.replace(/^.{2,}$/, "main"));
  }
}

function withProject(work: (project: Project) => Promise<void>): Promise<void> {
  const folder = withFolder((made) => made);
  spawnSync("mkdir", ["-p", folder]);
  return work(new Project(folder)).finally(() => rmSync(folder, { recursive: true }));
}

test("a change makes the objects again that have its code, and no others", () => withProject(async (project) => {
  expect(await project.make()).toBe(0);
  expect(project.times().size).toBe(3);
  expect(await project.remade(() => undefined)).toEqual([]);
  expect(await project.remade(() => project.edit("main.ts", "far(at) +", "far(at) -"))).toEqual(["main"]);
  // what is small is inlined in the entry's unit as well
  expect(await project.remade(() => project.edit("b/near.ts", "at + 1", "at + 2"))).toEqual(["b", "main"]);
  expect(await project.remade(() => project.write("b/other.ts", LIMIT))).toEqual([]);
}));

test("a function of another unit is inlined, and its code is there once", () => withProject(async (project) => {
  project.edit("main.ts", "export function start", "export function other(at: number): number { return far(at); }\n"
    + "export function start");
  expect(await project.make()).toBe(0);
  const lists = readFileSync(project.objects, "utf8").match(/\/\S+\.o/g)!;
  const symbols = lists.map((file) => spawnSync("nm", [file], { encoding: "utf8" }).stdout);
  const defining = (name: string): number => symbols.filter((text) => text.includes(` T ${name}\n`)).length;
  expect([defining("start"), defining("far"), defining("near")]).toEqual([1, 1, 1]);
  expect(symbols.join("")).not.toContain(" U near");
}));

test("no objects are left of what is refused, and the next right program has them again", () => {
  return withProject(async (project) => {
    expect(await project.make()).toBe(0);
    project.edit("a/far.ts", "): number", "): bigint");
    expect(await project.make()).toBeNull();
    expect(existsSync(project.objects)).toBe(false);
    project.edit("a/far.ts", "): bigint", "): number");
    expect(await project.make()).toBe(0);
    expect(existsSync(project.objects)).toBe(true);
  });
});

test("what was interrupted or spoilt is made again", () => withProject(async (project) => {
  expect(await project.make()).toBe(0);
  const list = readFileSync(project.objects, "utf8");
  const units = readdirSync(join(project.folder, "out.units"));
  const first = join(project.folder, "out.units", units.find((name) => name.endsWith(".key"))!);
  const spoil: (() => void)[] = [
    () => rmSync(first),
    () => writeFileSync(first, "another key"),
    () => rmSync(first.replace(/key$/, "o")),
    () => writeFileSync(join(project.folder, "out.kept"), "nothing of ours"),
    () => rmSync(project.objects),
  ];
  for (const each of spoil) {
    each();
    expect(await project.make()).toBe(0);
    expect(readFileSync(project.objects, "utf8")).toBe(list);
  }
  expect(await project.make(["sh", "-c", "exit 3", ...CLANG])).toBe(3);
  expect(existsSync(project.objects)).toBe(false);
}));

/** The command line, in the checkout. */
function runMain(...args: string[]) {
  return spawnSync(process.execPath, ["--import", "tsx", MAIN, ...args], { encoding: "utf8", cwd: REPOSITORY });
}

test("the command line says what is refused, and hands on the status of what makes objects", () => {
  withFolder((folder) => {
    const entry = join(folder, "sum.ts");
    const text = "export function f(a: number): number {\n  return a + 1;\n}\n";
    const objects = join(folder, "sum.objects");
    const args = [entry, "-o", join(folder, "sum"), `--objects=${objects}`, "--"];
    writeFileSync(entry, text);
    const missing = runMain(...args, "no-such-clang");
    expect(missing.status).toBe(127);
    expect(missing.stderr).toMatch(/^no-such-clang: .*ENOENT/);
    writeFileSync(entry, text.replace("): number", "): bigint"));
    const wrong = runMain(...args, ...CLANG);
    expect(wrong.stderr.trim()).toBe(`${displayPath(entry)}:2:3: Type 'number' is not assignable to type 'bigint'.`);
    expect(wrong.status).toBe(1);
    expect(existsSync(objects)).toBe(false);
  });
});
