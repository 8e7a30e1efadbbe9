/** Do all hosts answer alike? Runs one random program in each and says where they differ. */
import { resolve } from "node:path";
import { compileLoaded, type Compiled } from "../../scripts/compile/compile.ts";
import { REPOSITORY } from "../../scripts/compile/errors.ts";
import { runSource, runWasm, type Exports } from "../../scripts/compile/hosts.ts";
import { loadProgram } from "../../scripts/compile/program.ts";
import type { ExportInfo } from "../../scripts/compile/lower.ts";
import { answerOf, describeCase, type Answer, type Case } from "./cases.ts";
import { testDoors } from "./doors.ts";
import { runNative } from "./native.ts";
import { Random } from "./random.ts";
import { RandomProgram } from "./random-program.ts";
import { onlyWith, shrink } from "./shrink.ts";

const CALLS_EACH = 8;
const NUMBERS = [0, 1, -1, 7, 31, 255, 0x7fff_ffff, 0x8000_0000, -98765432109];
const WORDS = [0n, 1n, 64n, 0xffff_ffffn, 0xffff_8000_0000_0000n, 0x7fff_ffff_ffff_ffffn, 0xffff_ffff_ffff_ffffn];
const LEVELS = ["-O2", "-O0"];

/** A call, what the checked source answers, and what another host does. */
export interface Difference {
  readonly each: Case;
  readonly host: string;
  readonly expected: Answer;
  readonly found: Answer;
}
/** The program as the second host gets it: the identity, or a compiler that is wrong on purpose. */
export type Compiler = (compiled: Compiled) => Compiled;
const UNCHANGED: Compiler = (same) => same;

/** Tsc finds fault with what only people should not do: comparing constants. The rest of its types must be right. */
const TOLERATED = /always (truthy|falsy)|appears to be unintentional/;

/** Types that are not checked (a sixth of the time) are right by construction, or anything can be thrown. */
export function compileSource(name: string, source: string, checksTypes = true): Compiled {
  const file = resolve(REPOSITORY, `tests/compile/${name}.ts`);
  const program = loadProgram([file], { texts: new Map([[file, source]]), checksTypes });
  for (const { refusals } of program.modules) {
    const kept = refusals.filter(({ reason }) => !TOLERATED.test(reason));
    refusals.splice(0, refusals.length, ...kept);
  }
  return compileLoaded(program);
}

export interface RandomCompiled {
  readonly seed: number;
  readonly source: string;
  readonly compiled: Compiled;
}

export function randomCompiled(seed: number, functions: number): RandomCompiled {
  const source = new RandomProgram(new Random(seed)).source(functions);
  return { seed, source, compiled: compileSource(`fuzzed-${seed}`, source, false) };
}

/** What a host answers, and the module's variables and memory after it. */
function answerAndState(exports: Exports, each: Case): Answer {
  exports["reset"]!();
  const answer = answerOf(exports, each);
  return answer === "left" ? answer : `${answer} ${exports["state"]!()}`;
}

interface Expected {
  readonly each: Case;
  readonly answer: Answer;
}

/** Calls of every function and what the checked source answers, where every value stays in its domain. */
function expectedAnswers(compiled: Compiled, seed: number): Expected[] {
  const random = new Random(seed + 1);
  const functions = compiled.exports.filter(({ name }) => name.startsWith("f"));
  const argumentsOf = (): Case["args"] => [random.pick(NUMBERS), random.pick(WORDS), random.pick(WORDS)];
  const all = functions.flatMap((fn) => Array.from({ length: CALLS_EACH }, () => ({ fn, args: argumentsOf() })));
  const checked = runSource(compiled, testDoors());
  const answered = all.map((each) => ({ each, answer: answerAndState(checked, each) }));
  return answered.filter(({ answer }) => answer !== "left");
}

function differences(host: string, expected: readonly Expected[], answers: readonly Answer[]): Difference[] {
  return expected.flatMap(({ each, answer }, i) => {
    const found = answers[i] ?? "nothing";
    return found === answer ? [] : [{ each, host, expected: answer, found }];
  });
}

export interface Compared {
  readonly calls: number;
  readonly differences: readonly Difference[];
}

/** In Wasm, and natively unless that already differs or is not asked for. */
export async function compare(
  compiled: Compiled,
  seed: number,
  natively: boolean,
  compiler = UNCHANGED,
): Promise<Compared> {
  const expected = expectedAnswers(compiled, seed);
  const wasm = runWasm(compiler(compiled), testDoors());
  const found = differences("Wasm", expected, expected.map(({ each }) => answerAndState(wasm, each)));
  if (found.length === 0 && natively) {
    for (const [level, answers] of await nativeAnswers(compiled, expected)) {
      found.push(...differences(`clang ${level}`, expected, answers));
    }
  }
  return { calls: expected.length, differences: found };
}

async function nativeAnswers(compiled: Compiled, expected: readonly Expected[]): Promise<[string, Answer[]][]> {
  const exported = (name: string): ExportInfo => compiled.exports.find((each) => each.name === name)!;
  const reset: Case = { fn: exported("reset"), args: [] };
  const state: Case = { fn: exported("state"), args: [] };
  const answers = await runNative(compiled, expected.flatMap(({ each }) => [reset, each, state]), LEVELS);
  return [...answers].map(([level, all]) => {
    return [level, expected.map((_, i) => `${all[3 * i + 1]} ${all[3 * i + 2]!.replace("n", "")}`)];
  });
}

/** The difference, and a small program that has it. */
export async function report(
  { source, seed }: RandomCompiled,
  first: Difference,
  compiler?: Compiler,
  patience = 250,
): Promise<string> {
  const natively = first.host !== "Wasm";
  let last = first;
  const fails = async (candidate: string): Promise<boolean> => {
    try {
      const { differences: again } = await compare(compileSource("shrunk", candidate), seed, natively, compiler);
      last = again[0] ?? last;
      return again.length > 0;
    } catch {
      return false; // it does not compile any more, or lacks what this calls
    }
  };
  const needed = onlyWith(source, first.each.fn.name);
  const small = await shrink((await fails(needed)) ? needed : source, fails, patience);
  await fails(small);
  const { each, host, expected, found } = last;
  return `${describeCase(each)} is ${expected} in the checked source, ${found} in ${host} (seed ${seed}):\n${small}`;
}
