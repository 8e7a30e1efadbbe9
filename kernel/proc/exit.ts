/** Processes end, and whoever waits for them is told how. */
import { panic } from "../base/panic.ts";
import { INTERRUPTED, NO_CHILD, OK, type Status } from "../lib/status.ts";
import { NO_SPACE_OBJECT, objectReferenceDrop } from "../mm/space/object.ts";
import { NO_SPACE, spaceDestroy } from "../mm/space/space.ts";
import { fileTableDrop, NO_FILE_TABLE } from "./file-table.ts";
import { kernelStackGive } from "./kernel-stack.ts";
import {
  childrenLeave, FLAG, NO_PROCESS, parentForget, PROCESS, type Process, processCurrent, processFirst, processGive,
  STATE,
} from "./process.ts";
import { queueWake, sleepTill, spaceUse, switchAway } from "./schedule.ts";
import { ACTION, ACTION_FLAG, actionOf, HANDLER, SIGNAL } from "./signal-actions.ts";
import { signalSend } from "./signals.ts";
import { NEVER, timerStop } from "./timers.ts";

const SIGNAL_BITS = 0x7f;
const CODE_SHIFT = 8;

/** What wait4 tells of a process that ended by itself, and of one that a signal ended. */
export function statusOfExit(code: number): number {
  return (code & 0xff) << CODE_SHIFT;
}
export function statusOfSignal(signal: number): number {
  return signal & SIGNAL_BITS;
}

/** Somebody may have ended for whom nobody asks: orphansReap has something to look for. */
let hasOrphans = false;

/** The current process ends: all its memory is given back now; what is left of it waits for its parent. */
export function processEnd(status: number): never {
  const process = processCurrent();
  fileTableDrop(PROCESS.files(process));
  PROCESS.setFiles(process, NO_FILE_TABLE);
  const space = PROCESS.space(process);
  spaceUse(NO_SPACE);
  PROCESS.setSpace(process, NO_SPACE);
  if (spaceDestroy(space) !== OK) panic("proc: a process ends, and its space is in use", space);
  objectReferenceDrop(PROCESS.object(process));
  PROCESS.setObject(process, NO_SPACE_OBJECT);
  if (PROCESS.child(process) !== NO_PROCESS || PROCESS.parent(process) === NO_PROCESS) hasOrphans = true;
  childrenLeave(process);
  timerStop(PROCESS.alarmTimerAt(process));
  PROCESS.setStatus(process, status);
  PROCESS.setState(process, STATE.ZOMBIE);
  parentTell(process);
  switchAway();
  panic("proc: a process that has ended runs", BigInt(PROCESS.pid(process)));
}

/** A parent that wants to hear nothing of its children has one less: nobody will ask for it. */
function parentTell(process: Process): void {
  const parent = PROCESS.parent(process);
  if (parent === NO_PROCESS) return;
  queueWake(PROCESS.waitingAt(parent));
  signalSend(parent, SIGNAL.CHLD);
  const action = actionOf(parent, SIGNAL.CHLD);
  const isIgnored = ACTION.handler(action) === HANDLER.IGNORE;
  if (isIgnored || (ACTION.flags(action) & ACTION_FLAG.NO_CHILD_WAIT) !== 0n) {
    parentForget(process);
    hasOrphans = true;
  }
}

// ---- who waits -------------------------------------------------------------------------------------------------
let childStatus = 0;
let childPid = 0;

/**
 * A child of the current process that has ended is gone; childEnded() was its number, childEndedStatus() how. `pid` >
 * 0: that one; otherwise any. `mayWait` is 0: childEnded() is 0 if none has ended yet. NO_CHILD: there is none of that
 * number. INTERRUPTED: a signal came first.
 */
export function childAwait(pid: number, mayWait: number): Status {
  const process = processCurrent();
  for (;;) {
    let isThere = false;
    for (let child = PROCESS.child(process); child !== NO_PROCESS; child = PROCESS.sibling(child)) {
      if (pid > 0 && PROCESS.pid(child) !== pid) continue;
      isThere = true;
      if (PROCESS.state(child) !== STATE.ZOMBIE) continue;
      childPid = PROCESS.pid(child);
      childStatus = PROCESS.status(child);
      processReap(child);
      return OK;
    }
    if (!isThere) return NO_CHILD;
    childPid = 0;
    if (mayWait === 0) return OK;
    if (sleepTill(PROCESS.waitingAt(process), NEVER) === INTERRUPTED) return INTERRUPTED;
  }
}
export function childEnded(): number {
  return childPid;
}
export function childEndedStatus(): number {
  return childStatus;
}

/** Nothing is left of a zombie. */
export function processReap(process: Process): void {
  if (PROCESS.state(process) !== STATE.ZOMBIE) panic("proc: reaped, but it lives", BigInt(PROCESS.pid(process)));
  kernelStackGive(PROCESS.stack(process));
  processGive(process);
}

/** Nothing is left of zombies that nobody will ask for. Cost: a look at all processes, if any has become one since. */
export function orphansReap(): void {
  if (!hasOrphans) return;
  hasOrphans = false;
  const current = processCurrent();
  for (let process = processFirst(); process !== NO_PROCESS; ) {
    const next = PROCESS.next(process);
    const isNobodys = PROCESS.parent(process) === NO_PROCESS && (PROCESS.flags(process) & FLAG.AWAITED) === 0;
    if (isNobodys && PROCESS.state(process) === STATE.ZOMBIE && process !== current) processReap(process);
    process = next;
  }
}
