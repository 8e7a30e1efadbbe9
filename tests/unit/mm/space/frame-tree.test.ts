import { beforeEach, expect, test, vi } from "vitest";
import { type Frame, frameBytes, NO_FRAME, virtAddr } from "../../../../kernel/lib/addr.ts";
import { framePage, frameReferenceAdd, frameReferenceDrop } from "../../../../kernel/mm/phys/frame-table.ts";
import { framesFailAt } from "../../../../kernel/mm/phys/freed-pattern.ts";
import { framesFree, frameTake } from "../../../../kernel/mm/phys/frames.ts";
import {
  KIND, kernelFrames, OWNER, type Owner, ownerClose, ownerFrames, ownerOpen,
} from "../../../../kernel/mm/phys/owners.ts";
import {
  FRAME_TREE, treeCut, treeFind, treeFramesSeen, treeLook, treeReach, treeShownSeen,
} from "../../../../kernel/mm/space/frame-tree.ts";
import { bootPaging } from "../../../fake/booted.ts";
import { fillWords, load64, store64 } from "../../../fake/machine.ts";

vi.mock("../../../../kernel/base/checking.ts", () => ({ CHECKING: true }));

let tree = 0n;
let owner: Owner;
let free = 0;
beforeEach(() => {
  bootPaging();
  tree = frameBytes(frameTake(kernelFrames()));
  fillWords(tree, 0n, 512);
  free = framesFree();
  owner = ownerOpen(virtAddr(tree + BigInt(FRAME_TREE.SIZE)), KIND.SHARED, 1n);
  expect(OWNER.SIZE).toBeLessThan(4000);
});
const reach = (index: bigint): Frame => treeReach(tree, owner, index);
const find = (index: bigint): Frame => treeFind(tree, index);
const MOST = (1n << 35n) - 1n;

test("a frame comes zeroed, knows its byte, is found again, and only it", () => {
  expect(find(0n)).toBe(NO_FRAME);
  for (const index of [0n, 5n, 511n, 512n, 1n << 18n, MOST, 6n]) {
    const frame = reach(index);
    for (let i = 0n; i < 4096n; i += 8n) expect(load64(frameBytes(frame) + i)).toBe(0n);
    store64(frameBytes(frame), index);
    expect([reach(index), find(index), framePage(frame)]).toEqual([frame, frame, index << 12n]);
  }
  for (const index of [0n, 5n, 511n, 512n, 1n << 18n, MOST, 6n]) expect(load64(frameBytes(find(index)))).toBe(index);
  for (const index of [1n, 513n, MOST - 1n, MOST + 1n, 1n << 50n]) expect(find(index)).toBe(NO_FRAME);
  expect([treeLook(tree, MOST + 1n), treeFramesSeen(), treeShownSeen()]).toEqual([true, ownerFrames(owner), 0]);
});

test.each([
  [[0n], 1], [[1n], 2], [[511n], 2], [[512n], 3], [[MOST], 5], [[0n, 1n], 3], [[0n, 512n], 5], [[3n, 1n << 18n], 7],
])("frames %s cost %d, nodes among them, and every one comes back", (indices, cost) => {
  for (const index of indices) expect(reach(index)).not.toBe(NO_FRAME);
  expect([ownerFrames(owner), free - framesFree()]).toEqual([cost, cost]);
  treeCut(tree, 0n);
  expect([framesFree(), ownerClose(owner), find(indices[0]!)]).toEqual([free, true, NO_FRAME]);
});

test("a cut takes what lies behind it, with the nodes that are empty then, and nothing else", () => {
  for (const index of [0n, 511n, 512n, 513n, 1024n, 1n << 20n]) reach(index);
  treeCut(tree, 513n);
  expect([0n, 511n, 512n, 513n, 1024n, 1n << 20n].map((index) => find(index) !== NO_FRAME)).toEqual(
    [true, true, true, false, false, false],
  );
  expect([treeLook(tree, 513n), treeFramesSeen(), ownerFrames(owner)]).toEqual([true, 7, 7]); // 3, and 4 nodes
  expect(reach(1024n)).not.toBe(NO_FRAME);
  expect(treeLook(tree, 1024n)).toBe(false); // a frame behind the end
  treeCut(tree, 0n);
  expect(framesFree()).toBe(free);
});

test("without memory for a frame or a node, at each in turn, the tree is as it was", () => {
  reach(1n);
  let failures = 0;
  for (const index of [2n, 512n, 1n << 27n]) {
    for (let n = 1; ; n++) {
      const before = [framesFree(), FRAME_TREE.height(tree), FRAME_TREE.root(tree)];
      framesFailAt(n);
      const frame = reach(index);
      framesFailAt(0);
      if (frame !== NO_FRAME) break;
      failures++;
      expect([framesFree(), FRAME_TREE.height(tree), FRAME_TREE.root(tree)]).toEqual(before);
      expect(find(index)).toBe(NO_FRAME);
    }
  }
  expect(failures).toBe(1 + 3 + 6);
  expect(treeLook(tree, MOST)).toBe(true);
});

test("who looks counts how often frames are shown, and finds a node that counts otherwise than it is filled", () => {
  frameReferenceAdd(reach(7n));
  frameReferenceAdd(reach(7n));
  expect([treeLook(tree, 8n), treeShownSeen()]).toEqual([true, 2]);
  frameReferenceDrop(Number(FRAME_TREE.root(tree)) as Frame);
  expect(treeLook(tree, 8n)).toBe(false);
});
