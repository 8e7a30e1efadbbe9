import { beforeEach, expect, test } from "vitest";
import { directMap, NOWHERE, physAddr, type VirtAddr } from "../../../../kernel/lib/addr.ts";
import { DAMAGED, OK } from "../../../../kernel/lib/status.ts";
import { heapAudit } from "../../../../kernel/mm/heap/heap-audit.ts";
import { heapResize } from "../../../../kernel/mm/heap/heap-resize.ts";
import { heapFree, heapLargest, heapSize, heapUsed } from "../../../../kernel/mm/heap/heap-counts.ts";
import { heapGive, heapInit, heapInitPresent, heapTake, heapTakeAligned } from "../../../../kernel/mm/heap/heap.ts";
import { pagesCommitted } from "../../../../kernel/mm/heap/heap-pages.ts";
import {
  fakeMachine, fillWords, KernelPanic, KIB, load64, load8, type Machine, PoisonedAccess, store64, store8,
} from "../../../fake/machine.ts";

const BASE = directMap(physAddr(0x40_0000n));
const HEADER = 8;
let machine: Machine;

function heap(sizeBytes = 64 * KIB): void {
  machine = fakeMachine();
  heapInit(BASE, sizeBytes);
}
const plus = (va: bigint, bytes: number): VirtAddr => (va + BigInt(bytes)) as VirtAddr;

beforeEach(() => heap());

test("a new heap is one free block", () => {
  expect(heapUsed() + heapFree()).toBe(heapSize());
  expect(heapLargest()).toBe(64 * KIB - 2 * HEADER);
  expect(heapAudit()).toBe(OK);
});

test("all that heapLargest promises can be taken, and not a byte more", () => {
  expect(heapTake(BigInt(heapLargest() + 1))).toBe(NOWHERE);
  expect(heapTake(BigInt(heapLargest()))).not.toBe(NOWHERE);
  expect(heapLargest()).toBe(0);
  expect(heapFree()).toBe(0);
  expect(heapTake(1n)).toBe(NOWHERE);
});

test("blocks are aligned to 8 and do not touch each other's bytes", () => {
  const first = heapTake(1n);
  const second = heapTake(33n);
  expect([first & 7n, second & 7n]).toEqual([0n, 0n]);
  expect(second - first).toBe(24n);
  expect(heapTake(1n) - second).toBe(48n);
});

test("asking for nothing gives a block of its own", () => {
  const first = heapTake(0n);
  expect(first).not.toBe(NOWHERE);
  expect(heapTake(0n)).not.toBe(first);
});

const ABSURD = [2n ** 64n - 1n, 2n ** 40n, 2n ** 38n, 2n ** 34n, 2n ** 64n - 8n, 2n ** 63n, 2n ** 53n, 2n ** 32n];
test.each(ABSURD)("a request of %s bytes finds no room", (size) => {
  expect(heapTake(size)).toBe(NOWHERE);
  expect(heapAudit()).toBe(OK);
});

test.each([
  [0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0],
])("three neighbours given back in the order %i %i %i are one free block again", (...order) => {
  const largest = heapLargest();
  const blocks = [heapTake(100n), heapTake(200n), heapTake(300n)];
  for (const i of order) {
    heapGive(blocks[i]!);
    expect(heapAudit()).toBe(OK);
  }
  expect(heapLargest()).toBe(largest);
  expect(heapUsed()).toBe(HEADER);
});

test("a rest too small to be a block goes with the one that is taken", () => {
  const hole = heapTake(64n);
  heapTake(1n);
  heapGive(hole);
  expect(heapTake(50n)).toBe(hole);
  expect(heapAudit()).toBe(OK);
});

test("giving back twice panics with the address, also when the block has become part of another", () => {
  const blocks = [heapTake(40n), heapTake(40n), heapTake(40n)];
  heapTake(40n);
  for (const given of [0, 2, 1]) {
    heapGive(blocks[given]!);
    const twice = expect.objectContaining({ message: "heap: given back twice", value: blocks[given] });
    expect(() => heapGive(blocks[given]!)).toThrow(twice);
  }
  for (const block of blocks) expect(() => heapGive(block)).toThrow("heap: given back twice");
});

test.each([0n, 8n, 0x1000n, BASE - 16n, BASE, BASE + 65536n, BASE + 65552n, 2n ** 64n - 16n])(
  "giving back %s, which is outside the heap, panics with it",
  (va) => {
    try {
      heapGive(va as VirtAddr);
      expect.unreachable();
    } catch (panic) {
      expect(panic).toMatchObject({ message: "heap: given back, but never the heap's", value: va });
    }
  },
);

test("giving back a pointer into a block panics with it", () => {
  const block = heapTake(256n);
  expect(() => heapGive(plus(block, 8))).toThrow("inside a block");
  expect(() => heapGive(plus(block, 4))).toThrow("not where a block can start");
  expect(() => heapGive(plus(block, 32))).toThrow("inside a block");
});

test("an overrun is found when the block or its neighbour is given back", () => {
  const block = heapTake(32n);
  const neighbour = heapTake(32n);
  machine.unwatched(() => fillWords(block, 0n, 6));
  expect(heapAudit()).toBe(DAMAGED);
  expect(() => heapGive(block)).toThrow("overrun?");
  expect(() => heapGive(neighbour)).toThrow("header of a block was overwritten");
});

test("one wrong bit anywhere in a header is found", () => {
  const block = heapTake(32n);
  for (const at of [plus(block, -8)]) {
    for (let bit = 0n; bit < 64n; bit++) {
      const right = machine.unwatched(() => load64(at));
      machine.unwatched(() => store64(at, right ^ (1n << bit)));
      expect(heapAudit()).toBe(DAMAGED);
      expect(() => heapGive(block)).toThrow(KernelPanic);
      machine.unwatched(() => store64(at, right));
    }
  }
  heapGive(block);
  expect(heapAudit()).toBe(OK);
});

test("a write into a free block's links is noticed before it is followed", () => {
  const block = heapTake(64n);
  heapTake(16n);
  heapGive(block);
  machine.unwatched(() => store64(block, 0x4141_4141_4141_4141n));
  expect(heapAudit()).toBe(DAMAGED);
  expect(() => heapTake(16n)).toThrow("used after free?");
});

test("the owner reaches the bytes asked for and none beside them, and none at all after giving them back", () => {
  const block = heapTake(21n);
  heapTake(16n);
  for (let i = 0; i < 21; i++) store8(plus(block, i), i);
  for (const at of [-1, -8, 21, 23, 24, 31]) {
    expect(() => load8(plus(block, at))).toThrow(PoisonedAccess);
    expect(() => store8(plus(block, at), 0)).toThrow(PoisonedAccess);
  }
  expect(() => store64(plus(block, 16), 0n)).toThrow(PoisonedAccess);
  heapGive(block);
  for (const at of [0, 8, 16, 20]) expect(() => load8(plus(block, at))).toThrow(PoisonedAccess);
});

test("a block that is given back at once can be taken for ever", () => {
  for (let i = 0; i < 10_000; i++) {
    heapGive(heapTake(BigInt(i % 2000)));
  }
  expect(heapUsed()).toBe(HEADER);
});

test("random takes and gives never overlap, keep what was written, and end as one block", () => {
  heap(256 * KIB);
  const largest = heapLargest();
  const live: { va: VirtAddr; words: number; mark: bigint }[] = [];
  const random = mulberry32(7);
  for (let step = 0; step < 30_000; step++) {
    if (random() < 0.52) {
      const size = 8 * Math.ceil(2 ** (random() * 9));
      const va = heapTake(BigInt(size));
      if (va === NOWHERE && heapLargest() >= size) expect.unreachable("there was room");
      if (va !== NOWHERE) take({ va, words: size / 8, mark: BigInt(step) });
    } else if (live.length > 0) {
      give(Math.floor(random() * live.length));
    }
    if (step % 1000 === 0) expect(heapAudit()).toBe(OK);
  }
  while (live.length > 0) give(live.length - 1);
  expect(heapAudit()).toBe(OK);
  expect(heapLargest()).toBe(largest);

  function take(block: (typeof live)[number]): void {
    fillWords(block.va, block.mark, block.words);
    live.push(block);
  }
  function give(index: number): void {
    const [block] = live.splice(index, 1);
    const last = plus(block!.va, (block!.words - 1) * 8);
    if (load64(block!.va) !== block!.mark || load64(last) !== block!.mark) expect.unreachable("contents changed");
    heapGive(block!.va);
  }
});

test.each([16n, 64n, 4096n, 65536n])("a block at a multiple of %s is one, whatever lies beside it", (align) => {
  heap(512 * KIB);
  const free = heapFree();
  const blocks: VirtAddr[] = [];
  for (let i = 0; i < 5; i++) blocks.push(heapTake(BigInt(20 + i * 40)), heapTakeAligned(BigInt(100 + i), align));
  for (let i = 1; i < 10; i += 2) expect(blocks[i]! % align).toBe(0n);
  expect(heapAudit()).toBe(OK);
  for (const block of blocks) heapGive(block);
  expect([heapFree(), heapAudit()]).toEqual([free, OK]);
});

test.each([0n, 3n, 24n, 2n ** 31n, 2n ** 63n])("an alignment of %s panics", (align) => {
  expect(() => heapTakeAligned(8n, align)).toThrow("an alignment that is no power of two");
});

test("a block grows in place into the free block behind it, and shrinks in place", () => {
  const block = heapTake(40n);
  store64(block, 7n);
  expect(heapResize(block, 104n)).toBe(block);
  store64(plus(block, 96), 8n);
  expect(() => load8(plus(block, 104))).toThrow(PoisonedAccess);
  const used = heapUsed();
  expect(heapResize(block, 16n)).toBe(block);
  expect([heapUsed(), load64(block), heapAudit()]).toEqual([used - 88, 7n, OK]);
  expect(() => load8(plus(block, 96))).toThrow(PoisonedAccess);
});

test("a block that cannot grow in place moves with its contents, and when there is no room it stays", () => {
  const block = heapTake(40n);
  heapTake(8n);
  fillWords(block, 9n, 5);
  const moved = heapResize(block, 4000n);
  expect(moved).not.toBe(block);
  expect([load64(moved), load64(plus(moved, 32)), heapAudit()]).toEqual([9n, 9n, OK]);
  expect(heapResize(moved, 1n << 20n)).toBe(NOWHERE);
  expect(load64(moved)).toBe(9n);
  expect(() => heapResize(plus(moved, 8), 10n)).toThrow("inside a block");
  expect(heapResize(NOWHERE, 10n)).not.toBe(NOWHERE);
});

test("a heap that may grow does, gives pages back, and has pages of their own for large blocks", () => {
  machine = fakeMachine();
  heapInitPresent(BASE, 64 * KIB, 4 * 1024 * KIB);
  const blocks = Array.from({ length: 200 }, () => heapTake(4000n));
  expect(blocks).not.toContain(NOWHERE);
  expect(pagesCommitted()).toBeGreaterThan(195);
  const large = heapTake(1024n * 1024n);
  expect(large).toBeGreaterThan(BASE + 4n * 1024n * 1024n);
  fillWords(large, 1n, 131_072);
  expect([pagesCommitted() > 450, heapAudit()]).toEqual([true, OK]);
  heapGive(large);
  expect([pagesCommitted() < 220, heapAudit()]).toEqual([true, OK]);
  for (const block of blocks) heapGive(block);
  expect([pagesCommitted() <= 33, heapUsed(), heapAudit()]).toEqual([true, HEADER, OK]);
  expect(heapTake(5n * 1024n * 1024n)).toBe(NOWHERE);
});

/** Tommy Ettinger's generator: the same numbers in every run. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
