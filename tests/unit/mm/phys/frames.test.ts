import fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { OK } from "../../../../kernel/lib/status.ts";
import { type Frame, NO_FRAME, directMap, physAddr } from "../../../../kernel/lib/addr.ts";
import { framesLimit } from "../../../../kernel/mm/phys/frame-bits.ts";
import { frameKind, frameOrder, frameOwner, frameReferences } from "../../../../kernel/mm/phys/frame-table.ts";
import { framesAudit } from "../../../../kernel/mm/phys/frames-audit.ts";
import {
  frameGive, frameIsFree, frameIsTaken, framesAdd, framesFree, framesInit, framesMetadataBytes, framesTotal, frameTake,
} from "../../../../kernel/mm/phys/frames.ts";
import { KIND, kernelFrames, ownerFrames } from "../../../../kernel/mm/phys/owners.ts";
import { runTake } from "../../../../kernel/mm/phys/runs.ts";
import { accessesOf } from "../../../fake/counted.ts";
import { fakeMachine } from "../../../fake/machine.ts";
import { frame, frames, freshPool, generator, METADATA, openOwner, RAM, RECORDS, take, takeAll } from "./fresh.ts";

vi.mock("../../../fake/machine.ts", async (original) => {
  return (await import("../../../fake/counted.ts")).counted(await original());
});

const LIMIT = 1000; // not a multiple of 64
const free = (): number[] => frames(0, framesLimit()).filter((n) => frameIsFree(frame(n)));

beforeEach(() => void freshPool(LIMIT));

test("taking a frame before there is a pool is a panic", async () => {
  fakeMachine();
  vi.resetModules(); // a kernel that was just started
  const { frameTake: early } = await import("../../../../kernel/mm/phys/frames.ts");
  const { kernelFrames: owner } = await import("../../../../kernel/mm/phys/owners.ts");
  expect(() => early(owner())).toThrow("frames: a frame was taken before there was a pool");
  vi.resetModules();
});

test("a new pool has nothing to hand out, whatever junk was in memory", () => {
  expect(take()).toBe(NO_FRAME);
  expect([framesTotal(), framesFree(), free(), framesAudit()]).toEqual([0, 0, [], OK]);
});

test.each([1, 64, LIMIT, 4096, 5000])("the bitmaps of %d frames stay within the bytes that were asked for", (limit) => {
  const machine = fakeMachine(RAM);
  const start = Number(METADATA);
  const table = Number(RECORDS);
  machine.fence([
    { start, end: start + framesMetadataBytes(limit) },
    { start: table, end: table + limit * 32 },
    { start: 0x10_0000, end: 0x30_0000 },
  ]);
  framesInit(directMap(physAddr(METADATA)), limit, directMap(physAddr(RECORDS)));
  framesAdd(frame(0), limit);
  expect(takeAll().sort((a, b) => a - b)).toEqual(frames(0, limit));
  frameGive(frame(limit - 1));
  expect(take()).toBe(limit - 1);
});

test("a range that joins is handed out frame by frame, the lowest first, until the pool says that it is empty", () => {
  framesAdd(frame(60), 10);
  expect(takeAll()).toEqual(frames(60, 10));
  expect(take()).toBe(NO_FRAME);
  expect([framesTotal(), framesFree()]).toEqual([10, 0]);
});

test("a frame given back is handed out again, although none was free when it came", () => {
  framesAdd(frame(0), LIMIT);
  takeAll();
  frameGive(frame(777));
  expect([take(), take()]).toEqual([777, NO_FRAME]);
});

test("frames below 16 MiB are handed out when there are no others", () => {
  freshPool(6000);
  framesAdd(frame(100), 5900);
  const taken = takeAll();
  expect([taken.length, taken.findIndex((n) => n < 4096)]).toEqual([5900, 6000 - 4096]);
});

test("single frames come out of broken areas first, so that whole ones stay whole", () => {
  freshPool(4 * 4096);
  framesAdd(frame(4096), 3 * 4096);
  const some = frames(0, 600).map(take);
  some.filter((_, i) => i % 2 === 0).forEach(frameGive);
  frames(0, 300).forEach(() => expect(take()).toBeLessThan(4096 + 1024));
});

test("one frame taken and given back leaves its area open, and all else as it was", () => {
  freshPool(8192);
  framesAdd(frame(4096), 4096);
  for (let i = 0; i < 3; i++) {
    frameGive(take());
    expect([framesFree(), framesAudit()]).toEqual([4096, OK]);
  }
  take();
  expect(framesAudit()).toBe(OK);
});

test("the record of a frame that is handed out says whose it is and what for", () => {
  framesAdd(frame(0), LIMIT);
  const owner = openOwner(7, KIND.SLAB);
  const mine = frameTake(owner);
  expect([frameOwner(mine), frameKind(mine)]).toEqual([owner, KIND.SLAB]);
  expect([frameOrder(mine), frameReferences(mine)]).toEqual([0, 0]);
  expect([ownerFrames(owner), ownerFrames(kernelFrames())]).toEqual([1, 0]);
  frameGive(mine);
  expect(ownerFrames(owner)).toBe(0);
});

test("free, handed out and neither are told apart, outside as well", () => {
  framesAdd(frame(64), 2);
  const taken = take();
  expect([taken, frameIsTaken(taken), frameIsFree(taken)]).toEqual([64, true, false]);
  expect([frameIsTaken(frame(65)), frameIsFree(frame(65))]).toEqual([false, true]);
  for (const other of [63, 66, -1, LIMIT, LIMIT + 64, 2 ** 40]) {
    expect([other, frameIsTaken(frame(other)), frameIsFree(frame(other))]).toEqual([other, false, false]);
  }
});

describe("a range joins once: panics with nothing changed", () => {
  beforeEach(() => {
    framesAdd(frame(100), 100);
    framesAdd(frame(256), 64);
    while (runTake(6, kernelFrames()) !== NO_FRAME);
  });

  test.each([
    ["ends in the pool's", 50, 51, "frames: range is the pool's already"],
    ["starts in it", 199, 90, "frames: range is the pool's already"],
    ["lies around it", 0, LIMIT, "frames: range is the pool's already"],
    ["lies within a run", 260, 10, "frames: range is the pool's already"],
    ["goes past the end", 900, 101, "frames: range outside the bitmap"],
    ["begins before the start", -1, 1, "frames: range outside the bitmap"],
    ["is shorter than nothing", 500, -1, "frames: range outside the bitmap"],
    ["is far outside", 2 ** 52, 1, "frames: range outside the bitmap"],
  ])("one that %s", (_, first, count, message) => {
    const before = free();
    expect(() => framesAdd(frame(first), count)).toThrow(message);
    expect([framesTotal(), free(), framesAudit()]).toEqual([164, before, OK]);
  });
});

test("an empty range changes nothing, at the very end neither", () => {
  framesAdd(frame(LIMIT), 0);
  framesAdd(frame(5), 0);
  expect([free(), framesTotal(), framesAudit()]).toEqual([[], 0, OK]);
});

test("ranges of any place and length free exactly their own bits", () => {
  fc.assert(
    fc.property(fc.nat(LIMIT - 1), fc.nat(LIMIT), (first, length) => {
      const count = Math.min(length, LIMIT - first);
      framesInit(directMap(physAddr(METADATA)), LIMIT, directMap(physAddr(RECORDS)));
      framesAdd(frame(first), count);
      expect(free()).toEqual(frames(first, count));
      expect(framesAudit()).toBe(OK);
    }),
    { numRuns: 60 },
  );
});

/**
 * The same bounds whatever the size and the fill: loads and stores. Of a take from the word at hand there are ten or
 * fewer, of the bitmap, the record and its owner; from another word, or when an area is broken, those of two sets.
 */
const TAKE_MOST = 40;
const GIVE_MOST = 60;
describe.each([
  ["1 GiB", 2 ** 18],
  ["64 GiB", 2 ** 24],
])("with %s of memory", (_, limit) => {
  test.each([10, 99])("and %d %% of it handed out, a take and a give cost a bounded number of accesses", (percent) => {
    freshPool(limit);
    // No more areas than a test can fill: the rest of the memory is nobody's, between them.
    const areas = 24;
    const stride = Math.floor(limit / 512 / areas) * 512;
    for (let area = 0; area < areas; area++) framesAdd(frame(area * stride), 512);
    const random = generator(percent);
    const taken = frames(0, Math.floor(areas * 512 * percent / 100)).map(take);
    const takes: number[] = [];
    const gives: number[] = [];
    for (let step = 0; step < 6000; step++) {
      if (random(2) === 0 || framesFree() === 0) {
        const back = taken.splice(random(taken.length), 1)[0] as Frame;
        gives.push(accessesOf(() => frameGive(back)));
      } else takes.push(accessesOf(() => taken.push(take())));
    }
    expect(framesAudit()).toBe(OK);
    expect(Math.max(...takes)).toBeLessThanOrEqual(TAKE_MOST);
    expect(Math.max(...gives)).toBeLessThanOrEqual(GIVE_MOST);
  });

  test("one frame taken and given back over and over costs the same 18 accesses each time", () => {
    freshPool(limit);
    framesAdd(frame(limit - 512), 512);
    take();
    const costs = frames(0, 200).map(() => accessesOf(() => frameGive(take())));
    expect(new Set(costs)).toEqual(new Set([18]));
  });
});
