import { beforeEach, expect, test } from "vitest";
import {
  DEMAND_WINDOW, DEMAND_WINDOW_SIZE, DIRECT_MAP, frameAddr, type VirtAddr,
} from "../../../../kernel/lib/addr.ts";
import {
  ACCESS_EXECUTE, ACCESS_READ, ACCESS_WRITE, FAULT_FORBIDDEN, FAULT_NO_MEMORY, FAULT_NO_REGION, FAULT_REPAIRED,
} from "../../../../kernel/mm/fault/answers.ts";
import { windowResolve } from "../../../../kernel/mm/fault/window.ts";
import { kernelMapBuild, kernelRoot } from "../../../../kernel/mm/paging/kernel-map.ts";
import { framesFree } from "../../../../kernel/mm/phys/frames.ts";
import { bootFrames, bootPaging, pcRanges } from "../../../fake/booted.ts";
import { load64, type Machine, MIB, PageFault, store64 } from "../../../fake/machine.ts";
import { withFrames } from "../../../fake/pool.ts";
import { tablesPicture } from "../../../fake/tables.ts";

const at = (va: bigint): VirtAddr => va as VirtAddr;
let machine: Machine;
beforeEach(() => {
  machine = bootPaging();
});

test("a touched page of the window gets a zeroed frame, and the access goes on", () => {
  machine.faultHandler((va, error) => windowResolve(at(va), error & 2 ? ACCESS_WRITE : ACCESS_READ) === FAULT_REPAIRED);
  store64(DEMAND_WINDOW + 0x7ff8n, 5n);
  expect(load64(DEMAND_WINDOW + 0x7ff8n)).toBe(5n);
  for (let offset = 0n; offset < 0xff8n; offset += 8n) expect(load64(DEMAND_WINDOW + 0x7000n + offset)).toBe(0n);
  expect(load64(DEMAND_WINDOW + DEMAND_WINDOW_SIZE - 8n)).toBe(0n);
});

test("the neighbours of a touched page stay untouched", () => {
  windowResolve(at(DEMAND_WINDOW + 0x5123n), ACCESS_READ);
  expect(() => load64(DEMAND_WINDOW + 0x4ff8n)).toThrow(PageFault);
  expect(() => load64(DEMAND_WINDOW + 0x6000n)).toThrow(PageFault);
});

test.each([0n, DEMAND_WINDOW - 1n, DEMAND_WINDOW + DEMAND_WINDOW_SIZE, DIRECT_MAP, 0x4444_4444_0000n, 2n ** 64n - 1n])(
  "%s is in no region, and nothing is mapped there",
  (va) => {
    const free = framesFree();
    expect(windowResolve(at(va), ACCESS_READ)).toBe(FAULT_NO_REGION);
    expect(framesFree()).toBe(free);
  },
);

test("code is not run from the window, whether the page was touched or not", () => {
  const free = framesFree();
  expect(windowResolve(at(DEMAND_WINDOW), ACCESS_EXECUTE)).toBe(FAULT_FORBIDDEN);
  expect(framesFree()).toBe(free);
  windowResolve(at(DEMAND_WINDOW), ACCESS_READ);
  expect(() => machine.probe(DEMAND_WINDOW, "fetch")).toThrow(PageFault);
});

test("a fault at a page that is there is not called repaired, and takes no frame", () => {
  expect(windowResolve(at(DEMAND_WINDOW), ACCESS_READ)).toBe(FAULT_REPAIRED);
  const free = framesFree();
  expect(windowResolve(at(DEMAND_WINDOW), ACCESS_WRITE)).toBe(FAULT_FORBIDDEN);
  expect(framesFree()).toBe(free);
});

test("without frames for the page and its tables it says so and changes nothing", () => {
  const free = framesFree();
  const before = tablesPicture(machine, frameAddr(kernelRoot()));
  for (const count of [0, 1, 2]) {
    expect(withFrames(count, () => windowResolve(at(DEMAND_WINDOW), ACCESS_READ))).toBe(FAULT_NO_MEMORY);
    expect(framesFree()).toBe(free);
    expect(tablesPicture(machine, frameAddr(kernelRoot()))).toBe(before);
  }
  expect(withFrames(3, () => windowResolve(at(DEMAND_WINDOW), ACCESS_READ))).toBe(FAULT_REPAIRED);
});

test("before the kernel has tables of its own nothing is repaired, and no frame is taken", () => {
  bootFrames(pcRanges(32 * MIB), { ramBytes: 32 * MIB });
  withFrames(0, kernelMapBuild); // fails, and leaves no root
  const free = framesFree();
  expect(windowResolve(at(DEMAND_WINDOW), ACCESS_READ)).toBe(FAULT_NO_REGION);
  expect(framesFree()).toBe(free);
});
