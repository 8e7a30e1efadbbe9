import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { REPOSITORY } from "../../scripts/compile/errors.ts";
import { checkProgram } from "../../scripts/compile/lower.ts";
import { loadProgram } from "../../scripts/compile/program.ts";

/** refused/TOPIC.txt: blocks of source, each followed by what is said about it: `> line:column reason`. */
interface Refused {
  readonly topic: string;
  readonly source: string;
  readonly expected: readonly string[];
}

const DIRECTORY = resolve(REPOSITORY, "tests/compile/refused");
const blocks = readdirSync(DIRECTORY).sort().flatMap(readTopic);
const fileOf = (block: Refused): string => resolve(DIRECTORY, `../${block.topic}-${blocks.indexOf(block)}.ts`);
const texts = new Map(blocks.map((block) => [fileOf(block), block.source]));
const program = loadProgram([...texts.keys()], { texts });
checkProgram(program);

function readTopic(name: string): Refused[] {
  const blocks = readFileSync(resolve(DIRECTORY, name), "utf8").trim().split("\n\n");
  return blocks.map((block) => {
    const lines = block.split("\n");
    const isExpected = (line: string): boolean => line.startsWith("> ");
    return {
      topic: name.replace(".txt", ""),
      source: lines.filter((line) => !isExpected(line)).join("\n"),
      expected: lines.filter(isExpected).map((line) => line.slice(2)),
    };
  });
}

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
