/** Processes end, and whoever waits for them is told how. */
import { panic } from "../base/panic.ts";
import { staticBytes, store32 } from "../doors/machine.ts";
import { virtAddr } from "../lib/addr.ts";
import { NO_SPACE_OBJECT, objectReferenceDrop } from "../mm/space/object.ts";
import { NO_SPACE } from "../mm/space/space.ts";
import { copyOut } from "../mm/user/user-copy.ts";
import { fileTableDrop, NO_FILE_TABLE } from "./file-table.ts";
import { kernelStackGive } from "./kernel-stack.ts";
import {
  childrenLeave, FLAG, flagHas, NO_PROCESS, parentForget, PROCESS, type Process, processCurrent,
  processFirst, processGive, STATE,
} from "./process.ts";
import { queueWake, spaceUse, switchAway } from "./schedule.ts";
import { ACTION, ACTION_FLAG, actionOf, HANDLER, SIGNAL } from "./signal-actions.ts";
import { signalSend } from "./signals.ts";
import { spaceLeave } from "./space-lend.ts";
import { timerStop } from "./timers.ts";

const zero = staticBytes(8, 8);
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
  tidClear(process);
  fileTableDrop(PROCESS.files(process));
  PROCESS.setFiles(process, NO_FILE_TABLE);
  const space = PROCESS.space(process);
  spaceUse(NO_SPACE);
  PROCESS.setSpace(process, NO_SPACE);
  spaceLeave(process, space);
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

/** What it asked for with set_tid_address: told to those who share its memory, and to nobody else (man 2 clone). */
function tidClear(process: Process): void {
  const at = PROCESS.clearTid(process);
  if (at === 0n || !flagHas(process, FLAG.BORROWS)) return;
  store32(zero, 0);
  copyOut(at, virtAddr(zero), 4); // if it cannot be written nobody is there to be told
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
