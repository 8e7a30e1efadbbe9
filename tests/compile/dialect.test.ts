import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { REPOSITORY } from "../../scripts/compile/errors.ts";
import { checkProgram, refusalsOf } from "../../scripts/compile/lower.ts";
import { loadProgram } from "../../scripts/compile/program.ts";
import { messagePieces } from "./messages.ts";

const PAGE = readFileSync(resolve(REPOSITORY, "docs/dialect.md"), "utf8");
const WORDS = PAGE.replaceAll(/\s+/g, " ");

test("docs/dialect.md has every sentence with which the compiler refuses", () => {
  const pieces = messagePieces();
  expect(pieces.length).toBeGreaterThan(120);
  expect(pieces.filter((piece) => !WORDS.includes(piece.replaceAll(/\s+/g, " ")))).toEqual([]);
});

test("every example of docs/dialect.md compiles", () => {
  const examples = [...PAGE.matchAll(/```ts\n([^]*?)```/g)].map(([, source], i) => {
    return [resolve(REPOSITORY, `docs/dialect-example-${i}.ts`), source!] as const;
  });
  expect(examples.length).toBeGreaterThan(9);
  const program = loadProgram(examples.map(([file]) => file), { texts: new Map(examples) });
  checkProgram(program);
  expect(refusalsOf(program).map(({ message }) => message)).toEqual([]);
});
