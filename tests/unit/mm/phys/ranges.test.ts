import fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { NO_FRAME } from "../../../../kernel/lib/addr.ts";
import { BUSY, INVALID, OK } from "../../../../kernel/lib/status.ts";
import { frameOrder, frameReferenceAdd, frameReferenceDrop } from "../../../../kernel/mm/phys/frame-table.ts";
import { framesAudit } from "../../../../kernel/mm/phys/frames-audit.ts";
import { frameGive, frameIsFree, frameIsTaken, framesAdd, framesFree } from "../../../../kernel/mm/phys/frames.ts";
import { kernelFrames, ownerFrames } from "../../../../kernel/mm/phys/owners.ts";
import { ANY_FRAME, rangeClaim, rangeGive, rangeTake } from "../../../../kernel/mm/phys/ranges.ts";
import { runTake } from "../../../../kernel/mm/phys/runs.ts";
import { runFrames } from "../../../../kernel/mm/phys/units.ts";
import { frame, frames, freshPool, openOwner, take, takeAll } from "./fresh.ts";

const LIMIT = 8192 + 100; // 32 MiB, and a word that is not full
const MIB_16 = 4096;
const some = (count: number, align = 1, limit = ANY_FRAME): number => rangeTake(count, align, limit, kernelFrames());

beforeEach(() => {
  freshPool(LIMIT);
  framesAdd(frame(0), LIMIT);
});

test("a range is the lowest that there is, of exactly its length", () => {
  expect([some(3), some(1000), some(1)]).toEqual([0, 3, 1003]);
  expect([framesFree(), ownerFrames(kernelFrames()), framesAudit()]).toEqual([LIMIT - 1004, 1004, OK]);
});

test("it is handed out as the longest runs that fit, from its start on", () => {
  some(3);
  const first = some(30);
  const orders: number[] = [];
  for (let at = first; at < first + 30; at += runFrames(frameOrder(frame(at)))) orders.push(frameOrder(frame(at)));
  expect([first, orders]).toEqual([3, [0, 2, 3, 4, 0]]); // 3, 4-7, 8-15, 16-31, 32
});

test.each([1, 2, 64, 512, 4096])("its first frame is a multiple of %d if that is asked for", (align) => {
  take();
  some(1);
  expect(some(5, align)).toBe(align < 2 ? 1 : align);
});

test("below a limit there are only those below it", () => {
  expect([some(MIB_16 + 1, 1, MIB_16), some(MIB_16, 1, MIB_16), some(1, 1, MIB_16)]).toEqual([NO_FRAME, 0, NO_FRAME]);
  expect(some(1)).toBe(MIB_16);
});

test("as many as there are can be had, and not one more", () => {
  expect([LIMIT + 1, 0, -1].map((count) => some(count))).toEqual([NO_FRAME, NO_FRAME, NO_FRAME]);
  expect([some(LIMIT), some(1)]).toEqual([0, NO_FRAME]);
  rangeGive(frame(0), LIMIT);
  expect([framesFree(), framesAudit()]).toEqual([LIMIT, OK]);
});

test.each([0, 3, 1023])("%d is no alignment", (align) => {
  expect(() => some(1, align)).toThrow("frames: an alignment that is no power of two");
});

test("taking a range before there is a pool is a panic", async () => {
  vi.resetModules(); // a kernel that was just started
  const { rangeTake: early } = await import("../../../../kernel/mm/phys/ranges.ts");
  expect(() => early(3, 1, 100, kernelFrames())).toThrow("frames: a range was taken before there was a pool");
  vi.resetModules();
});

test("of any holes the lowest that fits is found, as a search bit by bit finds it", () => {
  const holes = fc.uniqueArray(fc.nat(LIMIT - 1), { minLength: 1, maxLength: 30 });
  const counts = fc.integer({ min: 1, max: 1500 });
  fc.assert(
    fc.property(holes, counts, fc.constantFrom(1, 2, 16, 128, 1024), (taken, count, align) => {
      freshPool(LIMIT);
      framesAdd(frame(0), LIMIT);
      for (const each of taken) expect(rangeClaim(frame(each), 1, kernelFrames())).toBe(OK);
      const busy = [...taken, LIMIT].sort((a, b) => a - b);
      let first = 0;
      for (const each of busy) {
        first = Math.ceil(first / align) * align;
        if (each - first >= count) break;
        first = each + 1;
      }
      expect(some(count, align)).toBe(first >= LIMIT ? NO_FRAME : first);
      expect(framesAudit()).toBe(OK);
    }),
    { numRuns: 40 },
  );
});

describe("a chosen range", () => {
  test("is handed out, these frames and no others", () => {
    const owner = openOwner(1);
    expect(rangeClaim(frame(500), 700, owner)).toBe(OK);
    expect(frames(490, 720).filter((n) => !frameIsFree(frame(n)))).toEqual(frames(500, 700));
    expect([ownerFrames(owner), framesAudit()]).toEqual([700, OK]);
    rangeGive(frame(500), 700);
    expect([framesFree(), framesAudit()]).toEqual([LIMIT, OK]);
  });

  test.each([
    ["is busy if one of it is handed out", 4096, 600, BUSY],
    ["is busy if one of it is not the pool's", 5000, 4000 - 900, BUSY],
    ["is invalid if it is empty", 500, 0, INVALID],
    ["is invalid if it is shorter than nothing", 500, -3, INVALID],
    ["is invalid past the end", 9000, 201, INVALID],
    ["is invalid before the start", -1, 2, INVALID],
    ["is invalid far away", 2 ** 40, 1, INVALID],
  ])("%s, and nothing is changed", (_, first, count, status) => {
    freshPool(9200);
    framesAdd(frame(0), 8000);
    framesAdd(frame(8100), 1100);
    rangeClaim(frame(4500), 1, kernelFrames());
    expect(rangeClaim(frame(first), count, kernelFrames())).toBe(status);
    expect([framesFree(), framesAudit()]).toEqual([9099, OK]);
  });

  test("may lie in the area from which frames are being taken", () => {
    freshPool(8704);
    framesAdd(frame(0), 8704);
    const one = take();
    frameGive(one);
    const area = one - (one % 512);
    expect(rangeClaim(frame(area), 512, kernelFrames())).toBe(OK);
    expect([frameOrder(frame(area)), framesAudit(), takeAll().length]).toEqual([9, OK, 8704 - 512]);
  });
});

describe("giving a range back", () => {
  test("takes frames and runs however they were handed out", () => {
    const all = [...takeAll()].filter((n) => n >= 64 && n < 192);
    rangeGive(frame(64), all.length);
    expect([runTake(6, kernelFrames()), rangeClaim(frame(128), 40, kernelFrames())]).toEqual([64, OK]);
    rangeGive(frame(10), 158);
    expect([framesFree(), framesAudit()]).toEqual([158 + 24, OK]);
  });

  test("panics, with nothing changed, for what is not all handed out and unreferenced", () => {
    some(100);
    expect(() => rangeGive(frame(96), 20)).toThrow("frames: given back twice");
    expect(() => rangeGive(frame(0), 70)).toThrow("frames: a range given back that ends inside a run");
    expect(() => rangeGive(frame(1), 3)).toThrow("frames: given back, but inside a run");
    expect(() => rangeGive(frame(LIMIT), 1)).toThrow("frames: given back, but outside memory");
    frameReferenceAdd(frame(64));
    expect(() => rangeGive(frame(0), 100)).toThrow("frames: a run given back with references");
    frameReferenceDrop(frame(64));
    expect(rangeClaim(frame(101), 1, kernelFrames())).toBe(OK);
    frameReferenceAdd(frame(101));
    expect(() => rangeGive(frame(101), 1)).toThrow("frames: given back with references");
    expect([framesFree(), framesAudit()]).toEqual([LIMIT - 101, OK]);
    frameReferenceDrop(frame(101));
    rangeGive(frame(0), 100);
    rangeGive(frame(101), 1);
    expect([framesFree(), framesAudit(), frameIsTaken(frame(64))]).toEqual([LIMIT, OK, false]);
  });

  test("of nothing does nothing", () => {
    rangeGive(frame(0), 0);
    expect(framesFree()).toBe(LIMIT);
  });
});
