/** scripts/heap-replay: what it says of traces, and of files that are none. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { REPOSITORY } from "../../scripts/compile/errors.ts";
import { Trace, TRACES, traceText } from "../../scripts/replay/traces.ts";
import { withFolder } from "../folder.ts";
import { HOSTED, type Ended, run } from "./programs.ts";

const PROGRAM = join(HOSTED, "heap-replay");
beforeAll(() => {
  const env = { ...process.env, MAKEFLAGS: "", MAKELEVEL: "" };
  execFileSync("make", ["-s", "build/hosted/heap-replay"], { cwd: REPOSITORY, env });
});

function replay(...texts: string[]): Ended {
  return withFolder((folder) => {
    const files = texts.map((text, i) => {
      writeFileSync(join(folder, `${i}.rep`), text);
      return `${i}.rep`;
    });
    return run(PROGRAM, files, folder);
  });
}

test("a trace's operations are counted, and its peak is what was out at once, as it was asked for", () => {
  const { output, ended } = replay("1000\n3\n6\n1\na 0 100\na 1 200\nf 0\nr 1 4000\na 2 50\nf 1\n");
  expect(ended, output).toBe(0);
  const row = /^0\.rep +(\d+) +\d+ +\d+ +(\d+) +(\d+) +([\d.]+)%$/m.exec(output);
  const [, operations, payload, used, percent] = row ?? [];
  expect([operations, payload]).toEqual(["6", "4050"]);
  expect([Number(used) % 4096, Number(used) >= 4050]).toEqual([0, true]);
  expect(Number(percent)).toBeCloseTo(405_000 / Number(used), 0);
});

test("the header's numbers may share a line, a block may be left out, and what is resized need not be out", () => {
  const { output, ended } = replay("0 2 3 1\nr 0 8\nf -1\na 1 0\n");
  expect(ended, output).toBe(0);
});

test.each([
  ["", 0, "the file ends before the heap size"],
  ["1\n2\n", 2, "the file ends before the number of operations"],
  ["1\nmany\n", 2, "the number of ids is not a number"],
  ["1 1 1 1 9\n", 1, "more than belongs there"],
  ["1\n1\n1\n1\nx 0 5\n", 5, "an operation is a, r or f"],
  ["1\n1\n1\n1\na0 5\n", 5, "a blank is missing after a"],
  ["1\n1\n1\n1\na 0\n", 5, "the size is not a number"],
  ["1\n1\n1\n1\na 0 -5\n", 5, "the size is not a number"],
  ["1\n1\n1\n1\na 0 5 5\n", 5, "more than belongs there"],
  ["1\n1\n1\n1\na 1 5\n", 5, "id 1: the header says that there are 1"],
  ["1\n1\n1\n1\na 0 9999999999999\n", 5, "bytes are more than 2^40"],
  ["1\n1\n1\n1\na 0 99999999999999999999999\n", 5, "is too large"],
  ["1\n1\n2\n1\na 0 5\n\na 0 5\n", 7, "id 0 is taken while it is out"],
  ["1\n1\n1\n1\nf 0\n", 5, "id 0 is given back while it is not out"],
  ["1\n1\n1\n1\na 0 5\nf 0\n", 6, "1 operations, and here is one more"],
  ["1\n1\n3\n1\na 0 5\nf 0\n", 6, "3 operations, and there are 2"],
  [`1\n1\n1\n1\na 0 ${" ".repeat(300)}5\n`, 5, "the line is too long"],
])("%j: line %i, %s", (text, line, words) => {
  const { output, ended } = replay(text);
  expect(ended).toBe(1);
  expect(output).toContain(`0.rep:${line}: `);
  expect(output).toContain(words);
});

test("a file that is not there is named", () => {
  const { output, ended } = run(PROGRAM, ["/nowhere/x.rep"]);
  expect([ended, output]).toEqual([1, expect.stringContaining("/nowhere/x.rep: cannot be opened: No such file")]);
});

test("more than the heap has room for is said with the operation", () => {
  const trace = new Trace();
  trace.take(2 ** 36);
  const { output, ended } = replay(trace.text());
  expect(ended).toBe(1);
  expect(output).toContain("0.rep: operation 1: the heap has no room");
});

test("every trace of the repository keeps its contents, and what nothing works against uses its heap well", () => {
  const names = Object.keys(TRACES);
  const { output, ended } = replay(...names.map((name) => traceText(name) ?? ""));
  expect(ended, output).toBe(0);
  const percents = names.map((_, i) => Number(new RegExp(`^${i}\\.rep .* ([\\d.]+)%$`, "m").exec(output)?.[1]));
  const of = (name: string): number => percents[names.indexOf(name)] ?? NaN;
  for (const name of ["binary", "browser", "random", "slivers"]) expect(of(name), name).toBeGreaterThan(90);
  for (const name of ["binary2", "realloc2", "kernel"]) expect(of(name), name).toBeGreaterThan(80);
});

test("the same trace is written every time", () => {
  for (const name of Object.keys(TRACES)) expect(traceText(name)).toBe(traceText(name));
  expect(traceText("no such trace")).toBeNull();
});
