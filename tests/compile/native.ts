/** The third host: a Linux program, compiled by clang, that runs a list of cases. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Compiled } from "../../scripts/compile/compile.ts";
import { REPOSITORY } from "../../scripts/compile/errors.ts";
import { isVoid } from "../../scripts/compile/kinds.ts";
import { CLANG_FLAGS, writeNative } from "../../scripts/compile/native.ts";
import { showSlot, type Answer, type Case } from "./cases.ts";

const CLANG = "clang-14";
const DOORS = resolve(REPOSITORY, "tests/compile/doors.h");

/** The answers of the cases, for each optimisation level. The C compilers run side by side. */
export async function runNative(
  compiled: Compiled,
  cases: readonly Case[],
  levels: readonly string[],
): Promise<Map<string, Answer[]>> {
  const directory = mkdtempSync(join(tmpdir(), "compile-"));
  try {
    const base = join(directory, "program");
    writeNative(compiled, base, { doors: DOORS, prefix: "kernel_" });
    writeFileSync(`${base}.main.c`, mainFile(compiled, cases));
    await run(CLANG, ["-O0", "-w", "-c", `${base}.main.c`, "-o", `${base}.main.o`]);
    const answers = levels.map(async (level) => [level, await runLevel(base, level, cases)] as const);
    return new Map(await Promise.all(answers));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** What the program wrote. */
function run(program: string, args: readonly string[], input: Uint8Array = new Uint8Array()): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { encoding: "buffer", maxBuffer: 1 << 28 } as const;
    const child = execFile(program, args, options, (error, stdout) => (error ? reject(error) : resolve(stdout)));
    child.stdin?.end(input);
  });
}

async function runLevel(base: string, level: string, cases: readonly Case[]): Promise<Answer[]> {
  const program = `${base}${level}`;
  await run(CLANG, [level, ...CLANG_FLAGS, "-no-pie", `${base}.glue.c`, `${base}.main.o`, "-o", program]);
  const input = Buffer.alloc(cases.length * ROW);
  cases.forEach(({ args }, row) => {
    args.forEach((arg, i) => input.writeBigUInt64LE(BigInt.asUintN(64, BigInt(arg)), row * ROW + 8 * i));
  });
  const stdout = await run(program, [], input);
  if (stdout.length !== cases.length * 16) {
    throw new Error(`the program ended after ${stdout.length / 16} of ${cases.length} cases`);
  }
  return cases.map(({ fn }, i) => {
    const trapped = stdout.readBigUInt64LE(i * 16) !== 0n;
    return trapped ? "trap" : showSlot(fn.result, stdout.readBigUInt64LE(i * 16 + 8));
  });
}

const MAX_PARAMS = 4;
const ROW = 8 * MAX_PARAMS;

/** Reads rows of arguments, writes (trapped, result) of each. */
function mainFile(compiled: Compiled, cases: readonly Case[]): string {
  const called = compiled.exports.map((fn, i) => {
    const args = fn.params.map((_, param) => `a[${param}]`).join(", ");
    const call = `kernel_${fn.name}(${args})`;
    return `    case ${i}: ${isVoid(fn.result) ? `${call}; return 0` : `return ${call}`};`;
  });
  const declared = compiled.exports.map((fn) => {
    const params = fn.params.map(() => "u64").join(", ");
    return `${isVoid(fn.result) ? "void" : "u64"} kernel_${fn.name}(${params || "void"});`;
  });
  const numbers = new Map(compiled.exports.map((fn, i) => [fn, i]));
  return `#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
typedef unsigned long u64;
${declared.join("\n")}
static const unsigned short which[] = {${cases.map(({ fn }) => numbers.get(fn)).join(",")}};
static u64 run(int function, const u64 *a) {
  switch (function) {
${called.join("\n")}
  }
  return 0;
}
static sigjmp_buf trapped;
static void onTrap(int signal) { siglongjmp(trapped, signal); }
int main(void) {
  signal(SIGILL, onTrap);
  signal(SIGFPE, onTrap);
  for (unsigned long i = 0; i < sizeof which / sizeof *which; i++) {
    u64 args[${MAX_PARAMS}];
    volatile u64 out[2] = {0, 0};
    if (fread(args, sizeof args, 1, stdin) != 1) return 1;
    if (sigsetjmp(trapped, 1)) out[0] = 1;
    else out[1] = run(which[i], args);
    if (fwrite((void *)out, sizeof out, 1, stdout) != 1) return 1;
  }
  return 0;
}
`;
}
