/**
 * `make test`: the tiers, cheapest first, each to its end whatever the others said. The last line is the count,
 * alone: `N passed, M failed`. The status is 0 only if something passed and nothing failed.
 */
import { outcomeSum, type Outcome } from "./test/outcome.ts";
import { commandTier, tiersRun, vitestTier } from "./test/tier.ts";

/** One group after the other, the tiers of a group at once: who waits for a machine leaves the core to others. */
const GROUPS = [
  [
    commandTier("types", "node_modules/.bin/tsc", "--noEmit"),
    commandTier("lint", "node_modules/.bin/eslint", ".", "--max-warnings=0"),
  ],
  [vitestTier("unit", "model"), vitestTier("qemu")],
  [vitestTier("compile"), vitestTier("hosted")],
];

const outcomes: Outcome[] = [];
for (const tiers of GROUPS) outcomes.push(...await tiersRun(tiers));

const { passed, failed } = outcomeSum(outcomes);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = passed > 0 && failed === 0 ? 0 : 1;
