import { expect, test } from "vitest";
import { frameAddr, NO_PHYS, NOWHERE, type VirtAddr } from "../../../../kernel/lib/addr.ts";
import { NO_MEMORY, OK } from "../../../../kernel/lib/status.ts";
import { heapBoot } from "../../../../kernel/mm/heap/heap-boot.ts";
import { heapAudit } from "../../../../kernel/mm/heap/heap-audit.ts";
import { heapSize } from "../../../../kernel/mm/heap/heap-counts.ts";
import { heapGive, heapTake } from "../../../../kernel/mm/heap/heap.ts";
import { kernelRoot } from "../../../../kernel/mm/paging/kernel-map.ts";
import { translate } from "../../../../kernel/mm/paging/walk.ts";
import { framesFree } from "../../../../kernel/mm/phys/frames.ts";
import { bootPaging } from "../../../fake/booted.ts";
import { fillWords, load64, MIB, PageFault, store64 } from "../../../fake/machine.ts";
import { withFrames } from "../../../fake/pool.ts";
import { mappings } from "../../../fake/tables.ts";

const DEFAULT_BASE = 0x4444_4444_0000n;

test("the heap is 1 MiB at 0x444444440000 when nobody asks for anything else", () => {
  const machine = bootPaging();
  expect(heapBoot()).toBe(OK);
  expect(machine.serialTake()).toBe("mm/heap: heap base=v0x444444440000 kib=1024 max-kib=65536\r\n");
  expect(heapSize()).toBe(MIB);
  const block = heapTake(100_000n);
  expect(block).toBe(DEFAULT_BASE + 8n);
  fillWords(block, 1n, 12_500);
  expect(heapAudit()).toBe(OK);
});

test("the heap's pages are the kernel's alone and cannot be executed, and the pages around it are absent", () => {
  const machine = bootPaging();
  heapBoot();
  expect(() => machine.probe(DEFAULT_BASE, "fetch")).toThrow(PageFault);
  expect(() => machine.probe(DEFAULT_BASE, "read", true)).toThrow(PageFault);
  expect(machine.physRead64(frameAddr(kernelRoot()) + 136n * 8n) & 7n).toBe(3n); // present, writable, not the user's
  for (const va of [DEFAULT_BASE - 1n, DEFAULT_BASE + BigInt(MIB)]) {
    expect(translate(kernelRoot(), va as VirtAddr)).toBe(NO_PHYS);
  }
});

test.each([
  ["heap.base=0x5000_0000_0000 heap.size=2M", 0x5000_0000_0000n, 2 * MIB],
  ["heap.size=64K", DEFAULT_BASE, 0x1_0000],
  ["heap.base=0x7f7f_ffff_0000 heap.size=0x10000", 0x7f7f_ffff_0000n, 0x1_0000],
])("`%s` is done as asked", (options, base, size) => {
  bootPaging(32 * MIB, options);
  expect(heapBoot()).toBe(OK);
  expect(heapTake(1n)).toBe(base + 8n);
  expect(heapSize()).toBe(size);
});

test.each([
  ["heap.base=0x1000", "is not in slots 1-254"],
  ["heap.base=0x7f80_0000_0000", "is not in slots 1-254"],
  ["heap.base=0x7fff_ffff_0000", "is not in slots 1-254"],
  ["heap.base=0x8000_0000_0000", "is not in slots 1-254"],
  ["heap.base=0xffff_8000_0000_0000", "is not in slots 1-254"],
  ["heap.base=0x4444_4444_0008", "is not a page"],
  ["heap.base=0x447f_ffff_f000", "leaves its slot"],
  ["heap.base=here", "is no number"],
  ["heap.base=", "is no number"],
  ["heap.size=0", "64K to 16G"],
  ["heap.size=4096", "64K to 16G"],
  ["heap.size=100000", "is not whole pages"],
  ["heap.size=64G", "64K to 16G"],
  ["heap.size=0xffff_ffff_ffff_f000", "64K to 16G"],
  ["heap.size=1G", "not enough memory"],
])("`%s` gets a line, and the default is used", (option, words) => {
  const machine = bootPaging(32 * MIB, option);
  expect(heapBoot()).toBe(OK);
  const log = machine.serialTake();
  expect(log).toContain(words);
  expect(log).toContain("default is used");
  for (const line of log.split("\r\n")) expect(line.length).toBeLessThanOrEqual(80);
  expect(heapTake(1n)).toBe(DEFAULT_BASE + 8n);
  expect(heapSize()).toBe(MIB);
});

test.each([256, 257, 300])("a heap larger than the default leaves the kernel 256 frames: %i", (left) => {
  const frames = 1024 + 4 + left; // 4 MiB of pages, their tables
  bootPaging(32 * MIB, "heap.base=0x5000_0000_0000 heap.size=4M");
  expect(withFrames(frames, () => (heapBoot(), heapSize()))).toBe(left < 259 ? MIB : 4 * MIB);
});

test("without a frame for each of its pages and tables there is no heap, and no frame is kept", () => {
  const machine = bootPaging();
  const free = framesFree();
  for (const count of [0, 1, 2, 3, 4, 100, 255, 256, 257]) {
    expect(withFrames(count, heapBoot)).toBe(NO_MEMORY);
    expect(free - framesFree()).toBeLessThanOrEqual(1); // the kernel's tables of level 3 stay
    expect(mappings(machine, frameAddr(kernelRoot())).filter(({ va }) => va >> 39n === 136n)).toEqual([]);
  }
  expect(machine.serialTake()).toContain("mm/heap: not enough memory for a heap kib=1024");
  expect(withFrames(259, heapBoot)).toBe(OK);
  expect(mappings(machine, frameAddr(kernelRoot())).filter(({ va }) => va >> 39n === 136n)).toHaveLength(256);
});

test.each([
  ["heap.max=32K", "is not 64K to 16G"],
  ["heap.max=100001", "is not whole pages"],
  ["heap.size=2M heap.max=1M", "is below heap.size"],
])("`%s` gets a line", (option, words) => {
  const machine = bootPaging(32 * MIB, option);
  expect(heapBoot()).toBe(OK);
  expect(machine.serialTake()).toContain(words);
});

test("the heap grows page by page, large blocks have theirs, and all go back", () => {
  const machine = bootPaging(32 * MIB, "heap.max=8M");
  heapBoot();
  const free = framesFree();
  const before = mappings(machine, frameAddr(kernelRoot())).length;
  const blocks = [2_000_000n, 300_000n, 5_000_000n].map((size) => heapTake(size));
  const small = Array.from({ length: 300 }, () => heapTake(5000n));
  for (const block of [...blocks, ...small]) {
    if (block === NOWHERE) continue;
    store64(block, 1n);
    heapGive(block);
  }
  expect(heapAudit()).toBe(OK);
  expect(mappings(machine, frameAddr(kernelRoot())).length).toBeLessThanOrEqual(before + 32);
  expect(framesFree()).toBeGreaterThan(free - 40);
  expect(() => load64(blocks[0]!)).toThrow();
});

test("without frames a block is refused, and nothing has changed: at each frame in turn", () => {
  bootPaging(32 * MIB, "heap.size=64K heap.max=8M");
  heapBoot();
  for (const size of [60_000n, 200_000n]) {
    const held = size < 100_000n ? heapTake(40_000n) : NOWHERE;
    for (let count = 0; count < 60; count++) {
      const free = framesFree();
      const taken = withFrames(count, () => {
        const block = heapTake(size);
        if (block !== NOWHERE) heapGive(block);
        expect(heapAudit()).toBe(OK);
        return block;
      });
      if (taken === NOWHERE) expect(framesFree()).toBe(free);
    }
    if (held !== NOWHERE) heapGive(held);
  }
});
