/** A million random operations on the frame pool against a model; a hundred million in `make test-long`. */
import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { REPOSITORY } from "../../scripts/compile/errors.ts";
import { withFolder } from "../folder.ts";
import { HOSTED, run } from "./programs.ts";

const LONG = process.env["LONG"] === "1";
const OPERATIONS = LONG ? 100_000_000 : 1_000_000;
const FLAGS = ["-O2", "-g", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-I", HOSTED];

test("the pool does what a model does, operation by operation, and the audit agrees after every thousand", () => {
  withFolder((folder) => {
    const file = join(folder, "frames-model");
    const source = resolve(REPOSITORY, "tests/hosted/frames-model.c");
    execFileSync("clang-14", [...FLAGS, source, join(HOSTED, "libpalimpsest.a"), "-o", file]);
    const { output, ended } = run(file, [String(OPERATIONS), "1"]);
    expect(ended, output).toBe(0);
    expect(output).toContain(`\n${OPERATIONS} operations\n`);
    // Every pool was full and empty more than once.
    const emptied = [...output.matchAll(/(\d+) times empty/g)].map(([, times]) => Number(times));
    expect(Math.min(...emptied)).toBeGreaterThan(1);
  });
}, LONG ? 1_800_000 : 60_000);
