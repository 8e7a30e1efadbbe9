/** The heap's pages on the machine: those inside free blocks, those of large blocks, and what fails without frames. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { NO_PHYS, NOWHERE, type VirtAddr } from "../../../../kernel/lib/addr.ts";
import { OK } from "../../../../kernel/lib/status.ts";
import { heapAudit } from "../../../../kernel/mm/heap/heap-audit.ts";
import { heapBoot } from "../../../../kernel/mm/heap/heap-boot.ts";
import { heapFree, heapLargest, heapUsed } from "../../../../kernel/mm/heap/heap-counts.ts";
import { pagesCommitted } from "../../../../kernel/mm/heap/heap-pages.ts";
import { heapResize } from "../../../../kernel/mm/heap/heap-resize.ts";
import { TAG } from "../../../../kernel/mm/heap/heap-tags.ts";
import { heapGive, heapSettle, heapTake, heapTakeAligned, heapTakeFor } from "../../../../kernel/mm/heap/heap.ts";
import { kernelRoot } from "../../../../kernel/mm/paging/kernel-map.ts";
import { translate } from "../../../../kernel/mm/paging/walk.ts";
import { framesFailAt, framesHaveFailed } from "../../../../kernel/mm/phys/freed-pattern.ts";
import { framesFree } from "../../../../kernel/mm/phys/frames.ts";
import { bootPaging } from "../../../fake/booted.ts";
import { fillWords, type Machine, MIB } from "../../../fake/machine.ts";

vi.mock("../../../../kernel/base/checking.ts", () => ({ CHECKING: true }));

let machine: Machine;
beforeEach(() => {
  machine = bootPaging(32 * MIB, "heap.size=64K heap.max=8M");
  expect(heapBoot()).toBe(OK);
});
afterEach(() => framesFailAt(0));

const BYTES = 4000n;
const take = (size: bigint): VirtAddr => {
  const block = heapTake(size);
  expect(block).not.toBe(NOWHERE);
  fillWords(block, size, Number(size >> 3n));
  return block;
};
const isThere = (va: bigint): boolean => translate(kernelRoot(), va as VirtAddr) !== NO_PHYS;

test("whole pages inside a large free block go, but for those that the heap began with, and come again", () => {
  const blocks = Array.from({ length: 300 }, () => take(BYTES));
  const all = pagesCommitted();
  for (const block of blocks.slice(1, 251)) heapGive(block);
  heapSettle();
  expect([pagesCommitted() < all - 200, heapAudit()]).toEqual([true, OK]);
  expect([isThere(blocks[5]!), isThere(blocks[100]!), isThere(blocks[299]!)]).toEqual([true, false, true]);
  const again = Array.from({ length: 250 }, () => take(BYTES));
  expect([pagesCommitted() <= all + 2, heapAudit()]).toEqual([true, OK]);
  for (const block of [...again, blocks[0]!, ...blocks.slice(251)]) heapGive(block);
  heapSettle();
  expect([pagesCommitted() <= 32, heapAudit()]).toEqual([true, OK]);
});

test("a pointer into pages that went is refused with a panic, not with a page fault", () => {
  const blocks = Array.from({ length: 300 }, () => take(BYTES));
  for (const block of blocks.slice(1, 251)) heapGive(block);
  heapSettle();
  expect(() => heapGive(blocks[100]!)).toThrow(/given back/);
  expect(() => heapResize(blocks[100]!, 10n)).toThrow(/given back/);
});

test.each([0, 1, 2])("a large block given back twice is named, with its class and taker: of three, number %i", (i) => {
  const large = [TAG.CONSOLE, TAG.PROCESS, TAG.SPACE].map((tag) => heapTakeFor(tag, 200_000n));
  const names = ["console", "process", "space"];
  heapGive(large[i]!);
  heapSettle();
  machine.serialTake();
  expect(() => heapGive(large[i]!)).toThrow("heap: given back twice");
  const log = machine.serialTake();
  expect(log).toMatch(new RegExp(`given back before: block .* bytes=2000\\d\\d class=\\d+ used by ${names[i]}`));
  expect(log).toMatch(i === 0 ? /after it .* used by process/ : new RegExp(`before it .* used by ${names[i - 1]}`));
});

test("the only large block given back twice is named, too", () => {
  const large = heapTakeFor(TAG.PROCESS, 200_000n);
  heapGive(large);
  heapSettle();
  machine.serialTake();
  expect(() => heapGive(large)).toThrow("heap: given back twice");
  expect(machine.serialTake()).toContain("used by process");
});

/** The heap as anybody sees it. */
const state = (): unknown => [framesFree(), pagesCommitted(), heapUsed(), heapFree(), heapLargest(), heapAudit()];

/** With a hole of 400 KiB in its middle, most of whose pages are absent, and a block at its end. */
function withHole(): VirtAddr {
  const blocks = Array.from({ length: 150 }, () => take(BYTES));
  for (const block of blocks.slice(40, 140)) heapGive(block);
  heapSettle();
  return blocks[149]!;
}

test.each<[string, (last: VirtAddr) => bigint]>([
  ["growing at the end", () => heapTake(120_000n)],
  ["growing at the end for a block at a multiple of 64 KiB", () => heapTakeAligned(100_000n, 0x1_0000n)],
  ["a block with pages of its own", () => heapTake(300_000n)],
  ["one of those at a multiple of 1 MiB", () => heapTakeAligned(300_000n, 0x10_0000n)],
  ["a block whose pages had gone", () => heapTake(100_000n)],
  ["the last block, which becomes larger", (last) => heapResize(last, 100_000n)],
  ["a block that moves to pages of its own", (last) => heapResize(last, 200_000n)],
])("without a frame, at whichever call: %s is refused and nothing has changed, or there is another way", (_, act) => {
  const last = withHole();
  let failed = 0;
  for (let call = 1; ; call++) {
    const before = state();
    framesFailAt(call);
    const answer = act(last);
    if (!framesHaveFailed()) {
      expect(answer).not.toBe(NOWHERE);
      break;
    }
    framesFailAt(0);
    if (answer === NOWHERE) {
      expect(state()).toEqual(before);
    } else {
      expect(answer).not.toBe(last); // it was had in another way
      heapGive(answer as VirtAddr);
    }
    failed++;
    if (answer !== NOWHERE) break;
  }
  expect(failed).toBeGreaterThan(0);
  expect(heapAudit()).toBe(OK);
});
