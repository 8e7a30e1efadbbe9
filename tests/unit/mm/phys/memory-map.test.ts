import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { bootInfoClear, loaderInfoSet, moduleAdd, rangeAdd } from "../../../../kernel/dev/boot-info.ts";
import { NOWHERE, physAddr } from "../../../../kernel/lib/addr.ts";
import { NO_MEMORY, OK } from "../../../../kernel/lib/status.ts";
import { highestUsable, memoryMapBuild, memoryMapClaim, usableBytes } from "../../../../kernel/mm/phys/memory-map.ts";
import {
  REGION_BITMAP, regionCount, regionEnd, regionIsMemory, regionKind, regionName, regionStart,
} from "../../../../kernel/mm/phys/regions.ts";
import type { Machine } from "../../../fake/machine.ts";
import { logTake, loggingMachine } from "../../dev/record.ts";

const RAM_START = 0x10_0000n;
const IMAGE_END = 0x30_0000n; // the fake machine's image: 0x100000..0x300000, its boot part up to 0x109000
let machine: Machine;

beforeEach(() => {
  machine = loggingMachine();
  bootInfoClear();
});

/** The map as lines, with the names that `memmap` shows. */
function regions(): string[] {
  return Array.from({ length: regionCount() }, (_, i) => {
    return `${regionStart(i).toString(16)}-${regionEnd(i).toString(16)} ${regionName(i)}`;
  });
}
/** 16 MiB as on a PC. */
function smallPc(): void {
  rangeAdd(0n, 0x9_fc00n, 1);
  rangeAdd(0x9_fc00n, 0x400n, 2);
  rangeAdd(0xf_0000n, 0x1_0000n, 2);
  rangeAdd(RAM_START, 0xf0_0000n, 1);
}

test("a small PC with a module and boot information on one page: sorted, named, whole pages", () => {
  smallPc();
  moduleAdd(0x57_0000n, 0x57_2010n, NOWHERE, 0);
  loaderInfoSet(physAddr(0x57_2010n), physAddr(0x57_2800n));
  expect(memoryMapBuild()).toBe(OK);
  expect(logTake(machine)).toBe("mm/phys: memory map regions=8 usable-frames=3325 end=p0x1000000\n");
  expect(regions()).toEqual([
    "0-9f000 first MiB",
    "9f000-a0000 reserved",
    "f0000-100000 reserved",
    "100000-109000 boot code and tables",
    "109000-300000 kernel",
    "300000-570000 usable",
    "570000-573000 module",
    "573000-1000000 usable",
  ]);
  expect([usableBytes(), highestUsable()]).toEqual([(0x270n + 0xa8dn) * 4096n, 0x100_0000n]);
});

test("building twice gives the same", () => {
  smallPc();
  memoryMapBuild();
  const once = regions();
  memoryMapBuild();
  expect(regions()).toEqual(once);
});

test("a claim splits usable memory and cannot take anything else", () => {
  smallPc();
  memoryMapBuild();
  memoryMapClaim(physAddr(0x2f_e000n), physAddr(0x30_2000n), REGION_BITMAP);
  expect(regions().slice(-3)).toEqual(["109000-300000 kernel", "300000-302000 frame bitmap", "302000-1000000 usable"]);
});

test.each([
  [3, "ACPI tables", true],
  [4, "ACPI NVS", true],
  [2, "reserved", false],
  [5, "bad memory", false],
])("where type %d overlaps usable memory it wins, by whole pages outwards", (type, name, isMemory) => {
  rangeAdd(0x40_0fffn, 2n, type);
  smallPc();
  memoryMapBuild();
  expect(regions().slice(-3)).toEqual(["300000-400000 usable", `400000-402000 ${name}`, "402000-1000000 usable"]);
  expect(regionIsMemory(regionCount() - 2)).toBe(isMemory);
});

test("of two kinds that are not usable the worse wins", () => {
  smallPc();
  for (const type of [5, 2, 4, 3]) rangeAdd(0x40_0000n, BigInt(type) * 0x1000n, type);
  rangeAdd(0x40_0000n, 0x1000n, 4);
  memoryMapBuild();
  expect(regions().slice(-2)).toEqual(["400000-405000 bad memory", "405000-1000000 usable"]);
});

test("claims of ours where no memory is make no region: a hole may hold a device", () => {
  smallPc();
  moduleAdd(0x8000_0000n, 0x8000_1000n, NOWHERE, 0);
  memoryMapBuild();
  expect(regions().at(-1)).toBe("300000-1000000 usable");
});

test("parts of a page are not usable", () => {
  smallPc();
  rangeAdd(0x200_0001n, 0x1ffen, 1); // one whole page would need both ends
  rangeAdd(0x210_0fffn, 0x1001n, 1); // just one page
  memoryMapBuild();
  expect(regions().slice(-2)).toEqual(["300000-1000000 usable", "2101000-2102000 usable"]);
});

test("the reserved terabyte at the top does not count as the highest usable memory", () => {
  smallPc();
  rangeAdd(0xfd_0000_0000n, 0x3_0000_0000n, 2);
  memoryMapBuild();
  expect(highestUsable()).toBe(0x100_0000n);
});

test("memory beyond what the CPU can address is left out, whatever the firmware says", () => {
  machine = loggingMachine({ cpu: { physicalBits: 36 } });
  smallPc();
  rangeAdd(0xf_ffff_e000n, 0x5000n, 1);
  rangeAdd(0x20_0000_0000n, 0x5000n, 1);
  memoryMapBuild();
  expect(regions().at(-1)).toBe("fffffe000-1000000000 usable");
  expect(highestUsable()).toBe(0x10_0000_0000n);
});

test("memory beyond the direct map's room is left out", () => {
  machine = loggingMachine({ cpu: { physicalBits: 52 } });
  smallPc();
  rangeAdd((1n << 46n) - 0x2000n, 0x5000n, 1);
  rangeAdd(1n << 47n, 0x5000n, 1);
  memoryMapBuild();
  expect(regions().at(-1)).toBe("3fffffffe000-400000000000 usable");
});

test("a kernel that the loader put over the firmware's memory runs, and a line says so", () => {
  smallPc();
  rangeAdd(0x20_0000n, 0x1000n, 4);
  expect(memoryMapBuild()).toBe(OK);
  expect(logTake(machine)).toContain("mm/phys: the firmware says that the kernel's own memory is not usable\n");
  expect(regions()).toContain("200000-201000 ACPI NVS");
});

test.each([
  ["nothing at all", []],
  ["only the first MiB and the kernel", [[0n, IMAGE_END, 1]]],
  ["everything taken back", [[0n, 1n << 40n, 1], [0n, 1n << 41n, 2]]],
  ["usable pieces smaller than a page", [[0x40_0800n, 0x1000n, 1], [0x50_0001n, 0xfffn, 1]]],
] as const)("no usable memory is an answer: %s", (_, ranges) => {
  for (const [start, length, type] of ranges) rangeAdd(start, length, type);
  expect(memoryMapBuild()).toBe(NO_MEMORY);
  expect(logTake(machine)).toContain("mm/phys: there is no usable memory\n");
});

type Given = readonly [start: number, length: number, type: number];

describe("any ranges, unsorted, overlapping and not aligned", () => {
  const PAGES = 1200; // from 0 on: the first MiB, the image, and 432 pages more
  const byte = fc.integer({ min: 0, max: PAGES * 4096 });
  const ranges = fc.array(fc.tuple(byte, fc.integer({ min: 0, max: 300 * 4096 }), fc.integer({ min: 1, max: 6 })), {
    maxLength: 40,
  });

  test("give regions that agree with a model that goes page by page", () => {
    fc.assert(
      fc.property(ranges, byte, fc.nat(20_000), (given, module, size) => {
        bootInfoClear();
        for (const [start, length, type] of given) rangeAdd(BigInt(start), BigInt(length), type);
        moduleAdd(BigInt(module), BigInt(module + size), NOWHERE, 0);
        memoryMapBuild();
        expectOrdered();
        expect(usablePages()).toEqual(modelPages(given, module, module + size));
      }),
      { numRuns: 300 },
    );
  });

  function expectOrdered(): void {
    for (let i = 0; i < regionCount(); i++) {
      expect(regionStart(i) < regionEnd(i) && (regionStart(i) | regionEnd(i)) % 4096n === 0n).toBe(true);
      if (i > 0) expect(regionEnd(i - 1) <= regionStart(i)).toBe(true);
      if (i > 0 && regionEnd(i - 1) === regionStart(i)) expect(regionKind(i)).not.toBe(regionKind(i - 1));
    }
  }
  function usablePages(): number[] {
    const pages: number[] = [];
    for (let i = 0; i < regionCount(); i++) {
      if (regionKind(i) !== 1) continue;
      for (let page = regionStart(i) / 4096n; page < regionEnd(i) / 4096n; page++) pages.push(Number(page));
    }
    return pages;
  }
  /** Usable: wholly inside one usable range, touched by no other range nor by the module, above the image. */
  function modelPages(given: readonly Given[], module: number, moduleEnd: number): number[] {
    return Array.from({ length: 2 * PAGES }, (_, page) => page).filter((page) => {
      const [from, to] = [page * 4096, (page + 1) * 4096];
      const touches = (start: number, end: number): boolean => start < end && start < to && end > from;
      const inside = given.some(([start, length, type]) => type === 1 && start <= from && to <= start + length);
      const taken = given.some(([start, length, type]) => type !== 1 && touches(start, start + length));
      return inside && !taken && !touches(module, moduleEnd) && from >= Number(IMAGE_END);
    });
  }
});
