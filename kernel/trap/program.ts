/** A program has done what it may not: one line that says what, and the process ends. Everybody else runs on. */
import { EXCEPTION_COUNT, TRAP_FRAME, VECTOR } from "../arch/trap-frame.ts";
import { logEnd, logHex, logNumber } from "../base/log.ts";
import { processEnd, statusOfSignal } from "../proc/exit.ts";
import { processNameLog } from "../proc/name.ts";
import { processCurrent } from "../proc/process.ts";
import { SIGNAL } from "../proc/signal-actions.ts";
import { exceptionNameLog } from "../stats/exceptions.ts";

/** Is it the program's own doing? The others tell of the machine, whoever runs. */
export function isOfProgram(vector: number): boolean {
  switch (vector) {
    case VECTOR.NMI:
    case VECTOR.DOUBLE_FAULT:
    case VECTOR.MACHINE_CHECK:
      return false;
    default:
      return vector < EXCEPTION_COUNT;
  }
}

/** What Linux sends for an exception in a program. */
export function signalFor(vector: number): number {
  switch (vector) {
    case VECTOR.DIVIDE_ERROR:
    case VECTOR.FLOATING_POINT:
    case VECTOR.SIMD_FLOATING_POINT:
      return SIGNAL.FPE;
    case VECTOR.DEBUG:
    case VECTOR.BREAKPOINT:
      return SIGNAL.TRAP;
    case VECTOR.INVALID_OPCODE:
      return SIGNAL.ILL;
    case VECTOR.ALIGNMENT_CHECK:
    case VECTOR.STACK_FAULT:
      return SIGNAL.BUS;
    default:
      return SIGNAL.SEGV;
  }
}

/** An exception other than a page fault ends the current process. */
export function programEnd(frame: bigint, signal: number): never {
  processNameLog(processCurrent());
  exceptionNameLog(Number(TRAP_FRAME.vector(frame)));
  logHex(" at ", TRAP_FRAME.rip(frame));
  logNumber(": ended by signal ", signal);
  logEnd();
  processEnd(statusOfSignal(signal));
}
