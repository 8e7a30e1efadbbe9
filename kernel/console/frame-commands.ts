/** `frame`, `owners`, `leaks` and `audit`: what is known of each frame, and whether it all agrees. */
"compiler: cold"; // for people to read
import { columnNumber, columnText, columnTextRight } from "../base/columns.ts";
import { logEnd, logLine, logNumber, logText } from "../base/log.ts";
import { frameNumber, frameOf, PHYS_LIMIT, physAddr } from "../lib/addr.ts";
import { numberParsed } from "../lib/number.ts";
import { OK } from "../lib/status.ts";
import { framesLimit } from "../mm/phys/frame-bits.ts";
import { frameDescribe, frameLog, kindName, ownerLog } from "../mm/phys/frame-log.ts";
import { frameOrder, frameOwner } from "../mm/phys/frame-table.ts";
import { frameIsTaken, framesFree, framesTotal } from "../mm/phys/frames.ts";
import {
  framesOfKind, KIND, KIND_COUNT, leakCount, NO_OWNER, type Owner, ownerFirst, ownerFrames, ownerIsGone, ownerKind,
  ownerNext,
} from "../mm/phys/owners.ts";
import { runFrames } from "../mm/phys/units.ts";
import { mmAudit } from "../stats/audit.ts";
import { argumentIsNumber } from "./words.ts";

const NAME = 12;
const COUNT = 14;
const KIB_PER_FRAME = 4;
/** Of an owner that has gone, so many of its frames are shown. */
const LEAKS_SHOWN = 16; // lines

/** The frame that holds the physical address that was typed. */
export function frameCommand(): boolean {
  if (!argumentIsNumber()) return true;
  const pa = numberParsed();
  if (pa < PHYS_LIMIT) frameDescribe(frameOf(physAddr(pa)));
  else logLine("No physical address has more than 52 bits.");
  return true;
}

/** A line for each owner's frames; with what is free they add up to the pool. Then the same by kind. */
export function ownersCommand(): boolean {
  columnText("", NAME);
  columnTextRight("frames", COUNT);
  columnTextRight("KiB", COUNT);
  logLine("  whose");
  for (let at = ownerFirst(); at !== NO_OWNER; at = ownerNext(at)) {
    amount(kindName(ownerKind(at)), ownerFrames(at));
    logText("  ");
    ownerLog(at);
    logEnd();
  }
  amount(kindName(KIND.FREE), framesFree());
  logEnd();
  amount("in all", framesTotal());
  logEnd();
  logLine("By kind:");
  for (let kind = 0; kind < KIND_COUNT; kind++) {
    if (framesOfKind(kind) === 0) continue;
    amount(kindName(kind), framesOfKind(kind));
    logEnd();
  }
  return true;
}

function amount(what: string, frames: number): void {
  columnText(what, NAME);
  columnNumber(frames, COUNT);
  columnNumber(frames * KIB_PER_FRAME, COUNT);
}

/** Frames whose owner has gone: how many, whose, and the first of them. */
export function leaksCommand(): boolean {
  if (leakCount() === 0) {
    logLine("No frame has an owner that is gone.");
    return true;
  }
  logNumber("Frames whose owner is gone: ", leakCount());
  logEnd();
  for (let at = ownerFirst(); at !== NO_OWNER; at = ownerNext(at)) {
    if (ownerIsGone(at)) leaksShow(at);
  }
  return true;
}

function leaksShow(owner: Owner): void {
  let shown = 0;
  let left = ownerFrames(owner);
  for (let frame = 0; frame < framesLimit() && shown < LEAKS_SHOWN; ) {
    const at = frameNumber(frame);
    if (!frameIsTaken(at)) {
      frame++;
      continue;
    }
    if (frameOwner(at) === owner) {
      frameLog(at);
      shown++;
      left -= runFrames(frameOrder(at));
    }
    frame += runFrames(frameOrder(at));
  }
  if (left === 0) return;
  logNumber("and more: ", left);
  logEnd();
}

export function auditCommand(): boolean {
  if (mmAudit() === OK) logLine("All that memory management keeps agrees.");
  return true;
}
