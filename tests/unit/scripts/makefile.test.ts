/** What `make run` would do with the variables that a person gives it: nothing is made here. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { ROOT } from "./sandbox.ts";

function make(...args: string[]) {
  const { MAKEFLAGS: _flags, MAKELEVEL: _level, ...env } = process.env; // of a make that runs these tests
  const { status, stdout, stderr } = spawnSync("make", args, { cwd: ROOT, env, encoding: "utf8" });
  return { status, stdout, stderr };
}

test.each(["", "0", "no", "off", "false"])("CHECKING=%s and SANITIZE=%s are off", (value) => {
  expect(make("-n", "run", `CHECKING=${value}`).stdout).toMatch(/scripts\/qemu\.sh run build\/kernel\.iso/);
  expect(make("-n", "hosted", `SANITIZE=${value}`).stdout).not.toContain("with sanitizers");
});

test.each(["1", "yes"])("CHECKING=%s is on", (value) => {
  expect(make("-n", "run", `CHECKING=${value}`).stdout).toMatch(/scripts\/qemu\.sh run build\/checked\.iso/);
});

test("a module that is not there is said in a sentence, before anything is built", () => {
  const { status, stdout, stderr } = make("run", "MODULES=/nowhere/nope");
  expect(status).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toContain("make: there is no file /nowhere/nope\n");
  expect(stderr).not.toContain("No rule");
});
