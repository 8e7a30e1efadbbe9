/** Where every trap arrives, from boot/traps.asm: says who handles it. */
import { cameFromKernel, TRAP_FRAME, VECTOR } from "../arch/trap-frame.ts";
import { onBreakpoint, onDebug } from "./debug.ts";
import { fatal } from "./fatal.ts";
import { isInterrupt, onInterrupt } from "./interrupts.ts";
import { isTurnEnding, turnEnd } from "../proc/schedule.ts";
import { onPageFault } from "./page-fault.ts";
import { programEnd, signalFor } from "./program.ts";
import { callResume, callSuspend, recoveryTake } from "./recovery.ts";

/** `frame` is the address of a TRAP_FRAME. Returning resumes what was interrupted. */
export function onTrap(frame: bigint): void {
  const vector = Number(TRAP_FRAME.vector(frame));
  switch (vector) {
    case VECTOR.PAGE_FAULT:
      onPageFault(frame);
      break;
    case VECTOR.DEBUG:
      onDebug(frame);
      break;
    case VECTOR.BREAKPOINT:
      onBreakpoint(frame);
      break;
    default:
      if (isInterrupt(vector)) interrupt(vector);
      else if (!cameFromKernel(frame)) programEnd(frame, signalFor(vector));
      else if (!recoveryTake(frame)) fatal(frame);
  }
  if (!cameFromKernel(frame) && isTurnEnding()) turnEnd();
}

/** A fault of the handler's is the end, whatever it has interrupted. */
function interrupt(vector: number): void {
  const tried = callSuspend();
  onInterrupt(vector);
  callResume(tried);
}
