/** refused/polling.txt has the loops that are refused; here are those beside them that are not, and why. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { compileProgram } from "../../scripts/compile/compile.ts";
import { isBarrier } from "../../scripts/compile/effects.ts";
import { displayPath, REPOSITORY } from "../../scripts/compile/errors.ts";
import { checkProgram, refusalsOf } from "../../scripts/compile/lower.ts";
import { CLANG_FLAGS, writeNative } from "../../scripts/compile/native.ts";
import { loadProgram } from "../../scripts/compile/program.ts";
import { withDirectory } from "./native.ts";

const HEAD = `import { halt, inb, load32, loadVolatile32, pause, store32 } from "../../kernel/doors/machine.ts";
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
  ["it goes round once", "while (!ready) { spend(); break; }"],
  ["it is a machine of states", "let state = 0; while (state !== 2) { if (state === 0) state = 1; else state = 2; }"],
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

test("the kernel's doors are barriers exactly where their C has a clobber", () => {
  const read = (name: string): string => readFileSync(resolve(REPOSITORY, "boot", name), "utf8");
  const text = ["doors.h", "doors-memory.h"].map(read).join("\n");
  const bodies = [...text.matchAll(/w2c_env_(\w+)\(ENV[^]*?(?=\nDOOR|\n#|\n\/\*|\n[A-Z]|$)/g)];
  const clobbering = new Map(bodies.map(([body, name]) => [name!, /CLOBBER|BARRIER\(\)/.test(body)]));
  expect(clobbering.size).toBeGreaterThan(20);
  for (const [name, clobbers] of clobbering) expect([name, isBarrier(name)]).toEqual([name, clobbers]);
});

test("natively a loop with a barrier looks again in every turn, a variable as well as memory", () => {
  const file = resolve(REPOSITORY, "tests/compile/polling-example.ts");
  const source = `import { pause } from "../../kernel/doors/machine.ts";
let ready = false;
export function set(): void { ready = true; }
export function wait(): void { while (!ready) pause(); }
`;
  const code = withDirectory((directory) => {
    const base = join(directory, "polling");
    const compiled = compileProgram(file, { texts: new Map([[file, source]]) });
    writeNative(compiled, base, { doors: resolve(REPOSITORY, "boot/doors.h") });
    const flags = ["-O2", ...CLANG_FLAGS, "-fno-pic", "-mcmodel=kernel", "-I", resolve(REPOSITORY, "boot")];
    return execFileSync("clang-14", [...flags, "-S", `${base}.glue.c`, "-o", "-"], { encoding: "utf8" });
  });
  expect(displayPath(file)).toBe("tests/compile/polling-example.ts");
  const body = /^wait:[^]*?^\.Lfunc_end/m.exec(code)?.[0] ?? "";
  const turn = /^(\.L\w+):((?:(?!^\.L\w+:)[^])*?\bpause\b(?:(?!^\.Lfunc_end)[^])*?)\bj\w+\s+\1\b/m.exec(body)?.[2];
  expect(turn, body).toMatch(/statics/);
});
