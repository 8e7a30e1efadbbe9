import { expect, test } from "vitest";
import { outcomeLine, outcomeOfCommand, outcomeOfReport, outcomeSum } from "../../../scripts/test/outcome.ts";

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((became) => ({ status: became })),
});
const report = (...files: object[]) => JSON.stringify({ testResults: files });

test("tests are counted by what became of them", () => {
  const json = report(file("passed", "passed", "passed", "skipped"), file("failed", "failed", "passed", "todo"));
  expect(outcomeOfReport(json, 1)).toEqual({ passed: 3, failed: 1, skipped: 2 });
});

test("a file that cannot be loaded is one failure", () => {
  expect(outcomeOfReport(report(file("failed"), file("passed", "passed")), 1)).toMatchObject({ passed: 1, failed: 1 });
});

test("a run that fails although its tests passed is one failure", () => {
  expect(outcomeOfReport(report(file("passed", "passed")), 1)).toMatchObject({ passed: 1, failed: 1 });
});

test("a run in which nothing passed is a failure, even if its status says success", () => {
  expect(outcomeOfReport(report(), 0)).toMatchObject({ passed: 0, failed: 1 });
  expect(outcomeOfReport(report(file("passed", "skipped")), 0)).toMatchObject({ passed: 0, failed: 1 });
});

const UNREADABLE = [undefined, "", '{"testResults":[{"sta', "null", "[]"];
test.each(UNREADABLE)("a report that cannot be read is a failure: %j", (json) => {
  expect(outcomeOfReport(json, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test("a command is one test", () => {
  expect(outcomeOfCommand(0)).toMatchObject({ passed: 1, failed: 0 });
  expect(outcomeOfCommand(2)).toMatchObject({ passed: 0, failed: 1 });
});

test("tiers add up", () => {
  const tier = { passed: 2, failed: 1, skipped: 4 };
  expect(outcomeSum([tier, tier])).toEqual({ passed: 4, failed: 2, skipped: 8 });
});

test("the line of a tier is within 80 columns, and says only what there is to say", () => {
  expect(outcomeLine("unit", { passed: 412, failed: 0, skipped: 0 }, 12.34)).toMatch(/^ {2}unit +412 passed +12\.3 s$/);
  const long = outcomeLine("compile", { passed: 123456, failed: 12345, skipped: 12345 }, 1234.56);
  expect(long).toContain("123456 passed, 12345 failed, 12345 skipped");
  expect(long.length).toBeLessThanOrEqual(80);
});
