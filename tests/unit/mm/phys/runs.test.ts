import { beforeEach, describe, expect, test, vi } from "vitest";
import { NO_FRAME } from "../../../../kernel/lib/addr.ts";
import { OK } from "../../../../kernel/lib/status.ts";
import {
  frameOrder, frameOwner, frameReferenceAdd, frameReferenceDrop,
} from "../../../../kernel/mm/phys/frame-table.ts";
import { framesAudit } from "../../../../kernel/mm/phys/frames-audit.ts";
import { frameGive, frameIsFree, frameIsTaken, framesAdd, framesFree } from "../../../../kernel/mm/phys/frames.ts";
import { kernelFrames, ownerFrames } from "../../../../kernel/mm/phys/owners.ts";
import { runGive, runSplit, runTake } from "../../../../kernel/mm/phys/runs.ts";
import { ORDER_MAX, runFrames } from "../../../../kernel/mm/phys/units.ts";
import { accessesOf } from "../../../fake/counted.ts";
import { frame, frames, freshPool, openOwner, take, takeAll } from "./fresh.ts";

vi.mock("../../../fake/machine.ts", async (original) => {
  return (await import("../../../fake/counted.ts")).counted(await original());
});

const LIMIT = 32 * 512; // 64 MiB
const run = (order: number): number => runTake(order, kernelFrames());

beforeEach(() => {
  freshPool(LIMIT);
  framesAdd(frame(0), LIMIT);
});

test.each([1, 3, 6, 7, 8, 9, 10, 12])("runs of order %d are aligned, disjoint, whole, and come back", (order) => {
  const count = runFrames(order);
  const seen = new Set<number>();
  for (let first = run(order); first !== NO_FRAME; first = run(order)) {
    expect([first % count, frameOrder(frame(first))]).toEqual([0, order]);
    frames(first, count).forEach((n) => seen.add(n));
  }
  expect([seen.size, framesFree(), framesAudit()]).toEqual([LIMIT, 0, OK]);
  for (let first = 0; first < LIMIT; first += count) runGive(frame(first), order);
  expect([framesFree(), framesAudit()]).toEqual([LIMIT, OK]);
});

test("the longest run has 1 GiB, and there is one order more than any", () => {
  freshPool(2 ** 19);
  framesAdd(frame(0), 2 ** 19);
  expect([run(ORDER_MAX), run(ORDER_MAX), run(ORDER_MAX)]).toEqual([2 ** 18, 0, NO_FRAME]);
  expect([framesFree(), ownerFrames(kernelFrames()), framesAudit()]).toEqual([0, 2 ** 19, OK]);
  runGive(frame(0), ORDER_MAX);
  expect(framesFree()).toBe(2 ** 18);
  expect(() => run(ORDER_MAX + 1)).toThrow("frames: no run has this order");
  expect(() => run(-1)).toThrow("frames: no run has this order");
});

test("order 0 is a frame", () => {
  const one = frame(run(0));
  frameGive(one);
  runSplit(frame(run(0)), 0);
  expect(framesFree()).toBe(LIMIT - 1);
});

test("taking a run before there is a pool is a panic", async () => {
  vi.resetModules(); // a kernel that was just started
  const { runTake: early } = await import("../../../../kernel/mm/phys/runs.ts");
  for (const order of [3, 9]) {
    expect(() => early(order, kernelFrames())).toThrow("frames: a run was taken before there was a pool");
  }
  vi.resetModules();
});

test("a run is found where the only one is, in a pool that is otherwise full of holes", () => {
  const taken = takeAll();
  taken.filter((n) => n % 2 === 1).forEach(frameGive);
  expect([1, 4, 9].map(run)).toEqual([NO_FRAME, NO_FRAME, NO_FRAME]);
  frames(5 * 512, 512).filter((n) => n % 2 === 0).forEach((n) => frameGive(frame(n)));
  expect([run(9), run(1)]).toEqual([5 * 512, NO_FRAME]);
});

test("an area from which frames were taken one by one, and which is whole again, is a run of 2 MiB like any", () => {
  frameGive(take());
  let count = 0;
  while (run(9) !== NO_FRAME) count++;
  expect([count, framesFree(), framesAudit()]).toEqual([LIMIT / 512, 0, OK]);
});

test("short runs come out of broken areas while there is room", () => {
  const one = take();
  const area = Math.floor(one / 512);
  expect([3, 5, 8].map((order) => Math.floor(run(order) / 512))).toEqual([area, area, area]);
});

test("low memory is for those who cannot get other", () => {
  const order = 9;
  const got = frames(0, LIMIT / 512).map(() => run(order));
  expect(got.slice(0, LIMIT / 512 - 8).every((first) => first >= 4096)).toBe(true);
});

test("a run that is split is frames, each with its record, each given back alone", () => {
  const owner = openOwner(3);
  const first = runTake(7, owner);
  expect([frameIsTaken(frame(first + 1)), ownerFrames(owner)]).toEqual([false, 128]);
  runSplit(first, 7);
  for (const each of frames(first, 128).map(frame)) expect([frameOrder(each), frameOwner(each)]).toEqual([0, owner]);
  expect([ownerFrames(owner), framesAudit()]).toEqual([128, OK]);
  frames(first, 128).forEach((n) => frameGive(frame(n)));
  expect([ownerFrames(owner), framesFree(), framesAudit()]).toEqual([0, LIMIT, OK]);
});

const OTHER_LENGTH = "a run given back that has another length";
const INSIDE = "given back, but inside a run";
describe("panics with nothing changed", () => {
  test.each([
    ["a run given back with another order", 4, OTHER_LENGTH, (n: number) => runGive(frame(n), 5)],
    ["its head given back alone", 4, "given back alone, but it is the head", (n: number) => frameGive(frame(n))],
    ["a frame of its inside given back", 4, INSIDE, (n: number) => frameGive(frame(n + 5))],
    ["a run that starts inside it given back", 4, INSIDE, (n: number) => runGive(frame(n + 8), 3)],
    ["a run with another order split", 4, OTHER_LENGTH, (n: number) => runSplit(frame(n), 3)],
    ["a single frame given back as a run", 0, OTHER_LENGTH, (n: number) => runGive(frame(n), 3)],
    ["a free run given back", 4, "given back twice", (n: number) => runGive(frame(n + 64), 4)],
    ["a run outside memory given back", 4, "given back, but outside memory", () => runGive(frame(LIMIT), 4)],
    ["no run given back", 4, "given back, but outside memory", () => runGive(NO_FRAME, 4)],
  ])("%s", (_, order, words, act) => {
    const first = run(order);
    expect(() => act(first)).toThrow(words);
    expect([framesFree(), frameOrder(frame(first)), framesAudit()]).toEqual([LIMIT - runFrames(order), order, OK]);
  });

  test("a run given back, or split, that has references", () => {
    const first = frame(run(4));
    frameReferenceAdd(first);
    expect(() => runGive(first, 4)).toThrow("frames: a run given back with references");
    expect(() => runSplit(first, 4)).toThrow("frames: a run given back with references");
    expect(frameReferenceDrop(first)).toBe(0);
    runGive(first, 4);
    expect([framesFree(), framesAudit()]).toEqual([LIMIT, OK]);
  });
});

/** Loads and stores, whatever the size and the fill: eight words of the bitmap, the set of areas, one record. */
const RUN_MOST = 40;
test.each([
  ["1 GiB", 2 ** 18, 10],
  ["1 GiB", 2 ** 18, 99],
  ["64 GiB", 2 ** 24, 10],
  ["64 GiB", 2 ** 24, 99],
])("of %s (%d frames), %d %% in use, 2 MiB come and go in a bounded number of accesses", (_, limit, percent) => {
  freshPool(limit);
  const areas = 100;
  const stride = Math.floor(limit / 512 / areas) * 512;
  for (let area = 0; area < areas; area++) framesAdd(frame(area * stride), 512);
  const taken = frames(0, percent).map(() => frame(run(9)));
  const costs = frames(0, 50).flatMap((i) => {
    const back = taken[i % taken.length]!;
    const give = accessesOf(() => runGive(back, 9));
    return [give, accessesOf(() => (taken[i % taken.length] = frame(run(9))))];
  });
  expect(Math.max(...costs)).toBeLessThanOrEqual(RUN_MOST);
  expect(frameIsFree(taken[0]!)).toBe(false);
});

describe("runs of 2 MiB from areas far apart", () => {
  const HIGH = 3 * 4096 * 512; // frames: three words of the upper level, 24 GiB
  const AREAS = [9, 70, 4095, 4096, 4100, 8191, 8192, 12_287];

  beforeEach(() => {
    freshPool(HIGH);
    for (const area of AREAS) framesAdd(frame(area * 512), 512);
  });

  test("the lowest comes first, whatever order they came back in", () => {
    const all = (): number[] => AREAS.map(() => run(9) / 512);
    expect([all(), run(9), framesAudit()]).toEqual([AREAS, NO_FRAME, OK]);
    let lowest = Infinity;
    for (const area of [8192, 4096, 12_287, 4095, 4100, 70, 8191, 9]) {
      runGive(frame(area * 512), 9);
      lowest = Math.min(lowest, area);
      const next = frame(run(9));
      expect(next / 512).toBe(lowest);
      runGive(next, 9);
    }
    expect([framesFree(), all(), run(9), framesAudit()]).toEqual([AREAS.length * 512, AREAS, NO_FRAME, OK]);
  });

  test("a run costs a bounded number of accesses, wherever the next one is", () => {
    const takes = AREAS.map(() => accessesOf(() => run(9)));
    const gives = [...AREAS].reverse().map((area) => accessesOf(() => runGive(frame(area * 512), 9)));
    expect(Math.max(...takes)).toBeLessThanOrEqual(40);
    expect(Math.max(...gives)).toBeLessThanOrEqual(40);
  });

  test("low memory comes last", () => {
    framesAdd(frame(2 * 512), 1024);
    expect([...AREAS, 2, 3].map(() => run(9) / 512)).toEqual([...AREAS, 2, 3]);
    runGive(frame(2 * 512), 9);
    runGive(frame(12_287 * 512), 9);
    expect([run(9), run(9), run(9), framesAudit()]).toEqual([12_287 * 512, 1024, NO_FRAME, OK]);
  });
});

test("what is no head of a run of 2 MiB is not given back as one, and nothing is changed", () => {
  const first = run(9);
  const before = framesFree();
  for (const wrong of [first + 1, first - 512, first + 512, 0, -512, LIMIT, 2 ** 50, NO_FRAME]) {
    expect(() => runGive(frame(wrong), 9)).toThrow("frames: ");
  }
  expect(() => runGive(frame(first), 10)).toThrow("frames: a run given back that has another length");
  frameReferenceAdd(frame(first));
  expect(() => runGive(frame(first), 9)).toThrow("frames: a run given back with references");
  frameReferenceDrop(frame(first));
  expect([framesFree(), framesAudit()]).toEqual([before, OK]);
  runGive(frame(first), 9);
  expect(() => runGive(frame(first), 9)).toThrow("frames: given back twice");
});
