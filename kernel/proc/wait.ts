/** Who waits for children, and what it is told (man 2 wait4, waitid). */
import { INTERRUPTED, NO_CHILD, OK, type Status } from "../lib/status.ts";
import { processReap } from "./exit.ts";
import {
  FLAG, flagClear, flagHas, NO_PROCESS, PROCESS, type Process, processCurrent, STATE,
} from "./process.ts";
import { sleepTill } from "./schedule.ts";
import { NEVER } from "./timers.ts";

/** Linux's numbers. */
export const WAIT = { NO_HANG: 1, STOPPED: 2, EXITED: 4, CONTINUED: 8, KEEP: 0x0100_0000 } as const;
const STOPPED_STATUS = 0x7f;
const CONTINUED_STATUS = 0xffff;
const SIGNAL_SHIFT = 8;

let childStatus = 0;
let childPid = 0;
let childUsedTicks = 0n;
let childHadFaults = 0n;

/**
 * A child of the current process that has ended, stopped or gone on, whichever `options` ask for: childNumber() is its
 * number, childHow() what wait4 tells. A zombie is gone then, unless KEEP is asked for. `pid` > 0: that one; -1: any;
 * 0: of the caller's group; else of the group -`pid`. With NO_HANG childNumber() is 0 if nothing has happened yet.
 * NO_CHILD: there is none of these. INTERRUPTED: a signal came first.
 */
export function childAwait(pid: number, options: number): Status {
  const process = processCurrent();
  for (;;) {
    let isThere = false;
    for (let child = PROCESS.child(process); child !== NO_PROCESS; child = PROCESS.sibling(child)) {
      if (!isMeant(process, child, pid)) continue;
      isThere = true;
      const status = statusFor(child, options);
      if (status < 0) continue;
      childTake(process, child, status, (options & WAIT.KEEP) !== 0);
      return OK;
    }
    if (!isThere) return NO_CHILD;
    childPid = 0;
    if ((options & WAIT.NO_HANG) !== 0) return OK;
    if (sleepTill(PROCESS.waitingAt(process), NEVER) === INTERRUPTED) return INTERRUPTED;
  }
}
export function childNumber(): number {
  return childPid;
}
export function childHow(): number {
  return childStatus;
}
/** Of it, and of its children that it has asked for. */
export function childTicksUsed(): bigint {
  return childUsedTicks;
}
export function childFaultsHad(): bigint {
  return childHadFaults;
}

function isMeant(process: Process, child: Process, pid: number): boolean {
  if (pid > 0) return PROCESS.pid(child) === pid;
  if (pid === -1) return true;
  return PROCESS.group(child) === (pid === 0 ? PROCESS.group(process) : -pid);
}

/** What there is to tell; -1: nothing. */
function statusFor(child: Process, options: number): number {
  if (PROCESS.state(child) === STATE.ZOMBIE) return (options & WAIT.EXITED) !== 0 ? PROCESS.status(child) : -1;
  if ((options & WAIT.STOPPED) !== 0 && flagHas(child, FLAG.STOP_NEWS)) {
    return (PROCESS.stopSignal(child) << SIGNAL_SHIFT) | STOPPED_STATUS;
  }
  return (options & WAIT.CONTINUED) !== 0 && flagHas(child, FLAG.CONTINUE_NEWS) ? CONTINUED_STATUS : -1;
}

function childTake(process: Process, child: Process, status: number, keeps: boolean): void {
  childPid = PROCESS.pid(child);
  childStatus = status;
  childUsedTicks = PROCESS.ticks(child) + PROCESS.childTicks(child);
  childHadFaults = PROCESS.faults(child) + PROCESS.childFaults(child);
  if (keeps) return;
  flagClear(child, status === CONTINUED_STATUS ? FLAG.CONTINUE_NEWS : FLAG.STOP_NEWS);
  if (PROCESS.state(child) !== STATE.ZOMBIE) return;
  PROCESS.setChildTicks(process, PROCESS.childTicks(process) + childUsedTicks);
  PROCESS.setChildFaults(process, PROCESS.childFaults(process) + childHadFaults);
  processReap(child);
}
