import { expect, test } from "vitest";
import { sandboxCreate } from "./sandbox.ts";

test("a step that succeeds is one line within 80 columns, and its output is dropped", () => {
  const here = sandboxCreate();
  const label = `compile ${"kernel/a/very/long/name/".repeat(6)}`;
  const { status, stdout, stderr } = here.run("scripts/step.sh", [label, "sh", "-c", "echo talk; echo more >&2"]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^ {2}compile {3}kernel\/a\/very.* \d+\.\d s\n$/);
  expect(stdout.length).toBeLessThanOrEqual(81);
});

test("a step that fails shows its own output and nothing else, and its status", () => {
  const here = sandboxCreate();
  const ended = here.run("scripts/step.sh", ["clang x.c", "sh", "-c", "echo x.c:1: no; echo more >&2; exit 7"]);
  expect(ended).toEqual({ status: 7, stdout: "", stderr: "x.c:1: no\nmore\n" });
});

test("a step that fails without a word is named", () => {
  const here = sandboxCreate();
  const { status, stderr } = here.run("scripts/step.sh", ["link x", "sh", "-c", "exit 3"]);
  expect(status).toBe(3);
  expect(stderr).toBe("sh: failed with status 3 and said nothing\n");
});

test("arguments arrive as they were given", () => {
  const here = sandboxCreate();
  const { stderr } = here.run("scripts/step.sh", ["try it", "sh", "-c", 'echo "$1"; exit 1', "sh", "two words; *"]);
  expect(stderr).toBe("two words; *\n");
});

test("on a terminal a step shows how long it has been running, until it is over", () => {
  const here = sandboxCreate();
  // Here a second is over at once, and the step when the third one begins: two have been shown then.
  here.fake("sleep", 'echo x >>"$BIN/seconds"');
  here.fake("third-second", "until { read -r _; read -r _; read -r _; } 2>/dev/null <$BIN/seconds; do :; done");
  const { status, stdout } = here.terminal("scripts/step.sh 'setup a thing' third-second");
  expect(status).toBe(0);
  expect(stdout).toMatch(/^ {2}setup {5}a thing \.\.\.\r {2}setup {5}a thing +\d+ {3}s\r/);
  expect(stdout).toMatch(/\r\x1b\[K {2}setup {5}a thing +\d+\.\d s\r\n$/);
});

/** Two steps at once, each of which fails if the other one is at work. */
function twoSteps(env: Record<string, string> = {}) {
  const here = sandboxCreate();
  for (const tool of ["flock", "sleep", "rmdir"]) here.fake(tool, `PATH=/usr/bin:/bin exec ${tool} "$@"`);
  here.fake("work", 'mkdir "$BIN/at-work" || exit 1', "sleep 0.3", 'rmdir "$BIN/at-work"');
  const twice = "scripts/step.sh 'try one' work & scripts/step.sh 'try two' work; wait $! && echo both";
  return here.run("sh", ["-c", twice], env);
}

test("steps of two makes in one folder wait for each other", () => {
  expect(twoSteps()).toMatchObject({ status: 0, stderr: "" });
});

test.each([
  ["MAKEFLAGS", " -j2 --jobserver-auth=3,4"],
  ["STEPS_LOCKED", "yes"],
])("steps under %s=%s do not", (name, value) => {
  expect(twoSteps({ [name]: value }).stderr).toContain("at-work");
});
