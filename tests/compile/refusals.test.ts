import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { REPOSITORY } from "../../scripts/compile/errors.ts";
import { checkProgram } from "../../scripts/compile/lower.ts";
import { loadProgram } from "../../scripts/compile/program.ts";
import { refusedBlocks, type Refused } from "./refused.ts";

const DIRECTORY = resolve(REPOSITORY, "tests/compile");
const blocks = refusedBlocks();
const fileOf = (block: Refused): string => resolve(DIRECTORY, `${block.topic}-${blocks.indexOf(block)}.ts`);
const texts = new Map(blocks.map((block) => [fileOf(block), block.source]));
const program = loadProgram([...texts.keys()], { texts });
checkProgram(program);

for (const topic of new Set(blocks.map((block) => block.topic))) {
  describe(topic, () => {
    test.each(blocks.filter((block) => block.topic === topic))("$source", (block) => {
      const refusals = program.moduleOf(fileOf(block))?.refusals ?? [];
      const [first] = refusals.map(({ place, reason }) => `${place?.line}:${place?.column} ${reason.split("\n")[0]}`);
      expect(block.expected[0]).toBeDefined();
      expect(first).toBe(block.expected[0]);
      expect(refusals.length).toBe(block.expected.length);
    });
  });
}

test("a module that is refused does not keep another from being checked", () => {
  const texts = new Map([
    [resolve(DIRECTORY, "good.ts"), "export function f(a: bigint): bigint { return a + 1n; }"],
    [resolve(DIRECTORY, "bad.ts"), 'import { f } from "./good.ts";\nexport function g(): bigint { return f(1); }'],
  ]);
  const both = loadProgram([...texts.keys()], { texts });
  const checked = checkProgram(both);
  expect(both.modules.map(({ refusals }) => refusals.length)).toEqual([0, 1]);
  expect(checked.functions.size).toBe(1);
});
