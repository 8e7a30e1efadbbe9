/**
 * Who runs next. Processes that can run wait in one queue and take turns: a turn ends when it sleeps, ends, or has had
 * TURN_TICKS timer interrupts. The kernel's own thread, which is the console, runs when nobody can, and when it asks
 * to.
 *
 * Whoever sleeps is woken by somebody, by a signal if it may be, or by the clock: the list of timers is looked through
 * whenever somebody else has a turn, and a timer interrupt ends a turn for it.
 *
 * A switch is a call that comes back later: each process has its place on a kernel stack of its own. Interrupts are
 * off.
 */
import { clockHertz, clockNow } from "../arch/clock.ts";
import { fpuKeep, fpuRestore, fsBaseSet, kernelStackUse } from "../arch/user-mode.ts";
import { load64, readCr3, stackSwitch, staticBytes, writeCr3 } from "../doors/machine.ts";
import { type Frame, frameAddr, virtAddr } from "../lib/addr.ts";
import { layout } from "../lib/layout.ts";
import { INTERRUPTED, OK, type Status, TIMED_OUT } from "../lib/status.ts";
import { kernelRoot } from "../mm/paging/kernel-map.ts";
import { NO_SPACE, type Space, spaceRoot } from "../mm/space/space.ts";
import {
  FLAG, flagClear, flagHas, flagSet, NO_PROCESS, PROCESS, process64, type Process, processCurrent, processCurrentSet,
  STATE, WOKEN,
} from "./process.ts";
import { isSignalled, SIGNAL, signalBit, signalIsIgnored } from "./signal-actions.ts";
import { NEVER, NO_TIMER, TIMER, timerFirst, timersInit, timerStart, timerStop } from "./timers.ts";

/** Timer interrupts in a turn. */
const TURN_TICKS = 2;

/** A queue: the processes in it, from the one that waits longest to the last, linked by PROCESS.queueNext. */
export const QUEUE = layout(16, { first: process64, last: process64 });
const runnable = staticBytes(QUEUE.SIZE, 8);
const pollers = staticBytes(QUEUE.SIZE, 8);
const terminalReaders = staticBytes(QUEUE.SIZE, 8);
const kernelRsp = staticBytes(8, 8);

let ticksLeft = 0;
let isTurnOver = false;
let isKernelAsking = false;

export function scheduleInit(): void {
  queueEmpty(runnable);
  queueEmpty(pollers);
  queueEmpty(terminalReaders);
  timersInit();
  ticksLeft = 0;
  isTurnOver = false;
  isKernelAsking = false;
}

// ---- queues ----------------------------------------------------------------------------------------------------
export function queueEmpty(queue: bigint): void {
  QUEUE.setFirst(queue, NO_PROCESS);
  QUEUE.setLast(queue, NO_PROCESS);
}
export function queueIsEmpty(queue: bigint): boolean {
  return QUEUE.first(queue) === NO_PROCESS;
}
function queuePut(queue: bigint, process: Process): void {
  const last = queueIsEmpty(queue) ? NO_PROCESS : QUEUE.last(queue);
  PROCESS.setQueueNext(process, NO_PROCESS);
  PROCESS.setQueuePrevious(process, last);
  PROCESS.setQueue(process, queue);
  if (last === NO_PROCESS) QUEUE.setFirst(queue, process);
  else PROCESS.setQueueNext(last, process);
  QUEUE.setLast(queue, process);
}
function queueTake(queue: bigint): Process {
  const process = QUEUE.first(queue);
  const next = PROCESS.queueNext(process);
  QUEUE.setFirst(queue, next);
  if (next !== NO_PROCESS) PROCESS.setQueuePrevious(next, NO_PROCESS);
  PROCESS.setQueue(process, 0n);
  return process;
}
/** Takes `process` out of the queue that it is in, wherever in it. */
function queueLeave(process: Process): void {
  const queue = PROCESS.queue(process);
  const before = PROCESS.queuePrevious(process);
  const next = PROCESS.queueNext(process);
  if (before === NO_PROCESS) QUEUE.setFirst(queue, next);
  else PROCESS.setQueueNext(before, next);
  if (next === NO_PROCESS) QUEUE.setLast(queue, before);
  else PROCESS.setQueuePrevious(next, before);
  PROCESS.setQueue(process, 0n);
}

// ---- sleeping and waking ---------------------------------------------------------------------------------------
/** It can run from now on: a new one, or one that slept. */
export function processWake(process: Process): void {
  if (PROCESS.state(process) !== STATE.SLEEPING) return;
  if (PROCESS.queue(process) !== 0n) queueLeave(process);
  timerStop(PROCESS.sleepTimerAt(process));
  flagClear(process, FLAG.INTERRUPTIBLE);
  PROCESS.setState(process, STATE.RUNNABLE);
  queuePut(runnable, process);
}
/** The same for one that a signal has stopped; its parent may ask. */
export function processContinue(process: Process): void {
  if (PROCESS.state(process) !== STATE.STOPPED) return;
  flagSet(process, FLAG.CONTINUE_NEWS);
  flagClear(process, FLAG.STOP_NEWS);
  if (PROCESS.parent(process) !== NO_PROCESS) queueWake(PROCESS.waitingAt(PROCESS.parent(process)));
  PROCESS.setState(process, STATE.SLEEPING);
  processWake(process);
}
/** A signal is pending: it is acted on before the process runs in ring 3, and ends a sleep that it may end. */
export function signalRaise(process: Process, signal: number): void {
  PROCESS.setPending(process, PROCESS.pending(process) | signalBit(signal));
  if (!isSignalled(process) || !flagHas(process, FLAG.INTERRUPTIBLE)) return;
  PROCESS.setWoken(process, WOKEN.BY_SIGNAL);
  processWake(process);
}

/**
 * The current process sleeps in the queue (0n: in none) until somebody wakes it, a signal comes or is there already:
 * INTERRUPTED, or the clock says `deadline`: TIMED_OUT; NEVER is one. On a machine without a clock any other deadline
 * has come.
 */
export function sleepTill(queue: bigint, deadline: bigint): Status {
  const process = processCurrent();
  if (isSignalled(process)) return INTERRUPTED;
  if (deadline !== NEVER) {
    if (clockHertz() === 0n || deadline <= clockNow()) return TIMED_OUT;
    timerStart(PROCESS.sleepTimerAt(process), process, deadline);
  }
  flagSet(process, FLAG.INTERRUPTIBLE);
  PROCESS.setWoken(process, WOKEN.BY_SOMEBODY);
  PROCESS.setState(process, STATE.SLEEPING);
  if (queue !== 0n) queuePut(queue, process);
  switchAway();
  if (PROCESS.woken(process) === WOKEN.BY_SIGNAL) return INTERRUPTED;
  return PROCESS.woken(process) === WOKEN.BY_CLOCK ? TIMED_OUT : OK;
}
/** The current process sleeps until somebody wakes the queue, or the process: no signal does. */
export function sleepIn(queue: bigint): void {
  const process = processCurrent();
  PROCESS.setState(process, STATE.SLEEPING);
  queuePut(queue, process);
  switchAway();
}
/** All that sleep in the queue can run. */
export function queueWake(queue: bigint): void {
  while (!queueIsEmpty(queue)) processWake(QUEUE.first(queue));
}

/** Those who wait for several things at once: something of which one can wait has happened, and they look again. */
export function pollersWake(): void {
  queueWake(pollers);
}
export function pollersQueue(): bigint {
  return pollers;
}

/** Those who wait for what is typed. */
export function terminalQueue(): bigint {
  return terminalReaders;
}

// ---- turns -----------------------------------------------------------------------------------------------------
/** A timer interrupt, in whatever runs. */
export function scheduleTick(): void {
  const process = processCurrent();
  if (process === NO_PROCESS) return;
  PROCESS.setTicks(process, PROCESS.ticks(process) + 1n);
  ticksLeft--;
  if (ticksLeft <= 0 || isTimerDue()) isTurnOver = true;
}
function isTimerDue(): boolean {
  return timerFirst() !== NO_TIMER && TIMER.deadline(timerFirst()) <= clockNow();
}
/** What is due happens. */
function timersExpire(): void {
  while (isTimerDue()) {
    const timer = timerFirst();
    const process = TIMER.process(timer);
    if (timer === PROCESS.alarmTimerAt(process)) alarmRing(process);
    else {
      PROCESS.setWoken(process, WOKEN.BY_CLOCK);
      processWake(process);
    }
  }
}
function alarmRing(process: Process): void {
  const timer = PROCESS.alarmTimerAt(process);
  const every = PROCESS.alarmEvery(process);
  const due = TIMER.deadline(timer);
  timerStop(timer);
  if (every !== 0n) timerStart(timer, process, due + every * ((clockNow() - due) / every + 1n));
  const isBlocked = (PROCESS.blocked(process) & signalBit(SIGNAL.ALRM)) !== 0n;
  if (isBlocked || !signalIsIgnored(process, SIGNAL.ALRM)) signalRaise(process, SIGNAL.ALRM);
}
/** The kernel's own thread wants to run: something was typed. */
export function kernelAsks(): void {
  isKernelAsking = true;
}
/** Is it time for somebody else? Asked on the way into a program. */
export function isTurnEnding(): boolean {
  return isTurnOver || isKernelAsking;
}
/** The current process lets others run, and goes on when it is its turn again. */
export function turnEnd(): void {
  isTurnOver = false;
  timersExpire();
  queuePut(runnable, processCurrent());
  switchAway();
}
/** The current process does not run any more; it has been put where it belongs. */
export function switchAway(): void {
  const process = processCurrent();
  fpuKeep(virtAddr(PROCESS.fpuAt(process)));
  if (isKernelAsking || queueIsEmpty(runnable)) {
    isKernelAsking = false;
    processCurrentSet(NO_PROCESS);
    stackSwitch(PROCESS.rspAt(process), load64(kernelRsp));
  } else {
    const next = queueTake(runnable);
    if (next !== process) processEnter(next, PROCESS.rspAt(process));
    else processSet(next);
  }
}

/** From the kernel's own thread: processes run until none can, or something is typed. False: there was none. */
export function processesRun(): boolean {
  timersExpire();
  if (queueIsEmpty(runnable)) return false;
  isKernelAsking = false;
  processEnter(queueTake(runnable), kernelRsp);
  spaceUse(NO_SPACE);
  return true;
}

function processEnter(process: Process, rspAt: bigint): void {
  processSet(process);
  stackSwitch(rspAt, PROCESS.rsp(process));
}
function processSet(process: Process): void {
  processCurrentSet(process);
  ticksLeft = TURN_TICKS;
  isTurnOver = false;
  spaceUse(PROCESS.space(process));
  kernelStackUse(PROCESS.stack(process));
  fsBaseSet(PROCESS.fsBase(process));
  fpuRestore(virtAddr(PROCESS.fpuAt(process)));
}

/** The CPU uses this space's tables, or the kernel's for NO_SPACE. */
export function spaceUse(space: Space): void {
  const root: Frame = space === NO_SPACE ? kernelRoot() : spaceRoot(space);
  if (readCr3() !== frameAddr(root)) writeCr3(frameAddr(root));
}
