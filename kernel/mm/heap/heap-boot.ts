/**
 * Where the heap lies, and how large it is and may become: the boot options heap.base, heap.size and heap.max.
 *
 * heap.base is a page in the lower half and in a PML4 slot of its own: not 0 (programs and null pointers) and not 255
 * (the stacks of programs). heap.size is a number of whole pages that does not leave the slot, heap.max another that is
 * not below it. What makes no sense gets a line, and the default is used. The heap's room is twice heap.max; where the
 * slot ends before that, there is less to grow to.
 */
"compiler: cold"; // runs once
import { logEnd, logHex, logLine, logNumber, logText, logVirt } from "../../base/log.ts";
import { optionNumber } from "../../dev/boot-options.ts";
import {
  alignDown, higher, isPageAligned, lower, type Page, PAGE_SIZE, pageOf, virtAddr,
} from "../../lib/addr.ts";
import { NO_MEMORY, OK, type Status } from "../../lib/status.ts";
import { levelFrames } from "../paging/pte.ts";
import { slotShare } from "../paging/tables.ts";
import { framesFree } from "../phys/frames.ts";
import { heapInitMapped } from "./heap.ts";

export const HEAP_BASE = 0x4444_4444_0000n as Page;
const HEAP_SIZE = 0x10_0000n;
const HEAP_MAX = 0x400_0000n;
/** Least and greatest heap.size and heap.max: 64 KiB, 16 GiB. */
const SIZE_LEAST = 0x1_0000n;
const SIZE_MOST = 0x4_0000_0000n;

/** With this many free frames heapBoot cannot fail: the default's 256 pages, their tables, and what it leaves. */
export const HEAP_FRAMES_LEAST = 520;
/** Frames that the heap leaves to the rest of the kernel. */
const FRAMES_LEFT = 256;

const SLOT_SHIFT = 39n;
const SLOT_SIZE = 1n << SLOT_SHIFT;
const LAST_USER_SLOT = 255n;

let base: Page = HEAP_BASE;
let size = HEAP_SIZE;
let max = HEAP_MAX;

/**
 * Maps the heap that the options ask for, every page of it backed by a frame. If one so large would leave the kernel
 * without memory to work with, the default is tried. NO_MEMORY: not even that fits; nothing is mapped, and every frame
 * is given back.
 */
export function heapBoot(): Status {
  optionsRead();
  let status = isRoomLeft() ? heapMap() : NO_MEMORY;
  if (status !== OK && size > HEAP_SIZE) {
    logHex("mm/heap: not enough memory for heap.size=", size);
    logLine(", the default is used");
    size = HEAP_SIZE;
    status = heapMap();
  }
  if (status === OK) slotShare(base);
  if (status === OK) logVirt("mm/heap: heap base=", base);
  else logText("mm/heap: not enough memory for a heap");
  logNumber(" kib=", Number(size >> 10n));
  if (status === OK) logNumber(" max-kib=", Number(max >> 10n));
  logEnd();
  return status;
}

function optionsRead(): void {
  size = sizeRead("heap.size", HEAP_SIZE);
  max = sizeRead("heap.max", higher(HEAP_MAX, size));
  if (max < size) {
    logHex("mm/heap: heap.max=", max);
    logLine(" is below heap.size; it does not grow");
    max = size;
  }
  const asked = optionNumber("heap.base", HEAP_BASE);
  base = HEAP_BASE;
  if (isPageOfKernelSlot(asked) && roomInSlot(asked) >= size) {
    base = pageOf(virtAddr(asked));
    return;
  }
  logHex("mm/heap: heap.base=", asked);
  if (!isPageAligned(asked)) logText(" is not a page");
  else logText(isPageOfKernelSlot(asked) ? " leaves its slot" : " is not in slots 1-254");
  logLine("; the default is used");
}

function sizeRead(key: string, fallback: bigint): bigint {
  const value = optionNumber(key, fallback);
  if (value >= SIZE_LEAST && value <= SIZE_MOST && isPageAligned(value)) return value;
  logText("mm/heap: ");
  logText(key);
  logHex("=", value);
  logText(isPageAligned(value) ? " is not 64K to 16G" : " is not whole pages");
  logLine("; the default is used");
  return fallback;
}

function isPageOfKernelSlot(start: bigint): boolean {
  const slot = start >> SLOT_SHIFT;
  return isPageAligned(start) && slot > 0n && slot < LAST_USER_SLOT;
}
/** Bytes from `start` to the end of its slot. */
function roomInSlot(start: bigint): bigint {
  return alignDown(start, SLOT_SIZE) + SLOT_SIZE - start;
}

/** Are there frames for a heap larger than the default, and FRAMES_LEFT besides? The default asks for no more. */
function isRoomLeft(): boolean {
  if (size <= HEAP_SIZE) return true;
  const count = Number(size / PAGE_SIZE);
  // At most: full ones of level 1 and 2, two more of each where the arena's ends are ragged, one of level 3.
  const tables = Math.trunc(count / levelFrames(2)) + Math.trunc(count / levelFrames(3)) + 5;
  return framesFree() >= count + tables + FRAMES_LEFT;
}

function heapMap(): Status {
  max = higher(size, lower(max, alignDown(roomInSlot(base) >> 1n, PAGE_SIZE)));
  return heapInitMapped(base, Number(size), Number(max));
}
