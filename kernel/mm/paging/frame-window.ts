/**
 * The window in which the frame table lies: the record of frame n is at FRAME_TABLE + 32 n. Only records of memory that
 * the kernel can have are there: a hole of a terabyte costs nothing, and records that nobody has written cost no time.
 *
 * It is made before the first frame is taken, out of the memory map, in the boot tables; the kernel's own tables, and
 * with them every space, take over the one entry of the root that leads here.
 */
import { logEnd, logHex, logNumber, logPhys } from "../../base/log.ts";
import { fillWords, readCr3 } from "../../doors/machine.ts";
import {
  alignDown, alignUp, BOOT_REACH, type Frame, FRAME_TABLE, frameAfter, frameBytes, frameOf, lower, NO_FRAME, NO_PHYS,
  PAGE_SHIFT, PAGE_SIZE, type PhysAddr, physAddr, virtAddr,
} from "../../lib/addr.ts";
import { NO_MEMORY, OK, type Status } from "../../lib/status.ts";
import { FRAME_SHIFT } from "../phys/frame-table.ts";
import { memoryMapClaim, memoryMapRelease, placeFind, placeFindHighest } from "../phys/memory-map.ts";
import { REGION_RECORDS, regionCount, regionEnd, regionIsFromUsable, regionStart } from "../phys/regions.ts";
import {
  levelSpan, PTE_GLOBAL, PTE_HUGE, PTE_NO_EXECUTE, PTE_PRESENT, PTE_WRITABLE, type Pte, pteFrame, pteMake,
  pteRead, pteWrite, TABLE_ENTRIES, TOP_LEVEL,
} from "./pte.ts";
import { entryAddr } from "./walk.ts";

const LEAF = PTE_PRESENT | PTE_WRITABLE | PTE_GLOBAL | PTE_NO_EXECUTE;
const LARGE = 2;
const LARGE_FRAMES = 512;

// A first pass counts the pages that the window needs, of either size, and the tables; a second one maps them.
let isMapping = false;
let largeCount = 0;
let smallCount = 0;
let tableCount = 0;
let covered3 = 0n; // below this the window has its tables of level 2
let covered2 = 0n; // and where a small page begins, those of level 1
let root: Frame = NO_FRAME;
let largeAt: Frame = NO_FRAME; // the first frames of what the second pass maps
let smallAt: Frame = NO_FRAME;
let tablesAt: Frame = NO_FRAME;

/**
 * Builds the window over the boot tables that CR3 names, out of usable memory: pages as high as they go, tables below
 * 4 GiB, all of it a region of the memory map from now on. NO_MEMORY, with a line and nothing changed.
 * Cost: one entry for each 256 MiB of memory, and at its ragged ends one for each 512 KiB.
 */
export function frameWindowBuild(): Status {
  isMapping = false;
  windowPass();
  const frames = largeCount * LARGE_FRAMES + smallCount;
  const size = BigInt(frames) << PAGE_SHIFT;
  const pages = placeFindHighest(size, largeCount > 0 ? levelSpan(LARGE) : PAGE_SIZE);
  if (pages !== NO_PHYS) memoryMapClaim(pages, physAddr(pages + size), REGION_RECORDS);
  const tablesSize = BigInt(tableCount) << PAGE_SHIFT;
  const tables = placeFind(tablesSize, PAGE_SIZE, BOOT_REACH);
  if (pages === NO_PHYS || tables === NO_PHYS) {
    memoryMapRelease(REGION_RECORDS);
    logHex("mm/paging: no room for the frame table, size=", size);
    logEnd();
    return NO_MEMORY;
  }
  memoryMapClaim(tables, physAddr(tables + tablesSize), REGION_RECORDS);

  isMapping = true;
  root = frameOf(physAddr(alignDown(readCr3(), PAGE_SIZE)));
  largeAt = frameOf(pages);
  smallAt = frameAfter(largeAt, largeCount * LARGE_FRAMES);
  tablesAt = frameOf(tables);
  windowPass();
  logPhys("mm/paging: frame table at=", pages);
  logHex(" size=", size);
  logNumber(" tables=", tableCount);
  logEnd();
  return OK;
}

/** The root's entry for the window, for the root of other tables. */
export function frameWindowEntry(): Pte {
  return pteRead(entryAddr(root, FRAME_TABLE, TOP_LEVEL));
}

/** All stretches of records, from the lowest up. */
function windowPass(): void {
  largeCount = 0;
  smallCount = 0;
  tableCount = 0;
  covered3 = 0n;
  covered2 = 0n;
  tableNeed(0n, TOP_LEVEL);
  let from = 0n;
  let to = 0n;
  for (let i = 0; i < regionCount(); i++) {
    if (!regionIsFromUsable(i)) continue;
    const start = alignDown(recordOffset(regionStart(i)), PAGE_SIZE);
    if (start > to) {
      stretch(from, to);
      from = start;
    }
    to = alignUp(recordOffset(regionEnd(i)), PAGE_SIZE);
  }
  stretch(from, to);
}

/** Where the record of the frame at `pa` lies in the window. */
function recordOffset(pa: bigint): bigint {
  return (pa >> PAGE_SHIFT) << FRAME_SHIFT;
}

/** Pages for the records at from..to-1: large ones, and small ones where a large one would reach beyond. */
function stretch(from: bigint, to: bigint): void {
  const span = levelSpan(LARGE);
  for (let at = from; at < to; ) {
    const next = lower(alignDown(at, span) + span, to);
    if (at >= covered3) {
      tableNeed(at, 3);
      covered3 = alignDown(at, levelSpan(3)) + levelSpan(3);
    }
    if (next - at === span) largePage(at);
    else smallPages(at, next);
    at = next;
  }
}

function largePage(at: bigint): void {
  const frame = frameAfter(largeAt, largeCount * LARGE_FRAMES);
  largeCount++;
  if (isMapping) pteWrite(entryOf(at, LARGE), pteMake(frame, LEAF | PTE_HUGE));
}

function smallPages(from: bigint, to: bigint): void {
  if (from >= covered2) {
    tableNeed(from, LARGE);
    covered2 = alignDown(from, levelSpan(LARGE)) + levelSpan(LARGE);
  }
  for (let at = from; at < to; at += PAGE_SIZE) {
    const frame = frameAfter(smallAt, smallCount);
    smallCount++;
    if (isMapping) pteWrite(entryOf(at, 1), pteMake(frame, LEAF));
  }
}

/** The entry of `level` for the records at `at` gets a table of its own, empty. */
function tableNeed(at: bigint, level: number): void {
  const table = frameAfter(tablesAt, tableCount);
  tableCount++;
  if (!isMapping) return;
  fillWords(frameBytes(table), 0n, TABLE_ENTRIES);
  pteWrite(entryOf(at, level), pteMake(table, PTE_PRESENT | PTE_WRITABLE));
}

/** The tables above it are there. */
function entryOf(at: bigint, level: number): PhysAddr {
  const va = virtAddr(FRAME_TABLE + at);
  let table = root;
  for (let above = TOP_LEVEL; above > level; above--) table = pteFrame(pteRead(entryAddr(table, va, above)));
  return entryAddr(table, va, level);
}
