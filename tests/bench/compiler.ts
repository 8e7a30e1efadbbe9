/** Area `compiler`: what it costs to write in TypeScript what could be written in C. */
import { compilePrograms, buildBench, type Flags, KERNEL_FLAGS, LAYOUTS, PLAIN_FLAGS } from "./build.ts";
import { comparedFigure, type Figure, type Report } from "./figures.ts";
import { disagreements, instructionsOf, timesOf, type Pair, type Times } from "./measure.ts";
import { notesOf } from "./notes.ts";

const AREA = "compiler";
const RUNS = 21;

/** All workloads with one choice of flags. */
export interface Comparison {
  readonly flags: string;
  readonly times: readonly Times[];
  /** Null where there was nothing to count them with. */
  readonly instructions: ReadonlyMap<string, Pair> | null;
}

export function compilerReport(): Report {
  const compiled = compilePrograms();
  const compare = (flags: Flags, directory: string): Comparison => {
    const programs = buildBench(compiled, directory, flags);
    const [first = ""] = programs;
    const wrong = disagreements(first);
    if (wrong.length > 0) throw new Error(`TypeScript and C answer differently:\n${wrong.join("\n")}`);
    return { flags: flags.name, times: timesOf(programs, RUNS), instructions: instructionsOf(first) };
  };
  return reportOf([compare(KERNEL_FLAGS, "build/bench/kernel"), compare(PLAIN_FLAGS, "build/bench/plain")]);
}

export function reportOf(comparisons: readonly Comparison[]): Report {
  return { lines: linesOf(comparisons), figures: comparisons.flatMap(figuresOf) };
}

function figuresOf({ flags, times, instructions }: Comparison): Figure[] {
  return times.flatMap(({ name, operation, time }) => {
    const figure = (what: string, unit: string, { ts, c }: Pair): Figure =>
      comparedFigure({ area: AREA, name: `${name} (${flags}, ${what})`, unit: `${unit}/${operation}` }, ts, "C", c);
    const counts = instructions?.get(name);
    const counted = counts === undefined ? [] : [figure("instructions", "instructions", counts)];
    return [figure("time", "ns", time), ...counted];
  });
}

// ---- for people ----------------------------------------------------------------------------------------------
function linesOf(comparisons: readonly Comparison[]): string[] {
  const [first] = comparisons;
  const rows = (first?.times ?? []).map(({ name, operation }) => {
    return `${`${name}, a ${operation}`.padEnd(28)}${comparisons.map((each) => cellsOf(each, name)).join("")}`;
  });
  const noCounts = comparisons.some(({ instructions }) => instructions === null);
  return [
    "compiler: TypeScript and C, the same work; ratio TypeScript / C, goal 1.00",
    `medians of ${RUNS} runs, side by side, means over ${LAYOUTS} layouts of the code`,
    ...(noCounts ? ["instructions are not counted: that needs valgrind"] : []),
    "",
    `${" ".repeat(28)}${comparisons.map(({ flags }) => flags.padStart(26)).join("")}`,
    `${" ".repeat(28)}${comparisons.map(() => "     TS      C  time instr").join("")}`,
    ...rows,
    ...notesOf(comparisons),
  ];
}

/** Nanoseconds of both sides, then the ratios of times and of instructions: 26 columns. */
function cellsOf({ times, instructions }: Comparison, name: string): string {
  const time = times.find((each) => each.name === name)?.time;
  const counts = instructions?.get(name);
  return [nanoseconds(time?.ts), nanoseconds(time?.c), ratio(time).padStart(6), ratio(counts).padStart(6)].join("");
}

function nanoseconds(value = NaN): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0).padStart(7);
}
function ratio(pair: Pair | undefined): string {
  return pair === undefined ? "-" : (pair.ts / pair.c).toFixed(2);
}
