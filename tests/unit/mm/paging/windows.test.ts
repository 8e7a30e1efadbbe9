import { beforeEach, expect, test } from "vitest";
import { frameAddr, type PhysAddr, type VirtAddr } from "../../../../kernel/lib/addr.ts";
import {
  ALREADY_MAPPED, BAD_ADDRESS, EMPTY_RANGE, NO_MEMORY, OK, type Status,
} from "../../../../kernel/lib/status.ts";
import { kernelRoot } from "../../../../kernel/mm/paging/kernel-map.ts";
import { translate } from "../../../../kernel/mm/paging/walk.ts";
import {
  deviceAt, deviceMap, firmwareAt, firmwareMap, screenMap,
} from "../../../../kernel/mm/paging/windows.ts";
import { framesFree } from "../../../../kernel/mm/phys/frames.ts";
import { bootPaging } from "../../../fake/booted.ts";
import { load8, type Machine, PageFault, store8 } from "../../../fake/machine.ts";
import { withFrames } from "../../../fake/pool.ts";
import { mappings } from "../../../fake/tables.ts";

const WRITABLE = 2n;
const WRITE_THROUGH = 8n;
const CACHE_DISABLE = 0x10n;
const GLOBAL = 0x100n;
const NO_EXECUTE = 1n << 63n;
const APIC = 0xfee0_0000n as PhysAddr;
const BIOS = 0xf_0000n as PhysAddr; // what pcRanges has as the firmware's

let machine: Machine;
beforeEach(() => {
  machine = bootPaging();
});
const inWindows = () => {
  const all = mappings(machine, frameAddr(kernelRoot()));
  return all.filter(({ va }) => va >= 0xffff_d000_0000_0000n && va < 0xffff_e000_0000_0000n);
};

test("registers are uncached, a screen is write-combining, and both are writable and never executable", () => {
  expect([deviceMap(APIC, 0x400n), screenMap(0xb_8000n as PhysAddr, 4000n)]).toEqual([OK, OK]);
  const common = WRITABLE | GLOBAL | NO_EXECUTE;
  expect(inWindows().map(({ va, flags }) => [va, flags & (common | WRITE_THROUGH | CACHE_DISABLE)])).toEqual([
    [deviceAt(0xb_8000n as PhysAddr), common | WRITE_THROUGH],
    [deviceAt(APIC), common | WRITE_THROUGH | CACHE_DISABLE],
  ]);
  store8(deviceAt(0xb_8002n as PhysAddr), 0x41);
  expect(machine.physRead64(0xb_8000n) & 0xff_0000n).toBe(0x41_0000n);
});

test("the firmware's tables are read at their place and cannot be written", () => {
  machine.physPut(BIOS + 5n, new Uint8Array([0x77]));
  expect(firmwareMap((BIOS + 5n) as PhysAddr, 1n)).toBe(OK);
  expect(load8(firmwareAt((BIOS + 5n) as PhysAddr))).toBe(0x77);
  expect(() => store8(firmwareAt(BIOS), 1)).toThrow(PageFault);
  expect(() => machine.probe(firmwareAt(BIOS), "fetch")).toThrow(PageFault);
});

test.each<[string, () => Status, Status]>([
  ["memory as a device", () => deviceMap(0x100_0000n as PhysAddr, 8n), BAD_ADDRESS],
  ["a device that reaches into memory", () => deviceMap(0xf_f000n as PhysAddr, 0x1001n), BAD_ADDRESS],
  ["memory as the firmware's", () => firmwareMap(0x100_0000n as PhysAddr, 8n), BAD_ADDRESS],
  ["what nobody's map has as the firmware's", () => firmwareMap(APIC, 8n), BAD_ADDRESS],
  ["what the CPU cannot address", () => deviceMap((1n << 40n) as PhysAddr, 8n), BAD_ADDRESS],
  ["more than the CPU can address", () => deviceMap(((1n << 40n) - 8n) as PhysAddr, 9n), BAD_ADDRESS],
  ["a size that wraps", () => deviceMap(APIC, 0xffff_ffff_ffff_ffffn), BAD_ADDRESS],
  ["nothing", () => deviceMap(APIC, 0n), EMPTY_RANGE],
])("%s is refused, and nothing changes", (_what, ask, status) => {
  const before = framesFree();
  expect(ask()).toBe(status);
  expect([inWindows(), framesFree()]).toEqual([[], before]);
});

test("one address has one memory type: asked for again it is there, asked for as another thing it is refused", () => {
  expect(deviceMap(APIC, 0x1000n)).toBe(OK);
  const before = framesFree();
  expect(deviceMap((APIC + 0x10n) as PhysAddr, 0x1000n)).toBe(OK); // a page more
  expect(screenMap((APIC + 0x1000n) as PhysAddr, 0x2000n)).toBe(ALREADY_MAPPED);
  expect(inWindows().map(({ va }) => va)).toEqual([deviceAt(APIC), deviceAt((APIC + 0x1000n) as PhysAddr)]);
  expect(framesFree()).toBe(before);
});

test("without a frame for a table a window says so and stays as it was", () => {
  const before = framesFree();
  for (let left = 0; left < 2; left++) {
    withFrames(left, () => expect(deviceMap(APIC, 0x1000n)).toBe(NO_MEMORY));
    expect([inWindows(), framesFree()]).toEqual([[], before]);
  }
  withFrames(2, () => expect(deviceMap(APIC, 0x1000n)).toBe(OK));
  expect(translate(kernelRoot(), deviceAt((APIC + 0x123n) as PhysAddr) as VirtAddr)).toBe(APIC + 0x123n);
});
