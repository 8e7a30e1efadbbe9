/**
 * Area `frames` in QEMU: the same kinds of work in the kernel that measures (kernel/), counted exactly by `-icount`;
 * and what it takes to boot, with 1 GiB and with 64.
 */
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { bootToEnd, commandFor, EXIT_SUCCESS, ROOT } from "../qemu/machine.ts";
import { type Figure, limitedFigure, type Report } from "./figures.ts";
import { AREA, countFigures, type Counts, sizeFigures } from "./frames.ts";

/** One instruction is a nanosecond of the machine's clock, whose counter then counts them. */
const COUNTED = ["-cpu", "max,la57=off,-erms,-fsrm", "-icount", "shift=0,sleep=off"];
const SECONDS = 600;
const WHERE = "QEMU";

const BOOT_GIB = [1, 64];
/** For each GiB more bitmaps are filled and the tables of their records' window; records are not touched. Limits. */
const BOOT_GOALS = { instructions: 100_000, mib: 100 } as const;

interface BootCost {
  readonly gib: number;
  readonly instructions: number;
  /** Of QEMU, at the prompt. */
  readonly residentMib: number;
}

export async function framesMachineReport(): Promise<Report> {
  const goals = ["build/benchmark.elf", "build/kernel.elf"];
  execFileSync("make", goals, { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
  const rows = rowsOf(await logOf("4G", "", []));
  const boots: BootCost[] = [];
  for (const gib of BOOT_GIB) boots.push(await bootCost(gib));
  return {
    lines: [
      "",
      "frames: the same in QEMU, instructions of a call, counted by -icount",
      "",
      "kind    GiB  in use     take     give",
      ...rows.map(lineOf),
      "",
      "boot, to the prompt   instructions   resident memory of QEMU",
      ...boots.map(({ gib, instructions, residentMib }) => {
        const cells = [String(instructions).padStart(25), `${residentMib.toFixed(0)} MiB`.padStart(27)];
        return `${`${gib} GiB`.padEnd(10)}${cells.join("")}`;
      }),
    ],
    figures: [...rows.flatMap((row) => countFigures(WHERE, row)), ...sizeFigures(WHERE, rows), ...bootFigures(boots)],
  };
}

async function logOf(memory: string, options: string, flags: readonly string[]): Promise<string> {
  const { log, status } = await bootToEnd(
    { kernel: "benchmark", memory, options: `panic=exit ${options}`, flags: [...COUNTED, ...flags] },
    SECONDS,
  );
  if (status !== EXIT_SUCCESS) throw new Error(`the kernel that measures ended with ${status}:\n${log}`);
  return log;
}

function rowsOf(log: string): Counts[] {
  const lines = [...log.matchAll(/^bench: (\w+) gib=(\d+) fill=(\d+) calls=(\d+) take=(\d+) give=(\d+)$/gm)];
  if (lines.length === 0) throw new Error(`nothing was measured:\n${log}`);
  return lines.map(([, kind = "", gib, fill, calls, take, give]) => {
    const counts = [take, give].map((sum) => Number(sum) / Number(calls));
    return { kind, gib: Number(gib), fill: Number(fill), counts };
  });
}

function lineOf({ kind, gib, fill, counts }: Counts): string {
  const cells = counts.map((count) => count.toFixed(1).padStart(9));
  return `${kind.padEnd(7)}${String(gib).padStart(4)}${`${fill} %`.padStart(8)}${cells.join("")}`;
}

// ---- booting -------------------------------------------------------------------------------------------------
/** Memory that the host need not have. */
function memoryFlags(gib: number): string[] {
  return ["-object", `memory-backend-ram,id=m,size=${gib}G,reserve=off`, "-machine", "pc,memory-backend=m"];
}

async function bootCost(gib: number): Promise<BootCost> {
  const log = await logOf(`${gib}G`, "scenario=boot", memoryFlags(gib));
  const [, instructions] = /^bench: boot instructions=(\d+)$/m.exec(log) ?? [];
  return { gib, instructions: Number(instructions), residentMib: await residentMib(gib) };
}

/** Of QEMU when the product's prompt has come. */
function residentMib(gib: number): Promise<number> {
  const command = commandFor({ memory: `${gib}G`, flags: memoryFlags(gib) }, "stdio");
  return new Promise((found, failed) => {
    const machine = spawn("sh", command, { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] });
    let log = "";
    let kib = NaN;
    machine.stdout.on("data", (chunk: Buffer) => {
      log += chunk.toString("latin1").replaceAll("\r", "");
      if (!log.endsWith("\n> ")) return;
      kib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${machine.pid}/status`, "utf8"))?.[1]);
      machine.kill("SIGKILL");
    });
    machine.once("error", failed);
    machine.once("close", () => (Number.isNaN(kib) ? failed(new Error(`no prompt came:\n${log}`)) : found(kib / 1024)));
  });
}

function bootFigures(boots: readonly BootCost[]): Figure[] {
  const [small, large] = boots;
  if (small === undefined || large === undefined) return [];
  const perGib = (large.instructions - small.instructions) / (large.gib - small.gib);
  const beside = (what: string, unit: string, value: number, goal: number): Figure => {
    const name = `boot, ${large.gib} GiB beside ${small.gib} GiB (${WHERE}, ${what})`;
    return limitedFigure({ area: AREA, name, unit }, value, goal);
  };
  return [
    beside("instructions", "a GiB more", perGib, BOOT_GOALS.instructions),
    beside("resident memory", "MiB more", large.residentMib - small.residentMib, BOOT_GOALS.mib),
  ];
}
