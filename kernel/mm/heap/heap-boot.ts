/**
 * Where the heap lies: the boot options heap.base and heap.size, and the frames behind them, all of them mapped at
 * boot.
 *
 * heap.base is a page in the lower half and in a PML4 slot of its own: not 0 (programs and null pointers) and not 255
 * (the stacks of programs). heap.size is a number of whole pages that does not leave the slot. What does not fit gets
 * a line, and the default is used.
 */
import { logEnd, logHex, logLine, logNumber, logText, logVirt } from "../../base/log.ts";
import { optionNumber } from "../../dev/boot-options.ts";
import {
  alignDown, frameOf, isPageAligned, NO_FRAME, type Page, PAGE_SIZE, pageAfter, pageOf, virtAddr,
} from "../../lib/addr.ts";
import { NO_MEMORY, OK, type Status } from "../../lib/status.ts";
import { kernelRoot } from "../paging/kernel-map.ts";
import { mapPage } from "../paging/map.ts";
import { levelFrames, PTE_GLOBAL, PTE_NO_EXECUTE, PTE_WRITABLE } from "../paging/pte.ts";
import { flushNow } from "../paging/flush.ts";
import { unmapPage } from "../paging/unmap.ts";
import { translate } from "../paging/walk.ts";
import { frameGive, framesFree, frameTake } from "../phys/frames.ts";
import { kernelHeap } from "../phys/owners.ts";
import { heapInit } from "./heap.ts";

export const HEAP_BASE = 0x4444_4444_0000n as Page;
const HEAP_SIZE = 0x10_0000n;
/** Least and greatest heap.size: 64 KiB, 32 GiB. */
const HEAP_SIZE_MIN = 0x1_0000n;
const HEAP_SIZE_MAX = 0x8_0000_0000n;

/** With this many free frames heapBoot cannot fail: the default's 256 pages, their tables, and what it leaves. */
export const HEAP_FRAMES_LEAST = 520;
/** Frames that the heap leaves to the rest of the kernel. */
const FRAMES_LEFT = 256;

const SLOT_SHIFT = 39n;
const SLOT_SIZE = 1n << SLOT_SHIFT;
const LAST_USER_SLOT = 255n;

let base: Page = HEAP_BASE;
let size = HEAP_SIZE;

/**
 * Maps the arena that the options ask for, every page backed by a frame, and makes it one free block. If one so large
 * would leave the kernel without memory to work with, the default is tried. NO_MEMORY: not even that fits; nothing is
 * mapped, and every frame is given back.
 */
export function heapBoot(): Status {
  optionsRead();
  let status = isRoomLeft() ? pagesMap() : NO_MEMORY;
  if (status !== OK && size > HEAP_SIZE) {
    logHex("mm/heap: not enough memory for heap.size=", size);
    logLine(", the default is used");
    size = HEAP_SIZE;
    status = pagesMap();
  }
  if (status === OK) {
    heapInit(base, Number(size));
    logVirt("mm/heap: heap base=", base);
  } else {
    logText("mm/heap: not enough memory for a heap");
  }
  logNumber(" kib=", Number(size >> 10n));
  logEnd();
  return status;
}

function optionsRead(): void {
  size = optionNumber("heap.size", HEAP_SIZE);
  if (size < HEAP_SIZE_MIN || size > HEAP_SIZE_MAX || !isPageAligned(size)) {
    logHex("mm/heap: heap.size=", size);
    logText(isPageAligned(size) ? " is not 64K to 32G" : " is not whole pages");
    logLine("; the default is used");
    size = HEAP_SIZE;
  }
  const asked = optionNumber("heap.base", HEAP_BASE);
  base = HEAP_BASE;
  if (isPageOfKernelSlot(asked) && isRoomInSlot(asked)) {
    base = pageOf(virtAddr(asked));
    return;
  }
  logHex("mm/heap: heap.base=", asked);
  if (!isPageAligned(asked)) logText(" is not a page");
  else logText(isPageOfKernelSlot(asked) ? " leaves its slot" : " is not in slots 1-254");
  logLine("; the default is used");
}

function isPageOfKernelSlot(start: bigint): boolean {
  const slot = start >> SLOT_SHIFT;
  return isPageAligned(start) && slot > 0n && slot < LAST_USER_SLOT;
}
/** With `size` known: does the heap from there on stay within one slot? */
function isRoomInSlot(start: bigint): boolean {
  return start + size <= alignDown(start, SLOT_SIZE) + SLOT_SIZE;
}

/** Are there frames for an arena larger than the default, and FRAMES_LEFT besides? The default asks for no more. */
function isRoomLeft(): boolean {
  if (size <= HEAP_SIZE) return true;
  const count = Number(size / PAGE_SIZE);
  // At most: full ones of level 1 and 2, two more of each where the arena's ends are ragged, one of level 3.
  const tables = Math.trunc(count / levelFrames(2)) + Math.trunc(count / levelFrames(3)) + 5;
  return framesFree() >= count + tables + FRAMES_LEFT;
}

/** All pages of the arena, or none. */
function pagesMap(): Status {
  const count = Number(size / PAGE_SIZE);
  if (framesFree() < count) return NO_MEMORY;
  for (let done = 0; done < count; done++) {
    const status = pageMap(pageAfter(base, done));
    if (status === OK) continue;
    pagesUnmap(done);
    return status;
  }
  return OK;
}

function pageMap(page: Page): Status {
  const frame = frameTake(kernelHeap());
  if (frame === NO_FRAME) return NO_MEMORY;
  const status = mapPage(kernelRoot(), page, frame, PTE_WRITABLE | PTE_NO_EXECUTE | PTE_GLOBAL);
  if (status !== OK) frameGive(frame);
  return status;
}

/** The first `count` pages, the last mapped first. */
function pagesUnmap(count: number): void {
  for (let left = count; left > 0; left--) {
    const page = pageAfter(base, left - 1);
    const frame = frameOf(translate(kernelRoot(), page));
    flushNow(unmapPage(kernelRoot(), page));
    frameGive(frame);
  }
}
