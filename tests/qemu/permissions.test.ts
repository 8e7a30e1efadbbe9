/** What the CPU lets ring 0 do, under every combination of bits: tests/qemu/kernel/permissions.ts. */
import { expect, test } from "vitest";
import { EXIT_SUCCESS } from "./machine.ts";
import { bootAndLook } from "./outside.ts";

const LONG = process.env["LONG"] === "1";
const PRESENT = 8 ** 4; // ways on which every level is present
const WAYS = 16 ** 4;
const SETTINGS = 8; // of WP, SMEP, SMAP
const ACCESSES = 3;

test("the CPU reads, writes and executes what translate and the manual say, and nothing else", async () => {
  const options = `scenario=permissions panic=exit${LONG ? " all=yes" : ""}`;
  const { log, status, roots, differences } = await bootAndLook({ kernel: "test", options }, LONG ? 300 : 60);
  expect(status, log).toBe(EXIT_SUCCESS);
  expect([roots, differences]).toEqual([1, []]); // the matrix is gone without a trace
  expect(log).not.toMatch(/permissions differ|no SMAP/);
  const [, tried, allowed] = /tried=(\d+) allowed=(\d+) different=0/.exec(log) ?? [];
  // Under SMAP there is one access more: that of a copy which may reach a program's page.
  const ways = LONG ? WAYS * SETTINGS : PRESENT * SETTINGS + (WAYS - PRESENT);
  expect(Number(tried)).toBe(ways * ACCESSES + (LONG ? WAYS : PRESENT) * (SETTINGS / 2));
  expect(Number(allowed)).toBeGreaterThan(PRESENT * SETTINGS);
}, 300_000);
