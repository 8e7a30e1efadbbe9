import { beforeEach, expect, test } from "vitest";
import {
  FRAME, FRAME_SHIFT, frameOrder, framePage, framePageSet, frameRecord, frameReferenceAdd, frameReferenceDrop,
  frameReferences, RUN,
} from "../../../../kernel/mm/phys/frame-table.ts";
import { frameGive, framesAdd } from "../../../../kernel/mm/phys/frames.ts";
import { kernelFrames } from "../../../../kernel/mm/phys/owners.ts";
import { runTake } from "../../../../kernel/mm/phys/runs.ts";
import { frame, freshPool, RECORDS, take } from "./fresh.ts";

const DIRECT = 0xffff_8000_0000_0000n;

beforeEach(() => {
  freshPool(8192);
  framesAdd(frame(0), 8192);
});

test("the record of frame n lies at the table's start + 32 n", () => {
  expect([frameRecord(frame(0)), frameRecord(frame(8191))]).toEqual([DIRECT + RECORDS, DIRECT + RECORDS + 8191n * 32n]);
  expect(1n << FRAME_SHIFT).toBe(BigInt(FRAME.SIZE));
});

test.each([0, 5])("references of a run of order %d count up and down, beside what says that it is a run", (order) => {
  const first = runTake(order, kernelFrames());
  expect(frameReferences(first)).toBe(0);
  frameReferenceAdd(first);
  frameReferenceAdd(first);
  expect([frameReferences(first), frameOrder(first)]).toEqual([2, order]);
  expect([frameReferenceDrop(first), frameReferenceDrop(first), frameReferences(first)]).toEqual([1, 0, 0]);
  expect(() => frameReferenceDrop(first)).toThrow("frames: a reference dropped that nobody had");
  FRAME.setReferences(frameRecord(first), (order === 0 ? 0 : RUN) + 0x7fff_ffff);
  expect(() => frameReferenceAdd(first)).toThrow("frames: too many references");
});

test("what page a frame holds is remembered until the frame is handed out again", () => {
  const mine = take();
  expect(framePage(mine)).toBe(0n);
  framePageSet(mine, 0x4444_4444_0000n);
  expect(framePage(mine)).toBe(0x4444_4444_0000n);
  frameGive(mine);
  expect([take(), framePage(mine)]).toEqual([mine, 0n]);
});
