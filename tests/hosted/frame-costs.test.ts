/** What a call of the frame allocator costs, in instructions, compiled as the kernel is. */
import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { compileProgram } from "../../scripts/compile/compile.ts";
import { REPOSITORY } from "../../scripts/compile/errors.ts";
import { CLANG_FLAGS, writeNative } from "../../scripts/compile/native.ts";
import { withFolder } from "../folder.ts";

const ENTRY = resolve(REPOSITORY, "tests/hosted/costs.ts"); // exists only as a text for the compiler
const ROOM = "../../kernel/mm/phys";
const TEXT = `
export { frameGive, framesAdd, framesInit, framesMetadataBytes, frameTake } from "${ROOM}/frames.ts";
export { kernelFrames } from "${ROOM}/owners.ts";
export { runGive, runTake } from "${ROOM}/runs.ts";
`;
const FLAGS = ["-O2", ...CLANG_FLAGS, "-fno-pic", "-mcmodel=kernel"];

let costs: ReadonlyMap<string, number>;
beforeAll(() => {
  costs = withFolder((folder) => {
    const path = (name: string): string => join(folder, name);
    const doors = resolve(REPOSITORY, "tests/bench/doors.h");
    writeNative(compileProgram(ENTRY, { texts: new Map([[ENTRY, TEXT]]) }), path("costs"), { doors, prefix: "ts_" });
    execFileSync("clang-14", [...FLAGS, "-c", path("costs.glue.c"), "-o", path("costs.o")]);
    const driver = resolve(REPOSITORY, "tests/hosted/frame-costs.c");
    const how = ["-O2", "-mno-red-zone", "-no-pie", "-Wall", "-Wextra", "-Werror"];
    execFileSync("clang-14", [...how, driver, path("costs.o"), "-o", path("costs.run")]);
    const lines = execFileSync(path("costs.run"), { encoding: "utf8" }).trimEnd().split("\n");
    return new Map(lines.map((line) => line.split("\t")).map(([name = "", count]) => [name, Number(count)]));
  });
});

/** Instructions when this was written; two more are let pass, for another compiler's choice of registers. */
const MARGIN = 2;
test.each([
  ["frameTake", 26],
  ["frameGive", 30],
  ["frameTake, the next word", 57],
  ["frameGive, the first of its word", 40],
  ["runTake", 45],
  ["runGive", 43],
  ["runTake, the last of its word", 58],
  ["runGive, the first of its word", 54],
  ["runTake, none", 55],
])("%s: %d instructions", (name, instructions) => {
  const count = costs.get(name) ?? NaN;
  expect(count, [...costs].map((each) => each.join(" ")).join("\n")).toBeGreaterThan(instructions / 2);
  expect(count).toBeLessThanOrEqual(instructions + MARGIN);
});
