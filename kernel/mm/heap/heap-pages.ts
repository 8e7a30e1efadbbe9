/**
 * The pages under the heap: frames from mm/phys, mapped by mm/paging. Nothing else in this room knows of either.
 * Where the heap lies in memory that is there anyway, as in the hosted library, pages are only counted.
 */
import {
  alignDown, alignUp, frameOf, NO_FRAME, type Page, PAGE_SHIFT, PAGE_SIZE, pageAfter, pageOf, type VirtAddr, virtAddr,
} from "../../lib/addr.ts";
import { NO_MEMORY, OK, type Status } from "../../lib/status.ts";
import { kernelRoot } from "../paging/kernel-map.ts";
import { mapPage } from "../paging/map.ts";
import { PTE_GLOBAL, PTE_NO_EXECUTE, PTE_WRITABLE } from "../paging/pte.ts";
import { flushNow } from "../paging/flush.ts";
import { unmapPage } from "../paging/unmap.ts";
import { translate } from "../paging/walk.ts";
import { frameGive, framesFree, frameTake } from "../phys/frames.ts";
import { kernelHeap } from "../phys/owners.ts";

const HEAP_FLAGS = PTE_WRITABLE | PTE_NO_EXECUTE | PTE_GLOBAL;

let isMapping = false;
let committed = 0;
let committedMost = 0;
let limit = 0;

/** No page yet, at most `maxBytes` bytes of them, and they are there already. */
export function pagesAreThere(maxBytes: bigint): void {
  isMapping = false;
  committed = 0;
  committedMost = 0;
  limit = Number(maxBytes >> PAGE_SHIFT);
}
/** No page yet, at most `maxBytes` bytes of them, each to be mapped. */
export function pagesAreMapped(maxBytes: bigint): void {
  pagesAreThere(maxBytes);
  isMapping = true;
}

/** Pages that the heap has, and the most that it ever had since it began. */
export function pagesCommitted(): number {
  return committed;
}
export function pagesCommittedMost(): number {
  return committedMost;
}

/** Memory for every page of from..to-1, none of which has any; or NO_MEMORY, and for none of them. */
export function pagesCommit(from: VirtAddr, to: VirtAddr): Status {
  const count = Number((to - from) >> PAGE_SHIFT);
  if (count > limit - committed) return NO_MEMORY;
  if (isMapping) {
    const status = pagesMap(pageOf(from), count);
    if (status !== OK) return status;
  }
  committed += count;
  if (committed > committedMost) committedMost = committed;
  return OK;
}

/** Takes the memory away again. */
export function pagesUncommit(from: VirtAddr, to: VirtAddr): void {
  const count = Number((to - from) >> PAGE_SHIFT);
  if (isMapping) pagesUnmap(pageOf(from), count);
  committed -= count;
}

function pagesMap(first: Page, count: number): Status {
  if (framesFree() < count) return NO_MEMORY;
  for (let done = 0; done < count; done++) {
    const status = pageMap(pageAfter(first, done));
    if (status === OK) continue;
    pagesUnmap(first, done);
    return status;
  }
  return OK;
}

function pageMap(page: Page): Status {
  const frame = frameTake(kernelHeap());
  if (frame === NO_FRAME) return NO_MEMORY;
  const status = mapPage(kernelRoot(), page, frame, HEAP_FLAGS);
  if (status !== OK) frameGive(frame);
  return status;
}

/** The last first: the tables go back in the order in which they came, reversed. */
function pagesUnmap(first: Page, count: number): void {
  for (let left = count; left > 0; left--) {
    const page = pageAfter(first, left - 1);
    const frame = frameOf(translate(kernelRoot(), page));
    flushNow(unmapPage(kernelRoot(), page));
    frameGive(frame);
  }
}

/** The first page boundary at or above `va`, and the last at or below. */
export function pageUp(va: bigint): VirtAddr {
  return virtAddr(alignUp(va, PAGE_SIZE));
}
export function pageDown(va: bigint): VirtAddr {
  return virtAddr(alignDown(va, PAGE_SIZE));
}
