/** Rows of area `paging`: what a region costs to find, to add and to take away, by how many there are. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeNative } from "../../scripts/compile/native.ts";
import { compileBench, KERNEL_FLAGS } from "./build.ts";
import { type Figure, limitedFigure, type Report } from "./figures.ts";
import { instructionsOfCall } from "./measure.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const DIRECTORY = "build/bench/regions";
const COUNTS = [10, 1000, 100_000];

/** What is done, the function that is counted, and the instructions that it may take with any number of regions. */
const ROWS = [
  ["lookup", "regionAt", 150, "region: find, anywhere"],
  ["again", "regionAt", 16, "region: find, the same again"],
  ["hole", "holeFind", 1000, "region: the one hole that is large enough"],
  ["change", "regionInsert", 1600, "region: insert"],
  ["change", "regionsRemove", 1600, "region: remove"],
] as const;

export function regionsReport(): Report {
  const program = regionsBuild();
  const figures: Figure[] = [];
  const head = COUNTS.map((count) => `${count}`.padStart(9)).join("");
  const lines = ["", `${"instructions, by number of regions".padEnd(48)}${head}`];
  for (const [work, name, goal, words] of ROWS) {
    const values = COUNTS.map((count) => instructionsOfCall(callgrind(program, work, count), name));
    lines.push(`${words.padEnd(48)}${values.map((value) => value.toFixed(0).padStart(9)).join("")}`);
    COUNTS.forEach((count, i) => {
      const figure = { area: "paging", name: `${words}, of ${count}`, unit: "instructions" };
      figures.push(limitedFigure(figure, values[i] ?? NaN, goal));
    });
  }
  return { lines, figures };
}

/** Builds it, and answers its path. */
export function regionsBuild(): string {
  mkdirSync(DIRECTORY, { recursive: true });
  const path = (name: string): string => join(DIRECTORY, name);
  const clang = (...args: string[]) => execFileSync("clang-14", args, { stdio: ["ignore", "inherit", "inherit"] });
  writeNative(compileBench("programs/regions.ts"), path("ts"), { doors: join(HERE, "doors.h"), prefix: "ts_" });
  clang(...KERNEL_FLAGS.ts, "-c", path("ts.glue.c"), "-o", path("ts.o"));
  clang("-Wall", "-Werror", "-O2", "-no-pie", join(HERE, "c/regions.c"), path("ts.o"), "-o", path("regions"));
  return path("regions");
}

/** Callgrind's file of one run. */
function callgrind(program: string, work: string, count: number): string {
  const out = join(DIRECTORY, `${work}-${count}.out`);
  execFileSync("valgrind", ["-q", "--tool=callgrind", `--callgrind-out-file=${out}`, program, work, String(count)]);
  return readFileSync(out, "utf8");
}
