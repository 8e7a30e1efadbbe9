/** A million random operations on page tables against a model; a hundred million in `make test-long`. */
import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { REPOSITORY } from "../../scripts/compile/errors.ts";
import { withFolder } from "../folder.ts";
import { HOSTED, run } from "./programs.ts";

const LONG = process.env["LONG"] === "1";
const OPERATIONS = LONG ? 100_000_000 : 1_000_000;
const FLAGS = ["-O2", "-g", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-I", HOSTED];

test("page tables of all sizes are what a model says, to the bit, with memory and without", () => {
  withFolder((folder) => {
    const file = join(folder, "paging-model");
    const source = resolve(REPOSITORY, "tests/hosted/paging-model.c");
    execFileSync("clang-14", [...FLAGS, source, join(HOSTED, "libpalimpsest.a"), "-o", file]);
    const { output, ended } = run(file, [String(OPERATIONS), "1"]);
    expect(ended, output).toBe(0);
    expect(output).toContain(`\n${OPERATIONS} operations\n`);
    // All of it was done, refused, and short of memory often enough to mean something.
    const kinds = [...output.matchAll(/(\d+) done, (\d+) refused/g)].flatMap(([, done, refused]) => [done, refused]);
    expect(kinds).toHaveLength(12);
    for (const count of kinds) expect(Number(count), output).toBeGreaterThan(OPERATIONS / 1000);
    expect(Number(/(\d+) without memory/.exec(output)?.[1])).toBeGreaterThan(OPERATIONS / 100);
  });
}, LONG ? 3_600_000 : 60_000);
