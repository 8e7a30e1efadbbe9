/**
 * Kernel stacks of processes: in a window of their own, each above a page that is never mapped, so that an overflow
 * faults. A few that were given back are kept for the next processes, mapped as they are: to map and flush costs more
 * than their frames are worth. kernelStacksTrim gives them back all the same.
 */
import { load64, store64 } from "../doors/machine.ts";
import { frameOf, NO_FRAME, NOWHERE, type Page, pageAfter, pageOf, type VirtAddr, virtAddr } from "../lib/addr.ts";
import { OK } from "../lib/status.ts";
import { flushNow } from "../mm/paging/flush.ts";
import { kernelRoot } from "../mm/paging/kernel-map.ts";
import { mapPage } from "../mm/paging/map.ts";
import { PTE_GLOBAL, PTE_NO_EXECUTE, PTE_WRITABLE } from "../mm/paging/pte.ts";
import { unmapRange } from "../mm/paging/unmap.ts";
import { translate } from "../mm/paging/walk.ts";
import { frameGive, frameTake } from "../mm/phys/frames.ts";
import { kernelFrames } from "../mm/phys/owners.ts";

const WINDOW = 0xffff_e000_0000_0000n as Page;
const PAGES = 4;
const STRIDE = PAGES + 1; // the lowest is the guard
const BYTES = 4096n * BigInt(PAGES);

const SPARES_MOST = 4;

let places = 0; // up to the highest that is mapped; from 0 on again once none is
let mapped = 0;
let spare: VirtAddr = NOWHERE; // tops of stacks that are mapped and nobody's; the word below each top leads to the next
let spares = 0;

export function kernelStacksInit(): void {
  places = 0;
  mapped = 0;
  spare = NOWHERE;
  spares = 0;
}

/** The top of a stack, 16-aligned; NOWHERE when there is no memory. What is on it is whatever was there before. */
export function kernelStackTake(): VirtAddr {
  if (spare !== NOWHERE) return spareTake();
  const first = pageAfter(WINDOW, places * STRIDE + 1);
  for (let i = 0; i < PAGES; i++) {
    const frame = frameTake(kernelFrames());
    if (frame !== NO_FRAME) {
      const status = mapPage(kernelRoot(), pageAfter(first, i), frame, PTE_WRITABLE | PTE_NO_EXECUTE | PTE_GLOBAL);
      if (status === OK) continue;
      frameGive(frame);
    }
    stackUnmap(first, i);
    return NOWHERE;
  }
  places++;
  mapped++;
  return virtAddr(first + BYTES);
}

/** Nobody runs on it. */
export function kernelStackGive(top: VirtAddr): void {
  if (spares === SPARES_MOST) {
    stackReturn(top);
    return;
  }
  store64(top - 8n, spare);
  spare = top;
  spares++;
}

/** Stacks that nobody has are given back. */
export function kernelStacksTrim(): void {
  while (spare !== NOWHERE) stackReturn(spareTake());
}

function spareTake(): VirtAddr {
  const top = spare;
  spare = virtAddr(load64(top - 8n));
  spares--;
  return top;
}

function stackReturn(top: VirtAddr): void {
  const first = pageOf(virtAddr(top - BYTES));
  stackUnmap(first, PAGES);
  mapped--;
  if (mapped === 0) places = 0;
  else if (first === pageAfter(WINDOW, (places - 1) * STRIDE + 1)) places--;
}

function stackUnmap(first: Page, count: number): void {
  for (let i = 0; i < count; i++) {
    const page = pageAfter(first, i);
    const frame = frameOf(translate(kernelRoot(), page));
    flushNow(unmapRange(kernelRoot(), page, 1));
    frameGive(frame);
  }
}
