/** Where every trap arrives, from boot/traps.asm: says who handles it. */
import { cameFromKernel, TRAP_FRAME, VECTOR } from "../arch/trap-frame.ts";
import { onBreakpoint, onDebug } from "./debug.ts";
import { fatal } from "./fatal.ts";
import { isInterrupt, onInterrupt } from "./interrupts.ts";
import { NO_PROCESS, processCurrent } from "../proc/process.ts";
import { programResume } from "../proc/signal-deliver.ts";
import { onPageFault, onProgramFault } from "./page-fault.ts";
import { isOfProgram, programEnd, signalFor } from "./program.ts";
import { callResume, callSuspend, recoveryTake } from "./recovery.ts";

/** `frame` is the address of a TRAP_FRAME. Returning resumes what was interrupted. */
export function onTrap(frame: bigint): void {
  const vector = Number(TRAP_FRAME.vector(frame));
  if (cameFromKernel(frame)) onKernelTrap(frame, vector);
  else onProgramTrap(frame, vector);
}

function onKernelTrap(frame: bigint, vector: number): void {
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
      else if (!recoveryTake(frame)) fatal(frame);
  }
}

function onProgramTrap(frame: bigint, vector: number): void {
  if (processCurrent() === NO_PROCESS) fatal(frame); // ring 3, and nobody is there
  if (vector === VECTOR.PAGE_FAULT) onProgramFault(frame);
  else if (isInterrupt(vector)) onInterrupt(vector);
  else if (isOfProgram(vector)) programEnd(frame, signalFor(vector));
  else fatal(frame);
  programResume();
}

/** A fault of the handler's is the end, whatever it has interrupted. */
function interrupt(vector: number): void {
  const tried = callSuspend();
  onInterrupt(vector);
  callResume(tried);
}
