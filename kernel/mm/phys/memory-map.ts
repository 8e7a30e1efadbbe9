/**
 * What lies where in physical memory: sorted regions of whole pages that do not overlap, made from the loader's
 * ranges and from what the kernel claims of them. Addresses in no region are a hole: nobody said anything about them.
 *
 * Two tables in .bss: claims (input, in any order, overlapping) and regions (the answer). An address belongs to the
 * strongest claim on it, by the order of REGION_*. Ours count only where the firmware says that there is usable
 * memory.
 */
import { staticBytes } from "../../doors/machine.ts";
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
  type PhysAddr, DIRECT_MAP_SIZE, PAGE_SHIFT, PAGE_SIZE, alignDown, alignUp, lower, physAddr,
} from "../../lib/addr.ts";
import { layout, u32, u64 } from "../../lib/layout.ts";
import { type Status, NO_MEMORY, OK } from "../../lib/status.ts";

/** Memory for the frame pool. */
export const REGION_USABLE = 1;
/** Ours, out of usable memory. */
export const REGION_LOW = 2;
export const REGION_BITMAP = 3;
export const REGION_BOOT_INFO = 4;
export const REGION_MODULE = 5;
export const REGION_BOOT = 6; // the image's boot part: its memory is given to the pool later
export const REGION_KERNEL = 7;
/** The firmware's. */
export const REGION_ACPI_RECLAIMABLE = 8;
export const REGION_ACPI_NVS = 9;
export const REGION_RESERVED = 10;
export const REGION_BAD = 11;
const REGION_HOLE = 0;

/** The first MiB belongs to firmware, real-mode code and devices, whatever the map says. */
const LOW_END = 0x10_0000n;

/*
 *   SPAN, 24 bytes
 *   +0   | start                         |
 *   +8   | end                           |
 *   +16  | kind          | reserved      |
 */
const SPAN = layout(24, { start: u64, end: u64, kind: u32, reserved: u32 });
/** The loader's ranges, its modules and information, and five of our own. */
const CLAIM_LIMIT = RANGE_LIMIT + MODULE_LIMIT + 8;
/** Between two neighbouring bounds of claims lies at most one region. */
const REGION_LIMIT = 2 * CLAIM_LIMIT;

const claims = staticBytes(CLAIM_LIMIT * SPAN.SIZE, 8);
const regions = staticBytes(REGION_LIMIT * SPAN.SIZE, 8);
const END_OF_MEMORY = 0xffff_ffff_ffff_ffffn;

let claimCount = 0;
let regionsMade = 0;

/**
 * Makes the map from the boot information and the image's place. NO_MEMORY when nothing usable is left.
 * Cost: with n ranges and modules, 2n bounds and n looks at each.
 */
export function memoryMapBuild(): Status {
  claimCount = 0;
  for (let i = 0; i < rangeCount(); i++) rangeClaim(rangeStart(i), rangeEnd(i), rangeKind(i));
  for (let i = 0; i < moduleCount(); i++) claimOutwards(moduleStart(i), moduleEnd(i), REGION_MODULE);
  claimOutwards(0n, LOW_END, REGION_LOW);
  claimOutwards(loaderInfoStart(), loaderInfoEnd(), REGION_BOOT_INFO);
  claimOutwards(bootStart(), bootEnd(), REGION_BOOT);
  claimOutwards(bootEnd(), imageEnd(), REGION_KERNEL);
  regionsMake();

  const imageBytes = bytesOf(REGION_KERNEL) + bytesOf(REGION_BOOT);
  if (imageBytes !== imageEnd() - bootStart()) {
    // UEFI GRUB loads over ACPI's memory without a word; the kernel runs, but who knows who writes there.
    logLine("mm/phys: the firmware says that the kernel's own memory is not usable");
  }
  if (usableBytes() === 0n) {
    logLine("mm/phys: there is no usable memory");
    return NO_MEMORY;
  }
  logText("mm/phys: memory map");
  logNumber(" regions=", regionsMade);
  logNumber(" usable-frames=", Number(usableBytes() >> PAGE_SHIFT));
  logPhys(" end=", highestUsable());
  logEnd();
  return OK;
}

/**
 * Takes the page-aligned start..end-1 out of usable memory: of one region, or of several. Once, after memoryMapBuild.
 */
export function memoryMapClaim(start: PhysAddr, end: PhysAddr, kind: number): void {
  claimAdd(start, end, kind);
  regionsMake();
}

// ---- what others ask: regions from the lowest address up ---------------------------------------------------
export function regionCount(): number {
  return regionsMade;
}
export function regionStart(index: number): PhysAddr {
  return physAddr(SPAN.start(regionAt(index)));
}
/** First byte after the region. */
export function regionEnd(index: number): PhysAddr {
  return physAddr(SPAN.end(regionAt(index)));
}
/** One of REGION_*. */
export function regionKind(index: number): number {
  return SPAN.kind(regionAt(index));
}

/** Ordinary memory: usable, ours, or ACPI's tables. What the direct map shows; never a device. */
export function regionIsMemory(index: number): boolean {
  const kind = regionKind(index);
  return kind >= REGION_USABLE && kind <= REGION_ACPI_NVS;
}

/** Writes the region's kind to the log. */
export function regionNameLog(index: number): void {
  switch (regionKind(index)) {
    case REGION_USABLE:
      logText("usable");
      return;
    case REGION_LOW:
      logText("first MiB");
      return;
    case REGION_BITMAP:
      logText("frame bitmap");
      return;
    case REGION_BOOT_INFO:
      logText("boot information");
      return;
    case REGION_MODULE:
      logText("module");
      return;
    case REGION_BOOT:
      logText("boot code and tables");
      return;
    case REGION_KERNEL:
      logText("kernel");
      return;
    case REGION_ACPI_RECLAIMABLE:
      logText("ACPI tables");
      return;
    case REGION_ACPI_NVS:
      logText("ACPI NVS");
      return;
    case REGION_BAD:
      logText("bad memory");
      return;
    default:
      logText("reserved");
  }
}

/**
 * First byte after the highest memory that the firmware calls usable, ours included: it may all be in the pool some
 * day. At most memoryLimit(); 0 if there is none. No measure of what the firmware reserves: QEMU does so just below 1
 * TiB.
 */
export function highestUsable(): PhysAddr {
  for (let i = regionsMade - 1; i >= 0; i--) {
    if (isFromUsable(regionKind(i))) return regionEnd(i);
  }
  return physAddr(0n);
}

/** Whatever the firmware says, memory from here up is not used: the direct map has no room, or the CPU no address. */
export function memoryLimit(): PhysAddr {
  return physAddr(lower(DIRECT_MAP_SIZE, physicalLimit()));
}

/** What the frame pool can have, in bytes: a multiple of PAGE_SIZE. */
export function usableBytes(): bigint {
  return bytesOf(REGION_USABLE);
}

// ---- claims ------------------------------------------------------------------------------------------------
/** Usable memory counts by whole pages within it, all else by every page that it touches. */
function rangeClaim(start: PhysAddr, end: PhysAddr, kind: number): void {
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
  regionsMade = 0;
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
  return isFromUsable(strongest) && !usable ? REGION_HOLE : strongest;
}

function isFromUsable(kind: number): boolean {
  return kind >= REGION_USABLE && kind <= REGION_KERNEL;
}

function regionAppend(start: bigint, end: bigint, kind: number): void {
  if (regionsMade > 0 && regionEnd(regionsMade - 1) === start && regionKind(regionsMade - 1) === kind) {
    SPAN.setEnd(regionAt(regionsMade - 1), end);
    return;
  }
  spanWrite(regionAt(regionsMade), start, end, kind);
  regionsMade++;
}

function bytesOf(kind: number): bigint {
  let total = 0n;
  for (let i = 0; i < regionsMade; i++) {
    if (regionKind(i) === kind) total += regionEnd(i) - regionStart(i);
  }
  return total;
}

function spanWrite(at: bigint, start: bigint, end: bigint, kind: number): void {
  SPAN.setStart(at, start);
  SPAN.setEnd(at, end);
  SPAN.setKind(at, kind);
}
function claimAt(index: number): bigint {
  return claims + BigInt(index * SPAN.SIZE);
}
function regionAt(index: number): bigint {
  return regions + BigInt(index * SPAN.SIZE);
}
