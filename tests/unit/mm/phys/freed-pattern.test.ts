/** The checking build: who writes to a frame that is not his any more is found when it is handed out again. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { load64, store64, store8 } from "../../../../kernel/doors/machine.ts";
import { type Frame, frameBytes, NO_FRAME } from "../../../../kernel/lib/addr.ts";
import { OK } from "../../../../kernel/lib/status.ts";
import { framePage } from "../../../../kernel/mm/phys/frame-table.ts";
import { framesAudit } from "../../../../kernel/mm/phys/frames-audit.ts";
import { frameGive, framesAdd, framesFree, frameTake } from "../../../../kernel/mm/phys/frames.ts";
import { FREED, framesFailAt, framesHaveFailed } from "../../../../kernel/mm/phys/freed-pattern.ts";
import { kernelFrames } from "../../../../kernel/mm/phys/owners.ts";
import { rangeClaim, rangeGive, rangeTake } from "../../../../kernel/mm/phys/ranges.ts";
import { runGive, runSplit, runTake } from "../../../../kernel/mm/phys/runs.ts";
import type { Machine } from "../../../fake/machine.ts";
import { logTake } from "../../dev/record.ts";
import { frame, frames, freshPool, openOwner, take, takeAll } from "./fresh.ts";

vi.mock("../../../../kernel/base/checking.ts", () => ({ CHECKING: true }));

const LIMIT = 6000;
let machine: Machine;

beforeEach(() => {
  machine = freshPool(LIMIT);
  framesAdd(frame(4096), LIMIT - 4096);
});

/** As somebody writes who has kept an address; the doors know that he must not. */
function late(at: Frame, offset: number): void {
  machine.unwatched(() => store8(frameBytes(at) + BigInt(offset), 0x41));
}

test("a frame that is given back is full of the pattern", () => {
  const mine = take();
  store64(frameBytes(mine), 1n);
  frameGive(mine);
  const words = frames(0, 512).map((i) => machine.unwatched(() => load64(frameBytes(mine) + BigInt(i * 8))));
  expect(new Set(words)).toEqual(new Set([FREED]));
});

test("the doors know that nobody may touch it, and that its next owner may", () => {
  const mine = take();
  frameGive(mine);
  expect(() => load64(frameBytes(mine))).toThrow("poisoned");
  expect(take()).toBe(mine);
  store64(frameBytes(mine), 1n);
  expect(framePage(mine)).toBe(0n);
});

test("frames that the pool has just got are whatever they were: nothing is said of them", () => {
  for (const each of frames(4096, 50)) machine.physWrite8(BigInt(each) * 4096n + 9n, 0x55);
  expect(takeAll().length).toBe(LIMIT - 4096);
});

test.each([0, 7, 2048, 4095])("a write at offset %d is found, with frame, offset and last owner", (offset) => {
  const mine = frameTake(openOwner(31));
  frameGive(mine);
  late(mine, offset);
  logTake(machine);
  expect(() => take()).toThrow("frames: used after free");
  const log = logTake(machine);
  expect(log).toContain(`mm/phys: frame ${mine} p0x${(mine * 4096).toString(16)} USER references=0 order=0 owner=31\n`);
  expect(log).toContain(`mm/phys: used after free: offset=${offset - (offset % 8)} word=0x`);
});

test.each([
  ["a run of 64 KiB", 4],
  ["a run of 2 MiB", 9],
])("in the last frame of %s it is found too", (_, order) => {
  const owner = openOwner(32);
  const first = runTake(order, owner);
  const last = frame(first + 2 ** order - 1);
  runGive(first, order);
  late(last, 1000);
  logTake(machine);
  expect(() => runTake(order, kernelFrames())).toThrow("frames: used after free");
  expect(logTake(machine)).toMatch(new RegExp(`frame ${last} .* owner=32`));
});

test("a run that is split, and a range, are watched frame by frame", () => {
  const first = runTake(4, kernelFrames());
  runSplit(first, 4);
  frames(first, 16).forEach((n) => frameGive(frame(n)));
  late(frame(first + 3), 8);
  expect(() => rangeClaim(first, 16, kernelFrames())).toThrow("frames: used after free");

  freshPool(LIMIT);
  framesAdd(frame(4096), LIMIT - 4096);
  rangeGive(rangeTake(100, 1, LIMIT, kernelFrames()), 100);
  expect([rangeTake(100, 1, LIMIT, kernelFrames()), framesAudit()]).toEqual([4096, OK]);
});

describe("the lever", () => {
  const ways = [
    ["a frame", () => frameTake(kernelFrames())],
    ["a run of one", () => runTake(0, kernelFrames())],
    ["a run", () => runTake(3, kernelFrames())],
    ["a range", () => rangeTake(3, 1, LIMIT, kernelFrames())],
  ] as const;

  test.each(ways)("the third time that somebody takes %s there is none, and then there are", (_, want) => {
    framesFailAt(3);
    const free = framesFree();
    expect([want() >= 0, want() >= 0, framesHaveFailed()]).toEqual([true, true, false]);
    const before = framesFree();
    expect([want(), framesFree(), framesHaveFailed()]).toEqual([NO_FRAME, before, true]);
    expect([want() >= 0, free > framesFree(), framesAudit()]).toEqual([true, true, OK]);
  });

  test("taking from another word counts once", () => {
    framesFailAt(100);
    expect(frames(1, 99).every(() => take() !== NO_FRAME)).toBe(true);
    expect([take(), take() !== NO_FRAME]).toEqual([NO_FRAME, true]);
  });

  test("0 is never", () => {
    framesFailAt(0);
    expect(takeAll().length).toBe(LIMIT - 4096);
  });
});
