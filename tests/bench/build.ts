/**
 * The program that compares: TypeScript through the compiler on one side, tests/bench/c on the other, both with the
 * same flags, called by the same code.
 *
 * Kernel code runs in it as it is, but for one number. Page tables are reached through the direct map, which lies where
 * no program has memory; so the program is compiled with another DIRECT_MAP, that of c/api.h. It costs what the
 * kernel's costs (an address that fills a register, not one that fits into an instruction), the C peers use the same,
 * and the doors to memory stay single loads and stores.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileProgram, type Compiled } from "../../scripts/compile/compile.ts";
import { CLANG_FLAGS, RUNTIME_HEADERS, writeNative } from "../../scripts/compile/native.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ADDRESSES = fileURLToPath(new URL("../../kernel/lib/addr.ts", import.meta.url));
const CLANG = "clang-14";

/** How code is compiled, on both sides. */
export interface Flags {
  readonly name: string;
  readonly ts: readonly string[];
  readonly c: readonly string[];
}

/** Of the kernel's flags, those that say where to find headers or what not to warn of. */
const FOR_GENERATED_CODE = ["-nostdlibinc", "-isystem", RUNTIME_HEADERS, "-w"];

/** Those of the Makefile. */
export const KERNEL_FLAGS: Flags = {
  name: "the kernel's flags",
  ts: ["-O2", ...CLANG_FLAGS, "-fno-pic", "-mcmodel=kernel"],
  c: ["-O2", ...CLANG_FLAGS.filter((flag) => !FOR_GENERATED_CODE.includes(flag)), "-fno-pic", "-mcmodel=kernel"],
};
/** What is usual for programs; generated code has no C library's headers, and the doors want no memset. */
export const PLAIN_FLAGS: Flags = {
  name: "plain -O2",
  ts: ["-O2", "-std=gnu11", "-fno-builtin", ...FOR_GENERATED_CODE],
  c: ["-O2", "-std=gnu11"],
};

const PEERS = ["bitmap", "page-tables", "first-fit", "programs", "tree", "frames", "runs", "paging"];
/** What works with them: each makes a program, with c/main.c. */
type Workloads = "workloads" | "frame-workloads" | "paging-workloads";

/** All the TypeScript, with the other DIRECT_MAP. */
export function compilePrograms(): Compiled {
  return compileBench("programs/all.ts");
}
/** The same of one file here. */
export function compileBench(entry: string): Compiled {
  const texts = new Map([[ADDRESSES, withDirectMap(readFileSync(ADDRESSES, "utf8"))]]);
  return compileProgram(join(HERE, entry), { texts });
}

function withDirectMap(text: string): string {
  const [, value] = /^#define DIRECT_MAP (0x[0-9a-f]+)ull$/m.exec(readFileSync(join(HERE, "c/api.h"), "utf8")) ?? [];
  const changed = text.replace(/^(export const DIRECT_MAP = )0x[0-9a-f_]+n/m, `$1${value}n`);
  if (value === undefined || changed === text) throw new Error("DIRECT_MAP is not where it was, in addr.ts or c/api.h");
  return changed;
}

/**
 * Each build puts the two sides at other addresses. A short loop costs up to twice as much where it crosses into the
 * next cache line, and branch predictors mix addresses into what they learn: luck, on both sides, of which every figure
 * is therefore a mean over this many layouts.
 */
export const LAYOUTS = 8;

/** Builds it in `directory`, once for each layout, and answers their paths. */
export function buildBench(
  compiled: Compiled,
  directory: string,
  flags: Flags,
  layouts = LAYOUTS,
  workloads: Workloads = "workloads",
): string[] {
  mkdirSync(directory, { recursive: true });
  const path = (name: string): string => join(directory, name);
  const clang = (...args: string[]) => execFileSync(CLANG, args, { stdio: ["ignore", "inherit", "inherit"] });
  const object = (name: string, source: string, ...how: readonly string[]): string => {
    clang(...how, "-c", source, "-o", path(`${name}.o`));
    return path(`${name}.o`);
  };

  writeNative(compiled, path("ts"), { doors: join(HERE, "doors.h"), prefix: "ts_" });
  const ts = object("ts", path("ts.glue.c"), ...flags.ts);
  const peers = PEERS.map((name) => object(name, join(HERE, `c/${name}.c`), "-Wall", "-Werror", ...flags.c));
  const driver = [workloads, "main"].map((name) => object(name, join(HERE, `c/${name}.c`), "-Wall", "-Werror", "-O2"));
  return Array.from({ length: layouts }, (_, i) => {
    const beforeTs = object(`skip${i}`, skip(path(`skip${i}.s`), i * 16));
    const beforePeers = object(`skip${i}p`, skip(path(`skip${i}p.s`), (i * 5 * 16) % 128 + i * 1024));
    clang("-no-pie", ...driver, beforeTs, ts, beforePeers, ...peers, "-o", path(`bench${i}`));
    return path(`bench${i}`);
  });
}

/** Assembly for so many bytes of nothing between a cache line's start and what is linked next. */
function skip(file: string, bytes: number): string {
  writeFileSync(file, `.balign 64\n.skip ${bytes}\n.section .note.GNU-stack\n`);
  return file;
}
