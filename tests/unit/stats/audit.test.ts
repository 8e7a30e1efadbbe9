/** The audit of everything: right on a machine that is right, and each damage to the tables is told. */
import { beforeEach, expect, test } from "vitest";
import { dataEnd, physOfImage, textStart } from "../../../kernel/arch/image.ts";
import { directMap, type Frame, frameAddr, FRAME_TABLE, type Page, type VirtAddr } from "../../../kernel/lib/addr.ts";
import { DAMAGED, OK } from "../../../kernel/lib/status.ts";
import { pipesInit } from "../../../kernel/ipc/pipe.ts";
import { heapBoot } from "../../../kernel/mm/heap/heap-boot.ts";
import { flushLater, flushNow, flushPay } from "../../../kernel/mm/paging/flush.ts";
import { kernelRoot } from "../../../kernel/mm/paging/kernel-map.ts";
import { mapPage } from "../../../kernel/mm/paging/map.ts";
import { PTE_NO_EXECUTE, PTE_USER, PTE_WRITABLE } from "../../../kernel/mm/paging/pte.ts";
import { tableEntriesAdd } from "../../../kernel/mm/paging/tables.ts";
import { unmapPage } from "../../../kernel/mm/paging/unmap.ts";
import { entryFind, entryTable } from "../../../kernel/mm/paging/walk.ts";
import { FRAME, frameRecord } from "../../../kernel/mm/phys/frame-table.ts";
import { frameTake } from "../../../kernel/mm/phys/frames.ts";
import { kernelFrames, kernelTables } from "../../../kernel/mm/phys/owners.ts";
import { PERMISSION } from "../../../kernel/mm/space/region.ts";
import { spaceMap } from "../../../kernel/mm/space/space-map.ts";
import { type Space, spaceCreate, spaceRoot, spacesInit } from "../../../kernel/mm/space/space.ts";
import { filesInit } from "../../../kernel/proc/files.ts";
import { mmAudit } from "../../../kernel/stats/audit.ts";
import { bootPaging } from "../../fake/booted.ts";
import type { Machine } from "../../fake/machine.ts";

const DEMAND = 0xffff_e800_0000_0000n as Page;
const HOME = 0x40_0000n as Page;
const HEAP = 0x4444_4444_0000n as VirtAddr;

let machine: Machine;
let space: Space;
beforeEach(() => {
  machine = bootPaging();
  expect(heapBoot()).toBe(OK);
  spacesInit();
  pipesInit();
  filesInit();
  space = spaceCreate();
  expect(spaceMap(space, HOME, 3, PERMISSION.READ | PERMISSION.USER)).toBe(OK);
  expect(mapPage(kernelRoot(), DEMAND, 0x500 as Frame, PTE_NO_EXECUTE)).toBe(OK);
  machine.serialTake();
  expect(mmAudit()).toBe(OK);
  expect(machine.serialTake()).toBe("");
});

/** Audits, and gives what was said. */
function damage(): string {
  expect(mmAudit()).toBe(DAMAGED);
  return machine.serialTake();
}
const tableOf = (root: Frame, va: bigint, level: number): Frame => entryTable(entryFind(root, va as VirtAddr, level));

test.each([4, 3, 2, 1])("a table of the kernel's, of level %d, that counts one entry too many", (level) => {
  tableEntriesAdd(tableOf(kernelRoot(), DEMAND, level), 1);
  expect(damage()).toMatch(/^mm\/paging: audit: a table's entries are not as many as counted: v0x[0-9a-f]+\r?\n$/);
});

test("an entry in a table of the heap's that nobody counted", () => {
  const entry = entryFind(kernelRoot(), HEAP, 1);
  machine.physWrite64(frameAddr(entryTable(entry)) + 511n * 8n, 0x2n);
  expect(damage()).toContain("mm/paging: audit: a table's entries are not as many as counted: v0x444444400000");
});

test("a table that is in two places", () => {
  const first = entryFind(kernelRoot(), DEMAND, 2);
  machine.physWrite64(first + 8n, machine.physRead64(first));
  tableEntriesAdd(entryTable(first), 1);
  expect(damage()).toMatch(/mm\/paging: audit: tables found: (\d+), counted: \d+/);
});

test("a table that nothing leads to", () => {
  frameTake(kernelTables());
  expect(damage()).toMatch(/^mm\/paging: audit: tables found: \d+, counted: \d+\r?\n$/);
});

test("a table in a frame of somebody else's", () => {
  const record = frameRecord(tableOf(kernelRoot(), DEMAND, 1));
  FRAME.setOwner(record, kernelFrames());
  expect(damage()).toContain("mm/paging: audit: a table is somebody else's: v0xffffe80000000000");
});

test.each([4, 1])("a table of a space's, of level %d, that counts one entry too few", (level) => {
  tableEntriesAdd(tableOf(spaceRoot(space), HOME, level), -1);
  expect(damage()).toMatch(/mm\/space: audit: space 1: .* entries are not as many as counted/);
});

const TEXT = directMap(physOfImage(textStart()));
const LAST = (dataEnd() - 4096n) as Page;
test.each<[string, string, bigint, number, (pte: bigint) => bigint]>([
  ["a page of the kernel's that is code and data", "a page can be written and executed", DEMAND, 1, (pte) => {
    return (pte | PTE_WRITABLE) & ~PTE_NO_EXECUTE;
  }],
  ["data of the kernel's that can be executed", "a page can be written and executed", LAST, 1, (pte) => {
    return pte & ~PTE_NO_EXECUTE;
  }],
  ["a page of the kernel's that is the user's", "a page is the user's", DEMAND, 1, (pte) => pte | PTE_USER],
  ["code that can be written through the direct map", "code or constants can be written", TEXT, 1, (pte) => {
    return pte | PTE_WRITABLE;
  }],
  ["a table of the kernel's that is the user's", "a table has rights of its own", DEMAND, 3, (pte) => pte | PTE_USER],
  ["a table under which nothing can be written", "a table has rights of its own", DEMAND, 2, (pte) => {
    return pte & ~PTE_WRITABLE;
  }],
])("%s", (_, words, va, level, change) => {
  const entry = entryFind(kernelRoot(), va as VirtAddr, level);
  machine.physWrite64(entry, change(machine.physRead64(entry)));
  expect(damage()).toMatch(new RegExp(`^mm/paging: audit: ${words}: v0x[0-9a-f]+\\r?\\n`));
});

test("a flush that is owed when all is at rest", () => {
  expect(flushLater(unmapPage(kernelRoot(), DEMAND))).toBe(OK);
  expect(damage()).toContain("mm/paging: audit: a flush is owed");
  flushPay();
  expect(mmAudit()).toBe(OK);
  expect(flushNow(unmapPage(spaceRoot(space), HOME))).toBe(OK); // a space's own audit: the page is counted
  expect(damage()).toMatch(/pages are not as many as counted/);
});

test("the frame table's slot is left out, and nothing else of the kernel half", () => {
  const inside = entryFind(kernelRoot(), FRAME_TABLE, 3);
  machine.physWrite64(inside + 511n * 8n, 0x2n);
  expect(mmAudit()).toBe(OK);
});
