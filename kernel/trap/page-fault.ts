/** #PF: gathers what happened, asks whether it can be repaired, and resumes or ends. */
import { readCr2 } from "../doors/machine.ts";
import { virtAddr } from "../lib/addr.ts";
import { cameFromKernel, TRAP_FRAME } from "../arch/trap-frame.ts";
import { logLine } from "../base/log.ts";
import {
  ACCESS_EXECUTE, ACCESS_READ, ACCESS_WRITE, FAULT_FORBIDDEN, FAULT_NO_MEMORY, FAULT_NO_REGION, FAULT_REPAIRED,
  faultResolve,
} from "../mm/fault/resolve.ts";
import { PAGE_FAULT_ERROR } from "../stats/exceptions.ts";
import { fatal } from "./fatal.ts";
import { recoveryTake } from "./recovery.ts";

/**
 * Returns when the access may be tried again, which is so for a page of the kernel's demand-paged window that was
 * absent, or when a door expected that it might fail. Repair comes first: a tried access to the window is one like any.
 */
export function onPageFault(frame: bigint): void {
  const va = virtAddr(readCr2()); // CR2 first: a fault inside this handler would replace it
  const error = TRAP_FRAME.error(frame);
  if (!cameFromKernel(frame)) fatal(frame);

  const answer = isForAbsentPage(error) ? faultResolve(va, accessOf(error)) : FAULT_NO_REGION;
  if (answer === FAULT_REPAIRED || recoveryTake(frame)) return;
  answerLog(answer);
  fatal(frame);
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
