/** Area `frames`, hosted: the frame allocator beside the same algorithm in C, by size of memory and share in use. */
import { compilePrograms, buildBench, KERNEL_FLAGS } from "./build.ts";
import { comparedFigure, type Figure, limitedFigure, type Report } from "./figures.ts";
import { disagreements, dumpsOf, type Dumps, instructionsOfCall, type Pair, timesOf, type Times } from "./measure.ts";

export const AREA = "frames";
const LAYOUTS = 3;
const RUNS = 5;
export const SIZES_GIB = [1, 16, 128];
export const FILLS = [10, 50, 90, 99];

/** Instructions: of each call that is repeated, of a call on average in all other kinds. */
export const REPEAT_GOAL = 30;
export const CALL_GOAL = 60;
/** What 128 GiB may cost, in what 1 GiB costs. */
export const SIZE_GOAL = 1.1;
/** For a frame of a run that is split: three stores, their addresses, and the owner's count. */
const SPLIT_GOAL = 20;

/** The functions that a kind calls as often as each other. */
const CALLS: Readonly<Record<string, readonly [string, string]>> = {
  bulk: ["frameTake", "frameGive"],
  random: ["frameTake", "frameGive"],
  repeat: ["frameTake", "frameGive"],
  run: ["runTake", "runGive"],
};
export const KINDS = Object.keys(CALLS);

/** One workload: instructions of its two calls, without the loop around them, and the time with it. */
interface Row {
  readonly kind: string;
  readonly gib: number;
  readonly fill: number;
  readonly calls: readonly { readonly name: string; readonly count: Pair }[];
  readonly time: Pair;
}

export function framesReport(): Report {
  const programs = buildBench(compilePrograms(), "build/bench/frames", KERNEL_FLAGS, LAYOUTS, "frame-workloads");
  const [first = ""] = programs;
  const wrong = disagreements(first);
  if (wrong.length > 0) throw new Error(`TypeScript and C answer differently:\n${wrong.join("\n")}`);
  const dumps = dumpsOf(first);
  if (dumps === null) throw new Error("instructions are not counted: that needs valgrind");
  const times = timesOf(programs, RUNS);
  return reportOf(times.filter(({ name }) => !name.startsWith("split")).map((time) => rowOf(time, dumps)), dumps);
}

function rowOf({ name, time }: Times, dumps: ReadonlyMap<string, Dumps>): Row {
  const [kind = "", gib, fill] = name.split(" ");
  const calls = (CALLS[kind] ?? []).map((call) => ({ name: call, count: countOf(dumps.get(name), call) }));
  return { kind, gib: Number(gib), fill: Number(fill), calls, time };
}

function countOf(dumps: Dumps | undefined, call: string): Pair {
  const { ts = "", c = "" } = dumps ?? {};
  return { ts: instructionsOfCall(ts, call), c: instructionsOfCall(c, call) };
}

/** Of both calls. */
function average({ calls }: Row): Pair {
  const sum = (side: "ts" | "c"): number => calls.reduce((all, { count }) => all + count[side], 0) / calls.length;
  return { ts: sum("ts"), c: sum("c") };
}

function reportOf(rows: readonly Row[], dumps: ReadonlyMap<string, Dumps>): Report {
  const split = countOf(dumps.get("split 16 50"), "runSplit");
  const frames = 512;
  const splitFigure = limitedFigure(
    { area: AREA, name: "runSplit of 2 MiB (hosted)", unit: "instructions/frame" },
    split.ts / frames,
    SPLIT_GOAL,
  );
  const counts = rows.map((row) => ({ ...row, counts: row.calls.map(({ count }) => count.ts) }));
  return {
    lines: [
      "frames: the allocator hosted, TypeScript and C; loops excluded from instructions,",
      `included in times (medians of ${RUNS} runs, means over ${LAYOUTS} layouts)`,
      "",
      "                      instructions TS   instructions C    ns a call   ratio",
      "kind    GiB  in use     take     give     take     give     TS     C  time instr",
      ...rows.map(lineOf),
      "",
      `runSplit of 2 MiB: ${(split.ts / frames).toFixed(1)} instructions a frame, C ${(split.c / frames).toFixed(1)}`,
    ],
    figures: [...rows.flatMap(figuresOf), ...sizeFigures("hosted", counts), splitFigure],
  };
}

function lineOf(row: Row): string {
  const { kind, gib, fill, calls, time } = row;
  const all = average(row);
  const cells = [...calls.map(({ count }) => count.ts), ...calls.map(({ count }) => count.c)];
  return [
    `${kind.padEnd(7)}${String(gib).padStart(4)}${`${fill} %`.padStart(8)}`,
    ...cells.map((cell) => cell.toFixed(1).padStart(9)),
    time.ts.toFixed(1).padStart(7),
    time.c.toFixed(1).padStart(6),
    (time.ts / time.c).toFixed(2).padStart(6),
    (all.ts / all.c).toFixed(2).padStart(6),
  ].join("");
}

function figuresOf(row: Row): Figure[] {
  const name = (what: string): string => `${row.kind}, ${row.gib} GiB, ${row.fill} % (hosted, ${what})`;
  const all = average(row);
  const compared = (what: string, unit: string, { ts, c }: Pair): Figure =>
    comparedFigure({ area: AREA, name: name(what), unit: `${unit}/call` }, ts, "C", c);
  return [
    ...countFigures("hosted", { ...row, counts: row.calls.map(({ count }) => count.ts) }),
    compared("instructions beside C", "instructions", all),
    compared("time beside C", "ns", row.time),
  ];
}

// ---- what hosted and in the machine is the same --------------------------------------------------------------
/** Instructions of take and of give. */
export interface Counts {
  readonly kind: string;
  readonly gib: number;
  readonly fill: number;
  readonly counts: readonly number[];
}

/** Against the goals: each call where one frame is repeated, the average of both in all other kinds. */
export function countFigures(where: string, { kind, gib, fill, counts }: Counts): Figure[] {
  const figure = (what: string, value: number, goal: number): Figure => {
    const name = `${kind}, ${gib} GiB, ${fill} % (${where}, ${what})`;
    return limitedFigure({ area: AREA, name, unit: "instructions/call" }, value, goal);
  };
  const [take = NaN, give = NaN] = counts;
  if (kind !== "repeat") return [figure("instructions", (take + give) / 2, CALL_GOAL)];
  return [figure("take", take, REPEAT_GOAL), figure("give", give, REPEAT_GOAL)];
}

/** 128 GiB beside 1 GiB. */
export function sizeFigures(where: string, rows: readonly Counts[]): Figure[] {
  return KINDS.flatMap((kind) => {
    return FILLS.map((fill) => {
      const [small = NaN, large = NaN] = [SIZES_GIB.at(0), SIZES_GIB.at(-1)].map((gib) => {
        const row = rows.find((each) => each.kind === kind && each.gib === gib && each.fill === fill);
        return row?.counts.reduce((sum, count) => sum + count, 0);
      });
      const name = `${kind}, ${fill} %: 128 GiB beside 1 GiB (${where})`;
      return limitedFigure({ area: AREA, name, unit: "ratio" }, large / small, SIZE_GOAL);
    });
  });
}
