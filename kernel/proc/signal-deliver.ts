/** Signals that have arrived: what becomes of the current process on its way into ring 3. */
import { countTrailingZeros } from "../lib/bits.ts";
import { processEnd, statusOfSignal } from "./exit.ts";
import { FLAG, flagClear, flagSet, NO_PROCESS, PROCESS, type Process, processCurrent, STATE } from "./process.ts";
import { isTurnEnding, queueWake, switchAway, turnEnd } from "./schedule.ts";
import {
  ACTION, ACTION_FLAG, actionOf, DEFAULT, defaultOf, HANDLER, isSignalled, SIGNAL, signalBit, UNBLOCKABLE,
} from "./signal-actions.ts";
import { signalSend } from "./signals.ts";

/** The way into ring 3, of every trap and call of a program: others may have their turn, and signals arrive. */
export function programResume(): void {
  if (isTurnEnding()) turnEnd();
  if (isSignalled(processCurrent())) signalsDeliver(processCurrent());
}

function signalsDeliver(process: Process): void {
  while (isSignalled(process)) {
    const signal = signalNext(process);
    PROCESS.setPending(process, PROCESS.pending(process) & ~signalBit(signal));
    if (ACTION.handler(actionOf(process, signal)) === HANDLER.DEFAULT) defaultHappens(process, signal);
  }
}

/** SIGKILL and SIGSTOP before all others, then the lowest. */
function signalNext(process: Process): number {
  const ready = PROCESS.pending(process) & ~PROCESS.blocked(process);
  const first = ready & UNBLOCKABLE;
  return countTrailingZeros(first === 0n ? ready : first) + 1;
}

/** Does not come back if the process ends. */
function defaultHappens(process: Process, signal: number): void {
  switch (defaultOf(signal)) {
    case DEFAULT.END:
      processEnd(statusOfSignal(signal));
    case DEFAULT.STOP:
      processStop(process, signal);
      break;
    default: // nothing: SIGCONT has let it go on when it was sent
  }
}

/** The current process stops, until SIGCONT or SIGKILL comes; its parent may ask. */
function processStop(process: Process, signal: number): void {
  PROCESS.setState(process, STATE.STOPPED);
  PROCESS.setStopSignal(process, signal);
  flagSet(process, FLAG.STOP_NEWS);
  flagClear(process, FLAG.CONTINUE_NEWS);
  const parent = PROCESS.parent(process);
  if (parent !== NO_PROCESS) {
    queueWake(PROCESS.waitingAt(parent));
    const action = actionOf(parent, SIGNAL.CHLD);
    if ((ACTION.flags(action) & ACTION_FLAG.NO_CHILD_STOP) === 0n) signalSend(parent, SIGNAL.CHLD);
  }
  switchAway();
}
