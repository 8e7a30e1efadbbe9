import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { kernelChecked } from "../../scripts/compile/vitest-plugin.ts";
import { withFolder } from "../folder.ts";

/** What the plugin makes of `name`, one of the files of a kernel directory. */
function transform(files: Readonly<Record<string, string>>, name: string): { readonly code: string } | null {
  return withFolder((directory) => {
    for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text);
    const { transform: hooked } = kernelChecked({ directories: [directory] });
    const hook = hooked as unknown as (code: string, id: string) => never;
    return hook("", `${join(directory, name)}?query`);
  });
}
const GOOD = "export function f(a: bigint): bigint {\n  return a + 1n;\n}\n";
const BAD = "export function g(a: number): number {\n  return a / 2;\n}\n";

test("a kernel file becomes its checked build", () => {
  expect(transform({ "good.ts": GOOD }, "good.ts")?.code).toContain("return $u(a + 1n)");
});

test("a refused file fails with the place, and another is not harmed by it", () => {
  const files = { "good.ts": GOOD, "bad.ts": BAD };
  expect(() => transform(files, "bad.ts")).toThrow(/bad\.ts:2:10: number \/ gives fractions/);
  expect(transform(files, "good.ts")?.code).toContain("$u(");
});

test("a file that is not kernel code is left alone", () => {
  expect(transform({ "good.ts": GOOD }, "../other.ts")).toBeNull();
});
