/** Random operations on page tables: see paging-model.ts. A million and more of them are in tests/hosted. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { FORGOTTEN } from "../../../mutants.ts";
import { modelRun } from "./paging-model.ts";

const LONG = process.env["LONG"] === "1";
const OPERATIONS = LONG ? 300_000 : 3_000;

const traceLimit = Error.stackTraceLimit;
beforeAll(() => {
  Error.stackTraceLimit = 0; // the fake CPU's faults are many
});
afterAll(() => {
  Error.stackTraceLimit = traceLimit;
});

test("tables, TLB and model agree after every operation, whatever is asked for", () => {
  const { sizes, ...done } = modelRun(OPERATIONS, 1);
  // Each was done and refused often enough to mean something.
  for (const [kind, counts] of Object.entries(done)) {
    expect(Math.min(...counts), `${kind}: ${counts.join()}`).toBeGreaterThan(OPERATIONS / 400);
  }
  for (const level of [1, 2, 3]) expect(sizes[level]).toBeGreaterThan(OPERATIONS / 400);
}, LONG ? 3_600_000 : 120_000);

/** The others, whose mistakes are much like one of these, cost as much. */
const FIRST = [
  "an unmap that owes no flush", "a protect that owes no flush", "a split that owes no flush",
  "global pages flushed by loading CR3", "tables that are free before the flush",
];

test.each(LONG ? Object.keys(FORGOTTEN) : FIRST)("%s: found", async (mutant) => {
  const path = `./paging-model.ts?mutant=${encodeURIComponent(mutant)}`;
  const { modelRun: run } = (await import(path)) as typeof import("./paging-model.ts");
  expect(() => run(OPERATIONS, 1)).toThrow(/^operation \d+ of seed 1/);
});
