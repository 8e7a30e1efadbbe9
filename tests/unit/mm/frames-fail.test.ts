/**
 * Everybody who takes frames, when there are none at the first time that he asks, the second, the third, … until all
 * goes well: no panic, nothing leaked, nothing changed. Exactly that one call fails: what is asked for later is there.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DEMAND_WINDOW, type Frame, NO_FRAME, type Page, type VirtAddr } from "../../../kernel/lib/addr.ts";
import { NO_MEMORY, OK } from "../../../kernel/lib/status.ts";
import { ACCESS_WRITE, FAULT_NO_MEMORY, FAULT_REPAIRED } from "../../../kernel/mm/fault/answers.ts";
import { windowResolve } from "../../../kernel/mm/fault/window.ts";
import { heapBoot } from "../../../kernel/mm/heap/heap-boot.ts";
import { heapSize } from "../../../kernel/mm/heap/heap-counts.ts";
import { flushNow } from "../../../kernel/mm/paging/flush.ts";
import { kernelMapBuild, kernelRoot } from "../../../kernel/mm/paging/kernel-map.ts";
import { mapLargest, mapPage, mapPages, mapRange } from "../../../kernel/mm/paging/map.ts";
import { PTE_NO_EXECUTE } from "../../../kernel/mm/paging/pte.ts";
import { protectRange } from "../../../kernel/mm/paging/protect.ts";
import { splitPage } from "../../../kernel/mm/paging/split.ts";
import { tablesInit, tablesStock, tableTake } from "../../../kernel/mm/paging/tables.ts";
import { unmapRange } from "../../../kernel/mm/paging/unmap.ts";
import { entryReach, NO_ENTRY } from "../../../kernel/mm/paging/walk.ts";
import { framesAudit } from "../../../kernel/mm/phys/frames-audit.ts";
import { framesFree, frameTake } from "../../../kernel/mm/phys/frames.ts";
import { framesFailAt, framesHaveFailed } from "../../../kernel/mm/phys/freed-pattern.ts";
import { kernelFrames, kernelHeap, kernelTables, ownerFrames } from "../../../kernel/mm/phys/owners.ts";
import { rangeTake } from "../../../kernel/mm/phys/ranges.ts";
import { runTake } from "../../../kernel/mm/phys/runs.ts";
import { BACKING, PERMISSION, regionSlabTrim, regionsOut } from "../../../kernel/mm/space/region.ts";
import { spaceClone } from "../../../kernel/mm/space/space-clone.ts";
import { spaceMap, spaceMapFrames } from "../../../kernel/mm/space/space-map.ts";
import {
  NO_SPACE, type Space, spaceCreate, spaceFirst, spaceId, spaceNext, spacePageCount, spacePages, spaceRegionCount,
  spaceRoot, spacesInit, spaceTables,
} from "../../../kernel/mm/space/space.ts";
import { spacesAudit } from "../../../kernel/mm/space/spaces-audit.ts";
import { bootFrames, bootPaging, pcRanges } from "../../fake/booted.ts";
import { fakeMachine, type Machine, MIB } from "../../fake/machine.ts";
import { poolBoot } from "../../fake/pool.ts";
import { tablesPicture } from "../../fake/tables.ts";

vi.mock("../../../kernel/base/checking.ts", () => ({ CHECKING: true }));

afterEach(() => framesFailAt(0));

/** What must be as before when an operation has failed. */
function state(): unknown {
  return [framesFree(), ...[kernelFrames(), kernelTables(), kernelHeap()].map(ownerFrames)];
}

/**
 * Runs `act` with its 1st, its 1 + `step`th, … call failing, until none does; how often it was run. A failure must be
 * `none`, and leave `picture` as it was.
 */
function failing(act: () => unknown, none: unknown, picture: () => unknown, step = 1): number {
  const before = JSON.stringify([state(), picture()], (_, value: unknown) => String(value));
  for (let call = 1, runs = 1; ; call += step, runs++) {
    framesFailAt(call);
    const answer = act();
    if (!framesHaveFailed()) {
      framesFailAt(0);
      expect(answer).not.toBe(none);
      expect(framesAudit()).toBe(OK);
      return runs;
    }
    expect(answer).toBe(none);
    expect(JSON.stringify([state(), picture()], (_, value: unknown) => String(value))).toBe(before);
    expect(framesAudit()).toBe(OK);
  }
}

describe("page tables", () => {
  const HOME = 0x4444_4444_0000n as Page;
  let machine: Machine;
  let root: Frame;
  beforeEach(() => {
    machine = fakeMachine({ ramBytes: 64 * MIB });
    poolBoot(2048);
    tablesInit();
    tablesStock(1, kernelTables());
    root = tableTake();
  });
  const picture = (): string => tablesPicture(machine, BigInt(root) * 4096n);

  test.each([
    ["mapPage", 4, () => mapPage(root, HOME, 5 as Frame, PTE_NO_EXECUTE)],
    ["mapRange over the end of a table", 5, () => mapRange(root, 0x1f_f000n as Page, 5 as Frame, 2, PTE_NO_EXECUTE)],
    ["mapRange over the end of a table of level 3", 7, () => {
      return mapRange(root, 0x7f_ffff_f000n as Page, 5 as Frame, 2, PTE_NO_EXECUTE);
    }],
    ["mapLargest with pages of 4 KiB, 2 MiB and 4 KiB", 5, () => {
      return mapLargest(root, 0x1f_f000n as Page, 511 as Frame, 514, PTE_NO_EXECUTE, 3);
    }],
  ])("%s is all or nothing, and done at the %d. time", (_, runs, act) => {
    expect(failing(act, NO_MEMORY, picture)).toBe(runs);
  });

  const GIB_PAGE = 0x4000_0000n as Page;
  const MIB_PAGE = 0x8000_0000n as Page;
  const near = (page: bigint, pages: bigint): Page => (page + pages * 4096n) as Page;
  test.each([
    ["splitPage", 2, () => flushNow(splitPage(root, GIB_PAGE))],
    ["splitPage of 2 MiB", 2, () => flushNow(splitPage(root, MIB_PAGE))],
    ["unmapRange of the middle of a large page", 5, () => flushNow(unmapRange(root, near(GIB_PAGE, 1n), 3))],
    ["unmapRange of its beginning", 3, () => flushNow(unmapRange(root, GIB_PAGE, 1))],
    ["unmapRange from its middle to that of the next", 4, () => {
      return flushNow(unmapRange(root, near(MIB_PAGE, -1n), 2 + 511 + 1));
    }],
    ["unmapRange of whole large pages", 1, () => flushNow(unmapRange(root, GIB_PAGE, 2 ** 18 + 512))],
    ["protectRange of the middle of a large page", 5, () => flushNow(protectRange(root, near(GIB_PAGE, 1n), 3, 0n))],
    ["protectRange of its end", 3, () => flushNow(protectRange(root, near(MIB_PAGE, -1n), 1, 0n))],
    ["protectRange from its middle to that of the next", 4, () => {
      return flushNow(protectRange(root, near(MIB_PAGE, -1n), 2 + 511 + 1, 0n));
    }],
  ])("%s leaves the large pages as they were, and is done at the %d. time", (_, runs, act) => {
    expect(mapLargest(root, GIB_PAGE, 0 as Frame, 2 ** 18, PTE_NO_EXECUTE, 3)).toBe(OK);
    expect(mapLargest(root, MIB_PAGE, 0 as Frame, 2 ** 10, PTE_NO_EXECUTE, 2)).toBe(OK);
    expect(failing(act, NO_MEMORY, picture)).toBe(runs);
  });

  test.each([
    ["mapPages of 2 MiB over the end of a table", 4, () => mapPages(root, near(GIB_PAGE, -512n), 0 as Frame, 2, 0n, 2)],
    ["mapPages of 1 GiB over the end of a slot", 3, () => {
      return mapPages(root, 0x7f_c000_0000n as Page, 0 as Frame, 2, 0n, 3);
    }],
    ["mapLargest with pages of all sizes", 6, () => {
      return mapLargest(root, near(GIB_PAGE, -513n), 0x3_fdff as Frame, 513 + 2 ** 18 + 513, 0n, 3);
    }],
  ])("%s is all or nothing, and done at the %d. time", (_, runs, act) => {
    expect(failing(act, NO_MEMORY, picture)).toBe(runs);
  });

  test("entryReach builds the way or nothing of it", () => {
    expect(failing(() => entryReach(root, HOME as VirtAddr, 1, 0n), NO_ENTRY, picture)).toBe(4);
  });

  test.each([
    ["a frame", () => frameTake(kernelFrames())],
    ["a run of 8", () => runTake(3, kernelFrames())],
    ["a run of 2 MiB", () => runTake(9, kernelFrames())],
    ["a range", () => rangeTake(77, 4, 0x1_0000, kernelFrames())],
  ])("%s is there or not", (_, act) => {
    expect(failing(act, NO_FRAME, picture)).toBe(2);
  });
});

test("a page fault in the demand-paged window is repaired, or answered with all as it was", () => {
  const machine = bootPaging();
  const picture = (): string => tablesPicture(machine, BigInt(kernelRoot()) * 4096n);
  const act = (): number => windowResolve(DEMAND_WINDOW + 0x1234n as VirtAddr, ACCESS_WRITE);
  expect(failing(act, FAULT_NO_MEMORY, picture)).toBe(4); // the page, and two tables
  expect(act()).not.toBe(FAULT_REPAIRED); // it is there
});

test("the kernel's own map is built, or given back to the last table", () => {
  bootFrames(pcRanges(32 * MIB), { ramBytes: 32 * MIB });
  // Most of its calls are alike, a table for each slot of the kernel's half: every 13th of them.
  const runs = failing(kernelMapBuild, NO_MEMORY, () => null, 13);
  expect(runs).toBeGreaterThan(19);
});

describe("the heap", () => {
  test("of 64 KiB is mapped, or nothing of it", () => {
    const machine = bootPaging(32 * MIB, "heap.size=64K");
    const picture = (): string => tablesPicture(machine, BigInt(kernelRoot()) * 4096n);
    expect(failing(heapBoot, NO_MEMORY, picture)).toBe(16 + 3 + 1);
  });

  test("of 2 MiB gives way to the default, of which nothing is missing", () => {
    bootPaging();
    heapBoot();
    const usual = [state(), heapSize()];
    for (const call of [1, 2, 3, 4, 100, 511, 512, 513, 515]) {
      bootPaging(32 * MIB, "heap.size=2M");
      framesFailAt(call);
      expect([heapBoot(), framesHaveFailed()]).toEqual([OK, true]);
      expect([[state(), heapSize()], framesAudit()]).toEqual([usual, OK]);
    }
  });
});

describe("spaces", () => {
  const { READ, WRITE, USER } = PERMISSION;
  const HOME = 0x3f_e000n as Page; // two pages, and then another table
  let machine: Machine;
  let space: Space;
  beforeEach(() => {
    machine = bootPaging();
    expect(heapBoot()).toBe(OK);
    spacesInit();
    space = spaceCreate();
    expect(spaceMap(space, HOME, 4, READ | WRITE | USER)).toBe(OK);
    expect(spaceMap(space, 0x7f_ffff_f000n as Page, 2, READ | USER)).toBe(OK);
  });
  /** Each space with its regions, its tables and what is counted for it. */
  const picture = (): unknown[] => {
    const all: unknown[] = [regionsOut(), tablesPicture(machine, BigInt(kernelRoot()) * 4096n)];
    for (let at = spaceFirst(); at !== NO_SPACE; at = spaceNext(at)) {
      const counts = [spaceId(at), spaceRegionCount(at), spacePageCount(at)];
      all.push(...counts, ownerFrames(spacePages(at)), ownerFrames(spaceTables(at)));
      all.push(tablesPicture(machine, BigInt(spaceRoot(at)) * 4096n));
    }
    return all;
  };
  const done = (act: () => number) => (): number => {
    const status = act();
    regionSlabTrim(); // what it keeps for the next is not lost
    return status;
  };

  test.each([
    ["spaceCreate", 3, () => (spaceCreate() === NO_SPACE ? NO_MEMORY : OK)],
    ["spaceClone", 18, () => (spaceClone(space) === NO_SPACE ? NO_MEMORY : OK)],
    ["spaceMap over the end of a table", 10, () => spaceMap(space, 0x7fbf_ffff_e000n as Page, 4, READ | USER)],
    ["spaceMapFrames over the end of a slot", 6, () => {
      return spaceMapFrames(space, 0xff_ffff_f000n as Page, 2, READ | USER, BACKING.FIXED, 0x500 as Frame);
    }],
  ])("%s leaves every space as it was, and is done at the %d. time", (_, runs, act) => {
    regionSlabTrim();
    const again = failing(done(act), NO_MEMORY, picture);
    expect(spacesAudit()).toBe(OK);
    expect(again).toBe(runs);
  });
});
