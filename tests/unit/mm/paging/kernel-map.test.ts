import { expect, test } from "vitest";
import {
  bootEnd, bootStart, dataEnd, dataStart, physOfImage, rodataEnd, rodataStart, stackGuard, stackTop, textEnd, textStart,
} from "../../../../kernel/arch/image.ts";
import {
  DIRECT_MAP, directMap, frameAddr, frameOf, KERNEL_HALF, NO_PHYS, physAddr, type VirtAddr,
} from "../../../../kernel/lib/addr.ts";
import { NO_MEMORY, OK } from "../../../../kernel/lib/status.ts";
import { kernelMapBuild, kernelMapSwitch, kernelRoot } from "../../../../kernel/mm/paging/kernel-map.ts";
import { entryStop, translate } from "../../../../kernel/mm/paging/walk.ts";
import { framesAdd, framesFree } from "../../../../kernel/mm/phys/frames.ts";
import { bootFrames, bootPaging, pcRanges, type Range } from "../../../fake/booted.ts";
import { GIB, load64, load8, type Machine, MIB, PageFault, store64, store8 } from "../../../fake/machine.ts";
import { withFrames } from "../../../fake/pool.ts";
import { type Mapping, mappings, tableCount } from "../../../fake/tables.ts";

const WRITABLE = 2n;
const USER = 4n;
const GLOBAL = 0x100n;
const NO_EXECUTE = 1n << 63n;

const kernelMappings = (machine: Machine): Mapping[] => mappings(machine, frameAddr(kernelRoot()));
const inDirectMap = ({ va }: Mapping): boolean => va >= DIRECT_MAP && va < 0xffff_c000_0000_0000n;

test("memory goes on being readable and writable when the kernel's own tables take over", () => {
  const machine = bootFrames(pcRanges(32 * MIB), { ramBytes: 32 * MIB });
  const at = directMap(physAddr(0x123_4560n));
  store64(at, 0x1122n);
  expect(kernelMapBuild()).toBe(OK);
  expect(machine.serialTake()).toMatch(/^mm\/paging: kernel map root=p0x[0-9a-f]+ tables=\d+\r\n$/);
  kernelMapSwitch();
  expect(load64(at)).toBe(0x1122n);
  store64(at, 0x3344n);
  expect(machine.physRead64(0x123_4560n)).toBe(0x3344n);
});

test("nothing is mapped low any more, and nothing for the user", () => {
  const machine = bootPaging();
  expect(() => load8(0n)).toThrow(PageFault);
  expect(() => load8(0x10_0000n)).toThrow(PageFault);
  expect(kernelMappings(machine).every(({ va }) => va >= KERNEL_HALF)).toBe(true);
  expect(kernelMappings(machine).some(({ flags }) => (flags & USER) !== 0n)).toBe(false);
});

test("no page is writable and executable, text alone is executable, and all are global", () => {
  const machine = bootPaging();
  const text = kernelMappings(machine).filter(({ flags }) => (flags & NO_EXECUTE) === 0n);
  expect(text.length * 4096).toBe(Number(textEnd() - textStart()));
  expect(text.every(({ va, flags }) => va >= textStart() && va < textEnd() && (flags & WRITABLE) === 0n)).toBe(true);
  expect(kernelMappings(machine).every(({ flags }) => (flags & GLOBAL) !== 0n)).toBe(true);
});

test("the CPU runs text, refuses to write it or rodata, and refuses to run data", () => {
  const machine = bootPaging();
  expect(machine.probe(textStart(), "fetch")).toBe(physOfImage(textStart()));
  for (const va of [textStart(), rodataStart(), (rodataEnd() - 1n) as VirtAddr]) {
    expect(() => store8(va, 1)).toThrow(PageFault);
    expect(() => store8(directMap(physOfImage(va)), 1)).toThrow(PageFault);
    expect(load8(directMap(physOfImage(va)))).toBe(load8(va));
  }
  expect(() => machine.probe(rodataStart(), "fetch")).toThrow(PageFault);
  expect(() => machine.probe((dataEnd() - 1n) as VirtAddr, "fetch")).toThrow(PageFault);
  expect(() => machine.probe(directMap(physOfImage(textStart())), "fetch")).toThrow(PageFault);
  store8((dataEnd() - 1n) as VirtAddr, 1);
});

test("the page under each stack is absent, and the stack above it is there", () => {
  bootPaging();
  for (let i = 0; i < 4; i++) expect(() => load8(stackGuard(i))).toThrow(PageFault);
  store8((stackTop() - 1n) as VirtAddr, 1);
  expect(stackGuard(0)).toBe(dataStart());
});

test("the direct map shows memory, and neither holes nor what the firmware reserves", () => {
  const machine = bootPaging();
  const shown = (pa: number): boolean => translate(kernelRoot(), directMap(physAddr(BigInt(pa)))) !== NO_PHYS;
  expect([0, 0x9e000, 0x9f000, 0xa0000, 0xb8000, 0xf0000, 0xfffff].map(shown)).toEqual(
    [true, true, false, false, false, false, false],
  );
  expect([MIB, 32 * MIB - 0x20001, 32 * MIB - 0x20000, 32 * MIB, 4 * GIB - 1].map(shown)).toEqual(
    [true, true, false, false, false],
  );
  for (const { va, pa } of kernelMappings(machine).filter(inDirectMap)) expect(va - pa).toBe(DIRECT_MAP);
});

test("every slot of the kernel half has its table of level 3 from the start", () => {
  const machine = bootPaging();
  for (let slot = 256; slot < 512; slot++) {
    expect(machine.physRead64(frameAddr(kernelRoot()) + BigInt(slot * 8)) & 1n).toBe(1n);
  }
});

test("the boot tables' memory can be given back and used", () => {
  bootPaging();
  const free = framesFree();
  framesAdd(frameOf(bootStart()), Number((bootEnd() - bootStart()) / 4096n));
  expect(framesFree()).toBe(free + 9);
  store64(directMap(bootStart()), 1n);
});

/** Of the frame table, which are there before the kernel's own: one of each level below the root. */
const WINDOW_TABLES = 3;

const SIXTY_FOUR_GIB: Range[] = [
  [0, 0x9fc00, 1],
  [MIB, 3 * GIB - MIB - 0x20000, 1],
  [3 * GIB - 0x20000, 0x20000, 3],
  [4 * GIB, 61 * GIB, 1],
];

test.each([
  [true, 3, 64],
  [false, 2, 64 + 64],
])("64 GiB take few tables: pages of 1 GiB %s", (gigabytePages, level, tablesAtMost) => {
  const machine = bootFrames(SIXTY_FOUR_GIB, {
    ramBytes: 3 * GIB,
    moreRam: [{ start: 4 * GIB, end: 65 * GIB }],
    cpu: { gigabytePages },
  });
  expect(kernelMapBuild()).toBe(OK);
  kernelMapSwitch();
  expect(translate(kernelRoot(), directMap(physAddr(65n * BigInt(GIB) - 1n)))).toBe(65n * BigInt(GIB) - 1n);
  expect(entryStop()).toBe(level);
  expect(tableCount(machine, frameAddr(kernelRoot())) - 257).toBeLessThan(tablesAtMost + 16);
  store64(directMap(physAddr(65n * BigInt(GIB) - 8n)), 5n);
  expect(load64(directMap(physAddr(65n * BigInt(GIB) - 8n)))).toBe(5n);
});

test("without frames enough it says so, for every number of frames, and keeps none", () => {
  const machine = bootFrames(pcRanges(32 * MIB), { ramBytes: 32 * MIB });
  const free = framesFree();
  let needed = 0;
  while (withFrames(needed, kernelMapBuild) === NO_MEMORY) {
    expect(framesFree()).toBe(free);
    needed += needed > 4 && needed < 255 ? 50 : 1;
  }
  expect(tableCount(machine, frameAddr(kernelRoot()))).toBe(needed + WINDOW_TABLES);
  expect(machine.serialTake()).toContain("out of frames below 4 GiB");
});
