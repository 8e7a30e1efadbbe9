import { resolve } from "node:path";
import { expect, test } from "vitest";
import { compileProgram } from "../../scripts/compile/compile.ts";

test("what is no TypeScript at all is refused with its place, as everything else", () => {
  const file = resolve("syntax-example.ts");
  const texts = new Map([[file, "export function f(a: string: number): number {\n  return a;\n}\n"]]);
  expect(() => compileProgram(file, { texts })).toThrow(/syntax-example\.ts:1:28: ',' expected/);
});
