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

/** Instructions an operation, by workload; null where there is no valgrind. */
export function instructionsOf(program: string): Map<string, Pair> | null {
  if (spawnSync("valgrind", ["--version"]).error !== undefined) return null;
  const directory = mkdtempSync(join(tmpdir(), "callgrind-"));
  try {
    const out = join(directory, "out");
    const only = ["--toggle-collect=measured", "--zero-before=measured", "--dump-after=measured"];
    const rows = rowsOf("valgrind", "-q", "--tool=callgrind", `--callgrind-out-file=${out}`, ...only, program, "count");
    return new Map(
      rows.map(([name = "", operations], i) => {
        const [ts, c] = [2 * i + 1, 2 * i + 2].map((dump) => summaryOf(`${out}.${dump}`) / Number(operations));
        return [name, { ts: ts ?? NaN, c: c ?? NaN }];
      }),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function summaryOf(dump: string): number {
  return Number(/^summary: (\d+)$/m.exec(readFileSync(dump, "utf8"))?.[1]);
}

function rowsOf(program: string, ...args: string[]): string[][] {
  const output = execFileSync(program, args, { encoding: "utf8" });
  return output.split("\n").filter((line) => line !== "").map((line) => line.split("\t"));
}
