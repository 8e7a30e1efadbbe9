import { beforeEach, expect, test } from "vitest";
import { physAddr } from "../../../../kernel/lib/addr.ts";
import {
  REGION_ACPI_NVS, REGION_ACPI_RECLAIMABLE, REGION_BAD, REGION_BITMAP, REGION_BOOT, REGION_BOOT_INFO, REGION_HOLE,
  REGION_KERNEL, REGION_LOW, REGION_MODULE, REGION_RECORDS, REGION_RESERVED, REGION_USABLE, regionAppend, regionBytes,
  regionCount, regionEnd, regionFind, regionIsFromUsable, regionIsMemory, regionName, regionsClear, regionStart,
  regionWho,
} from "../../../../kernel/mm/phys/regions.ts";
import { loggingMachine } from "../../dev/record.ts";

const ALL = [
  REGION_USABLE, REGION_LOW, REGION_BITMAP, REGION_RECORDS, REGION_BOOT_INFO, REGION_MODULE, REGION_BOOT, REGION_KERNEL,
  REGION_ACPI_RECLAIMABLE, REGION_ACPI_NVS, REGION_RESERVED, REGION_BAD,
];

beforeEach(() => {
  loggingMachine();
  regionsClear();
});

test("every kind has a name of at most 20 characters and somebody of at most 8 who keeps it", () => {
  ALL.forEach((kind, i) => regionAppend(BigInt(i * 0x2000), BigInt(i * 0x2000 + 0x1000), kind));
  const indices = ALL.map((_, i) => i);
  const names = indices.map(regionName);
  expect(new Set(names).size).toBe(ALL.length);
  expect(Math.max(...names.map((name) => name.length))).toBeLessThanOrEqual(20);
  expect(indices.map(regionWho)).toEqual([
    "pool", "kernel", "kernel", "kernel", "loader", "loader", "kernel", "kernel",
    "firmware", "firmware", "firmware", "firmware",
  ]);
  expect(indices.filter((i) => !regionIsMemory(i)).map((i) => ALL[i])).toEqual([REGION_RESERVED, REGION_BAD]);
  expect(indices.filter((i) => !regionIsFromUsable(i)).map((i) => ALL[i])).toEqual([
    REGION_ACPI_RECLAIMABLE, REGION_ACPI_NVS, REGION_RESERVED, REGION_BAD,
  ]);
});

test("neighbours of one kind are one region, of two kinds two, and across a hole two", () => {
  regionAppend(0x1000n, 0x2000n, REGION_USABLE);
  regionAppend(0x2000n, 0x5000n, REGION_USABLE);
  regionAppend(0x5000n, 0x6000n, REGION_KERNEL);
  regionAppend(0x8000n, 0x9000n, REGION_KERNEL);
  expect([0, 1, 2].map((i) => [regionStart(i), regionEnd(i)])).toEqual([
    [0x1000n, 0x5000n], [0x5000n, 0x6000n], [0x8000n, 0x9000n],
  ]);
  expect([regionCount(), regionBytes(REGION_KERNEL), regionBytes(REGION_HOLE)]).toEqual([3, 0x2000n, 0n]);
});

test.each([
  [0xfffn, -1], [0x1000n, 0], [0x1fffn, 0], [0x2000n, -1], [0x3000n, 1], [0x3fffn, 1], [0x4000n, -1],
])("address 0x%s lies in region %d", (pa, index) => {
  regionAppend(0x1000n, 0x2000n, REGION_USABLE);
  regionAppend(0x3000n, 0x4000n, REGION_USABLE);
  expect(regionFind(physAddr(pa))).toBe(index);
});

test("more regions than there can be are a panic", () => {
  expect(() => {
    for (let i = 0; i < 2000; i++) regionAppend(BigInt(i * 0x2000), BigInt(i * 0x2000 + 0x1000), REGION_USABLE);
  }).toThrow("regions: too many");
});
