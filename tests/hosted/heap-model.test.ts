/** A million random operations on the heap against a model; a hundred million in `make test-long`. */
import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { REPOSITORY } from "../../scripts/compile/errors.ts";
import { withFolder } from "../folder.ts";
import { HOSTED, run } from "./programs.ts";

const LONG = process.env["LONG"] === "1";
const OPERATIONS = LONG ? 100_000_000 : 1_000_000;
const FLAGS = ["-O2", "-g", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-I", HOSTED];

test("a million operations: no two blocks overlap, alignment and contents hold, and all becomes one free block", () => {
  withFolder((folder) => {
    const file = join(folder, "heap-model");
    const source = resolve(REPOSITORY, "tests/hosted/heap-model.c");
    execFileSync("clang-14", [...FLAGS, source, join(HOSTED, "libpalimpsest.a"), "-o", file]);
    const { output, ended } = run(file, [String(OPERATIONS), "1"]);
    expect(ended, output).toBe(0);
    expect(output).toContain(`\n${OPERATIONS} operations\n`);
    const heaps = [...output.matchAll(/^(a .*): .* (\d+) refused.* (\d+) of them moved, (\d+) times/gm)];
    expect(heaps.map(([, name, refused]) => [name, refused === "0" ? "refuses none" : "was full"]), output).toEqual([
      ["a fixed heap of 256 KiB", "was full"],
      ["a fixed heap of 8 MiB", "was full"],
      ["a heap that grows", "refuses none"],
      ["a heap that grows too little", "was full"],
    ]);
    // Each was emptied, and blocks moved when they were resized.
    for (const [, , , moved, emptied] of heaps) {
      expect(Math.min(Number(moved), Number(emptied)), output).toBeGreaterThan(1);
    }
  });
}, LONG ? 3_600_000 : 60_000);
