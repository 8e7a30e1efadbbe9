/**
 * `make test`: the tiers, cheapest first, each to its end whatever the one before said. The last line is the count,
 * alone: `N passed, M failed`. The status is 0 only if something passed and nothing failed.
 */
import { outcomeSum, type Outcome } from "./test/outcome.ts";
import { commandTier, tierRun, vitestTier } from "./test/tier.ts";

const TIERS = [
  commandTier("types", "node_modules/.bin/tsc", "--noEmit"),
  commandTier("lint", "node_modules/.bin/eslint", ".", "--max-warnings=0"),
  vitestTier("unit", "model"),
  vitestTier("compile"),
  vitestTier("hosted"),
  vitestTier("qemu"),
];

const outcomes: Outcome[] = [];
for (const tier of TIERS) outcomes.push(await tierRun(tier));

const { passed, failed } = outcomeSum(outcomes);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = passed > 0 && failed === 0 ? 0 : 1;
