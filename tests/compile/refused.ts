/** refused/TOPIC.txt: blocks of source, each followed by what is said about it: `> line:column reason`. */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { REPOSITORY } from "../../scripts/compile/errors.ts";

export interface Refused {
  readonly topic: string;
  readonly source: string;
  readonly expected: readonly string[];
}

const DIRECTORY = resolve(REPOSITORY, "tests/compile/refused");

export function refusedBlocks(): Refused[] {
  return readdirSync(DIRECTORY).sort().flatMap(readTopic);
}

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
