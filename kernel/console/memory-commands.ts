/** `mem`, `heap` and `memmap`: how much memory there is, and whose it is. */
"compiler: cold"; // for people to read
import { serialHolds } from "../arch/serial.ts";
import { type PhysAddr, physAddr } from "../lib/addr.ts";
import { columnAddress, columnNumber, columnText, columnTenths, columnTextRight } from "../base/columns.ts";
import { logEnd, logLine, logNumber, logText } from "../base/log.ts";
import { heapReport } from "../mm/heap/heap-report.ts";
import { heapFree, heapLargest, heapSize, heapUsed } from "../mm/heap/heap-counts.ts";
import { framesFree, framesTotal } from "../mm/phys/frames.ts";
import {
  REGION_USABLE, regionCount, regionEnd, regionIsFromUsable, regionKind, regionName, regionStart, regionWho,
} from "../mm/phys/regions.ts";
import { KEY } from "./keys.ts";
import { isStopped } from "./stopped.ts";

// Widths of the columns: of mem, then of memmap.
const LABEL = 12;
const COLUMN = 14;
const START = 16;
const END = 18;
const KIB = 14;
const WHO = 10;

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
  if (isStopped()) return true; // what follows goes through the heap, whatever is left of it
  logNumber("The largest block that the heap can give has ", heapLargest());
  logLine(" bytes.");
  return true;
}

/** The heap's statistics and its picture. */
export function heapCommand(): boolean {
  heapReport();
  return true;
}

function amountsLine(label: string, total: number, free: number, used: number): void {
  columnText(label, LABEL);
  columnNumber(total, COLUMN);
  columnNumber(free, COLUMN);
  columnNumber(used, COLUMN);
  logEnd();
}

/**
 * One line a region, lowest first, and one for each hole between them: every byte up to the end of the last is
 * somebody's or nobody's. Then what they add up to. There may be some hundred: Ctrl-C ends it.
 */
export function memmapCommand(): boolean {
  columnTextRight("start", START);
  columnTextRight("end", END);
  columnTextRight("KiB", KIB);
  logText("  ");
  columnText("who", WHO);
  logLine("what");
  let end = physAddr(0n);
  let pool = 0;
  let kept = 0;
  let firmware = 0;
  let holes = 0;
  for (let i = 0; i < regionCount(); i++) {
    if (serialHolds(KEY.GIVE_UP)) return true;
    if (regionStart(i) > end) holes += rangeLine(end, regionStart(i), "nobody", "hole");
    const kib = rangeLine(regionStart(i), regionEnd(i), regionWho(i), regionName(i));
    if (regionKind(i) === REGION_USABLE) pool += kib;
    else if (regionIsFromUsable(i)) kept += kib;
    else firmware += kib;
    end = regionEnd(i);
  }
  totalLine(pool, "in the frame pool");
  totalLine(kept, "kept by loader and kernel");
  totalLine(firmware, "kept by the firmware");
  totalLine(holes, "in holes");
  totalLine(pool + kept + firmware + holes, "in all");
  return true;
}

/** Its KiB. */
function rangeLine(start: PhysAddr, end: PhysAddr, who: string, what: string): number {
  const kib = Number((end - start) >> KIB_SHIFT);
  columnAddress("p", start, START);
  columnAddress("p", end, END);
  columnNumber(kib, KIB);
  logText("  ");
  columnText(who, WHO);
  logLine(what);
  return kib;
}

function totalLine(kib: number, what: string): void {
  columnNumber(kib, START + END + KIB);
  logText("  ");
  logLine(what);
}

/** A MiB is 256 frames. */
function tenthsOfMib(frames: number): number {
  return Math.trunc((frames * 10) / 256);
}
