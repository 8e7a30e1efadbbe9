/**
 * Random programs, compared in the checked source, the Wasm in Node, and natively at -O2 and -O0.
 *
 *   COMPILE_FUZZ_FUNCTIONS=100000 COMPILE_FUZZ_SEED=7 npx vitest run --project=compile tests/compile/fuzz
 */
import { expect, test } from "vitest";
import { compare, compileSource, randomSource, report } from "./agreement.ts";
import { mutated, MUTANTS } from "./mutants.ts";

const isLong = process.env["LONG"] === "1";
const FUNCTIONS = Number(process.env["COMPILE_FUZZ_FUNCTIONS"] ?? (isLong ? 100_000 : 2_000));
const SEED = Number(process.env["COMPILE_FUZZ_SEED"] ?? 1);
const PROGRAM_SIZE = 100;
const programs = Array.from({ length: Math.ceil(FUNCTIONS / PROGRAM_SIZE) }, (_, i) => SEED * 100_000 + i);

test.each(programs)("the functions of program %i answer the same in every host", (seed) => {
  const source = randomSource(seed, PROGRAM_SIZE);
  const { calls, differences } = compare(compileSource(`fuzzed-${seed}`, source), seed, true);
  const [first] = differences;
  expect(first && report(source, seed, first)).toBeUndefined();
  expect(calls).toBeGreaterThan(PROGRAM_SIZE); // most calls stay in their domains
});

test.each(Object.entries(MUTANTS))("%s is found, and shown by a small program", (_name, mutate) => {
  for (const seed of programs) {
    const source = randomSource(seed, PROGRAM_SIZE);
    const compiler = (compiled: Parameters<typeof mutated>[0]) => mutated(compiled, mutate);
    const [first] = compare(compileSource(`planted-${seed}`, source), seed, false, compiler).differences;
    if (first === undefined) continue;
    const small = report(source, seed, first, compiler).split("\n").slice(1).join("\n");
    expect(small.length).toBeLessThan(source.length / 10);
    return;
  }
  expect.unreachable("the fuzzer found nothing wrong with it");
});
