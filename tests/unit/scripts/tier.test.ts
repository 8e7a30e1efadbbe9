import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { commandTier, tiersRun } from "../../../scripts/test/tier.ts";

afterEach(() => vi.restoreAllMocks());

/** Runs a tier; what it prints and its outcome. */
async function printed(script: string, report?: string) {
  const lines: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  const tier = commandTier("types", "sh", "-c", script);
  const [outcome] = await tiersRun([report === undefined ? tier : { ...tier, report }]);
  return { lines, outcome: outcome! };
}

test("a tier that passes is one line, whatever its command said", async () => {
  const { lines, outcome } = await printed("echo chatter");
  expect(outcome).toEqual({ passed: 1, failed: 0, skipped: 0 });
  expect(lines).toHaveLength(1);
});

test("a tier that fails shows what its command said, on either stream", async () => {
  const { lines, outcome } = await printed("echo out; echo err >&2; exit 2");
  expect(outcome.failed).toBe(1);
  expect(lines[1]?.split("\n").sort()).toEqual(["err", "out"]);
});

test("a command that is ended by a signal, or says nothing, is told", async () => {
  expect((await printed("kill -9 $$")).lines[1]).toBe("ended by SIGKILL");
  expect((await printed("exit 3")).lines[1]).toBe("types: status 3, and it said nothing");
});

test("a command that cannot be started is a failure", async () => {
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  expect(await tiersRun([commandTier("lint", "/nowhere/eslint")])).toEqual([{ passed: 0, failed: 1, skipped: 0 }]);
});

test("of tiers that run at once each has its line as it ends, and its outcome in its place", async () => {
  const lines: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  const fifo = join(tmpdir(), `tiers-${process.pid}`);
  // neither can end unless both run
  const first = commandTier("first", "sh", "-c", `mkfifo ${fifo} && read line <${fifo}; rm ${fifo}; sleep 0.3; exit 1`);
  const second = commandTier("second", "sh", "-c", `until [ -p ${fifo} ]; do sleep 0.01; done; echo >${fifo}`);
  const outcomes = await tiersRun([first, second]);
  expect(outcomes.map(({ failed }) => failed)).toEqual([1, 0]);
  expect(lines.map((line) => line.trim().split(" ")[0])).toEqual(["second", "first", "first:"]);
});

test("the report of an earlier run is not taken for this one's", async () => {
  const report = `build/reports/stale-${process.pid}.json`;
  const content = JSON.stringify({ testResults: [{ status: "passed", assertionResults: [{ status: "passed" }] }] });
  expect((await printed(`echo '${content}' >${report}`, report)).outcome.passed).toBe(1);
  expect((await printed("exit 0", report)).outcome).toEqual({ passed: 0, failed: 1, skipped: 0 });
});
