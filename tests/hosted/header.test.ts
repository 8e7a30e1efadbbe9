import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { REPOSITORY } from "../../scripts/compile/errors.ts";
import { isHosted, LEFT_OUT } from "../../scripts/hosted/rooms.ts";
import { kernelFiles } from "../../scripts/staircase.ts";
import { withFolder } from "../folder.ts";
import { HOSTED } from "./programs.ts";

const HEADER = readFileSync(join(HOSTED, "palimpsest.h"), "utf8");
const declares = (name: string): boolean => new RegExp(`[ *]pal_${name}\\(`).test(HEADER);

/** Found by other means than the library's own. */
function publicFunctions(file: string): string[] {
  const text = readFileSync(resolve(REPOSITORY, "kernel", file), "utf8");
  return [...text.matchAll(/^export function (\w+)/gm)].map(([, name]) => name ?? "");
}

test("every public function of lib and mm is in the library, and of every room that is not left out", () => {
  const files = kernelFiles();
  const missing = files.filter(isHosted).flatMap(publicFunctions).filter((name) => !declares(name));
  expect(missing).toEqual([]);
  const leftOut = files.filter((file) => !isHosted(file) && /^(lib|mm)\//.test(file));
  expect(leftOut.filter((file) => publicFunctions(file).length > 0 && file !== "lib/layout.ts")).toEqual([]);
});

test("what is left out exists, and is not in the library", () => {
  const files = kernelFiles();
  for (const path of Object.keys(LEFT_OUT)) {
    const those = files.filter((file) => file === path || file.startsWith(`${path}/`));
    expect(those, path).not.toEqual([]);
    expect(those.flatMap(publicFunctions).filter(declares), path).toEqual([]);
  }
});

test("everything that the header declares is a symbol, and no other name is taken", () => {
  const symbols = execFileSync("nm", ["--defined-only", "--extern-only", join(HOSTED, "libpalimpsest.a")], {
    encoding: "utf8",
  });
  const defined = new Set([...symbols.matchAll(/^[0-9a-f]+ [A-Z] (\w+)$/gm)].map(([, name]) => name));
  const declared = [...HEADER.matchAll(/^[a-z_].*?(pal_\w+)\(.*\);$/gim)].map(([, name]) => name);
  expect(declared.length).toBeGreaterThan(150);
  expect(declared.filter((name) => !defined.has(name))).toEqual([]);
  expect([...defined].filter((name) => name?.startsWith("pal_") !== true)).toEqual([]);
});

test("kinds, brands, constants and docstrings arrive in C", () => {
  expect(HEADER).toContain("typedef int64_t pal_Frame;");
  expect(HEADER).toContain("typedef uint64_t pal_VirtAddr;");
  expect(HEADER).toContain("pal_Frame pal_frameTake(pal_Owner owner);");
  expect(HEADER).toContain("bool pal_frameIsFree(pal_Frame frame);");
  expect(HEADER).toContain("pal_VirtAddr pal_heapTake(uint64_t sizeBytes);");
  expect(HEADER).toContain("_Noreturn void pal_panic(const struct pal_text *message, uint64_t value);");
  expect(HEADER).toMatch(/\/\*\n \* A frame for `owner`, [^/]*\*\/\npal_Frame pal_frameTake/);
  expect(HEADER).toContain("#define PAL_NO_FRAME (-INT64_C(1))");
  expect(HEADER).toContain("#define PAL_DIRECT_MAP UINT64_C(0xffff800000000000)");
});

test.each([
  ["c", "-std=c11"],
  ["c++", "-std=c++17"],
])("the header is good %s without a warning", (language, standard) => {
  withFolder((folder) => {
    const file = join(folder, "one");
    writeFileSync(file, '#include "palimpsest.h"\n#include "palimpsest.h"\n');
    const flags = ["-x", language, standard, "-pedantic", "-Wall", "-Wextra", "-Werror", "-I", HOSTED];
    execFileSync("clang-14", [...flags, "-fsyntax-only", file], { stdio: "pipe" });
  });
});
