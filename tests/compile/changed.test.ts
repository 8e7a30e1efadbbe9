/** What is kept of unchanged modules must never show: the result is byte for byte that of a compiler without memory. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { compileChanged, type ChangedProgram } from "../../scripts/compile/changed.ts";
import { REPOSITORY } from "../../scripts/compile/errors.ts";
import { surfaceOf } from "../../scripts/compile/surface.ts";
import { NOTHING_KEPT, readKept, writeKept, type Kept } from "../../scripts/compile/kept.ts";
import { unitsOf } from "../../scripts/compile/units.ts";
import { describe, wholeOf } from "../../scripts/compile/whole.ts";
import { withFolder } from "../folder.ts";
import { Random } from "./random.ts";

const STEPS = process.env["LONG"] === "1" ? 400 : 16;
const SEED = 20_260_401;

/** What an edit changes. */
interface State {
  limit: number;
  wide: boolean;
  fields: number;
  helper: string;
  body: number;
  extra: boolean;
  cold: boolean;
  twin: boolean;
  pauses: boolean;
  comment: number;
  initial: number;
  inferred: number;
}
const START: State = {
  limit: 3, wide: false, fields: 0, helper: "scale", body: 1, extra: false, cold: false, twin: false, pauses: true,
  comment: 0, initial: 1, inferred: 1,
};
const FIELDS = ["low: u32, high: u32", "high: u32, low: u32", "low: u16, gap: bytes(2), high: u32"];

/** The modules of a small program, by path; the first is the entry. */
function modulesOf(state: State, kernel: string): Record<string, string> {
  const { helper, wide } = state;
  const extra: Record<string, string> = state.extra ? {
    "side/extra.ts": `import { LIMIT } from "../low/limits.ts";
export function extra(): number { return LIMIT * 5; }
`,
  } : {};
  return {
    "main.ts": `import { ${helper} } from "./low/helpers.ts";
import { PAIR_SIZE, sum } from "./side/pairs.ts";
import { wait } from "./side/wait.ts";
${state.extra ? 'import { extra } from "./side/extra.ts";' : ""}
export { wait } from "./side/wait.ts";
export function start(at: number): number {
  wait();
  return ${helper}(at${wide ? ", 2" : ""}) + sum() + PAIR_SIZE${state.extra ? " + extra()" : ""};
}
`,
    "low/limits.ts": `// ${"a comment ".repeat(state.comment)}
export const LIMIT = ${state.limit};
export const NAME = "limit ${state.limit}";
`,
    "low/helpers.ts": `${state.cold ? '"compiler: cold";\n' : ""}import { LIMIT, NAME } from "./limits.ts";
import { pause, stringLength } from "${kernel}/doors/machine.ts";
export let turns = ${state.initial};
/** ${"more ".repeat(state.comment)} */
export function ${helper}(at: number${wide ? ", by: number" : ""}): number {
  turns += ${state.body};
  return at * LIMIT${wide ? " + by" : ""} + stringLength(NAME);
}
${state.twin ? "function own(): number { return 4; }\nexport const twin = (): number => own();" : ""}
export function step(): void { ${state.pauses ? "pause();" : ""} }
export function guess() { return ${state.inferred % 2 === 0 ? "true" : state.inferred}; }
`,
    "side/pairs.ts": `import { layout, bytes, u16, u32 } from "${kernel}/lib/layout.ts";
import { staticBytes } from "${kernel}/doors/machine.ts";
import { guess, turns } from "../low/helpers.ts";
const POOL = staticBytes(64, 16);
const PAIR = layout(8, { ${FIELDS[state.fields]} });
export const PAIR_SIZE = PAIR.SIZE;
function own(): number { return PAIR.low(POOL) + turns; }
export function sum(): number { return own() + PAIR.high(POOL) + (guess() ? 1 : 2); }
`,
    "side/wait.ts": `import { step, turns } from "../low/helpers.ts";
export function wait(): void { while (turns === 0) step(); }
`,
    ...extra,
  };
}

function edited(state: State, random: Random): State {
  const edits: (() => Partial<State>)[] = [
    () => ({ limit: random.below(9) }),
    () => ({ wide: !state.wide }),
    () => ({ fields: random.below(FIELDS.length) }),
    () => ({ helper: random.pick(["scale", "own", "grow"]) }),
    () => ({ body: random.below(9) }),
    () => ({ extra: !state.extra }),
    () => ({ cold: !state.cold }),
    () => ({ twin: !state.twin }),
    () => ({ pauses: !state.pauses }),
    () => ({ comment: random.below(4) }),
    () => ({ initial: random.below(4) }),
    () => ({ inferred: random.below(4) }),
  ];
  return { ...state, ...random.pick(edits)() };
}

/** The program in a folder of its own. */
function write(folder: string, state: State, random?: Random): void {
  rmSync(folder, { recursive: true, force: true });
  const kernel = (path: string): string => relative(join(folder, path, ".."), join(REPOSITORY, "kernel"));
  for (const path of Object.keys(modulesOf(state, ""))) {
    const text = modulesOf(state, kernel(path))[path]!;
    mkdirSync(join(folder, path, ".."), { recursive: true });
    // now and then a module lags behind the others: what does not fit together must be refused in both
    const broken = random?.chance(30) === true ? text.replace("number {", "bigint {") : text;
    writeFileSync(join(folder, path), broken);
  }
}

/** All that comes of it, as one text; null if it is refused. */
function resultOf(program: ChangedProgram | null): string | null {
  const whole = program && wholeOf(program);
  if (program === null || whole === null || !program.typesAreRight()) return null;
  const units = unitsOf(whole, { doors: "doors.h", preamble: "wasm2c.h", prefix: "" });
  return JSON.stringify([program.kept, describe(whole), units.map(({ name, code }) => [name, code])], null, 1);
}

function compile(entry: string, kept: Kept): ChangedProgram | null {
  try {
    return compileChanged(entry, kept);
  } catch {
    return null; // of a program whose types are wrong anything can be thrown
  }
}

test("after each of many edits the result is that of a compiler that remembers nothing", () => {
  withFolder((directory) => {
    const folder = join(directory, "program");
    const entry = join(folder, "main.ts");
    const random = new Random(SEED);
    let kept = NOTHING_KEPT;
    let state = START;
    const outcomes = { same: 0, refused: 0, partial: 0 };
    for (let step = 0; step < STEPS; step++) {
      write(folder, state, random);
      const program = compile(entry, kept);
      const found = resultOf(program);
      const wanted = resultOf(compile(entry, NOTHING_KEPT));
      expect(found === wanted, `step ${step}, ${JSON.stringify(state)}`).toBe(true);
      if (program === null || found === null) outcomes.refused++;
      else {
        kept = JSON.parse(JSON.stringify(program.kept)) as Kept;
        outcomes.same++;
        if (program.compiled.length < Object.keys(kept.modules).length) outcomes.partial++;
      }
      state = edited(state, random);
    }
    // it was worth it: some were refused, and most were not compiled as a whole
    expect(outcomes.refused).toBeGreaterThan(STEPS / 20);
    expect(outcomes.partial).toBeGreaterThan(STEPS / 2);
  });
}, 600_000);

function afterEdit(change: Partial<State>): { readonly program: ChangedProgram | null; readonly folder: string } {
  return withFolder((directory) => {
    const folder = join(directory, "program");
    write(folder, START);
    const before = compile(join(folder, "main.ts"), NOTHING_KEPT)!;
    write(folder, { ...START, ...change });
    return { program: compile(join(folder, "main.ts"), before.kept), folder: relative(REPOSITORY, folder) };
  });
}

test.each<[string, Partial<State>, string[] | null]>([
  ["nothing", {}, []],
  ["a body: its module", { body: 7 }, ["low/helpers.ts"]],
  ["a comment: its modules, and no one who imports them", { comment: 2 }, ["low/helpers.ts", "low/limits.ts"]],
  ["a constant: who imports it, at whatever distance", { limit: 8 },
    ["low/helpers.ts", "low/limits.ts", "main.ts", "side/pairs.ts", "side/wait.ts"]],
  ["a layout: its module and the entry", { fields: 1 }, ["main.ts", "side/pairs.ts"]],
  ["a new import: its module", { extra: true }, ["main.ts", "side/extra.ts"]],
  ["what a loop elsewhere waited with: refused", { pauses: false }, null],
])("a change of %s", (_, change, wanted) => {
  const { program, folder } = afterEdit(change);
  const compiled = program?.compiled.map((path) => path.slice(folder.length + 1)).sort();
  expect(compiled ?? null).toEqual(wanted);
});

test("what is kept of imports names no place on this machine: a checkout may be moved", () => {
  const text = 'import { a } from "./low.ts";\nexport { b } from "../up.ts";\nexport const c = a;\n';
  expect(surfaceOf("/one/place/main.ts", text)).toEqual(surfaceOf("/another/main.ts", text));
  expect(surfaceOf("/one/place/main.ts", text)?.imports).toEqual(["./low.ts", "../up.ts"]);
});

test("a file that this compiler did not write is as good as none", () => {
  withFolder((directory) => {
    const file = join(directory, "kept");
    const kept: Kept = { preamble: "// of wasm2c\n", modules: {} };
    writeKept(file, kept);
    expect(readKept(file)).toEqual(kept);
    const text = readFileSync(file, "utf8");
    const spoilt = ["", "{}", text.slice(0, -1), `${text} `, text.replace("wasm2c", "wasm2d"), text.replace(/^./, "x")];
    for (const other of spoilt) {
      writeFileSync(file, other);
      expect(readKept(file), other).toBe(NOTHING_KEPT);
    }
    expect(readKept(join(directory, "none"))).toBe(NOTHING_KEPT);
  });
});
