/**
 * The memory map: how the loader's ranges and what the kernel claims of them become regions (regions.ts).
 *
 * Claims come in any order and may overlap. An address belongs to the strongest claim on it, by the order of REGION_*.
 * Ours count only where the firmware says that there is usable memory.
 */
import { copyBytes, staticBytes } from "../../doors/machine.ts";
import { physicalLimit } from "../../arch/cpu.ts";
import { bootEnd, bootStart, imageEnd } from "../../arch/image.ts";
import { logEnd, logLine, logNumber, logPhys, logText } from "../../base/log.ts";
import { panic } from "../../base/panic.ts";
import {
  MEMORY_ACPI_NVS,
  MEMORY_ACPI_RECLAIMABLE,
  MEMORY_BAD,
  MEMORY_USABLE,
  MODULE_LIMIT,
  RANGE_LIMIT,
  loaderInfoEnd,
  loaderInfoStart,
  moduleCount,
  moduleEnd,
  moduleStart,
  rangeCount,
  rangeEnd,
  rangeKind,
  rangeStart,
} from "../../dev/boot-info.ts";
import {
  DIRECT_MAP_SIZE, NO_PHYS, PAGE_SHIFT, PAGE_SIZE, type PhysAddr, alignDown, alignUp, lower, physAddr,
} from "../../lib/addr.ts";
import { type Status, NO_MEMORY, OK } from "../../lib/status.ts";
import {
  kindIsFromUsable, REGION_ACPI_NVS, REGION_ACPI_RECLAIMABLE, REGION_BAD, REGION_BOOT, REGION_BOOT_INFO, REGION_HOLE,
  REGION_KERNEL, REGION_LOW, REGION_MODULE, REGION_RESERVED, REGION_USABLE, regionAppend, regionBytes, regionCount,
  regionEnd, regionIsFromUsable, regionKind, regionsClear, regionStart, SPAN, spanWrite,
} from "./regions.ts";

/** The first MiB belongs to firmware, real-mode code and devices, whatever the map says. */
const LOW_END = 0x10_0000n;

/** The loader's ranges, its modules and information, and five of our own. */
const CLAIM_LIMIT = RANGE_LIMIT + MODULE_LIMIT + 8;

const claims = staticBytes(CLAIM_LIMIT * SPAN.SIZE, 8);
const END_OF_MEMORY = 0xffff_ffff_ffff_ffffn;

let claimCount = 0;

/**
 * Makes the map from the boot information and the image's place. NO_MEMORY when nothing usable is left.
 * Cost: with n ranges and modules, 2n bounds and n looks at each.
 */
export function memoryMapBuild(): Status {
  claimCount = 0;
  for (let i = 0; i < rangeCount(); i++) loaderRangeClaim(rangeStart(i), rangeEnd(i), rangeKind(i));
  for (let i = 0; i < moduleCount(); i++) claimOutwards(moduleStart(i), moduleEnd(i), REGION_MODULE);
  claimOutwards(0n, LOW_END, REGION_LOW);
  claimOutwards(loaderInfoStart(), loaderInfoEnd(), REGION_BOOT_INFO);
  claimOutwards(bootStart(), bootEnd(), REGION_BOOT);
  claimOutwards(bootEnd(), imageEnd(), REGION_KERNEL);
  regionsMake();

  const imageBytes = regionBytes(REGION_KERNEL) + regionBytes(REGION_BOOT);
  if (imageBytes !== imageEnd() - bootStart()) {
    // UEFI GRUB loads over ACPI's memory without a word; the kernel runs, but who knows who writes there.
    logLine("mm/phys: the firmware says that the kernel's own memory is not usable");
  }
  if (usableBytes() === 0n) {
    logLine("mm/phys: there is no usable memory");
    return NO_MEMORY;
  }
  logText("mm/phys: memory map");
  logNumber(" regions=", regionCount());
  logNumber(" usable-frames=", Number(usableBytes() >> PAGE_SHIFT));
  logPhys(" end=", highestUsable());
  logEnd();
  return OK;
}

/** Takes the page-aligned start..end-1 out of usable memory: of one region, or of several. After memoryMapBuild. */
export function memoryMapClaim(start: PhysAddr, end: PhysAddr, kind: number): void {
  claimAdd(start, end, kind);
  regionsMake();
}

/** What was claimed as `kind`, one of ours, is claimed no longer: what is left of it becomes usable. */
export function memoryMapRelease(kind: number): void {
  let kept = 0;
  for (let i = 0; i < claimCount; i++) {
    if (SPAN.kind(claimAt(i)) === kind) continue;
    copyBytes(claimAt(kept), claimAt(i), SPAN.SIZE);
    kept++;
  }
  claimCount = kept;
  regionsMake();
}

/**
 * The lowest place in usable memory for `size` bytes, below `limit`, at a multiple of `align`; NO_PHYS if there is
 * none.
 */
export function placeFind(size: bigint, align: bigint, limit: bigint): PhysAddr {
  for (let i = 0; i < regionCount(); i++) {
    if (regionKind(i) !== REGION_USABLE) continue;
    const start = alignUp(regionStart(i), align);
    const end = lower(regionEnd(i), limit);
    if (start < end && end - start >= size) return physAddr(start);
  }
  return NO_PHYS;
}
/** The highest such place. */
export function placeFindHighest(size: bigint, align: bigint): PhysAddr {
  for (let i = regionCount() - 1; i >= 0; i--) {
    if (regionKind(i) !== REGION_USABLE || regionEnd(i) - regionStart(i) < size) continue;
    const start = alignDown(regionEnd(i) - size, align);
    if (start >= regionStart(i)) return physAddr(start);
  }
  return NO_PHYS;
}

/**
 * First byte after the highest memory that the firmware calls usable, ours included: it may all be in the pool some
 * day. At most memoryLimit(); 0 if there is none. No measure of what the firmware reserves: QEMU does so just below 1
 * TiB.
 */
export function highestUsable(): PhysAddr {
  for (let i = regionCount() - 1; i >= 0; i--) {
    if (regionIsFromUsable(i)) return regionEnd(i);
  }
  return physAddr(0n);
}

/** Whatever the firmware says, memory from here up is not used: the direct map has no room, or the CPU no address. */
export function memoryLimit(): PhysAddr {
  return physAddr(lower(DIRECT_MAP_SIZE, physicalLimit()));
}

/** What the frame pool can have, in bytes: a multiple of PAGE_SIZE. */
export function usableBytes(): bigint {
  return regionBytes(REGION_USABLE);
}

// ---- claims ------------------------------------------------------------------------------------------------
/** Usable memory counts by whole pages within it, all else by every page that it touches. */
function loaderRangeClaim(start: PhysAddr, end: PhysAddr, kind: number): void {
  if (kind !== MEMORY_USABLE) {
    claimOutwards(start, end, firmwareKind(kind));
    return;
  }
  claimAdd(alignUp(start, PAGE_SIZE), alignDown(lower(end, memoryLimit()), PAGE_SIZE), REGION_USABLE);
}

function firmwareKind(kind: number): number {
  switch (kind) {
    case MEMORY_ACPI_RECLAIMABLE:
      return REGION_ACPI_RECLAIMABLE;
    case MEMORY_ACPI_NVS:
      return REGION_ACPI_NVS;
    case MEMORY_BAD:
      return REGION_BAD;
    default:
      return REGION_RESERVED;
  }
}

function claimOutwards(start: bigint, end: bigint, kind: number): void {
  if (start < end) claimAdd(alignDown(start, PAGE_SIZE), alignUp(end, PAGE_SIZE), kind);
}

function claimAdd(start: bigint, end: bigint, kind: number): void {
  if (start >= end) return;
  if (claimCount === CLAIM_LIMIT) panic("memory-map: too many claims", start);
  spanWrite(claimAt(claimCount), start, end, kind);
  claimCount++;
}

// ---- from claims to regions --------------------------------------------------------------------------------
/** Walks from bound to bound of the claims; neighbours of one kind become one region. */
function regionsMake(): void {
  regionsClear();
  let start = 0n;
  while (start !== END_OF_MEMORY) {
    const end = boundAfter(start);
    const kind = kindAt(start);
    if (kind !== REGION_HOLE && end !== END_OF_MEMORY) regionAppend(start, end, kind);
    start = end;
  }
}

/** The lowest bound of a claim above `pa`; END_OF_MEMORY after the last. */
function boundAfter(pa: bigint): bigint {
  let next = END_OF_MEMORY;
  for (let i = 0; i < claimCount; i++) {
    const start = SPAN.start(claimAt(i));
    const end = SPAN.end(claimAt(i));
    if (start > pa && start < next) next = start;
    if (end > pa && end < next) next = end;
  }
  return next;
}

function kindAt(pa: bigint): number {
  let strongest = REGION_HOLE;
  let usable = false;
  for (let i = 0; i < claimCount; i++) {
    const claim = claimAt(i);
    if (pa < SPAN.start(claim) || pa >= SPAN.end(claim)) continue;
    const kind = SPAN.kind(claim);
    if (kind === REGION_USABLE) usable = true;
    if (kind > strongest) strongest = kind;
  }
  return kindIsFromUsable(strongest) && !usable ? REGION_HOLE : strongest;
}

function claimAt(index: number): bigint {
  return claims + BigInt(index * SPAN.SIZE);
}
