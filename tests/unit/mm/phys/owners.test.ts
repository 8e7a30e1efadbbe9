import { beforeEach, expect, test } from "vitest";
import {
  frameGive, framesAdd, frameTake,
} from "../../../../kernel/mm/phys/frames.ts";
import {
  framesOfKind, KIND, kernelFrames, kernelHeap, kernelTables, leakCount, NO_OWNER, type Owner, ownerClose, ownerFirst,
  ownerFrames, ownerId, ownerIsGone, ownerIsKnown, ownerKind, ownerNext,
} from "../../../../kernel/mm/phys/owners.ts";
import { rangeGive, rangeTake } from "../../../../kernel/mm/phys/ranges.ts";
import { frame, freshPool, openOwner } from "./fresh.ts";

beforeEach(() => {
  freshPool(8192);
  framesAdd(frame(0), 8192);
});

function known(): Owner[] {
  const all: Owner[] = [];
  for (let at = ownerFirst(); at !== NO_OWNER; at = ownerNext(at)) all.push(at);
  return all;
}

test("a new pool knows the kernel's owners, each with its kind, and nobody else", () => {
  expect(known()).toEqual([kernelFrames(), kernelTables(), kernelHeap()]);
  expect(known().map(ownerKind)).toEqual([KIND.KERNEL, KIND.TABLE, KIND.HEAP]);
  expect(known().map(ownerId)).toEqual([0n, 0n, 0n]);
});

test("frames are counted by owner and by kind, runs and ranges with all their frames", () => {
  const [one, two] = [openOwner(1), openOwner(2)];
  const single = frameTake(one);
  const range = rangeTake(77, 1, 8192, two);
  frameTake(kernelTables());
  expect([one, two, kernelTables()].map(ownerFrames)).toEqual([1, 77, 1]);
  expect([KIND.USER, KIND.TABLE].map(framesOfKind)).toEqual([78, 1]);
  frameGive(single);
  rangeGive(range, 77);
  expect([framesOfKind(KIND.USER), framesOfKind(KIND.TABLE), framesOfKind(KIND.ZERO)]).toEqual([0, 1, 0]);
});

test("an owner without frames goes at once, from the beginning, the middle or the end of the list", () => {
  for (const gone of [[1, 2, 3], [2, 1, 3], [3, 2, 1]]) {
    const three = [1, 2, 3].map((id) => openOwner(id));
    const left = [...known()];
    for (const id of gone) {
      const owner = three[id - 1]!;
      expect([ownerClose(owner), ownerIsKnown(owner)]).toEqual([true, false]);
      left.splice(left.indexOf(owner), 1);
      expect(known()).toEqual(left);
    }
  }
});

test("frames whose owner has gone are leaks until the last is back", () => {
  const owner = openOwner(1);
  const [first, second] = [frameTake(owner), frameTake(owner)];
  expect([leakCount(), ownerIsGone(owner)]).toEqual([0, false]);
  expect([ownerClose(owner), leakCount(), ownerIsGone(owner), ownerIsKnown(owner)]).toEqual([false, 2, true, true]);
  frameGive(first);
  expect([ownerClose(owner), leakCount()]).toEqual([false, 1]);
  frameGive(second);
  expect([ownerClose(owner), leakCount(), ownerIsKnown(owner)]).toEqual([true, 0, false]);
});

test("an owner that has gone for good, or never came, cannot go", () => {
  const owner = openOwner(1);
  ownerClose(owner);
  expect(() => ownerClose(owner)).toThrow("owners: closed, but never open");
});
