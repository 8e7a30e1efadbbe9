/** What the kernel must not be able to do: each of these ends in the report, or the test has found a hole. */
import { physOfImage, rodataEnd, rodataStart, stackGuard, textStart } from "../../../kernel/arch/image.ts";
import { logLine } from "../../../kernel/base/log.ts";
import { optionIs } from "../../../kernel/dev/boot-options.ts";
import { copyBytes, loadVolatile8, staticBytes, storeVolatile8, writeCr3 } from "../../../kernel/doors/machine.ts";
import {
  DEMAND_WINDOW, DEMAND_WINDOW_SIZE, directMap, frameBytes, PAGE_BYTES, pageOf, physAddr, type VirtAddr, virtAddr,
} from "../../../kernel/lib/addr.ts";
import { HEAP_BASE } from "../../../kernel/mm/heap/heap-boot.ts";
import { heapGive, heapTake } from "../../../kernel/mm/heap/heap.ts";
import { kernelRoot } from "../../../kernel/mm/paging/kernel-map.ts";
import { levelFrames } from "../../../kernel/mm/paging/pte.ts";
import { flushNow } from "../../../kernel/mm/paging/flush.ts";
import { unmapRange } from "../../../kernel/mm/paging/unmap.ts";
import { frameGive, frameTake } from "../../../kernel/mm/phys/frames.ts";
import { kernelFrames } from "../../../kernel/mm/phys/owners.ts";

const SCRATCH = staticBytes(64);

/** False when `scenario=` names none of them. Comes back only if the trespass went unpunished. */
export function trespassRun(): boolean {
  if (optionIs("scenario", "null")) loadVolatile8(0x10n);
  else if (optionIs("scenario", "text")) storeVolatile8(textStart(), 0);
  else if (optionIs("scenario", "rodata")) storeVolatile8(rodataStart(), 0);
  else if (optionIs("scenario", "text-alias")) storeVolatile8(directMap(physOfImage(textStart())), 0);
  else if (optionIs("scenario", "guard")) storeVolatile8(stackGuard(0) + 100n, 0);
  else if (optionIs("scenario", "not-canonical")) loadVolatile8(0x8000_0000_0000_0000n);
  else if (optionIs("scenario", "past-window")) loadVolatile8(DEMAND_WINDOW + DEMAND_WINDOW_SIZE);
  else if (optionIs("scenario", "below-heap")) loadVolatile8(HEAP_BASE - 1n);
  else if (optionIs("scenario", "firmware")) loadVolatile8(directMap(physAddr(0xfd_0000_0000n)));
  else if (optionIs("scenario", "overflow")) dig(1);
  else if (optionIs("scenario", "divide")) divide(zero());
  else if (optionIs("scenario", "report")) reportFault();
  else if (optionIs("scenario", "report-walk")) walkFault();
  else if (optionIs("scenario", "heap-twice")) giveTwice();
  else if (optionIs("scenario", "frame-twice")) frameGiveTwice();
  else return false;
  logLine("scenario: TRESPASS WENT UNPUNISHED");
  return true;
}

/** Recursion without end in sight: each call keeps something to do, so that no compiler makes a loop of it. */
function dig(depth: number): number {
  if (depth === 0) return 0;
  storeVolatile8(SCRATCH, depth & 0xff);
  return dig(depth + 1) + (loadVolatile8(SCRATCH) & 1);
}

function divide(by: number): void {
  storeVolatile8(SCRATCH, Math.trunc(100 / by));
}
function zero(): number {
  return loadVolatile8(SCRATCH);
}

/** A null pointer while the report cannot say where: the table of symbols, the last thing in .rodata, is taken away. */
function reportFault(): void {
  flushNow(unmapRange(kernelRoot(), pageOf(virtAddr(rodataEnd() - 1n)), 1));
  loadVolatile8(0x10n);
}

/** The same while the CPU uses a root that the report cannot read: its place in the direct map is taken away. */
function walkFault(): void {
  const root = physAddr(0x1000_0000n); // far up in the pool, under a large page
  const page = pageOf(directMap(root));
  copyBytes(page, frameBytes(kernelRoot()), PAGE_BYTES);
  writeCr3(root);
  flushNow(unmapRange(kernelRoot(), page, levelFrames(2)));
  loadVolatile8(0x10n);
}

function giveTwice(): void {
  const block: VirtAddr = heapTake(100n);
  heapGive(block);
  heapGive(block);
}

function frameGiveTwice(): void {
  const frame = frameTake(kernelFrames());
  frameGive(frame);
  frameGive(frame);
}
