/** `mem` and `memmap`: how much memory there is, and whose it is. */
"compiler: cold"; // for people to read
import { frameOf, type PhysAddr } from "../lib/addr.ts";
import { columnAddress, columnNumber, columnText, columnTenths, columnTextRight } from "../base/columns.ts";
import { logEnd, logLine, logNumber, logText } from "../base/log.ts";
import { heapFree, heapLargest, heapSize, heapUsed } from "../mm/heap/heap.ts";
import { frameIsManaged, framesFree, framesTotal } from "../mm/phys/frames.ts";
import {
  REGION_KERNEL, regionCount, regionEnd, regionKind, regionNameLog, regionStart,
} from "../mm/phys/memory-map.ts";

// Widths of the columns: of mem, then of memmap.
const LABEL = 12;
const COLUMN = 14;
const START = 16;
const END = 18;
const KIB = 14;

const KIB_SHIFT = 10n;

/** Frames and the heap; in each line, free and used add up to the total. */
export function memCommand(): boolean {
  const total = framesTotal();
  const free = framesFree();
  columnText("", LABEL);
  columnTextRight("total", COLUMN);
  columnTextRight("free", COLUMN);
  columnTextRight("used", COLUMN);
  logEnd();

  amountsLine("frames", total, free, total - free);
  columnText("  in MiB", LABEL);
  columnTenths(tenthsOfMib(total), COLUMN);
  columnTenths(tenthsOfMib(free), COLUMN);
  columnTenths(tenthsOfMib(total) - tenthsOfMib(free), COLUMN); // a difference of what is shown: the line adds up
  logEnd();
  amountsLine("heap bytes", heapSize(), heapFree(), heapUsed());
  logNumber("The largest block that the heap can give has ", heapLargest());
  logLine(" bytes.");
  return true;
}

function amountsLine(label: string, total: number, free: number, used: number): void {
  columnText(label, LABEL);
  columnNumber(total, COLUMN);
  columnNumber(free, COLUMN);
  columnNumber(used, COLUMN);
  logEnd();
}

/** One line a region, lowest first; holes between them belong to nobody. Then what the regions add up to. */
export function memmapCommand(): boolean {
  columnTextRight("start", START);
  columnTextRight("end", END);
  columnTextRight("KiB", KIB);
  logLine("  what");
  let pool = 0; // the boot part of the image joins it once nothing uses that any more
  let ours = 0;
  let firmware = 0;
  for (let i = 0; i < regionCount(); i++) {
    const kib = kibBetween(regionStart(i), regionEnd(i));
    if (frameIsManaged(frameOf(regionStart(i)))) pool += kib;
    else if (regionKind(i) <= REGION_KERNEL) ours += kib;
    else firmware += kib;
    columnAddress("p", regionStart(i), START);
    columnAddress("p", regionEnd(i), END);
    columnNumber(kib, KIB);
    logText("  ");
    regionNameLog(i);
    logEnd();
  }
  totalLine(pool, "in the frame pool");
  totalLine(ours, "kept by the kernel");
  totalLine(firmware, "kept by the firmware");
  totalLine(pool + ours + firmware, "in all");
  return true;
}

function totalLine(kib: number, what: string): void {
  columnNumber(kib, START + END + KIB);
  logText("  ");
  logLine(what);
}

function kibBetween(start: PhysAddr, end: PhysAddr): number {
  return Number((end - start) >> KIB_SHIFT);
}

/** A MiB is 256 frames. */
function tenthsOfMib(frames: number): number {
  return Math.trunc((frames * 10) / 256);
}
