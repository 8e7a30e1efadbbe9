/**
 * What came out of a tier, and how it is written down.
 */

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The part of vitest's JSON report (the format is Jest's) that is read here. */
interface Report {
  readonly testResults: readonly File[];
}
interface File {
  readonly status: string;
  readonly assertionResults: readonly { readonly status: string }[];
}

const CRASHED: Outcome = { passed: 0, failed: 1, skipped: 0 };

/** A command that is one test: the type checker, the linter. */
export function outcomeOfCommand(exitCode: number): Outcome {
  return exitCode === 0 ? { passed: 1, failed: 0, skipped: 0 } : CRASHED;
}

/**
 * From vitest's JSON report, or from undefined if it left none that can be read.
 * What is no test of its own counts as one failure: a file that could not be loaded, a run that failed although every
 * test passed (an unhandled error), a run in which nothing ran.
 */
export function outcomeOfReport(json: string | undefined, exitCode: number): Outcome {
  const report = reportRead(json);
  if (report === undefined) return CRASHED;

  let passed = 0;
  let failed = 0;
  let skipped = 0;
  for (const file of report.testResults) {
    const statuses = file.assertionResults.map((test) => test.status);
    const failedHere = statuses.filter((status) => status === "failed").length;
    const passedHere = statuses.filter((status) => status === "passed").length;
    passed += passedHere;
    failed += failedHere;
    skipped += statuses.length - passedHere - failedHere;
    if (file.status === "failed" && failedHere === 0) failed++;
  }
  if (failed === 0 && (exitCode !== 0 || passed === 0)) failed = 1;
  return { passed, failed, skipped };
}

function reportRead(json: string | undefined): Report | undefined {
  if (json === undefined) return undefined;
  try {
    const report: unknown = JSON.parse(json);
    const isReport = typeof report === "object" && report !== null && "testResults" in report;
    return isReport ? (report as Report) : undefined;
  } catch {
    return undefined; // cut short: vitest died while it wrote
  }
}

export function outcomeSum(outcomes: readonly Outcome[]): Outcome {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const outcome of outcomes) {
    total.passed += outcome.passed;
    total.failed += outcome.failed;
    total.skipped += outcome.skipped;
  }
  return total;
}

/** One line within 80 columns: the tier, what came out, the time. */
export function outcomeLine(tier: string, outcome: Outcome, seconds: number): string {
  let counts = `${String(outcome.passed).padStart(6)} passed`;
  if (outcome.failed > 0) counts += `, ${outcome.failed} failed`;
  if (outcome.skipped > 0) counts += `, ${outcome.skipped} skipped`;
  return `  ${tier.padEnd(9)} ${counts.padEnd(54)} ${seconds.toFixed(1).padStart(8)} s`;
}
