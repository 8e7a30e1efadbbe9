/** `regs` and `bt`: where the kernel is, or where it was when a trap ended it. */
"compiler: cold"; // for people to read
import { backtraceHereLog, backtraceLog } from "../stats/backtrace.ts";
import { registersLog, registersNowLog } from "../stats/registers.ts";
import { isStopped, stoppedCr2, stoppedFrame } from "./stopped.ts";

/** Of a kernel that runs, only those that are the same for all of its code. */
export function regsCommand(): boolean {
  if (isStopped()) registersLog(stoppedFrame(), stoppedCr2());
  else registersNowLog();
  return true;
}

export function btCommand(): boolean {
  if (isStopped()) backtraceLog(stoppedFrame());
  else backtraceHereLog();
  return true;
}
