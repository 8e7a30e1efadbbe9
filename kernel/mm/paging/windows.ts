/**
 * What is not ordinary memory, mapped for those who drive it; arch and dev are handed the addresses and map nothing.
 *
 *   DEVICES  + p   registers and screens at physical address p: writable, uncached or write-combining
 *   FIRMWARE + p   the firmware's tables at p: read-only
 *
 * Nothing there is executable, or the user's. Each physical address has one place, so it has one memory type, whoever
 * maps it: two types for one address are undefined (Intel SDM vol. 3A, "Programming the PAT"). What is mapped stays.
 */
import { physicalLimit } from "../../arch/cpu.ts";
import { panic } from "../../base/panic.ts";
import {
  alignDown, alignUp, type Frame, frameAfter, frameOf, lower, type Page, PAGE_SIZE, pageAfter, pageOf, type PhysAddr,
  physAddr, type VirtAddr, virtAddr,
} from "../../lib/addr.ts";
import { ALREADY_MAPPED, BAD_ADDRESS, EMPTY_RANGE, NO_MEMORY, OK, type Status } from "../../lib/status.ts";
import { kernelTables } from "../phys/owners.ts";
import {
  REGION_ACPI_NVS, REGION_ACPI_RECLAIMABLE, REGION_RESERVED, regionCount, regionEnd, regionIsMemory, regionKind,
  regionStart,
} from "../phys/regions.ts";
import { kernelRoot } from "./kernel-map.ts";
import { mapPage } from "./map.ts";
import {
  levelSpan, PTE_ACCESSED, PTE_DIRTY, PTE_EMPTY, PTE_GLOBAL, PTE_NO_EXECUTE, PTE_PRESENT, PTE_UNCACHED, PTE_WRITABLE,
  PTE_WRITE_COMBINING, pteMake, pteRead,
} from "./pte.ts";
import { tablesStock, tablesStockEnd } from "./tables.ts";
import { entryDeepest } from "./walk.ts";

const DEVICES = 0xffff_d000_0000_0000n;
const FIRMWARE = 0xffff_d800_0000_0000n;
/** Of each: physical addresses from here on have no place. */
const WINDOW_SIZE = 1n << 43n;

const REGISTERS = PTE_GLOBAL | PTE_NO_EXECUTE | PTE_WRITABLE | PTE_UNCACHED;
const SCREEN = PTE_GLOBAL | PTE_NO_EXECUTE | PTE_WRITABLE | PTE_WRITE_COMBINING;
const TABLES = PTE_GLOBAL | PTE_NO_EXECUTE;
const CPU_BITS = PTE_ACCESSED | PTE_DIRTY;

/** Where a device's physical address is seen, once deviceMap or screenMap has mapped it. */
export function deviceAt(pa: PhysAddr): VirtAddr {
  return virtAddr(DEVICES + pa);
}
/** The same of the firmware's, once firmwareMap has. */
export function firmwareAt(pa: PhysAddr): VirtAddr {
  return virtAddr(FIRMWARE + pa);
}

/**
 * The `size` bytes of registers at `pa`, uncached: each access happens, and in order. BAD_ADDRESS: part of that is
 * memory, or has no place in the window; ALREADY_MAPPED: part of it is, as something else; EMPTY_RANGE; NO_MEMORY for
 * tables. Nothing has changed then. What is mapped so already is right. Cost: a walk for each page.
 */
export function deviceMap(pa: PhysAddr, size: bigint): Status {
  return windowMap(DEVICES, pa, size, REGISTERS);
}
/** The same for a device's memory that is only written, as a screen's: stores may be held back, and put together. */
export function screenMap(pa: PhysAddr, size: bigint): Status {
  return windowMap(DEVICES, pa, size, SCREEN);
}
/** The same for tables of the firmware's, read-only; BAD_ADDRESS: not all of it is what the firmware has kept. */
export function firmwareMap(pa: PhysAddr, size: bigint): Status {
  return windowMap(FIRMWARE, pa, size, TABLES);
}

function windowMap(window: bigint, pa: PhysAddr, size: bigint, flags: bigint): Status {
  if (size === 0n) return EMPTY_RANGE;
  const limit = lower(WINDOW_SIZE, physicalLimit());
  if (pa >= limit || size > limit - pa) return BAD_ADDRESS;
  const start = alignDown(pa, PAGE_SIZE);
  const end = alignUp(pa + size, PAGE_SIZE);
  if (window === DEVICES ? hasMemory(start, end) : !isFirmwares(pa, pa + size)) return BAD_ADDRESS;
  const first = pageOf(virtAddr(window + start));
  const count = Number((end - start) / PAGE_SIZE);
  const frame = frameOf(physAddr(start));
  for (let i = 0; i < count; i++) {
    if (!isEmptyOrSo(pageAfter(first, i), frameAfter(frame, i), flags)) return ALREADY_MAPPED;
  }
  if (!tablesStock(tablesMost(start, end), kernelTables())) return NO_MEMORY;
  for (let i = 0; i < count; i++) {
    const page = pageAfter(first, i);
    if (isEmpty(page) && mapPage(kernelRoot(), page, frameAfter(frame, i), flags) !== OK) {
      panic("mm/paging: a page of a window cannot be mapped", page);
    }
  }
  tablesStockEnd();
  return OK;
}

/** Of level 1 and 2, for the bytes start..end-1; those of level 3 are there. */
function tablesMost(start: bigint, end: bigint): number {
  return areas(start, end, levelSpan(2)) + areas(start, end, levelSpan(3));
}
function areas(start: bigint, end: bigint, span: bigint): number {
  return Number((alignUp(end, span) - alignDown(start, span)) / span);
}

function isEmpty(page: Page): boolean {
  return pteRead(entryDeepest(kernelRoot(), page, 1)) === PTE_EMPTY;
}
/** No page is there yet, or this one. */
function isEmptyOrSo(page: Page, frame: Frame, flags: bigint): boolean {
  const pte = pteRead(entryDeepest(kernelRoot(), page, 1));
  return pte === PTE_EMPTY || (pte & ~CPU_BITS) === pteMake(frame, flags | PTE_PRESENT);
}

/** Is any of start..end-1 memory, which the direct map shows? */
function hasMemory(start: bigint, end: bigint): boolean {
  for (let i = 0; i < regionCount(); i++) {
    if (regionIsMemory(i) && regionStart(i) < end && start < regionEnd(i)) return true;
  }
  return false;
}
/** Is all of start..end-1 what the firmware's map says that it keeps? */
function isFirmwares(start: bigint, end: bigint): boolean {
  let at = start;
  for (let i = 0; i < regionCount() && at < end; i++) { // by address
    if (regionStart(i) > at || regionEnd(i) <= at) continue;
    const kind = regionKind(i);
    if (kind !== REGION_ACPI_RECLAIMABLE && kind !== REGION_ACPI_NVS && kind !== REGION_RESERVED) return false;
    at = regionEnd(i);
  }
  return at >= end;
}
