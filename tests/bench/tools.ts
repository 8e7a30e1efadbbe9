/** How long a person waits from a change of the kernel to the kernel's prompt: `make run`, in a copy of the tree. */
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { limitedFigure, type Report } from "./figures.ts";

const GOAL_SECONDS = 5;
const RUNS = 5;
const COPIED = ["Makefile", "boot", "kernel", "linker.ld", "package.json", "package-lock.json", "scripts"];
/** The change: the first line that the kernel writes. */
const FILE = "kernel/main.ts";
const GREETING = "a kernel in TypeScript";
const PROMPT = /\n> $/;

export async function toolsReport(): Promise<Report> {
  const directory = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    for (const name of COPIED) cpSync(name, join(directory, name), { recursive: true, preserveTimestamps: true });
    symlinkSync(resolve("node_modules"), join(directory, "node_modules"));
    execFileSync("make", ["build"], { cwd: directory, stdio: "pipe" });
    const seconds: number[] = [];
    for (let run = 1; run <= RUNS; run++) seconds.push(await changeToPrompt(directory, `change ${run}`));
    return reportOf(seconds);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Seconds from a change of FILE to the prompt of the kernel that has it. */
async function changeToPrompt(directory: string, mark: string): Promise<number> {
  const file = join(directory, FILE);
  const text = readFileSync(file, "utf8");
  if (!text.includes(GREETING)) throw new Error(`${FILE} does not say "${GREETING}" any more: choose another change`);
  const start = process.hrtime.bigint();
  writeFileSync(file, text.replace(GREETING, `${GREETING}, ${mark}`));
  const log = await logToPrompt(directory);
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  writeFileSync(file, text);
  if (!log.includes(mark)) throw new Error(`the kernel that ran was not the changed one:\n${log}`);
  return seconds;
}

/** What `make run` prints until the prompt; then the machine is switched off. */
function logToPrompt(directory: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const make = spawn("make", ["run"], { cwd: directory, stdio: ["pipe", "pipe", "inherit"], detached: true });
    let log = "";
    make.stdout.on("data", (chunk: Buffer) => {
      log += chunk.toString("latin1").replaceAll("\r", "");
      if (PROMPT.test(log)) process.kill(-(make.pid ?? 0), "SIGKILL");
    });
    make.once("error", reject);
    make.once("close", () => (PROMPT.test(log) ? resolve(log) : reject(new Error(`no prompt came:\n${log}`))));
  });
}

function reportOf(seconds: readonly number[]): Report {
  const median = [...seconds].sort((a, b) => a - b)[seconds.length >> 1] ?? NaN;
  const all = seconds.map((each) => each.toFixed(1)).join(" ");
  const name = "a changed file to the prompt";
  const figure = limitedFigure({ area: "compiler", name, unit: "s" }, median, GOAL_SECONDS);
  const line = `tools: ${name} ${median.toFixed(1)} s, goal ${GOAL_SECONDS} (runs: ${all})`;
  return { lines: ["", line], figures: [figure] };
}
