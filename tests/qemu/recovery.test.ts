import { expect, test } from "vitest";
import { bootToEnd, EXIT_PANIC, EXIT_SUCCESS } from "./machine.ts";
import { bootAndLook } from "./outside.ts";

const run = (scenario: string, flags: string[] = []) =>
  bootToEnd({ kernel: "test", options: `scenario=${scenario} panic=exit`, flags });

test("the doors that may fail say so, leave what they should, and keep SMAP closed", async () => {
  const { log, status, roots, differences } = await bootAndLook({
    kernel: "test", options: "scenario=recovery panic=exit",
  });
  expect([roots, differences]).toEqual([1, []]);
  expect(status, log).toBe(EXIT_SUCCESS);
  expect(log).toContain("scenario: recovery held\n");
  expect(log).toMatch(/scenario: end frames-before=(\d+) frames-after=\1\n/);
  expect(log).not.toMatch(/trap\/|no SMAP/);
});

test("a CPU without SMAP has the same doors", async () => {
  const { log, status } = await run("recovery", ["-cpu", "max,la57=off,-smap"]);
  expect(status, log).toBe(EXIT_SUCCESS);
  expect(log).toContain("scenario: no SMAP\nscenario: recovery held\n");
});

test("a panic in a call that is tried is a panic", async () => {
  const { log, status } = await run("tried-panic");
  expect(status, log).toBe(EXIT_PANIC);
  expect(log).toContain("trap/fatal: panic: recovery: a panic is no fault\n  value    0x7\n");
});

test("without its words the report cannot even say its one line: it stops in silence", async () => {
  const { log, status } = await run("no-rodata");
  expect(status, log).toBe(EXIT_PANIC);
  expect(log).toMatch(/scenario: rodata goes\n\n*$/);
});
