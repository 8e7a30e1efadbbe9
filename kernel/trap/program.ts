/** A program has done what it may not: one line that says what, and the process ends. Everybody else runs on. */
import { EXCEPTION_COUNT, TRAP_FRAME, VECTOR } from "../arch/trap-frame.ts";
import { logAscii, logEnd, logHex, logNumber, logText } from "../base/log.ts";
import { load8 } from "../doors/machine.ts";
import { processEnd, statusOfSignal } from "../proc/exit.ts";
import { PROCESS, type Process, processCurrent } from "../proc/process.ts";
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
  nameLog(processCurrent());
  exceptionNameLog(Number(TRAP_FRAME.vector(frame)));
  logHex(" at ", TRAP_FRAME.rip(frame));
  logNumber(": ended by signal ", signal);
  logEnd();
  processEnd(statusOfSignal(signal));
}

/** `proc: hello[3]: ` */
export function nameLog(process: Process): void {
  logText("proc: ");
  const name = PROCESS.nameAt(process);
  let length = 0;
  while (load8(name + BigInt(length)) !== 0) length++;
  logAscii(name, length);
  logNumber("[", PROCESS.pid(process));
  logText("]: ");
}
