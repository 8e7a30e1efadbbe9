/** System calls about who one is: man 2 getpid, getpgrp, setpgid, setsid, set_tid_address. All are user and group 0. */
import { ACCESS_DENIED, INVALID, NO_SUCH_PROCESS, NOT_PERMITTED, OK, type Status } from "../lib/status.ts";
import {
  FLAG, flagHas, NO_PROCESS, PROCESS, type Process, processCurrent, processFind, processFirst, STATE,
} from "../proc/process.ts";
import { numberOf } from "./file-calls.ts";

export function callGetpid(): number {
  return PROCESS.pid(processCurrent());
}
/** 0 once the parent has ended. */
export function callGetppid(): number {
  const parent = PROCESS.parent(processCurrent());
  return parent === NO_PROCESS ? 0 : PROCESS.pid(parent);
}
export function callGetpgid(pid: bigint): number {
  const process = processOf(pid);
  return process === NO_PROCESS ? NO_SUCH_PROCESS : PROCESS.group(process);
}
export function callGetsid(pid: bigint): number {
  const process = processOf(pid);
  return process === NO_PROCESS ? NO_SUCH_PROCESS : PROCESS.session(process);
}

/** setpgid: of oneself, or of a child that still runs its parent's program. 0 means oneself, and one's own number. */
export function callSetpgid(pid: bigint, group: bigint): Status {
  const current = processCurrent();
  if (numberOf(group) < 0) return INVALID;
  const process = processOf(pid);
  if (process === NO_PROCESS) return NO_SUCH_PROCESS;
  if (process !== current) {
    if (PROCESS.parent(process) !== current) return NO_SUCH_PROCESS;
    if (PROCESS.session(process) !== PROCESS.session(current)) return NOT_PERMITTED;
    if (flagHas(process, FLAG.EXECUTED)) return ACCESS_DENIED;
  }
  if (PROCESS.session(process) === PROCESS.pid(process)) return NOT_PERMITTED;
  const wanted = numberOf(group) === 0 ? PROCESS.pid(process) : numberOf(group);
  if (wanted !== PROCESS.pid(process) && !isGroupOf(wanted, PROCESS.session(current))) return NOT_PERMITTED;
  PROCESS.setGroup(process, wanted);
  return OK;
}

/** setsid: a session and a group of its own, whose number this is; NOT_PERMITTED for who leads a group. */
export function callSetsid(): number {
  const process = processCurrent();
  const pid = PROCESS.pid(process);
  for (let other = processFirst(); other !== NO_PROCESS; other = PROCESS.next(other)) {
    if (PROCESS.group(other) === pid) return NOT_PERMITTED;
  }
  PROCESS.setGroup(process, pid);
  PROCESS.setSession(process, pid);
  return pid;
}

/** set_tid_address: the caller's number. */
export function callSetTidAddress(at: bigint): number {
  PROCESS.setClearTid(processCurrent(), at);
  return callGetpid();
}

/** NO_PROCESS: there is none of that number. 0 is the caller's. */
function processOf(pid: bigint): Process {
  return numberOf(pid) === 0 ? processCurrent() : processFind(numberOf(pid));
}
function isGroupOf(group: number, session: number): boolean {
  for (let process = processFirst(); process !== NO_PROCESS; process = PROCESS.next(process)) {
    if (PROCESS.group(process) !== group || PROCESS.state(process) === STATE.ZOMBIE) continue;
    return PROCESS.session(process) === session;
  }
  return false;
}
