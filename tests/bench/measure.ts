/** Runs the program that compares. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** TypeScript's side and C's. */
export interface Pair {
  readonly ts: number;
  readonly c: number;
}
export interface Times {
  readonly name: string;
  /** What there is one of: a byte, a call. */
  readonly operation: string;
  /** Nanoseconds an operation. */
  readonly time: Pair;
}

/** The workloads whose answers differ, with both answers; each is run once on each side. */
export function disagreements(program: string): string[] {
  const rows = rowsOf(program, "check");
  if (rows.length === 0) throw new Error(`${program} checked nothing`);
  return rows.filter(([, ts, c]) => ts !== c).map((row) => row.join(" "));
}

/** Means over the programs, which differ in layout alone, of the medians of `runs` runs. */
export function timesOf(programs: readonly string[], runs: number): Times[] {
  const layouts = programs.map((program) => rowsOf(program, "time", String(runs)));
  return (layouts[0] ?? []).map(([name = "", operation = ""], i) => {
    const mean = (column: number): number =>
      layouts.reduce((sum, rows) => sum + Number(rows[i]?.[column]), 0) / layouts.length;
    return { name, operation, time: { ts: mean(2), c: mean(3) } };
  });
}

/** What callgrind says of one workload: a dump for each side, of the run alone. */
export interface Dumps {
  readonly operations: number;
  readonly ts: string;
  readonly c: string;
}

/** By workload; null where there is no valgrind. */
export function dumpsOf(program: string): Map<string, Dumps> | null {
  if (spawnSync("valgrind", ["--version"]).error !== undefined) return null;
  const directory = mkdtempSync(join(tmpdir(), "callgrind-"));
  try {
    const out = join(directory, "out");
    const only = ["--toggle-collect=measured", "--zero-before=measured", "--dump-after=measured"];
    const how = ["-q", "--tool=callgrind", "--instr-atstart=no", `--callgrind-out-file=${out}`, ...only];
    const dump = (number: number): string => readFileSync(`${out}.${number}`, "utf8");
    return new Map(
      rowsOf("valgrind", ...how, program, "count").map(([name = "", operations], i) => {
        return [name, { operations: Number(operations), ts: dump(2 * i + 1), c: dump(2 * i + 2) }];
      }),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Instructions an operation, by workload; null where there is no valgrind. */
export function instructionsOf(program: string): Map<string, Pair> | null {
  const dumps = dumpsOf(program);
  if (dumps === null) return null;
  const each = [...dumps].map(([name, { operations, ts, c }]): [string, Pair] => {
    return [name, { ts: summaryOf(ts) / operations, c: summaryOf(c) / operations }];
  });
  return new Map(each);
}

/**
 * Instructions of one call of the function `name`, with all that it calls, where a workload (`..._run`) calls it; NaN
 * if none does. The prefix of its side does not count. (Callgrind's format: names are numbers after their first
 * mention, `calls=` precedes an inclusive cost.)
 */
export function instructionsOfCall(dump: string, name: string): number {
  const { calls, cost } = callsOf(dump, name);
  return cost / calls;
}
/** The same of all those calls together; 0 if there are none. */
export function instructionsOfCalls(dump: string, name: string): number {
  return callsOf(dump, name).cost;
}

function callsOf(dump: string, name: string): { readonly calls: number; readonly cost: number } {
  const names = new Map<string, string>();
  let [caller, callee, calls, cost] = ["", "", 0, 0];
  const lines = dump.split("\n");
  lines.forEach((line, i) => {
    const [, role, number = "", text] = /^(c?fn)=(\(\d+\))(?: (.*))?$/.exec(line) ?? [];
    if (text !== undefined) names.set(number, text.replace(/^ts_|^c_/, ""));
    if (role === "fn") caller = names.get(number) ?? "";
    if (role === "cfn") callee = names.get(number) ?? "";
    const [, times] = /^calls=(\d+) /.exec(line) ?? [];
    if (times === undefined || callee !== name || !caller.endsWith("_run")) return;
    calls += Number(times);
    cost += Number(lines[i + 1]?.split(" ")[1]);
  });
  return { calls, cost };
}

function summaryOf(dump: string): number {
  return Number(/^summary: (\d+)$/m.exec(dump)?.[1]);
}

function rowsOf(program: string, ...args: string[]): string[][] {
  const output = execFileSync(program, args, { encoding: "utf8" });
  return output.split("\n").filter((line) => line !== "").map((line) => line.split("\t"));
}
