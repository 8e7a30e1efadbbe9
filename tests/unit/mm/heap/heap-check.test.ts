/** The checking build: canaries behind blocks, and a queue in which blocks that were given back wait. */
import { beforeEach, expect, test, vi } from "vitest";
import { directMap, NOWHERE, physAddr, type VirtAddr } from "../../../../kernel/lib/addr.ts";
import { OK } from "../../../../kernel/lib/status.ts";
import { heapAudit } from "../../../../kernel/mm/heap/heap-audit.ts";
import { heapBoot } from "../../../../kernel/mm/heap/heap-boot.ts";
import { heapLargest, heapUsed } from "../../../../kernel/mm/heap/heap-counts.ts";
import { heapResize } from "../../../../kernel/mm/heap/heap-resize.ts";
import { TAG } from "../../../../kernel/mm/heap/heap-tags.ts";
import { heapGive, heapInit, heapSettle, heapTake, heapTakeFor } from "../../../../kernel/mm/heap/heap.ts";
import { bootPaging } from "../../../fake/booted.ts";
import { fakeMachine, fillWords, KIB, load8, type Machine, store8 } from "../../../fake/machine.ts";

vi.mock("../../../../kernel/base/checking.ts", () => ({ CHECKING: true }));

const BASE = directMap(physAddr(0x40_0000n));
const WAITING = 32;
let machine: Machine;
const plus = (va: bigint, bytes: number): VirtAddr => (va + BigInt(bytes)) as VirtAddr;

beforeEach(() => {
  machine = fakeMachine();
  heapInit(BASE, 64 * KIB);
});

test.each([0, 1, 7, 8])("a write %i bytes behind a block's end is found when it is given back", (behind) => {
  const block = heapTake(21n);
  machine.unwatched(() => store8(plus(block, 21 + behind), 0));
  expect(() => heapGive(block)).toThrow("overrun");
});

test("a write behind a block's end is found when it is resized", () => {
  const block = heapTake(21n);
  machine.unwatched(() => store8(plus(block, 22), 0));
  expect(() => heapResize(block, 100n)).toThrow("overrun");
});

test("a block that was given back is full of a pattern, and is not handed out while it waits", () => {
  const block = heapTake(40n);
  fillWords(block, 7n, 5);
  heapGive(block);
  expect(machine.unwatched(() => [load8(block), load8(plus(block, 39))])).toEqual([0xee, 0xee]);
  expect(heapTake(40n)).not.toBe(block);
  expect(heapAudit()).toBe(OK);
});

test("a write to a block that waits is found when its turn comes, or when all go", () => {
  const block = heapTake(40n);
  heapGive(block);
  machine.unwatched(() => store8(plus(block, 17), 1));
  for (let i = 1; i < WAITING; i++) heapGive(heapTake(40n));
  expect(() => heapGive(heapTake(40n))).toThrow("used after it was given back");
  const other = heapTake(40n);
  heapGive(other);
  machine.unwatched(() => store8(other, 1));
  expect(() => heapSettle()).toThrow("used after it was given back");
});

test("a block given back while it waits is named with its neighbours, its class and who took it", () => {
  machine = bootPaging(); // which has a serial line
  heapBoot();
  heapTakeFor(TAG.CONSOLE, 8n);
  const block = heapTakeFor(TAG.PROCESS, 40n);
  heapTakeFor(TAG.SPACE, 8n);
  heapGive(block);
  machine.serialTake();
  expect(() => heapGive(block)).toThrow("given back twice");
  const log = machine.serialTake();
  expect(log).toMatch(/before it .* used by console/);
  expect(log).toMatch(/it lies in .* bytes=64 class=8 used by process/);
  expect(log).toMatch(/after it .* used by space/);
});

test("when nothing waits any more, all is one free block again", () => {
  const [used, largest] = [heapUsed(), heapLargest()];
  for (let i = 0; i < 3 * WAITING; i++) heapGive(heapTake(BigInt(i * 7)));
  expect(heapUsed()).toBeGreaterThan(used);
  heapSettle();
  expect([heapUsed(), heapLargest(), heapAudit()]).toEqual([used, largest, OK]);
  expect(heapTake(BigInt(largest))).not.toBe(NOWHERE);
});
