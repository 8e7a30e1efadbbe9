import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { compileProgram, type Compiled } from "../../scripts/compile/compile.ts";
import { runSource, runWasm } from "../../scripts/compile/hosts.ts";
import { answerOf, casesOf, describeCase, type Answer, type Case } from "./cases.ts";
import { testDoors } from "./doors.ts";
import { runNative } from "./native.ts";

const PROGRAM = fileURLToPath(new URL("programs/all.ts", import.meta.url));
const LEVELS = ["-O0", "-Og", "-O2"];

let compiled: Compiled;
/** The cases in which every value stays in its domain, and what the checked source answers. */
let cases: Case[];
let expected: Answer[];
let native: Map<string, Answer[]>;

beforeAll(async () => {
  compiled = compileProgram(PROGRAM);
  const all = casesOf(compiled.exports);
  const checked = runSource(compiled, testDoors());
  const answers = all.map((each) => answerOf(checked, each));
  cases = all.filter((_, i) => answers[i] !== "left");
  expected = answers.filter((answer) => answer !== "left");
  native = await runNative(compiled, cases, LEVELS);
}, 120_000);

/** The first few cases that a host answers differently. */
function differences(answers: readonly Answer[]): string[] {
  const differing = cases.flatMap((each, i) => {
    if (answers[i] === expected[i]) return [];
    return [`${describeCase(each)}: ${answers[i]}, in Node from source ${expected[i]}`];
  });
  return differing.slice(0, 10);
}

test("every exported function answers at least one case", () => {
  const answered = new Set(cases.map(({ fn }) => fn.name));
  expect(compiled.exports.map(({ name }) => name).filter((name) => !answered.has(name))).toEqual([]);
  expect(cases.length).toBeGreaterThan(10_000);
});

test("without its domain checks the source answers the same", () => {
  const unchecked = runSource(compiled, testDoors(), true);
  const answers = cases.map((each, i) => {
    const answer = answerOf(unchecked, each);
    if (/^(-?Infinity|NaN)$/.test(answer) && expected[i] === "trap") return "trap"; // a division by zero
    return answer === "-0" ? "0" : answer;
  });
  expect(differences(answers)).toEqual([]);
});

test("the Wasm answers the same in Node", () => {
  const wasm = runWasm(compiled, testDoors());
  expect(differences(cases.map((each) => answerOf(wasm, each)))).toEqual([]);
});

test.each(LEVELS)("the native program answers the same at %s", (level) => {
  expect(differences(native.get(level) ?? [])).toEqual([]);
});
