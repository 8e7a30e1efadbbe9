/** Area `paging`, hosted: page tables beside the same algorithm in C, page by page and by range. */
import { buildBench, compilePrograms, KERNEL_FLAGS } from "./build.ts";
import { comparedFigure, type Figure, limitedFigure, type Report } from "./figures.ts";
import { disagreements, dumpsOf, type Dumps, instructionsOfCalls, type Pair, timesOf } from "./measure.ts";

const AREA = "paging";
const LAYOUTS = 2;
const RUNS = 5;

/** Rows by how they begin: the functions that are called, whose instructions count, and how many a page may have. */
const ROWS: readonly (readonly [string, readonly string[], number | null])[] = [
  ["map, in order", ["mapPage"], 60],
  ["map, scattered", ["mapPage"], 60],
  ["translate", ["translate"], 35],
  ["unmap and flush, in order", ["unmapPage", "flushNow"], null],
  ["unmap and flush, scattered", ["unmapPage", "flushNow"], null],
  ["map, ", ["mapRange"], 14],
  ["unmap and flush, ", ["unmapRange", "flushNow"], null],
  ["direct map of 64 GiB, 4 KiB", ["mapRange"], 14],
  ["direct map of 64 GiB, 2 MiB", ["mapPages"], null],
  ["direct map", ["mapLargest"], null],
];
/** Milliseconds for mapping 64 GiB with pages of 2 MiB. */
const LARGE = { name: "direct map of 64 GiB, 2 MiB pages", pages: 32768, goal: 5 } as const;

interface Row {
  readonly name: string;
  /** Instructions a page of the calls alone, without the loop around them; nanoseconds a page with it. */
  readonly count: Pair;
  readonly time: Pair;
  readonly goal: number | null;
}

export function pagingReport(): Report {
  const programs = buildBench(compilePrograms(), "build/bench/paging", KERNEL_FLAGS, LAYOUTS, "paging-workloads");
  const [first = ""] = programs;
  const wrong = disagreements(first);
  if (wrong.length > 0) throw new Error(`TypeScript and C answer differently:\n${wrong.join("\n")}`);
  const dumps = dumpsOf(first);
  if (dumps === null) throw new Error("instructions are not counted: that needs valgrind");
  const rows = timesOf(programs, RUNS).map(({ name, time }): Row => {
    const [, calls, goal] = ROWS.find(([start]) => name.startsWith(start)) ?? ["", [], null];
    const dump = dumps.get(name);
    return { name, count: { ts: perPage(dump, "ts", calls), c: perPage(dump, "c", calls) }, time, goal };
  });
  return {
    lines: [
      "",
      "paging: page tables hosted, TypeScript and C; loops excluded from instructions,",
      `included in times (medians of ${RUNS} runs, means over ${LAYOUTS} layouts)`,
      "",
      `${"".padEnd(40)}instructions   ns a page     ratio`,
      `${"".padEnd(40)}   TS     C     TS     C  time instr`,
      ...rows.map(lineOf),
    ],
    figures: rows.flatMap(figuresOf),
  };
}

function perPage(dump: Dumps | undefined, side: "ts" | "c", calls: readonly string[]): number {
  if (dump === undefined) return NaN;
  return calls.reduce((sum, name) => sum + instructionsOfCalls(dump[side], name), 0) / dump.operations;
}

function lineOf({ name, count, time }: Row): string {
  const cells = [count.ts, count.c, time.ts, time.c].map((cell) => cell.toFixed(1).padStart(7));
  const ratios = [time.ts / time.c, count.ts / count.c].map((ratio) => ratio.toFixed(2).padStart(6));
  return [name.padEnd(39), ...cells, ...ratios].join("");
}

function figuresOf({ name, count, time, goal }: Row): Figure[] {
  const of = (what: string): string => `${name} (hosted, ${what})`;
  const limits: Figure[] = [];
  if (goal !== null) {
    limits.push(limitedFigure({ area: AREA, name: of("instructions"), unit: "instructions/page" }, count.ts, goal));
  }
  if (name === LARGE.name) {
    const whole = { area: AREA, name: of("all of it"), unit: "ms" };
    limits.push(limitedFigure(whole, (time.ts * LARGE.pages) / 1e6, LARGE.goal));
  }
  const counted = { area: AREA, name: of("instructions beside C"), unit: "instructions/page" };
  const timed = { area: AREA, name: of("time beside C"), unit: "ns/page" };
  return [...limits, comparedFigure(counted, count.ts, "C", count.c), comparedFigure(timed, time.ts, "C", time.c)];
}
