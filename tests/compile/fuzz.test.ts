/**
 * Random programs, compared in the checked source, the Wasm in Node, and natively at -O2 and -O0.
 *
 *   COMPILE_FUZZ_FUNCTIONS=100000 COMPILE_FUZZ_SEED=7 npx vitest run --project=compile tests/compile/fuzz
 */
import { expect, test } from "vitest";
import { compare, randomCompiled, report, type Compiler } from "./agreement.ts";
import { mutated, MUTANTS } from "./mutants.ts";

const isLong = process.env["LONG"] === "1";
const FUNCTIONS = Number(process.env["COMPILE_FUZZ_FUNCTIONS"] ?? (isLong ? 2_000_000 : 1_000));
const SEED = Number(process.env["COMPILE_FUZZ_SEED"] ?? 1);
const PROGRAM_SIZE = 500; // what a program costs beside its functions is a tenth then
const PLANTED_SIZE = 100; // a miscompilation is not hard to find; what takes time is to shrink it
const programs = numbers(PROGRAM_SIZE);

/** Of as many programs of that size as there are functions to try. */
function numbers(size: number): number[] {
  return Array.from({ length: Math.ceil(FUNCTIONS / size) }, (_, i) => SEED * 100_000 + i);
}

test.concurrent.each(programs)("the functions of program %i answer the same in every host", async (number) => {
  const program = randomCompiled(number, PROGRAM_SIZE);
  const { calls, differences } = await compare(program.compiled, program.seed, true);
  const [first] = differences;
  expect(first && (await report(program, first))).toBeUndefined();
  expect(calls).toBeGreaterThan(PROGRAM_SIZE); // most calls stay in their domains
});

test.each(Object.entries(MUTANTS))("%s is found, and shown by a small program", async (_name, mutate) => {
  for (const number of numbers(PLANTED_SIZE)) {
    const program = randomCompiled(number, PLANTED_SIZE);
    const compiler: Compiler = (compiled) => mutated(compiled, mutate);
    const { differences } = await compare(program.compiled, program.seed, false, compiler);
    const [first] = differences;
    if (first === undefined) continue;
    const [, ...small] = (await report(program, first, compiler, 60)).split("\n");
    expect(small.join("\n").length).toBeLessThan(program.source.length / 4);
    return;
  }
  expect.unreachable("the fuzzer found nothing wrong with it");
});
