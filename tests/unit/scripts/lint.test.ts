import { ESLint } from "eslint";
import { expect, test } from "vitest";
import { ROOT } from "./sandbox.ts";

const eslint = new ESLint({ cwd: ROOT });

/** The messages for `code` as a file of that path. */
async function messages(path: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: `${ROOT}/${path}` });
  return (result?.messages ?? []).map((message) => message.message);
}

test.each([
  ["let x: any = 0;", /`any`/],
  ["class X {}", /no classes/],
  ["function f(): void { throw 1; }", /no exceptions/],
  ["const f = (x: number) => x;", /closures/],
  ["function f(): void { function g(): void {} g(); }", /do not nest/],
  ["const x = [1, 2];", /no arrays/],
  ["const x = new Map();", /garbage collector/],
  ["const x = `a`;", /strings are not built/],
  ["function f(...x: number): void {}", /fixed number/],
  ["export function f(at: bigint): bigint { return load64(at + 8n); }", /field of a record/],
  ["export function f(at: bigint): void { storeVolatile32(at + 4n, 1); }", /field of a record/],
  ['import { readFileSync } from "node:fs";', /its own files only/],
  ['import { x } from "./x";', /full name/],
  ["function f(x: number): void { switch (x) { default: break; case 1: break; } }", /[Dd]efault/],
])("the kernel may not say %s", async (code, why) => {
  const found = await messages("kernel/example.ts", `${code}\n`);
  expect(found.some((message) => why.test(message))).toBe(true);
});

test("the kernel's dialect passes", async () => {
  const code = `
import { load64 } from "../doors/machine.ts";
const LIMITS = { FIRST: 1, LAST: 2 } as const;
let count = 0;
/** Counts. */
export function example(at: bigint, step = 1): bigint {
  for (let i = 0; i < 10 && count >= 0; i++) count += Math.trunc(i / step) + LIMITS.LAST;
  return load64(at) & ~0xfffn;
}
`;
  expect(await messages("kernel/mm/example.ts", code)).toEqual([]);
});

test("scripts and tests may say what the kernel may not", async () => {
  expect(await messages("scripts/example.ts", "export const f = (x: number) => [x, `${x}`];\n")).toEqual([]);
});
