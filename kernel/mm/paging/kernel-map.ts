/**
 * The kernel's own page tables: the direct map, the image, and a table of level 3 for each slot of the kernel half,
 * made now so that whatever is mapped there later is in every space at once. (The heap's slot gets its table from
 * heapBoot, the first to map there; no other space exists then.)
 *
 *   direct map    all memory, with the largest pages that fit      writable, but kernel text and rodata read-only
 *   image         text     read-only, executable                   the only executable pages
 *                 rodata   read-only
 *                 data     writable, bss and stacks included; the page under each stack is absent
 *
 * Everything is global, and nothing is the user's.
 */
import { hasGigabytePages } from "../../arch/cpu.ts";
import {
  dataEnd, dataStart, physOfImage, rodataEnd, rodataStart, stackGuard, stackGuardCount, textEnd, textStart,
} from "../../arch/image.ts";
import { flushAll } from "../../arch/tlb.ts";
import { logEnd, logLine, logNumber, logPhys } from "../../base/log.ts";
import { writeCr3 } from "../../doors/machine.ts";
import {
  directMap, type Frame, FRAME_TABLE, frameAddr, frameOf, higher, KERNEL_HALF, lower, NO_FRAME, type Page, PAGE_SHIFT,
  pageOf, physAddr, virtAddr,
} from "../../lib/addr.ts";
import { NO_MEMORY, OK, type Status } from "../../lib/status.ts";
import { framesFree } from "../phys/frames.ts";
import { kernelTables } from "../phys/owners.ts";
import { memoryLimit } from "../phys/memory-map.ts";
import { regionCount, regionEnd, regionIsMemory, regionStart } from "../phys/regions.ts";
import { flushLater, flushPay } from "./flush.ts";
import { frameWindowEntry } from "./frame-window.ts";
import { mapLargest, mapRange } from "./map.ts";
import {
  levelSpan, PTE_EMPTY, PTE_GLOBAL, PTE_NO_EXECUTE, PTE_WRITABLE, pteWrite, TOP_LEVEL,
} from "./pte.ts";
import { tableEntriesAdd, tablesInit, tablesReachAll, tablesStock, tableTake } from "./tables.ts";
import { tableTreeGive, unmapPage } from "./unmap.ts";
import { entryAddr, entryReach, NO_ENTRY } from "./walk.ts";

const TEXT = PTE_GLOBAL;
const RODATA = PTE_GLOBAL | PTE_NO_EXECUTE;
const DATA = PTE_GLOBAL | PTE_NO_EXECUTE | PTE_WRITABLE;
const KERNEL_SLOTS = 256;

let root: Frame = NO_FRAME;

/**
 * Builds the tables in frames below 4 GiB, where the boot tables reach. NO_MEMORY: not enough of those; they are all
 * given back. Cost: about 256 tables to clear, and one entry for each largest page of memory.
 */
export function kernelMapBuild(): Status {
  const before = framesFree();
  tablesInit();
  let status = rootBuild();
  if (status === OK) status = directMapBuild();
  if (status === OK) status = imageBuild();
  if (status === OK) {
    logPhys("mm/paging: kernel map root=", frameAddr(root));
    logNumber(" tables=", before - framesFree());
    logEnd();
    return OK;
  }
  logNumber("mm/paging: the kernel map cannot be built, status=", status);
  logLine(status === NO_MEMORY ? ", out of frames below 4 GiB" : "");
  flushPay();
  if (root !== NO_FRAME) {
    pteWrite(entryAddr(root, FRAME_TABLE, TOP_LEVEL), PTE_EMPTY); // its tables are the memory map's
    tableTreeGive(root, TOP_LEVEL);
  }
  root = NO_FRAME;
  return status;
}

/** From here on the CPU walks the kernel's own tables, and the boot tables are memory like any other. */
export function kernelMapSwitch(): void {
  writeCr3(frameAddr(root));
  flushAll(); // however the boot tables marked their pages
  flushPay();
  tablesReachAll();
}

/** The root of the kernel's tables; NO_FRAME before kernelMapBuild. */
export function kernelRoot(): Frame {
  return root;
}

function rootBuild(): Status {
  root = NO_FRAME;
  if (!tablesStock(1, kernelTables())) return NO_MEMORY;
  root = tableTake();
  pteWrite(entryAddr(root, FRAME_TABLE, TOP_LEVEL), frameWindowEntry());
  tableEntriesAdd(root, 1);
  for (let slot = 0; slot < KERNEL_SLOTS; slot++) {
    const va = virtAddr(KERNEL_HALF + BigInt(slot) * levelSpan(TOP_LEVEL));
    if (entryReach(root, va, TOP_LEVEL - 1, 0n) === NO_ENTRY) return NO_MEMORY;
  }
  return OK;
}

/** Regions of memory that touch each other are mapped as one run, so that large pages reach across them. */
function directMapBuild(): Status {
  let start = 0n;
  let end = 0n;
  for (let i = 0; i < regionCount(); i++) {
    if (!regionIsMemory(i)) continue;
    if (regionStart(i) !== end) {
      const status = directMapRun(start, end);
      if (status !== OK) return status;
      start = regionStart(i);
    }
    end = regionEnd(i);
  }
  return directMapRun(start, end);
}

/** What lies beyond memoryLimit() is left out; the part of the run that is text or rodata is read-only. */
function directMapRun(start: bigint, end: bigint): Status {
  const stop = lower(end, memoryLimit());
  const constantStart = physOfImage(textStart());
  const constantEnd = physOfImage(rodataEnd());
  let status = directMapPiece(start, lower(stop, constantStart), DATA);
  if (status === OK) status = directMapPiece(higher(start, constantStart), lower(stop, constantEnd), RODATA);
  if (status === OK) status = directMapPiece(higher(start, constantEnd), stop, DATA);
  return status;
}

function directMapPiece(start: bigint, end: bigint, flags: bigint): Status {
  if (start >= end) return OK;
  const pa = physAddr(start);
  const topLevel = hasGigabytePages() ? 3 : 2;
  return mapLargest(root, pageOf(directMap(pa)), frameOf(pa), Number((end - start) >> PAGE_SHIFT), flags, topLevel);
}

function imageBuild(): Status {
  let status = sectionMap(textStart(), textEnd(), TEXT);
  if (status === OK) status = sectionMap(rodataStart(), rodataEnd(), RODATA);
  if (status === OK) status = sectionMap(dataStart(), dataEnd(), DATA);
  for (let i = 0; i < stackGuardCount() && status === OK; i++) status = flushLater(unmapPage(root, stackGuard(i)));
  return status;
}

function sectionMap(start: Page, end: Page, flags: bigint): Status {
  return mapRange(root, start, frameOf(physOfImage(start)), Number((end - start) >> PAGE_SHIFT), flags);
}
