/**
 * Processes: what each is made of, the list of all, and who runs.
 *
 *   PROCESS, one frame
 *   +0     | pid           | state         |   1, 2, …; one of STATE
 *   +8     | parent        | child         |   its parent; its youngest child
 *   +24    | sibling       | next          |   the next older child of its parent; the next older of all
 *   +40    | queueNext     | queue         |   what it waits for, and who else does
 *   +56    | space         | object        |   its address space; the program that it runs
 *   +72    | stack         | rsp           |   top of its kernel stack; where that was left
 *   +88    | fsBase        | brkStart      |
 *   +104   | brkEnd        | status | flags|   status: as wait4 tells it, once it is a zombie; FLAG
 *   +120   | name                          |   15 bytes and a zero
 *   +136   | pending       | blocked       |   signals, bit n-1 for signal n
 *   +152   | faults        | ticks         |   pages that came; timer interrupts while it ran
 *   +168   | waiting                       |   a queue: itself, while it waits for a child
 *   +184   | files         | previous      |   its descriptors, or NO_FILE_TABLE; the next younger of all
 *   +200   | siblingPrevious, queuePrevious   the next younger child; who waits right before it
 *   +512   | fpu                           |   512 bytes of FXSAVE while it does not run
 *   +1024  | actions                       |   what it does about each of 64 signals: signal-actions.ts
 *   +3072  | group         | session       |   of processes: the numbers of those who began them
 *   +3080  | woken         | stopSignal    |   one of WOKEN, after a sleep; what stopped it
 *   +3088  | sleepTimer                    |   a TIMER: until when it sleeps
 *   +3112  | alarmTimer                    |   another: when SIGALRM comes
 *   +3136  | alarmEvery    | score         |   nanoseconds between two SIGALRM, 0: there is one; out-of-memory.ts
 *   +3152  | childTicks    | childFaults   |   of the children that it has asked for, and of theirs
 *   +3168  | clearTid                      |   becomes 0 when it ends; 0: nothing does
 */
import { fillWords } from "../doors/machine.ts";
import { frameBytes, frameOf, NO_FRAME, physAddr, DIRECT_MAP, type VirtAddr } from "../lib/addr.ts";
import { bytes, type Field, layout, u32, u64 } from "../lib/layout.ts";
import { frameGive, frameTake } from "../mm/phys/frames.ts";
import { kernelFrames } from "../mm/phys/owners.ts";
import type { SpaceObject } from "../mm/space/object.ts";
import type { Space } from "../mm/space/space.ts";
import type { FileTable } from "./file-table.ts";

/** The address of a PROCESS. */
export type Process = VirtAddr & { readonly __process: "Process" };
export const NO_PROCESS = 0n as Process;
export const process64 = u64 as Field<Process, 8>;
const space64 = u64 as Field<Space, 8>;
const object64 = u64 as Field<SpaceObject, 8>;
const files64 = u64 as Field<FileTable, 8>;
const va64 = u64 as Field<VirtAddr, 8>;

export const NAME_BYTES = 16;
export const PROCESS = layout(4096, {
  pid: u32, state: u32, parent: process64, child: process64, sibling: process64, next: process64, queueNext: process64,
  queue: u64, space: space64, object: object64, stack: va64, rsp: u64, fsBase: u64, brkStart: u64, brkEnd: u64,
  status: u32, flags: u32, name: bytes(NAME_BYTES), pending: u64, blocked: u64, faults: u64, ticks: u64,
  waiting: bytes(16), files: files64, previous: process64, siblingPrevious: process64,
  queuePrevious: process64, rest: bytes(296), fpu: bytes(512),
  actions: bytes(2048), group: u32, session: u32, woken: u32, stopSignal: u32, sleepTimer: bytes(24),
  alarmTimer: bytes(24), alarmEvery: u64, score: u64, childTicks: u64, childFaults: u64, clearTid: u64,
  more: bytes(920),
});

/**
 * RUNNABLE: runs, or waits for the CPU. SLEEPING: waits for something else. ZOMBIE: waits for its parent to ask.
 * STOPPED: waits for SIGCONT.
 */
export const STATE = { RUNNABLE: 1, SLEEPING: 2, ZOMBIE: 3, STOPPED: 4 } as const;

/**
 * AWAITED: somebody in the kernel will ask how it ended. INTERRUPTIBLE: a signal ends its sleep. LENDS: its space is
 * its child's meanwhile. BORROWS: it is the child. STOP_NEWS, CONTINUE_NEWS: its parent has not asked since.
 * EXECUTED: it has begun another program since it was forked. LOCKS_AHEAD: what it maps from now on is locked.
 */
export const FLAG = {
  AWAITED: 1, INTERRUPTIBLE: 2, LENDS: 4, BORROWS: 8, STOP_NEWS: 16, CONTINUE_NEWS: 32, EXECUTED: 64, LOCKS_AHEAD: 128,
} as const;

/** What ended a sleep. */
export const WOKEN = { BY_SOMEBODY: 0, BY_SIGNAL: 1, BY_CLOCK: 2 } as const;

const WORDS = 512;

let first = NO_PROCESS;
let lastPid = 0;
let count = 0;
let current = NO_PROCESS;

export function processesInit(): void {
  first = NO_PROCESS;
  lastPid = 0;
  count = 0;
  current = NO_PROCESS;
}

/** A process with a number, in the list, and nothing else. NO_PROCESS: there is no frame. */
export function processTake(parent: Process): Process {
  const frame = frameTake(kernelFrames());
  if (frame === NO_FRAME) return NO_PROCESS;
  const process = frameBytes(frame) as Process;
  fillWords(process, 0n, WORDS);
  lastPid++;
  count++;
  PROCESS.setPid(process, lastPid);
  PROCESS.setState(process, STATE.SLEEPING);
  PROCESS.setParent(process, parent);
  PROCESS.setNext(process, first);
  if (first !== NO_PROCESS) PROCESS.setPrevious(first, process);
  first = process;
  if (parent === NO_PROCESS) return process;
  const sibling = PROCESS.child(parent);
  PROCESS.setSibling(process, sibling);
  if (sibling !== NO_PROCESS) PROCESS.setSiblingPrevious(sibling, process);
  PROCESS.setChild(parent, process);
  return process;
}

/** Takes it out of the list and away from its parent: nothing of it is left. */
export function processGive(process: Process): void {
  const next = PROCESS.next(process);
  const previous = PROCESS.previous(process);
  if (next !== NO_PROCESS) PROCESS.setPrevious(next, previous);
  if (previous !== NO_PROCESS) PROCESS.setNext(previous, next);
  else first = next;
  parentForget(process);
  count--;
  frameGive(frameOf(physAddr(process - DIRECT_MAP)));
}

/** Its children have no parent any more: those that are zombies already nobody will ask for. */
export function childrenLeave(process: Process): void {
  for (let child = PROCESS.child(process); child !== NO_PROCESS; ) {
    const sibling = PROCESS.sibling(child);
    PROCESS.setParent(child, NO_PROCESS);
    PROCESS.setSibling(child, NO_PROCESS);
    PROCESS.setSiblingPrevious(child, NO_PROCESS);
    child = sibling;
  }
  PROCESS.setChild(process, NO_PROCESS);
}

/** Its parent, if it has one, has it no longer. */
export function parentForget(process: Process): void {
  const parent = PROCESS.parent(process);
  if (parent === NO_PROCESS) return;
  const sibling = PROCESS.sibling(process);
  const previous = PROCESS.siblingPrevious(process);
  if (sibling !== NO_PROCESS) PROCESS.setSiblingPrevious(sibling, previous);
  if (previous !== NO_PROCESS) PROCESS.setSibling(previous, sibling);
  else PROCESS.setChild(parent, sibling);
  PROCESS.setParent(process, NO_PROCESS);
  PROCESS.setSibling(process, NO_PROCESS);
  PROCESS.setSiblingPrevious(process, NO_PROCESS);
}

/** All, the newest first: from processFirst() on by PROCESS.next to NO_PROCESS. */
export function processFirst(): Process {
  return first;
}
export function processCount(): number {
  return count;
}
/** NO_PROCESS: nobody has this number. */
export function processFind(pid: number): Process {
  let process = first;
  while (process !== NO_PROCESS && PROCESS.pid(process) !== pid) process = PROCESS.next(process);
  return process;
}

export function flagSet(process: Process, flag: number): void {
  PROCESS.setFlags(process, PROCESS.flags(process) | flag);
}
export function flagClear(process: Process, flag: number): void {
  PROCESS.setFlags(process, PROCESS.flags(process) & ~flag);
}
export function flagHas(process: Process, flag: number): boolean {
  return (PROCESS.flags(process) & flag) !== 0;
}

/** Who runs; NO_PROCESS while the kernel is on its own. */
export function processCurrent(): Process {
  return current;
}
export function processCurrentSet(process: Process): void {
  current = process;
}
