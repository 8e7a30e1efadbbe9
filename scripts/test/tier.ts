/**
 * A tier is one command of `make test`. Running it shows one line, which moves on a terminal while the tier runs;
 * what the command printed follows if anything failed.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { outcomeLine, outcomeOfCommand, outcomeOfReport, type Outcome } from "./outcome.ts";

/** Vitest would leave one free, which of two is half. */
const WORKERS = `--maxWorkers=${availableParallelism()}`;

export interface Tier {
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** Where vitest leaves its JSON report; without it the whole command is one test. */
  readonly report?: string;
}

/** The type checker, the linter: a command that is one test. */
export function commandTier(name: string, ...command: [string, ...string[]]): Tier {
  return { name, command };
}

/** The vitest project of that name, and others that are counted with it. */
export function vitestTier(name: string, ...others: string[]): Tier {
  const report = `build/reports/${name}.json`;
  const projects = [name, ...others].map((project) => `--project=${project}`);
  const reporters = ["--reporter=./scripts/test/reporter.ts", "--reporter=json", `--outputFile.json=${report}`];
  return {
    name,
    command: ["node_modules/.bin/vitest", "run", "--silent=passed-only", WORKERS, ...projects, ...reporters],
    report,
  };
}

/**
 * Runs them at once, and prints the line of each when it has ended. Never rejects: a command that cannot even be
 * started is a failure of its tier.
 */
export async function tiersRun(tiers: readonly Tier[]): Promise<Outcome[]> {
  const live = new LiveLine(tiers.map((tier) => tier.name));
  const outcomes = await Promise.all(tiers.map((tier) => tierRun(tier, live)));
  live.end();
  return outcomes;
}

async function tierRun(tier: Tier, live: LiveLine): Promise<Outcome> {
  if (tier.report !== undefined) {
    mkdirSync(dirname(tier.report), { recursive: true });
    rmSync(tier.report, { force: true }); // the one of an earlier run would be taken for this one's
  }

  const { exitCode, output } = await commandRun(tier.command, (count) => live.advance(count));
  const outcome =
    tier.report === undefined ? outcomeOfCommand(exitCode) : outcomeOfReport(fileRead(tier.report), exitCode);
  live.clear();
  console.log(outcomeLine(tier.name, outcome, live.seconds()));
  if (outcome.failed > 0) console.log(output.trim() || `${tier.name}: status ${exitCode}, and it said nothing`);
  return outcome;
}

interface Ended {
  readonly exitCode: number;
  readonly output: string;
}

/** What it wrote to stdout and stderr, in the order of arrival; `onTest` for each byte on descriptor 3. */
function commandRun(command: Tier["command"], onTest: (count: number) => void): Promise<Ended> {
  const [program, ...args] = command;
  const colour = process.stdout.isTTY ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" };
  const env = { ...process.env, ...colour, PROGRESS_FD: "3" };
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe", "pipe"], env });

  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stdio[3]?.on("data", (chunk: Buffer) => onTest(chunk.length));
    child.on("error", (error) => resolve({ exitCode: 127, output: error.message }));
    child.on("close", (code, signal) => {
      if (signal !== null) chunks.push(Buffer.from(`\nended by ${signal}\n`));
      resolve({ exitCode: code ?? 1, output: Buffer.concat(chunks).toString() });
    });
  });
}

/** The line of what runs, on a terminal; nowhere else, because it is overwritten until it is final. */
class LiveLine {
  private readonly start = process.hrtime.bigint();
  private readonly timer: NodeJS.Timeout | undefined;
  private readonly names: string;
  private done = 0;

  constructor(names: readonly string[]) {
    this.names = names.join(", ").padEnd(14);
    if (!process.stdout.isTTY) return;
    this.draw();
    this.timer = setInterval(() => this.draw(), 250);
  }

  seconds(): number {
    return Number(process.hrtime.bigint() - this.start) / 1e9;
  }

  advance(count: number): void {
    this.done += count;
  }

  /** Makes room for another line. */
  clear(): void {
    if (this.timer !== undefined) process.stdout.write("\r\x1b[K");
  }

  end(): void {
    clearInterval(this.timer);
    this.clear();
  }

  private draw(): void {
    const tests = this.done === 0 ? "" : `${String(this.done).padStart(6)} done`;
    process.stdout.write(`\r  ${this.names} ${tests.padEnd(49)} ${this.seconds().toFixed(0).padStart(6)}   s`);
  }
}

function fileRead(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
