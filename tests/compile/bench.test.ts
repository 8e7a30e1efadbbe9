import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REPOSITORY } from "../../scripts/compile/errors.ts";
import { buildBench, compilePrograms, KERNEL_FLAGS, PLAIN_FLAGS } from "../bench/build.ts";
import { reportOf, type Comparison } from "../bench/compiler.ts";
import { figuresWrite } from "../bench/figures.ts";
import { disagreements, timesOf } from "../bench/measure.ts";
import { withFolder } from "../folder.ts";

const LONG = process.env["LONG"] === "1";

/** Three workloads as they might be measured: faster than C, above the goal, and not counted. */
const MEASURED: Comparison = {
  flags: "some flags",
  times: [
    { name: "quick", operation: "byte", time: { ts: 0.93214, c: 1 } },
    { name: "slow", operation: "call", time: { ts: 1234.5, c: 1000 } },
    { name: "uncounted", operation: "call", time: { ts: 1.05, c: 1 } },
  ],
  instructions: new Map([["quick", { ts: 10, c: 10 }], ["slow", { ts: 30, c: 20 }]]),
};

test("TypeScript and C do the same work, with the kernel's flags, and with plain -O2 in a long run", () => {
  const compiled = compilePrograms();
  withFolder((directory) => {
    for (const flags of LONG ? [KERNEL_FLAGS, PLAIN_FLAGS] : [KERNEL_FLAGS]) {
      const [program = ""] = buildBench(compiled, join(directory, flags.name), flags, 1);
      expect(disagreements(program)).toEqual([]);
      const times = timesOf([program], 1);
      expect(times.length).toBeGreaterThan(10);
      for (const { time } of times) expect(Math.min(time.ts, time.c)).toBeGreaterThan(0);
    }
  });
});

test("the flags of the bench are the Makefile's", () => {
  const makefile = readFileSync(join(REPOSITORY, "Makefile"), "utf8").replaceAll("\\\n", " ");
  const [, flags = ""] = /^CFLAGS := (.*)$/m.exec(makefile) ?? [];
  const code = flags.split(" ").filter((flag) => /^-(O|std|f|m)/.test(flag));
  expect(code.length).toBeGreaterThan(10);
  for (const side of [KERNEL_FLAGS.ts, KERNEL_FLAGS.c]) {
    expect(side.filter((flag) => /^-(O|std|f|m)/.test(flag)).sort()).toEqual([...code].sort());
  }
});

test("a figure has the form that other tools read", () => {
  const figures = withFolder((directory) => {
    const file = join(directory, "deep/bench.json");
    figuresWrite(file, reportOf([MEASURED]).figures);
    return JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>[];
  });
  expect(figures).toHaveLength(5);
  expect(figures[0]).toEqual({
    area: "compiler",
    name: "quick (some flags, time)",
    value: 0.9321,
    unit: "ns/byte",
    goal: 1,
    met: true,
    peer: "C",
    peerValue: 1,
    ratio: 0.9321,
  });
  expect(figures.map(({ met }) => met)).toEqual([true, true, false, false, true]);
});

test("the table fits in 80 columns and every slow row has a note", () => {
  const { lines } = reportOf([MEASURED, MEASURED]);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(lines.filter((line) => line.startsWith("slow: "))).toHaveLength(1);
  expect(lines.some((line) => line.startsWith("quick: "))).toBe(false);
});
