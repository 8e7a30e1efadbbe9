/** The audit finds what is planted, and names it. */
import { beforeEach, describe, expect, test } from "vitest";
import { bootInfoClear, rangeAdd } from "../../../../kernel/dev/boot-info.ts";
import { DAMAGED, OK } from "../../../../kernel/lib/status.ts";
import { areaOpen, areasTake } from "../../../../kernel/mm/phys/areas.ts";
import { bitOf, PAIR, pairOf, pairWord, wordHide, wordOffer } from "../../../../kernel/mm/phys/frame-bits.ts";
import { FRAME, frameRecord } from "../../../../kernel/mm/phys/frame-table.ts";
import { framesAudit, reservationsAudit } from "../../../../kernel/mm/phys/frames-audit.ts";
import { framesAdd } from "../../../../kernel/mm/phys/frames.ts";
import { memoryMapBuild } from "../../../../kernel/mm/phys/memory-map.ts";
import { framesCountTaken } from "../../../../kernel/mm/phys/open-word.ts";
import { kernelFrames, kernelHeap, KIND, OWNER, type Owner } from "../../../../kernel/mm/phys/owners.ts";
import { runTake } from "../../../../kernel/mm/phys/runs.ts";
import type { Machine } from "../../../fake/machine.ts";
import { logTake } from "../../dev/record.ts";
import { frame, freshPool, take } from "./fresh.ts";

const LIMIT = 0x2000;
let machine: Machine;
let single: number;
let run: number;

beforeEach(() => {
  machine = freshPool(LIMIT);
  framesAdd(frame(0x1000), 0x1000);
  single = take();
  run = runTake(10, kernelFrames());
  logTake(machine);
});

const recordOf = (n: number): bigint => frameRecord(frame(n));
const setFree = (n: number): void => PAIR.setFree(pairOf(n), PAIR.free(pairOf(n)) ^ bitOf(n));
const setHead = (n: number): void => PAIR.setHeads(pairOf(n), PAIR.heads(pairOf(n)) ^ bitOf(n));

test("nothing is said of a pool that is as it should be", () => {
  expect([framesAudit(), logTake(machine)]).toEqual([OK, ""]);
});

describe("a line names", () => {
  test.each([
    ["a frame that is free and handed out", () => setFree(single), "free and handed out"],
    ["a frame of a run that is free", () => setFree(run + 600), "within a run, but not its"],
    ["a frame of a run that is a head", () => setHead(run + 8), "within a run, but not its"],
    ["a free frame that nobody counted", () => framesCountTaken(1), "the count of free frames is wrong"],
    ["a frame that vanished", () => setHead(single), "frames were lost or won"],
    ["an owner that has another count", () => OWNER.setFrames(kernelHeap(), 1n), "an owner has another count"],
    ["an owner that is nobody", () => FRAME.setOwner(recordOf(single), 0x1234n as Owner), "the owner is nobody"],
    ["a kind that is not its owner's", () => FRAME.setKind(recordOf(single), KIND.ZERO), "the kind is not its owner's"],
    ["a run that is not aligned", () => FRAME.setOrder(recordOf(run), 12), "a run that is none"],
    ["a run longer than any", () => FRAME.setOrder(recordOf(run), 19), "a run that is none"],
    ["a frame that says it is a run", () => FRAME.setReferences(recordOf(single), 0x8000_0000), "no run, or one"],
    ["a run that does not say so", () => FRAME.setReferences(recordOf(run), 0), "no run, or one"],
    ["an area that is whole and in the other set", () => areaOpen(0x1e00 / 512), "the area is in the wrong set"],
    ["an area that is in no set", () => areasTake(0x1e00 / 512, 1), "the area is in the wrong set"],
    ["a word with frames that is not offered", () => wordHide(pairWord(pairOf(single)) + 1), "the word is not offered"],
    ["a word that has none and is offered", () => wordOffer(pairWord(pairOf(run))), "the word is offered"],
  ])("%s", (_, damage, words) => {
    damage();
    expect(framesAudit()).toBe(DAMAGED);
    expect(logTake(machine)).toMatch(new RegExp(`^mm/phys: audit: frame or count \\d+: .*${words}.*\n$`));
  });
});

test("a reserved frame in the pool is found, and none that is free to be there", () => {
  bootInfoClear();
  rangeAdd(0x100_0000n, 0x100_0000n, 1);
  memoryMapBuild();
  logTake(machine);
  expect(reservationsAudit()).toBe(OK);
  rangeAdd(0x180_0000n, 0x1000n, 2);
  memoryMapBuild();
  logTake(machine);
  expect(reservationsAudit()).toBe(DAMAGED);
  expect(logTake(machine)).toBe("mm/phys: audit: frame or count 6144: a reserved frame is in the pool\n");
});
