/**
 * The vitest reporter of `make test`: every failure in full (message, difference, code, stack, what the test printed),
 * nothing about tests that pass. Each finished test is one byte on the descriptor PROGRESS_FD, if that is given.
 */
import { writeSync } from "node:fs";
import type { TestCase, Vitest } from "vitest/node";
import { DefaultReporter } from "vitest/reporters";

const progress = process.env.PROGRESS_FD === undefined ? undefined : Number(process.env.PROGRESS_FD);

export default class FailuresReporter extends DefaultReporter {
  constructor() {
    super({ isTTY: false, summary: false });
  }

  /** Without the banner. */
  override onInit(vitest: Vitest): void {
    this.ctx = vitest;
  }

  override onTestCaseResult(test: TestCase): void {
    super.onTestCaseResult(test);
    if (progress !== undefined) writeSync(progress, ".");
  }

  protected override printTestModule(): void {}

  /** The summary of the run is the tier's line, and scripts/test.ts prints that. */
  override reportTestSummary(): void {}
}
