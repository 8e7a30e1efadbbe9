/** Area `processes`: what programs see of memory management, here and on Linux, with the same binary and machine. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Conversation, ROOT } from "../../qemu/machine.ts";
import { type Figure, limitedFigure, type Report } from "../figures.ts";
import { linuxFlags, linuxKernel } from "./linux.ts";

const AREA = "processes";
const FOLDER = "build/bench/processes";
const PROGRAM = join(FOLDER, "program");
const CFLAGS = [
  "-O1", "-Wall", "-Wextra", "-Werror", "-static", "-nostdlib", "-ffreestanding", "-fno-pie", "-fno-stack-protector",
  "-fuse-ld=lld", "-Wl,-z,noexecstack",
];

/** What both sides get. `rep stos` is counted as its steps either way, and Linux takes the one that has the fewest. */
const CPU = ["-cpu", "max,la57=off,-erms,-fsrm"];
/** An instruction is a tick. */
const COUNTED = ["-icount", "shift=0,sleep=off"];
const MEMORY = "1G";
const SECONDS = 300;

/** The program's rows, the words for each, and the instructions that it may take. */
const ROWS = [
  ["call", "system call (getppid)", 120],
  ["write-fault", "write fault, a page zeroed", 900],
  ["read-fault", "read fault, the zero page", 400],
  ["copy-on-write", "copy-on-write fault", 1100],
  ["munmap-page", "munmap, a touched page", 120],
  ["dontneed", "madvise(DONTNEED), a page", 120],
  ["map-unmap", "mmap + munmap, untouched", 1500],
  ["brk", "brk, a page", 1500],
  ["brk-touched", "brk, a page, touched", 1500],
  ["fork", "fork + exit + wait, small", 40_000],
  ["fork-16M", "fork + exit + wait, 16 MiB", 350_000],
  ["pipe", "pipe, there and back", 3000],
] as const;

/** Ticks an operation, by row. */
type Ticks = ReadonlyMap<string, number>;

export async function processesReport(): Promise<Report> {
  mkdirSync(FOLDER, { recursive: true });
  execFileSync("clang-14", [...CFLAGS, "-o", PROGRAM, "tests/bench/processes/program.c"], { cwd: ROOT });
  execFileSync("make", ["build/kernel.elf"], { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
  const { image, release } = linuxKernel();
  const here = { counted: await ticksHere(COUNTED), timed: await ticksHere([]) };
  const linux = { counted: ticksOnLinux(image, COUNTED), timed: ticksOnLinux(image, []) };

  const figures: Figure[] = [];
  const lines = ROWS.map(([row, words, goal]) => {
    const counts = [here.counted, linux.counted].map((side) => side.get(row) ?? NaN);
    const times = [here.timed, linux.timed].map((side) => side.get(row) ?? NaN);
    const [count = NaN] = counts;
    figures.push(limitedFigure({ area: AREA, name: words, unit: "instructions" }, count, goal));
    figures.push(beside(words, times, release));
    return `${words.padEnd(29)}${cells(counts, 8)}${ratio(counts)}${cells(times, 10)}${ratio(times)}`;
  });
  return {
    lines: [
      "",
      `processes: the same program here and on Linux ${release}`,
      "",
      "                               instructions  ratio               ticks  ratio",
      "                                here    Linux                 here    Linux",
      ...lines,
    ],
    figures,
  };
}

/** To take no more time than Linux. */
function beside(words: string, [value = NaN, peerValue = NaN]: readonly number[], release: string): Figure {
  const figure = { area: AREA, name: `${words} (time)`, value: Math.round(value), unit: "ticks of the TSC", goal: 1 };
  const ratio = Number((value / peerValue).toPrecision(3));
  return { ...figure, met: ratio <= 1, peer: `Linux ${release}`, peerValue: Math.round(peerValue), ratio };
}
function cells(values: readonly number[], width: number): string {
  return values.map((value) => (Number.isNaN(value) ? "-" : value.toFixed(0)).padStart(width)).join("");
}
function ratio([value = NaN, peer = NaN]: readonly number[]): string {
  return (Number.isNaN(value / peer) ? "-" : (value / peer).toFixed(2)).padStart(6);
}

// ---- the two machines ------------------------------------------------------------------------------------------
async function ticksHere(flags: readonly string[]): Promise<Ticks> {
  const iso = join(FOLDER, "program.iso");
  execFileSync("scripts/iso.sh", [iso, "build/kernel.elf", PROGRAM], { cwd: ROOT, stdio: "ignore" });
  const disk = ["-drive", `file=${iso},format=raw,if=ide,index=0`, "-boot", "c"];
  const talk = await Conversation.open({ door: "iso", memory: MEMORY, flags: [...disk, ...CPU, ...flags] });
  try {
    await talk.expect("\n> ", SECONDS);
    talk.type("run program\r");
    return ticksOf(await talk.expect("\n> ", SECONDS), "this kernel");
  } finally {
    talk.close();
  }
}

function ticksOnLinux(image: string, flags: readonly string[]): Ticks {
  const machine = ["-accel", "tcg", "-m", MEMORY, "-display", "none", "-nodefaults", "-no-reboot", "-serial", "stdio"];
  const log = execFileSync("qemu-system-x86_64", [...machine, ...CPU, ...flags, ...linuxFlags(image, PROGRAM)], {
    cwd: ROOT, encoding: "latin1", timeout: SECONDS * 1000, stdio: ["ignore", "pipe", "inherit"],
  });
  return ticksOf(log, "Linux");
}

function ticksOf(log: string, side: string): Ticks {
  if (!/^done\r?$/m.test(log)) throw new Error(`the program has not come to its end on ${side}:\n${log}`);
  const rows = [...log.matchAll(/^row (\S+) (\d+) (\d+)\r?$/gm)];
  return new Map(rows.map(([, name = "", count, spent]) => [name, Number(spent) / Number(count)]));
}
