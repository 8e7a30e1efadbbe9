/** No frame is left, or a program does its worst: somebody ends, everybody else and the console go on. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { ProgramMachine } from "./program-disk.ts";

const isLong = process.env["LONG"] === "1";
const CALLS = isLong ? 1_000_000 : 20_000;
const SEEDS = isLong ? [1, 2, 3, 4] : [1, 2];

const SECONDS = isLong ? 1200 : 60;

let machine: ProgramMachine;
beforeAll(async () => {
  machine = await ProgramMachine.open(["hog", "hostile"], {}, {}, "64M");
}, 120_000);
afterAll(() => machine.close());

test("a program that takes all memory ends, and all of it is back", async () => {
  const lines = await machine.run("hog alone");
  expect(lines[0]).toMatch(/^proc: hog\[\d+\]: no memory is left, and it has most: pages=\d+: ended by signal 9$/);
  expect(lines.slice(1)).toEqual(["hog was ended by signal 9"]);
});

test("the hog ends, not its parent and not the small one beside it", async () => {
  const lines = await machine.run("hog child");
  expect(lines.slice(1)).toEqual(["the hog was ended", "the small one came to its end"]);
});

test("a fork bomb ends as a whole, each of its processes when it would run next", async () => {
  const before = await machine.framesFree();
  const lines = (await machine.talk.ask("run hog bomb")).split("\n");
  expect(lines[0]).toMatch(/^proc: hog\[\d+\]: no memory is left, and it has forked \d{3,} of its kind: all are end/);
  expect(lines.slice(1)).toEqual(["hog was ended by signal 9"]);
  await expect.poll(() => machine.framesFree(), { timeout: 30_000 }).toBe(before);
  expect(await machine.talk.ask("audit")).toBe("All that memory management keeps agrees.");
});

test.each(SEEDS)("random system calls with hostile arguments (%i) end nobody but those who make them", async (seed) => {
  const lines = await machine.run(`hostile ${seed} ${CALLS / SEEDS.length}`, SECONDS);
  const last = lines.at(-1);
  expect(last).toMatch(/^hostile: \d+ came to their end, \d+ were ended$/);
}, (SECONDS + 20) * 1000);
