/** #PF: gathers what happened, asks whether it can be repaired, and resumes or ends. */
import { readCr2 } from "../doors/machine.ts";
import { type VirtAddr, virtAddr } from "../lib/addr.ts";
import { TRAP_FRAME } from "../arch/trap-frame.ts";
import { logEnd, logHex, logLine, logNumber, logText } from "../base/log.ts";
import {
  ACCESS_EXECUTE, ACCESS_READ, ACCESS_WRITE, FAULT_FORBIDDEN, FAULT_NO_BACKING, FAULT_NO_MEMORY, FAULT_NO_REGION,
  FAULT_REPAIRED,
} from "../mm/fault/answers.ts";
import { faultResolve } from "../mm/fault/resolve.ts";
import { windowResolve } from "../mm/fault/window.ts";
import { NO_SPACE, type Space } from "../mm/space/space.ts";
import { isUserRange } from "../mm/space/user-range.ts";
import { isUserCopy } from "../mm/user/user-copy.ts";
import { spaceReached } from "../proc/exec.ts";
import { processEnd, statusOfSignal } from "../proc/exit.ts";
import { processNameLog } from "../proc/name.ts";
import { memoryFree } from "../proc/out-of-memory.ts";
import { PROCESS, processCurrent } from "../proc/process.ts";
import { isKilled, SIGNAL } from "../proc/signal-actions.ts";
import { PAGE_FAULT_ERROR } from "../stats/exceptions.ts";
import { fatal } from "./fatal.ts";
import { recoveryTake } from "./recovery.ts";

/**
 * A fault of the kernel's. Returns when the access may be tried again: for a page of a program's in the midst of a user
 * copy, for a page of the kernel's demand-paged window that was absent, or when a door expected that it might fail.
 * Repair comes first: a tried access is one like any.
 */
export function onPageFault(frame: bigint): void {
  const va = virtAddr(readCr2()); // CR2 first: a fault inside this handler would replace it
  const error = TRAP_FRAME.error(frame);
  if ((error & PAGE_FAULT_ERROR.RESERVED_BIT) !== 0n) fatal(frame);
  if (isUserCopy() && isUserRange(va, 1n)) {
    const space = spaceReached();
    if (space !== NO_SPACE && faultAnswer(space, va, accessOf(error)) === FAULT_REPAIRED) return;
    if (recoveryTake(frame)) return;
    fatal(frame);
  }
  const answer = isForAbsentPage(error) ? windowResolve(va, accessOf(error)) : FAULT_NO_REGION;
  if (answer === FAULT_REPAIRED || recoveryTake(frame)) return;
  answerLog(answer);
  fatal(frame);
}

/** The same for a program: returns when it may go on, and ends it if it may not have what it wants. */
export function onProgramFault(frame: bigint): void {
  const va = virtAddr(readCr2());
  const error = TRAP_FRAME.error(frame);
  if ((error & PAGE_FAULT_ERROR.RESERVED_BIT) !== 0n) fatal(frame);
  const access = accessOf(error);
  const process = processCurrent();
  PROCESS.setFaults(process, PROCESS.faults(process) + 1n);
  const answer = isUserRange(va, 1n) ? faultAnswer(PROCESS.space(process), va, access) : FAULT_NO_REGION;
  if (answer === FAULT_REPAIRED || isKilled(process)) return; // on the way back it ends, if it was the hog
  const signal = answer === FAULT_NO_BACKING ? SIGNAL.BUS : answer === FAULT_NO_MEMORY ? SIGNAL.KILL : SIGNAL.SEGV;
  processNameLog(process);
  logText(access === ACCESS_READ ? "cannot read " : access === ACCESS_WRITE ? "cannot write " : "cannot execute ");
  logHex("", va);
  logHex(" at ", TRAP_FRAME.rip(frame));
  logText(reasonOf(answer, va));
  logNumber(": ended by signal ", signal);
  logEnd();
  processEnd(statusOfSignal(signal));
}

/** faultResolve, and again after somebody has ended, as long as that helps. */
function faultAnswer(space: Space, va: VirtAddr, access: number): number {
  let answer = faultResolve(space, va, access);
  while (answer === FAULT_NO_MEMORY && memoryFree()) answer = faultResolve(space, va, access);
  return answer;
}

function reasonOf(answer: number, va: bigint): string {
  if (answer === FAULT_NO_MEMORY) return ": no memory is left";
  if (answer === FAULT_NO_BACKING) return ": behind the end of what is mapped there";
  if (answer === FAULT_FORBIDDEN) return ": that is not allowed there";
  return va < 4096n ? ": nothing is there: a null pointer?" : ": nothing is there";
}

/** Neither a forbidden access to a present page nor a broken entry (QEMU reports that one without P). */
function isForAbsentPage(error: bigint): boolean {
  return (error & (PAGE_FAULT_ERROR.PROTECTION | PAGE_FAULT_ERROR.RESERVED_BIT)) === 0n;
}

function accessOf(error: bigint): number {
  if ((error & PAGE_FAULT_ERROR.FETCH) !== 0n) return ACCESS_EXECUTE;
  return (error & PAGE_FAULT_ERROR.WRITE) !== 0n ? ACCESS_WRITE : ACCESS_READ;
}

/** Why the page was not repaired, where the report alone would not show it. */
function answerLog(answer: number): void {
  switch (answer) {
    case FAULT_NO_MEMORY:
      logLine("trap/page-fault: no frame is left for this page");
      break;
    case FAULT_FORBIDDEN:
      logLine("trap/page-fault: the demand-paged window does not allow this access");
      break;
    default: // nothing is meant to be there: the report says all
  }
}
