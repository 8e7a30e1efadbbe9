/**
 * What lies where in physical memory, and whose it is: sorted regions of whole pages that do not overlap. Addresses in
 * no region are a hole: nobody said anything about them. memory-map.ts makes them.
 */
import { staticBytes } from "../../doors/machine.ts";
import { panic } from "../../base/panic.ts";
import { type PhysAddr, physAddr } from "../../lib/addr.ts";
import { layout, u32, u64 } from "../../lib/layout.ts";

/** Memory for the frame pool. */
export const REGION_USABLE = 1;
/** Ours, out of usable memory. */
export const REGION_LOW = 2;
export const REGION_BITMAP = 3;
export const REGION_RECORDS = 4;
export const REGION_BOOT_INFO = 5;
export const REGION_MODULE = 6;
export const REGION_BOOT = 7; // the image's boot part: its memory is given to the pool later
export const REGION_KERNEL = 8;
/** The firmware's. */
export const REGION_ACPI_RECLAIMABLE = 9;
export const REGION_ACPI_NVS = 10;
export const REGION_RESERVED = 11;
export const REGION_BAD = 12;
/** No region. */
export const REGION_HOLE = 0;

/*
 *   SPAN, 24 bytes
 *   +0   | start                         |
 *   +8   | end                           |
 *   +16  | kind          | reserved      |
 */
export const SPAN = layout(24, { start: u64, end: u64, kind: u32, reserved: u32 });
/** More than there can be: memory-map.ts has at most half as many claims, and between two bounds lies one region. */
const REGION_LIMIT = 1024;

const regionTable = staticBytes(REGION_LIMIT * SPAN.SIZE, 8);
let regionsMade = 0;

export function regionCount(): number {
  return regionsMade;
}
export function regionStart(index: number): PhysAddr {
  return physAddr(SPAN.start(spanAt(index)));
}
/** First byte after the region. */
export function regionEnd(index: number): PhysAddr {
  return physAddr(SPAN.end(spanAt(index)));
}
/** One of REGION_*. */
export function regionKind(index: number): number {
  return SPAN.kind(spanAt(index));
}

/** Ordinary memory: usable, ours, or ACPI's tables. What the direct map shows; never a device. */
export function regionIsMemory(index: number): boolean {
  const kind = regionKind(index);
  return kind >= REGION_USABLE && kind <= REGION_ACPI_NVS;
}

/** What it is, in at most 20 characters. */
export function regionName(index: number): string {
  switch (regionKind(index)) {
    case REGION_USABLE:
      return "usable";
    case REGION_LOW:
      return "first MiB";
    case REGION_BITMAP:
      return "frame bitmap";
    case REGION_RECORDS:
      return "frame records";
    case REGION_BOOT_INFO:
      return "boot information";
    case REGION_MODULE:
      return "module";
    case REGION_BOOT:
      return "boot code and tables";
    case REGION_KERNEL:
      return "kernel";
    case REGION_ACPI_RECLAIMABLE:
      return "ACPI tables";
    case REGION_ACPI_NVS:
      return "ACPI NVS";
    case REGION_BAD:
      return "bad memory";
    default:
      return "reserved";
  }
}
/** Who has reserved it, in at most 8; memory in the pool is whoever's takes it. */
export function regionWho(index: number): string {
  switch (regionKind(index)) {
    case REGION_USABLE:
      return "pool";
    case REGION_LOW:
    case REGION_BITMAP:
    case REGION_RECORDS:
    case REGION_BOOT:
    case REGION_KERNEL:
      return "kernel";
    case REGION_BOOT_INFO:
    case REGION_MODULE:
      return "loader";
    default:
      return "firmware";
  }
}

/** Memory that the firmware calls usable, whatever we keep there. */
export function regionIsFromUsable(index: number): boolean {
  return kindIsFromUsable(regionKind(index));
}
export function kindIsFromUsable(kind: number): boolean {
  return kind >= REGION_USABLE && kind <= REGION_KERNEL;
}

/** The region in which `pa` lies, or -1. Cost: the number of regions. */
export function regionFind(pa: PhysAddr): number {
  for (let i = 0; i < regionsMade; i++) {
    if (pa >= regionStart(i) && pa < regionEnd(i)) return i;
  }
  return -1;
}

/** Bytes in all regions of a kind. */
export function regionBytes(kind: number): bigint {
  let total = 0n;
  for (let i = 0; i < regionsMade; i++) {
    if (regionKind(i) === kind) total += regionEnd(i) - regionStart(i);
  }
  return total;
}

// ---- for memory-map.ts ---------------------------------------------------------------------------------------
export function regionsClear(): void {
  regionsMade = 0;
}
/** From the lowest address up; neighbours of one kind become one region. */
export function regionAppend(start: bigint, end: bigint, kind: number): void {
  if (regionsMade > 0 && regionEnd(regionsMade - 1) === start && regionKind(regionsMade - 1) === kind) {
    SPAN.setEnd(spanAt(regionsMade - 1), end);
    return;
  }
  if (regionsMade === REGION_LIMIT) panic("regions: too many", start);
  spanWrite(spanAt(regionsMade), start, end, kind);
  regionsMade++;
}
export function spanWrite(at: bigint, start: bigint, end: bigint, kind: number): void {
  SPAN.setStart(at, start);
  SPAN.setEnd(at, end);
  SPAN.setKind(at, kind);
}

function spanAt(index: number): bigint {
  return regionTable + BigInt(index * SPAN.SIZE);
}
