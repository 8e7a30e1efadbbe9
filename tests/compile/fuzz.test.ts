import { resolve } from "node:path";
import { expect, test } from "vitest";
import { compileProgram } from "../../scripts/compile/compile.ts";
import { REPOSITORY } from "../../scripts/compile/errors.ts";
import { runSource, runWasm, type Exports } from "../../scripts/compile/hosts.ts";
import { answerOf, describeCase, type Answer, type Case } from "./cases.ts";
import { testDoors } from "./doors.ts";
import { runNative } from "./native.ts";
import { Random, RandomProgram } from "./random-program.ts";

// COMPILE_FUZZ_FUNCTIONS=5000 COMPILE_FUZZ_SEED=7 npx vitest run tests/compile/fuzz
const FUNCTIONS = Number(process.env["COMPILE_FUZZ_FUNCTIONS"] ?? 200);
const SEED = Number(process.env["COMPILE_FUZZ_SEED"] ?? 1);
const PROGRAM_SIZE = 50;
const CALLS_EACH = 8;
const NUMBERS = [0, 1, -1, 7, 31, 255, 0x7fff_ffff, 0x8000_0000, -98765432109];
const WORDS = [0n, 1n, 64n, 0xffff_ffffn, 0xffff_8000_0000_0000n, 0x7fff_ffff_ffff_ffffn, 0xffff_ffff_ffff_ffffn];

/** What a host answers, and the module's variables after it. */
function answerAndState(exports: Exports, each: Case): Answer {
  exports["reset"]!();
  const answer = answerOf(exports, each);
  return answer === "left" ? answer : `${answer} ${exports["state"]!()}`;
}

const programs = Array.from({ length: Math.ceil(FUNCTIONS / PROGRAM_SIZE) }, (_, i) => SEED * 1000 + i);

test.each(programs)("program %i answers the same in every host", (seed) => {
  const file = resolve(REPOSITORY, `tests/compile/fuzzed-${seed}.ts`);
  const source = new RandomProgram(seed).source(PROGRAM_SIZE);
  const compiled = compileProgram(file, { texts: new Map([[file, source]]) });
  const random = new Random(seed + 1);
  const functions = compiled.exports.filter(({ name }) => name.startsWith("f"));
  const all: Case[] = functions.flatMap((fn) => {
    return Array.from({ length: CALLS_EACH }, () => {
      return { fn, args: [random.pick(NUMBERS), random.pick(WORDS), random.pick(WORDS)] };
    });
  });

  const checked = runSource(compiled, testDoors());
  const answered = all.map((each) => ({ each, answer: answerAndState(checked, each) }));
  const kept = answered.filter(({ answer }) => answer !== "left");
  expect(kept.length).toBeGreaterThan(all.length / 4);
  const compare = (answers: readonly Answer[]): string[] => {
    const differing = kept.filter(({ answer }, i) => answers[i] !== answer);
    return differing.slice(0, 3).map(({ each, answer }) => `${describeCase(each)} is ${answer} in the checked source`);
  };

  const unchecked = runSource(compiled, testDoors(), true);
  expect(compare(kept.map(({ each }) => answerAndState(unchecked, each).replace(/^-0 /, "0 ")))).toEqual([]);
  const wasm = runWasm(compiled, testDoors());
  expect(compare(kept.map(({ each }) => answerAndState(wasm, each)))).toEqual([]);

  const reset: Case = { fn: compiled.exports.find(({ name }) => name === "reset")!, args: [] };
  const state: Case = { fn: compiled.exports.find(({ name }) => name === "state")!, args: [] };
  const cases = kept.flatMap(({ each }) => [reset, each, state]);
  const level = ["-O2", "-O0", "-O1", "-Os"][seed % 4]!;
  const native = runNative(compiled, cases, [level]).get(level)!;
  expect(compare(kept.map((_, i) => `${native[3 * i + 1]} ${native[3 * i + 2]!.replace("n", "")}`))).toEqual([]);
});
