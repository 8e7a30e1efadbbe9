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
    // Every heap was full and empty, and blocks moved when they were resized.
    for (const [, refused, moved, emptied] of output.matchAll(/ (\d+) refused.* (\d+) of them moved, (\d+) times/g)) {
      expect(Math.min(Number(moved), Number(emptied)), output).toBeGreaterThan(1);
      expect(Number(refused), output).toBeGreaterThanOrEqual(0);
    }
  });
}, LONG ? 3_600_000 : 60_000);
