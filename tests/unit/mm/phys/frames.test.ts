import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { type Frame, NO_FRAME, directMap, physAddr } from "../../../../kernel/lib/addr.ts";
import {
  frameGive,
  frameIsFree,
  frameIsManaged,
  frameRangeGive,
  frameTake,
  framesFree,
  framesInit,
  framesMetadataBytes,
  framesTotal,
} from "../../../../kernel/mm/phys/frames.ts";
import { type Machine, fakeMachine } from "../../../fake/machine.ts";

const METADATA = 0x40_0000n;
const LIMIT = 1000; // not a multiple of 64
let machine: Machine;

const frame = (n: number): Frame => n as Frame;
const frames = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);

beforeEach(() => {
  machine = fakeMachine();
  framesInit(directMap(physAddr(METADATA)), LIMIT);
});

/** What the two bitmaps say, counted bit by bit: the truth that the counters must agree with. */
function census(): { total: number; free: number[] } {
  const bytes = framesMetadataBytes(LIMIT) / 2;
  const inUse = machine.physGet(METADATA, bytes);
  const managed = machine.physGet(METADATA + BigInt(bytes), bytes);
  const bit = (map: Uint8Array, n: number): boolean => (((map[n >> 3] ?? 0) >> (n & 7)) & 1) === 1;
  const all = frames(0, bytes * 8);
  return { total: all.filter((n) => bit(managed, n)).length, free: all.filter((n) => !bit(inUse, n)) };
}

test("a new pool has nothing to hand out, whatever junk was in memory", () => {
  expect(frameTake()).toBe(NO_FRAME);
  expect(framesTotal()).toBe(0);
  expect(census()).toEqual({ total: 0, free: [] });
});

test.each([LIMIT, 1024])("the bitmaps of %d frames stay within the bytes that were asked for", (limit) => {
  const start = Number(METADATA);
  machine.fence([{ start, end: start + framesMetadataBytes(limit) }]);
  framesInit(directMap(physAddr(METADATA)), limit);
  frameRangeGive(frame(0), limit);
  for (let n = 0; n < limit; n++) expect(frameTake()).toBe(n);
  expect(frameTake()).toBe(NO_FRAME);
  frameGive(frame(limit - 1));
});

test("a range given is handed out frame by frame, the lowest first, and then the pool says that it is empty", () => {
  frameRangeGive(frame(60), 10);
  expect(frames(60, 10).map(() => frameTake())).toEqual(frames(60, 10));
  expect(frameTake()).toBe(NO_FRAME);
  expect(frameTake()).toBe(NO_FRAME);
  expect([framesTotal(), framesFree()]).toEqual([10, 0]);
});

test("a frame given back is handed out again", () => {
  frameRangeGive(frame(0), LIMIT);
  while (frameTake() !== NO_FRAME);
  frameGive(frame(777));
  expect(frameTake()).toBe(777);
});

test("the last frame is handed out although its word is not full", () => {
  frameRangeGive(frame(LIMIT - 1), 1);
  expect(frameTake()).toBe(LIMIT - 1);
  expect(frameTake()).toBe(NO_FRAME);
});

test("free, managed and neither are told apart, outside as well", () => {
  frameRangeGive(frame(64), 2);
  const taken = frameTake();
  expect([taken, frameIsManaged(taken), frameIsFree(taken)]).toEqual([64, true, false]);
  expect([frameIsManaged(frame(65)), frameIsFree(frame(65))]).toEqual([true, true]);
  for (const other of [63, 66, -1, LIMIT, LIMIT + 64, 2 ** 40]) {
    expect([other, frameIsManaged(frame(other)), frameIsFree(frame(other))]).toEqual([other, false, false]);
  }
});

describe("panics with nothing changed", () => {
  beforeEach(() => frameRangeGive(frame(100), 100));

  test.each([
    ["for a frame that is free", () => frameGive(frame(150)), "frames: given back twice"],
    ["for a reserved frame", () => frameGive(frame(99)), "frames: given back, but never the pool's"],
    ["for NO_FRAME", () => frameGive(NO_FRAME), "frames: given back, but never the pool's"],
    ["for a frame past the end", () => frameGive(frame(LIMIT)), "frames: given back, but never the pool's"],
    ["for a range that ends in the pool's", () => frameRangeGive(frame(50), 51), "frames: range is the pool's already"],
    ["for a range that starts in it", () => frameRangeGive(frame(199), 90), "frames: range is the pool's already"],
    ["for a range around the pool's", () => frameRangeGive(frame(0), LIMIT), "frames: range is the pool's already"],
    ["for a range past the end", () => frameRangeGive(frame(900), 101), "frames: range outside the bitmap"],
    ["for a range before the start", () => frameRangeGive(frame(-1), 1), "frames: range outside the bitmap"],
    ["for a range of less than nothing", () => frameRangeGive(frame(300), -1), "frames: range outside the bitmap"],
    ["for a range far outside", () => frameRangeGive(frame(2 ** 52), 1), "frames: range outside the bitmap"],
  ])("%s", (_, act, message) => {
    expect(act).toThrow(message);
    expect([framesTotal(), framesFree()]).toEqual([100, 100]);
    expect(census()).toEqual({ total: 100, free: frames(100, 100) });
  });
});

test("an empty range changes nothing, at the very end neither", () => {
  frameRangeGive(frame(LIMIT), 0);
  frameRangeGive(frame(5), 0);
  expect(census()).toEqual({ total: 0, free: [] });
});

test("ranges of any place and length free exactly their own bits", () => {
  fc.assert(
    fc.property(fc.nat(LIMIT - 1), fc.nat(LIMIT), (first, length) => {
      const count = Math.min(length, LIMIT - first);
      framesInit(directMap(physAddr(METADATA)), LIMIT);
      frameRangeGive(frame(first), count);
      expect(census()).toEqual({ total: count, free: frames(first, count) });
    }),
    { numRuns: 300 },
  );
});

test("100,000 random takes and gives agree with a Set of free frames", () => {
  frameRangeGive(frame(3), 500);
  frameRangeGive(frame(640), 200);
  const free = new Set([...frames(3, 500), ...frames(640, 200)]);
  const taken: number[] = [];
  const random = generator(42);

  for (let step = 0; step < 100_000; step++) {
    const wantsToTake = random(1000) < (step % 20_000 < 10_000 ? 530 : 470); // full and empty in turn
    if (wantsToTake) {
      const got = frameTake();
      expect(free.size === 0 ? got === NO_FRAME : free.delete(got)).toBe(true);
      if (got !== NO_FRAME) taken.push(got);
    } else if (taken.length > 0) {
      const at = random(taken.length);
      const back = taken[at] ?? 0;
      taken[at] = taken[taken.length - 1] ?? 0;
      taken.pop();
      frameGive(frame(back));
      free.add(back);
    }
    if (framesFree() !== free.size) expect(framesFree()).toBe(free.size);
    if (step % 10_000 === 0) expect(census()).toEqual({ total: 700, free: [...free].sort((a, b) => a - b) });
  }
}, 60_000);

/** The same numbers in every run: 0..below-1. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
