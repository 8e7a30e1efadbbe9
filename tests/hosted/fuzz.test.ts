import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { REPOSITORY } from "../../scripts/compile/errors.ts";
import { multibootInfo, range, rsdp } from "../unit/dev/loader.ts";
import { withFolder } from "../folder.ts";
import { HAS_SANITIZERS, HOSTED, run } from "./programs.ts";

const LONG = process.env["LONG"] === "1";
const LONG_SECONDS = 300;

/** Executions of each on every run of the tests, and the longest input: two or three seconds of an idle core. */
const TARGETS = [
  ["heap", 1_200, 160],
  ["frames", 1_500, 400],
  ["tables", 3_000, 120],
  ["boot", 15_000, 400],
  ["pvh", 8_000, 400],
  ["console", 6_000, 200],
] as const;

const INPUT = ["-len_control=0"]; // long inputs from the start: short ones do little

/** Inputs that were found in a long run, and that reach all that it reached. Read, never added to. */
const kept = (name: string): string[] => {
  const folder = resolve(REPOSITORY, "tests/hosted/fuzz/corpus", name);
  return existsSync(folder) ? [folder] : [];
};

const HEADER_BYTES = 8; // the target writes the information's own header
const SEEDS: Readonly<Record<string, Uint8Array>> = {
  boot: multibootInfo({
    ranges: [range(0, 0x9fc00), range(0x9fc00, 0x400, 2), range(0x10_0000, 0x70_0000), range(0x70_0000, 0x1000, 3)],
    modules: [{ start: 0x60_0000, end: 0x60_1234, text: "a" }],
    commandLine: "heap.size=2M panic=exit",
    rsdp: rsdp(0x1000, 0x2000n),
  }).subarray(HEADER_BYTES),
};

test.skipIf(!HAS_SANITIZERS).each(TARGETS)(
  "fuzzing %s finds nothing",
  (name, runs, longest) => {
    withFolder((folder) => {
      const corpus = join(folder, "corpus");
      mkdirSync(corpus);
      const seed = SEEDS[name];
      if (seed !== undefined) writeFileSync(join(corpus, "seed"), seed);
      const effort = LONG ? [`-max_total_time=${LONG_SECONDS}`] : [`-runs=${runs}`, "-seed=1"];
      const args = [...INPUT, `-max_len=${longest}`, ...effort, corpus, ...kept(name)];
      const { output, ended } = run(join(HOSTED, `fuzz-${name}`), args, folder);
      if (ended !== 0) throw new Error(output.split("\n").slice(-60).join("\n"));
      const [, done] = /^Done (\d+) runs/m.exec(output) ?? [];
      console.log(`fuzz ${name}: ${done} executions`);
      expect(Number(done)).toBeGreaterThanOrEqual(LONG ? 1 : runs);
    });
  },
  LONG ? (LONG_SECONDS + 60) * 1000 : 300_000, // nothing here is timed, and a busy machine is no failure
);

test.skipIf(!HAS_SANITIZERS).each([
  ["overrun", "use-after-poison"],
  ["underrun", "use-after-poison"],
  ["use-after-free", "use-after-poison"],
  ["double-free", "heap: given back twice"],
])("fuzzing finds a planted %s on the heap", (mistake, words) => {
  withFolder((folder) => {
    const args = [...INPUT, "-max_len=160", "-runs=8000", "-seed=1"];
    const { output, ended } = run(join(HOSTED, "fuzz-heap"), args, folder, { PLANT: mistake });
    expect(ended).not.toBe(0);
    expect(output).toContain(words);
  });
});
