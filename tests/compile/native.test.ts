import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { compileProgram, type Compiled } from "../../scripts/compile/compile.ts";
import { displayPath, REPOSITORY } from "../../scripts/compile/errors.ts";
import { CLANG_FLAGS, writeNative } from "../../scripts/compile/native.ts";
import { withFolder } from "../folder.ts";

const FILE = resolve(REPOSITORY, "tests/compile/native-example.ts");
const DOORS = resolve(REPOSITORY, "tests/compile/doors.h");
const MAIN = resolve(REPOSITORY, "scripts/compile/main.ts");
const SOURCE = `import { staticBytes, load64 } from "../../kernel/doors/machine.ts";
import { layout, u32, bytes } from "../../kernel/lib/layout.ts";
const POOL = staticBytes(64, 16);
const PAIR = layout(12, { low: u32, gap: bytes(4), high: u32 });
let taken = 7;
export function frameTake(count: number): number {
  let left = count & 3;
  while (left > 0) {
    left = frameTake(left - 1) - 1;
    taken += left + PAIR.low(POOL);
  }
  return taken + Number(load64(POOL) & 1n);
}
export function frameGive(): void {
  taken = helper(frameTake(1));
}
function helper(x: number): number {
  return Math.imul(x, x + taken);
}
`;

interface Symbols {
  readonly names: string[];
  readonly text: string;
}

function symbolsOf(base: string, level: string): Symbols {
  const flags = [level, "-g", ...CLANG_FLAGS, "-fno-pic", "-mcmodel=kernel"];
  execFileSync("clang-14", [...flags, "-c", `${base}.glue.c`, "-o", `${base}.o`]);
  const text = execFileSync("nm", ["--defined-only", `${base}.o`], { encoding: "utf8" });
  return { text, names: text.trim().split("\n").map((line) => line.split(" ").slice(1).join(" ")) };
}

/** Compiles SOURCE to files, then works on them. */
function compiled<T>(prefix: string, work: (base: string) => T): T {
  const program = compileProgram(FILE, { texts: new Map([[FILE, SOURCE]]) });
  return withFolder((directory) => {
    const base = join(directory, "example");
    writeNative(program, base, { doors: DOORS, prefix });
    return work(base);
  });
}

test.each(["-O0", "-O2"])("native symbols are the TypeScript names, each function is there once (%s)", (level) => {
  compiled("", (base) => {
    const { names, text } = symbolsOf(base, level);
    expect(names).toContain("T frameTake");
    expect(names).toContain("T frameGive");
    expect(text.match(/frameTake/g)).toHaveLength(1);
    if (level === "-O0") expect(names).toEqual(expect.arrayContaining(["t helper", "b POOL"]));
  });
});

test("a prefix goes before the exported names, at the same address", () => {
  compiled("k_", (base) => {
    const { text } = symbolsOf(base, "-O2");
    const addressOf = (name: string): string | undefined => new RegExp(`^(\\w+) . ${name}$`, "m").exec(text)?.[1];
    expect(addressOf("k_frameTake")).toBe(addressOf("frameTake"));
    expect(text).toMatch(/ T k_frameTake$/m);
    expect(text).toMatch(/ t frameTake$/m);
  });
});

test("the C names the lines of the source, by its path in the repository", () => {
  compiled("", (base) => {
    const code = readFileSync(`${base}.c`, "utf8");
    expect(code).toContain('#line 8 "tests/compile/native-example.ts"');
    expect(code).not.toContain("w2c_env_LINE(instance");
  });
});

test("the description tells debuggers about functions, variables, static bytes and layouts", () => {
  const text = compiled("", (base) => readFileSync(`${base}.json`, "utf8"));
  const description = JSON.parse(text) as Record<string, unknown[]>;
  expect(description["functions"]).toContainEqual({
    symbol: "frameTake",
    name: "frameTake",
    params: ["number"],
    result: "number",
    isValue: false,
    isCold: false,
    locals: [
      { symbol: "count", name: "count", kind: "number" },
      { symbol: "left", name: "left", kind: "number" },
    ],
  });
  expect(description["variables"]).toEqual([{ symbol: "taken", name: "taken", kind: "number", init: "7" }]);
  expect(description["statics"]).toEqual([{ symbol: "POOL", size: 64, align: 16 }]);
  expect(description["layouts"]).toEqual([
    {
      name: "PAIR",
      size: 12,
      fields: [
        { name: "low", offset: 0, width: 4, access: "word" },
        { name: "gap", offset: 4, width: 4, access: "bytes" },
        { name: "high", offset: 8, width: 4, access: "word" },
      ],
    },
  ]);
});

test("a file that would come out the same is left alone", () => {
  compiled("", (base) => {
    const longAgo = new Date(1e12);
    utimesSync(`${base}.glue.c`, longAgo, longAgo);
    const again = compileProgram(FILE, { texts: new Map([[FILE, SOURCE]]) });
    writeNative(again, base, { doors: DOORS });
    expect(statSync(`${base}.glue.c`).mtime).toEqual(longAgo);
    writeNative(again, base, { doors: DOORS, prefix: "other_" });
    expect(statSync(`${base}.glue.c`).mtime).not.toEqual(longAgo);
  });
});

test("a function that never returns is out of line, and so are those of a module that is cold", () => {
  const texts = new Map([
    [FILE, 'import { say } from "./cold-example.ts";\nexport function f(): void { say(1); stop(); }\n' +
      "function stop(): never { for (;;); }\n"],
    [resolve(FILE, "../cold-example.ts"), '"compiler: cold";\nlet said = 0;\n' +
      "export function say(n: number): void { said = n; }\n"],
  ]);
  withFolder((directory) => {
    const base = join(directory, "example");
    writeNative(compileProgram(FILE, { texts }), base, { doors: DOORS });
    const text = readFileSync(`${base}.glue.c`, "utf8");
    expect(text).toContain("static void f(void);");
    expect(text).toContain("static __attribute__((cold, noinline)) void say(__number);");
    expect(text).toContain("static __attribute__((cold, noinline, noreturn, nomerge)) void stop(void);");
  });
});

test("in the kernel a division by zero is a panic that names its line", () => {
  const source = "export function f(a: number, b: number): number {\n  return Math.trunc(a / b);\n}\n";
  withFolder((directory) => {
    const base = join(directory, "example");
    const program = compileProgram(FILE, { texts: new Map([[FILE, source]]) });
    writeNative(program, base, { doors: resolve(REPOSITORY, "boot/doors.h") });
    const flags = ["-O2", ...CLANG_FLAGS, "-fno-pic", "-mcmodel=kernel"];
    const text = execFileSync("clang-14", [...flags, "-S", `${base}.glue.c`, "-o", "-"], { encoding: "utf8" });
    expect(text).toContain("division by zero at tests/compile/native-example.ts:2");
    // what does not trap: one test and one branch, which is not taken
    const body = /^f:[^]*?retq/m.exec(text)?.[0] ?? "";
    expect(body).toMatch(/test[^]*\bidivq\b/);
    expect(body).not.toMatch(/ud2|callq/);
  });
});

/** The command line, in the checkout. */
function runMain(...args: string[]) {
  return spawnSync(process.execPath, ["--import", "tsx", MAIN, ...args], { encoding: "utf8", cwd: REPOSITORY });
}

test("the command line prints every refusal with its place, and fails", () => {
  withFolder((directory) => {
    const entry = join(directory, "bad.ts");
    const lines = ["export function f(a: number): number {", "  const g = (): number => a;", "  return g();", "}"];
    writeFileSync(entry, `${lines.join("\n")}\nexport function h(a: number): number {\n  return a / 2;\n}\n`);
    const run = runMain(entry, "-o", join(directory, "out"));
    expect(run.status).toBe(1);
    expect(run.stderr.trim().split("\n")).toEqual([
      `${displayPath(entry)}:2:13: closures are not supported on kernel paths; pass the state as arguments`,
      `${displayPath(entry)}:6:10: number / gives fractions: write Math.trunc(a / b) or Math.floor(a / b)`,
    ]);
  });
});

test("the command line explains itself when it is called wrongly", () => {
  const run = runMain();
  expect(run.status).toBe(2);
  expect(run.stderr).toMatch(/^usage: main.ts ENTRY.ts -o BASE/);
});

/** What the entry exports, compiled to a symbol table: of a program whose modules are `texts`, the first the entry. */
function compiledModules(...texts: string[]): Compiled {
  const files = texts.map((_, i) => resolve(REPOSITORY, `tests/compile/module-${i}.ts`));
  return compileProgram(files[0]!, { texts: new Map(files.map((file, i) => [file, texts[i]!])) });
}

test("an exported function keeps its name, and another one of that name gets a number", () => {
  const { exports, functions } = compiledModules(
    'export { onTrap } from "./module-1.ts";\nimport { use } from "./module-2.ts";\nexport const go = () => use();\n',
    'import { onTrap as inner } from "./module-2.ts";\nexport const onTrap = (): number => inner() + 1;\n',
    "export function onTrap(): number {\n  return 7;\n}\nexport function use(): number {\n  return onTrap();\n}\n",
  );
  expect(exports.map(({ name, symbol }) => [name, symbol])).toEqual([["onTrap", "onTrap"], ["go", "go"]]);
  expect(functions.map(({ symbol }) => symbol).sort()).toEqual(["go", "onTrap", "onTrap_1", "use"]);
});

test("an export under a name that another function has is refused: they would be one symbol", () => {
  const text = "function a(): number {\n  return b();\n}\nfunction b(): number {\n  return 1;\n}\nexport { a as b };\n";
  expect(() => compiledModules(text)).toThrow(/4:1: 'a' is exported as 'b', which another function is called: rename/);
});
