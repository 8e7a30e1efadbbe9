/**
 * Signals on their way to processes: sent here, acted on in signal-deliver.ts. Nothing is queued: of each kind one is
 * pending at most, real-time signals too.
 */
import { NO_SUCH_PROCESS, OK, type Status } from "../lib/status.ts";
import { NO_PROCESS, PROCESS, type Process, processCurrent, processFirst, STATE } from "./process.ts";
import { processContinue, signalRaise } from "./schedule.ts";
import { SIGNAL, signalBit, signalIsIgnored, STOPPING } from "./signal-actions.ts";

/**
 * `signal`, 1 to SIGNALS, is sent to a process: of a kind that it ignores and does not block nothing is left. A zombie
 * receives nothing. Also from the kernel's own thread.
 */
export function signalSend(process: Process, signal: number): void {
  if (PROCESS.state(process) === STATE.ZOMBIE) return;
  const bit = signalBit(signal);
  if ((bit & STOPPING) !== 0n) pendingClear(process, signalBit(SIGNAL.CONT));
  if (signal === SIGNAL.CONT) pendingClear(process, STOPPING);
  if (signal === SIGNAL.CONT || signal === SIGNAL.KILL) processContinue(process);
  const isBlocked = (PROCESS.blocked(process) & bit) !== 0n;
  if (isBlocked || !signalIsIgnored(process, signal)) signalRaise(process, signal);
}

/** To all of a group of processes. NO_SUCH_PROCESS: there is nobody in it. `signal` 0 only asks. */
export function signalSendGroup(group: number, signal: number): Status {
  let status: Status = NO_SUCH_PROCESS;
  for (let process = processFirst(); process !== NO_PROCESS; process = PROCESS.next(process)) {
    if (PROCESS.group(process) !== group) continue;
    if (signal !== 0) signalSend(process, signal);
    status = OK;
  }
  return status;
}

/** To all that live but the current process. NO_SUCH_PROCESS: there is no other. */
export function signalSendAll(signal: number): Status {
  let status: Status = NO_SUCH_PROCESS;
  for (let process = processFirst(); process !== NO_PROCESS; process = PROCESS.next(process)) {
    if (process === processCurrent() || PROCESS.state(process) === STATE.ZOMBIE) continue;
    if (signal !== 0) signalSend(process, signal);
    status = OK;
  }
  return status;
}

function pendingClear(process: Process, bits: bigint): void {
  PROCESS.setPending(process, PROCESS.pending(process) & ~bits);
}
