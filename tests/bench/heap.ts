/** Rows of area `heap`: a pair of give and take in random mixes, how full an arena gets, traces; beside two others. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeNative } from "../../scripts/compile/native.ts";
import { TRACES, traceText } from "../../scripts/replay/traces.ts";
import { compileBench, KERNEL_FLAGS } from "./build.ts";
import { type Figure, limitedFigure, type Report } from "./figures.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DIRECTORY = "build/bench/heap";

const LIVE = [200, 1000, 3000, 10_000, 30_000];
const SEEDS = [1, 2, 3, 4, 5];
const MIXES = 10_000;
const PAIRS = 200_000;
const COUNTED = 20_000;
const STEPPED = 1000;

/** What callgrind is to count of each allocator, in the order of c/allocators.h. */
const FUNCTIONS = [["*heapTake", "*heapGive"], ["c_firstFitTake", "c_firstFitGive"], ["malloc", "free"]] as const;

export function heapReport(): Report {
  const program = heapBuild();
  const reports = [mixes(program), efficiency(program), traces(program), fuzzed(program)];
  return { lines: reports.flatMap(({ lines }) => lines), figures: reports.flatMap(({ figures }) => figures) };
}

function mixes(program: string): Report {
  const figures: Figure[] = [];
  const lines = ["", "a give and a take, sizes log-uniform from 1 byte to 64 KiB: ns and instructions"];
  const head = ["kernel", "first fit in C", "the C library"].map((name) => name.padStart(20)).join("");
  lines.push(`${"blocks".padStart(8)}${head}`);
  for (const live of LIVE) {
    const times = rows(program, "mix", live, PAIRS).map(([, ns]) => Number(ns));
    const counts = FUNCTIONS.map((names, which) => counted(program, names, which, live, which === 1 ? 1000 : COUNTED));
    const [pair = NaN, take = NaN, give = NaN] = (rows(program, "dearest", live, STEPPED)[0] ?? []).map(Number);
    const cells = times.map((ns, i) => `${ns.toFixed(0)} ns ${counts[i]?.toFixed(0) ?? "-"}`.padStart(20));
    lines.push(`${String(live).padStart(8)}${cells.join("")}   at worst ${pair}: take ${take}, give ${give}`);
    const named = (name: string) => ({ area: "heap", name: `${name}, ${live} blocks`, unit: "instructions" });
    figures.push(limitedFigure(named("pair"), counts[0] ?? NaN, 120));
    figures.push(limitedFigure(named("dearest pair"), pair, 400));
  }
  return { lines, figures };
}

function efficiency(program: string): Report {
  const each = SEEDS.map((seed) => Number(rows(program, "efficiency", seed)[0]?.[0]));
  const mean = (100 * each.reduce((sum, one) => sum + one, 0)) / each.length;
  const percents = each.map((one) => `${(100 * one).toFixed(2)} %`).join(" ");
  const figure = { area: "heap", name: "efficiency: of the arena, not payload", unit: "percent" };
  return {
    lines: ["", `payload of a full arena of 64 MiB: ${mean.toFixed(2)} % (${percents})`],
    figures: [limitedFigure(figure, 100 - mean, 3)],
  };
}

function traces(program: string): Report {
  const lines = ["", "traces, ns an operation".padEnd(31) + "kernel   the C library   ratio"];
  const figures: Figure[] = [];
  for (const name of Object.keys(TRACES)) {
    const file = join(DIRECTORY, `${name}.rep`);
    writeFileSync(file, traceText(name) ?? "");
    const [own = NaN, other = NaN] = (rows(program, "trace", file)[0] ?? []).map(Number);
    const ratio = own / other;
    const cells = [own.toFixed(1).padStart(7), other.toFixed(1).padStart(16), ratio.toFixed(2).padStart(8)];
    lines.push(`${name.padEnd(30)}${cells.join("")}`);
    figures.push(limitedFigure({ area: "heap", name: `trace ${name}: to the C library`, unit: "ratio" }, ratio, 2));
  }
  return { lines, figures };
}

function fuzzed(program: string): Report {
  const [own = "", other = "", what = ""] = rows(program, "fuzz", MIXES)[0] ?? [];
  const ratio = Number(own) / Number(other);
  const figure = { area: "heap", name: `the worst of ${MIXES} mixes to the C library`, unit: "ratio" };
  return {
    lines: ["", `the worst of ${MIXES} random mixes: ${own} ns, the C library ${other} (${ratio.toFixed(2)}): ${what}`],
    figures: [limitedFigure(figure, ratio, 2)],
  };
}

/** Builds it, and answers its path. */
export function heapBuild(): string {
  mkdirSync(DIRECTORY, { recursive: true });
  const path = (name: string): string => join(DIRECTORY, name);
  const clang = (...args: string[]) => execFileSync("clang-14", args, { stdio: ["ignore", "inherit", "inherit"] });
  writeNative(compileBench("programs/heap.ts"), path("ts"), { doors: join(HERE, "doors.h"), prefix: "ts_" });
  clang(...KERNEL_FLAGS.ts, "-c", path("ts.glue.c"), "-o", path("ts.o"));
  clang(...KERNEL_FLAGS.c, "-c", join(HERE, "c/first-fit.c"), "-o", path("first-fit.o"));
  const own = ["c/heap-main.c", "c/allocators.c"].map((name) => join(HERE, name));
  const sources = [...own, join(ROOT, "scripts/replay/trace.c")];
  const objects = [path("ts.o"), path("first-fit.o")];
  clang("-Wall", "-Wextra", "-Werror", "-O2", "-no-pie", ...sources, ...objects, "-lm", "-o", path("heap"));
  return path("heap");
}

/** Instructions of a pair, on average: callgrind's. NaN where there is no valgrind. */
function counted(program: string, names: readonly string[], which: number, live: number, pairs: number): number {
  const out = join(DIRECTORY, `pairs-${which}-${live}.out`);
  const how = ["-q", "--tool=callgrind", "--instr-atstart=no", `--callgrind-out-file=${out}`];
  const only = names.map((name) => `--toggle-collect=${name}`);
  const args = [...how, ...only, program, "pairs", String(which), String(live), String(pairs)];
  try {
    execFileSync("valgrind", args, { stdio: ["ignore", "ignore", "ignore"] });
  } catch {
    return NaN;
  }
  return Number(/^totals: (\d+)$/m.exec(readFileSync(out, "utf8"))?.[1]) / pairs;
}

function rows(program: string, ...args: (string | number)[]): string[][] {
  const output = execFileSync(program, args.map(String), { encoding: "utf8" });
  return output.split("\n").filter((line) => line !== "").map((line) => line.split("\t"));
}
