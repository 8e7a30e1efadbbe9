/** refused/polling.txt has the loops that are refused; here are those beside them that are not, and why. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { compileProgram } from "../../scripts/compile/compile.ts";
import { isBarrier } from "../../scripts/compile/effects.ts";
import { REPOSITORY } from "../../scripts/compile/errors.ts";
import { checkProgram, refusalsOf } from "../../scripts/compile/lower.ts";
import { CLANG_FLAGS, writeNative } from "../../scripts/compile/native.ts";
import { loadProgram } from "../../scripts/compile/program.ts";
import { withFolder } from "../folder.ts";

const HEAD = `import { halt, inb, load32, loadOnce64, loadVolatile32 } from "../../kernel/doors/machine.ts";
import { pause, store32 } from "../../kernel/doors/machine.ts";
import { layout, u32 } from "../../kernel/lib/layout.ts";
const RING = layout(8, { head: u32, tail: u32 });
let ready = false;
let left = 3;
export function set(): void { ready = true; }
function isPort(): boolean { return inb(0x64) !== 0; }
function spend(): void { left--; }
function stop(): never { for (;;) halt(); }
type Work = () => void;
let work: Work = spend;
`;

test.each([
  ["a barrier is in it", "while (!ready) pause();"],
  ["a barrier is in what its test calls", "while (!isPort() && !ready);"],
  ["memory is read once in every turn", "while (loadOnce64(at) === 0n);"],
  ["memory is read by a volatile door", "while (loadVolatile32(at) === 0);"],
  ["a function value may do anything", "while (!ready) work();"],
  ["it counts down what it looks at", "while (left > 0) left--;"],
  ["what it calls counts it down", "while (left > 0) spend();"],
  ["it looks further in every turn", "while (load32(at) !== 0) at = at + 4n;"],
  ["it looks further through a second variable", "while (load32(at) !== 0) { const next = at + 4n; at = next; }"],
  ["it follows a list", "while (at !== 0n) at = BigInt(load32(at));"],
  ["it writes to memory", "while (load32(at) !== 5) store32(at, load32(at) + 1);"],
  ["its patience ends", "for (let i = 0; i < 9; i++) if (ready) break;"],
  ["its patience ends in a panic", "let i = 0; while (!ready) { i++; if (i > 9) stop(); }"],
  ["it goes round once, whatever a loop in it does", "while (!ready) { for (let i = 0; i < 9; i++) continue; break; }"],
  ["it writes to a record", "while (RING.head(at) !== 5) RING.setHead(at, RING.head(at) + 1);"],
  ["it goes round once", "while (!ready) { spend(); break; }"],
  ["it is a machine of states", "let state = 0; while (state !== 2) { if (state === 0) state = 1; else state = 2; }"],
  [
    "a variable of the module is its state",
    "while (left !== 2) { if (left === 0) left = 1; else left = 2; }",
  ],
  ["it looks at no shared thing", "for (;;) { if (at > 4n) return; at++; }"],
  ["it waits for nothing at all", "for (;;);"],
  [
    "an outer loop is left from an inner one",
    "outer: for (;;) { for (let i = 0; i < left; i++) { if (i > 1) break outer; } }",
  ],
])("a loop is not refused when %s", (_why, loop) => {
  const file = resolve(REPOSITORY, "tests/compile/polling-example.ts");
  const source = `${HEAD}export function f(at: bigint): void {\n  ${loop}\n}
export function use(): void { if (left > 9) work = spend; if (left > 8) f(load32(1n) > 0 ? 1n : 2n); }`;
  const used =
    "export function all(): void { halt(); pause(); store32(0n, loadVolatile32(0n)); if (isPort()) stop(); }";
  const program = loadProgram([file], { texts: new Map([[file, `${source}\n${used}`]]) });
  checkProgram(program);
  expect(refusalsOf(program).map(({ message }) => message)).toEqual([]);
});

/** In a door's C: a clobber, or a call of what clang cannot look into. */
function isBarrierInC(body: string): boolean {
  const noAssembly = (text: string): string => (text === '"memory"' ? text : "");
  const code = body.slice(body.indexOf("{")).replaceAll(/"[^"]*"/g, noAssembly);
  return code.includes('"memory"') || /\b(?!__|volatile|address_space|if|sizeof)[a-z_]\w*\(/.test(code);
}

test("the kernel's doors are barriers exactly where their C has a clobber, or calls assembly", () => {
  const flags = ["-E", "-P", "-w", "-nostdlibinc", "-x", "c"];
  const text = execFileSync("clang-14", [...flags, resolve(REPOSITORY, "boot/doors.h")], { encoding: "utf8" });
  const bodies = text.split(/\bstatic inline\b/);
  const doors = bodies.flatMap((body) => {
    const [, name] = /^[^(]*\(\(always_inline[^)]*\)\) \w+ w2c_env_(\w+)\(/.exec(body) ?? [];
    return name === undefined ? [] : [[name, isBarrierInC(body)] as const];
  });
  const declared = readFileSync(resolve(REPOSITORY, "kernel/doors/machine.ts"), "utf8");
  const names = [...declared.matchAll(/^export declare function (\w+)/gm)].map(([, name]) => name!);
  const inC = names.filter((name) => name !== "staticBytes"); // the compiler's own
  expect(doors.map(([name]) => name).sort()).toEqual(inC.sort());
  for (const [name, isOne] of doors) expect([name, isBarrier(name)]).toEqual([name, isOne]);
});

/** One turn of the loop in `wait` in the kernel's code, with these doors. */
function turnOfWait(doors: string): string {
  const file = resolve(REPOSITORY, "tests/compile/polling-example.ts");
  const source = `import { pause } from "../../kernel/doors/machine.ts";
let ready = false;
export function set(): void { ready = true; }
export function wait(): void { while (!ready) pause(); }
`;
  const code = withFolder((directory) => {
    const base = join(directory, "polling");
    writeFileSync(`${base}-doors.h`, doors);
    const compiled = compileProgram(file, { texts: new Map([[file, source]]) });
    writeNative(compiled, base, { doors: `${base}-doors.h` });
    const flags = ["-O2", ...CLANG_FLAGS, "-fno-pic", "-mcmodel=kernel", "-I", resolve(REPOSITORY, "boot")];
    return execFileSync("clang-14", [...flags, "-S", `${base}.glue.c`, "-o", "-"], { encoding: "utf8" });
  });
  const body = /^wait:[^]*?^\.Lfunc_end/m.exec(code)?.[0] ?? "";
  const turn = /^(\.L\w+):((?:(?!^\.L\w+:)[^])*?\bpause\b(?:(?!^\.Lfunc_end)[^])*?)\bj\w+\s+\1\b/m.exec(body)?.[2];
  expect(turn, body).toBeDefined();
  return turn!;
}

test("natively a loop with a barrier looks again in every turn, and without it but once", () => {
  const doors = readFileSync(resolve(REPOSITORY, "boot/doors.h"), "utf8");
  expect(turnOfWait(doors)).toMatch(/\(%rip\)/);
  const quiet = doors.replace(/^(DOOR void w2c_env_pause\(ENV\)).*$/m, "$1 { __builtin_ia32_pause(); }");
  expect(quiet).not.toBe(doors);
  expect(turnOfWait(quiet)).not.toMatch(/\(%rip\)/);
});
