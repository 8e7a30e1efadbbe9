import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HAS_SANITIZERS, programBuild, type Program } from "./programs.ts";

let folder: string;
let plain: Program;
let sanitized: Program;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hosted-"));
  plain = programBuild(folder, false);
  if (HAS_SANITIZERS) sanitized = programBuild(folder, true);
});
afterAll(() => rmSync(folder, { recursive: true }));

const USUAL = `heap\t1
free\t3ee
map\t0
map again\t1
translate\t1
unmap\t0
translate\t1
free\t3ee
log\thello, 0x600d
parse\t1
bits\t3
panic\tframes: given back, but never the pool's\t3
audit\t0
`;

test("frames, page tables, the heap, the log and panics work in a Linux program", () => {
  const { output, ended } = plain();
  expect(output).toContain(USUAL.split("panic")[0]);
  expect(output).toContain("panic\tframes: given back, but never the pool's\t3\naudit\t0\n");
  expect(ended).toBe(0);
});

test("memory that was not given ends the program with its address", () => {
  expect(plain("outside")).toEqual({
    output: "palimpsest: 8 bytes at 0xffff800000400000 are outside the memory given\n",
    ended: "SIGABRT",
  });
  expect(plain("not-canonical").output).toBe("palimpsest: 1 bytes at 0x800000000000 are outside the memory given\n");
});

test("a panic that nobody handles is a line and an abort", () => {
  const { output, ended } = plain("panic");
  expect(output).toContain("palimpsest: panic: frames: given back, but outside memory value=0x3\n");
  expect(ended).toBe("SIGABRT");
});

test.each(["none", "overrun", "underrun", "overrun-read", "use-after-free", "read-after-free"])(
  "without AddressSanitizer nobody watches: %s goes unnoticed for now",
  (mistake) => {
    const { output, ended } = plain(mistake);
    expect(output).toMatch(/went on\n$/);
    expect(ended).toBe(0);
  },
);

/** What the heap finds by itself, in either build. */
const FOUND_BY_THE_HEAP = [
  ["double-free", "given back twice"],
  ["foreign-free", "never the heap's"],
] as const;

test.each<readonly [string, string]>([
  ...FOUND_BY_THE_HEAP,
  ["overrun-found-later", "(overrun?)"],
  ["write-to-links", "(used after free?)"],
])("without AddressSanitizer the heap's own checks find %s", (mistake, words) => {
  const { output, ended } = plain(mistake);
  expect(output).toMatch(/^(base\/panic: .*\n)?palimpsest: panic: heap: /);
  expect(output).toContain(words);
  expect(ended).toBe("SIGABRT");
});

describe.skipIf(!HAS_SANITIZERS)("with AddressSanitizer", () => {
  test("nothing is said about a program that makes no mistake", () => {
    expect(sanitized().ended).toBe(0);
    expect(sanitized().output).not.toContain("ERROR");
    expect(sanitized("none")).toEqual({ output: "went on\n", ended: 0 });
  });

  test.each([
    "overrun",
    "overrun-read",
    "overrun-within-rounding",
    "overrun-found-later",
    "underrun",
    "use-after-free",
    "read-after-free",
    "write-to-links",
  ])("%s is found where it is committed", (mistake) => {
    const { output, ended } = sanitized(mistake);
    expect(output).toContain("AddressSanitizer: use-after-poison");
    expect(output).toMatch(/#[01] .* in mistake .*tests\/hosted\/program\.c:\d+/);
    expect(output).not.toContain("went on");
    expect(ended).not.toBe(0);
  });

  test("a mistake inside the library is found, at its line of TypeScript", () => {
    const { output } = sanitized("library-overrun");
    expect(output).toContain("AddressSanitizer: use-after-poison");
    expect(output).toMatch(/in (pal_)?framesInit kernel\/mm\/phys\/frames\.ts:\d+|framesInit .*frames\.ts:\d+/);
  });

  test.each(FOUND_BY_THE_HEAP)("%s is still the heap's to find", (mistake, words) => {
    expect(sanitized(mistake).output).toContain(words);
  });
});
