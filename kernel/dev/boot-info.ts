/**
 * What the loader told us: one record, filled by the parsers (boot-multiboot, boot-pvh, fw-cfg), asked by everyone
 * else. All of it is a copy in .bss: nothing is read from firmware memory once bootInfoRead has returned.
 *
 * Ranges stay as the loader gave them: unsorted, overlapping, not aligned; mm/phys/memory-map makes sense of them.
 */
"compiler: cold"; // runs once
import { copyBytes, load8, staticBytes, store8 } from "../doors/machine.ts";
import { logEnd, logLine, logNumber, logText } from "../base/log.ts";
import { type PhysAddr, type VirtAddr, PHYS_LIMIT, higher, lower, physAddr, virtAddr } from "../lib/addr.ts";
import { bytes, layout, u32, u64 } from "../lib/layout.ts";

/** Kinds of memory, as in ACPI, "Address Range Types". Every other type counts as reserved. */
export const MEMORY_USABLE = 1;
export const MEMORY_RESERVED = 2;
export const MEMORY_ACPI_RECLAIMABLE = 3;
export const MEMORY_ACPI_NVS = 4;
export const MEMORY_BAD = 5;

export const RANGE_LIMIT = 256;
export const MODULE_LIMIT = 16;
export const MODULE_NAME_LIMIT = 56;
/** As long as Linux allows it to be on x86 (COMMAND_LINE_SIZE). */
export const COMMAND_LINE_LIMIT = 2048;

/*
 *   RANGE, 24 bytes
 *   +0   | start                         |
 *   +8   | end                           |
 *   +16  | kind          | reserved      |
 */
const RANGE = layout(24, { start: u64, end: u64, kind: u32, reserved: u32 });
/*
 *   MODULE, 80 bytes
 *   +0   | start                         |
 *   +8   | end                           |
 *   +16  | nameLength    | reserved      |
 *   +24  | name                          |
 *   +32  ...
 *   +72  |                               |
 */
const MODULE = layout(80, { start: u64, end: u64, nameLength: u32, reserved: u32, name: bytes(MODULE_NAME_LIMIT) });

const ranges = staticBytes(RANGE_LIMIT * RANGE.SIZE, 8);
const modules = staticBytes(MODULE_LIMIT * MODULE.SIZE, 8);
const commandText = staticBytes(COMMAND_LINE_LIMIT);

const SPACE = 0x20;
const NO_RANGE = -1;
const NOT_TOLD = 0n as PhysAddr;

let rangesKept = 0;
let modulesKept = 0;
let commandLength = 0;
let root = NOT_TOLD;
let loaderStart = NOT_TOLD;
let loaderEnd = NOT_TOLD;

// What did not fit or made no sense; bootInfoReport says so.
let usableDropped = 0;
let rangesMerged = 0;
let rangesRefused = 0;
let modulesDropped = 0;
let modulesRefused = 0;
let commandLineCut = false;

// ---- what others ask ---------------------------------------------------------------------------------------
export function rangeCount(): number {
  return rangesKept;
}
export function rangeStart(index: number): PhysAddr {
  return physAddr(RANGE.start(rangeAt(index)));
}
/** First byte after the range: at most PHYS_LIMIT, and above its start. */
export function rangeEnd(index: number): PhysAddr {
  return physAddr(RANGE.end(rangeAt(index)));
}
/** One of MEMORY_*. */
export function rangeKind(index: number): number {
  return RANGE.kind(rangeAt(index));
}

export function moduleCount(): number {
  return modulesKept;
}
export function moduleStart(index: number): PhysAddr {
  return physAddr(MODULE.start(moduleAt(index)));
}
/** First byte after the module: at or above its start. */
export function moduleEnd(index: number): PhysAddr {
  return physAddr(MODULE.end(moduleAt(index)));
}
/** The text that the loader gave with it, moduleNameLength(index) bytes: untrusted, perhaps cut, perhaps empty. */
export function moduleName(index: number): VirtAddr {
  return virtAddr(MODULE.nameAt(moduleAt(index)));
}
export function moduleNameLength(index: number): number {
  return MODULE.nameLength(moduleAt(index));
}

/** The command line, commandLineLength() bytes of untrusted text: the loader's words, then those of fw_cfg. */
export function commandLine(): VirtAddr {
  return virtAddr(commandText);
}
export function commandLineLength(): number {
  return commandLength;
}

/** Where ACPI's XSDT is, or its RSDT on a machine that has no other; 0 if the loader knew of none. */
export function acpiRoot(): PhysAddr {
  return root;
}
/** The structure that the loader left in memory: start, and first byte after it. */
export function loaderInfoStart(): PhysAddr {
  return loaderStart;
}
export function loaderInfoEnd(): PhysAddr {
  return loaderEnd;
}

// ---- what the parsers fill in ------------------------------------------------------------------------------
/** Forgets everything. */
export function bootInfoClear(): void {
  rangesKept = 0;
  modulesKept = 0;
  commandLength = 0;
  root = NOT_TOLD;
  loaderStart = NOT_TOLD;
  loaderEnd = NOT_TOLD;
  usableDropped = 0;
  rangesMerged = 0;
  rangesRefused = 0;
  modulesDropped = 0;
  modulesRefused = 0;
  commandLineCut = false;
}

/**
 * One entry of the loader's memory map, `type` as the loader wrote it. An empty one says nothing. Of one that reaches
 * past PHYS_LIMIT, or wraps around, the part below the limit counts where it takes memory away; where it would give
 * us memory, it is not believed at all.
 * When the record is full, memory that could be used is lost; anything else is merged into a range kept, which may then
 * cover too much. Either way nothing becomes usable that the loader did not call so. Cost: RANGE_LIMIT when full.
 */
export function rangeAdd(start: bigint, length: bigint, type: number): void {
  if (length === 0n) return;
  const kind = kindOf(type);
  const beyond = start >= PHYS_LIMIT;
  if (beyond || length > PHYS_LIMIT - start) {
    rangesRefused++;
    if (beyond || kind === MEMORY_USABLE) return;
  }
  const end = start + lower(length, PHYS_LIMIT - start);

  if (rangesKept < RANGE_LIMIT) {
    rangeWrite(rangesKept, start, end, kind);
    rangesKept++;
  } else if (kind === MEMORY_USABLE) {
    usableDropped++;
  } else {
    rangeMerge(start, end, kind);
  }
}

/**
 * A file that the loader put into memory, and `nameLength` bytes of text for it. One that does not fit into the
 * record is still reserved, one that ends before it starts or past PHYS_LIMIT is ignored.
 */
export function moduleAdd(start: bigint, end: bigint, name: VirtAddr, nameLength: number): void {
  if (end < start || end > PHYS_LIMIT) {
    modulesRefused++;
    return;
  }
  if (modulesKept === MODULE_LIMIT) {
    modulesDropped++;
    rangeAdd(start, end - start, MEMORY_RESERVED);
    return;
  }
  const at = moduleAt(modulesKept);
  const kept = nameLength < MODULE_NAME_LIMIT ? nameLength : MODULE_NAME_LIMIT;
  MODULE.setStart(at, start);
  MODULE.setEnd(at, end);
  MODULE.setNameLength(at, kept);
  copyBytes(MODULE.nameAt(at), name, kept);
  modulesKept++;
}

/**
 * More words for the command line, after those that it has. What does not fit is dropped by whole words, so that a
 * number is never read with its last digits missing.
 */
export function commandLineAdd(text: VirtAddr, length: number): void {
  const gap = commandLength === 0 ? 0 : 1;
  const room = COMMAND_LINE_LIMIT - commandLength - gap;
  const count = length <= room ? length : wholeWords(text, room);
  if (count < length) commandLineCut = true;
  if (count <= 0) return;

  const end = commandText + BigInt(commandLength);
  if (gap === 1) store8(end, SPACE);
  copyBytes(end + BigInt(gap), text, count);
  commandLength += gap + count;
}

export function acpiRootSet(pa: PhysAddr): void {
  root = pa;
}
export function loaderInfoSet(start: PhysAddr, end: PhysAddr): void {
  loaderStart = start;
  loaderEnd = end;
}

/** Does this byte stand between two words? Control characters do: a file of options ends in a line feed. */
export function isBlank(byte: number): boolean {
  return byte <= SPACE;
}

/** One line for each thing in the loader's information that was not taken as it was. */
export function bootInfoReport(): void {
  if (rangesRefused > 0) lineWithCount("dev: memory ranges past the end of addresses, not believed", rangesRefused);
  if (usableDropped > 0) lineWithCount("dev: too many memory ranges, usable ones are lost", usableDropped);
  if (rangesMerged > 0) lineWithCount("dev: too many memory ranges, reserved ones are merged", rangesMerged);
  if (modulesRefused > 0) lineWithCount("dev: modules that make no sense are ignored", modulesRefused);
  if (modulesDropped > 0) lineWithCount("dev: too many modules, the last are kept out of reach", modulesDropped);
  if (commandLineCut) logLine("dev: the command line is too long, its last words are dropped");
}

// ---- helpers -----------------------------------------------------------------------------------------------
function rangeAt(index: number): bigint {
  return ranges + BigInt(index * RANGE.SIZE);
}
function moduleAt(index: number): bigint {
  return modules + BigInt(index * MODULE.SIZE);
}

function rangeWrite(index: number, start: bigint, end: bigint, kind: number): void {
  const at = rangeAt(index);
  RANGE.setStart(at, start);
  RANGE.setEnd(at, end);
  RANGE.setKind(at, kind);
}

function kindOf(type: number): number {
  return type >= MEMORY_USABLE && type <= MEMORY_BAD ? type : MEMORY_RESERVED;
}

/** Widens the range not usable for which that adds least; with none such, the last range kept has to make way. */
function rangeMerge(start: bigint, end: bigint, kind: number): void {
  rangesMerged++;
  let best = NO_RANGE;
  let bestGrowth = PHYS_LIMIT;
  for (let i = 0; i < rangesKept; i++) {
    const growth = higher(end, rangeEnd(i)) - lower(start, rangeStart(i)) - (rangeEnd(i) - rangeStart(i));
    if (rangeKind(i) === MEMORY_USABLE || growth > bestGrowth) continue;
    best = i;
    bestGrowth = growth;
  }
  if (best === NO_RANGE) {
    usableDropped++;
    rangeWrite(rangesKept - 1, start, end, kind);
    return;
  }
  const mixed = rangeKind(best) === kind ? kind : MEMORY_RESERVED;
  rangeWrite(best, lower(start, rangeStart(best)), higher(end, rangeEnd(best)), mixed);
}

/** The most of the first `room` bytes that end where a word ends. Byte `room` exists. */
function wholeWords(text: VirtAddr, room: number): number {
  for (let count = room; count > 0; count--) {
    if (isBlank(load8(text + BigInt(count)))) return count;
  }
  return 0;
}

function lineWithCount(text: string, count: number): void {
  logText(text);
  logNumber(" count=", count);
  logEnd();
}
