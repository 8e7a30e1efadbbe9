/**
 * What is to happen at a moment: an ordered list, whose records lie in those whom they are for.
 *
 *   TIMER, 24 bytes
 *   +0   | next                          |
 *   +8   | deadline                      |
 *   +16  | process                       |
 */
import { layout, u64 } from "../lib/layout.ts";
import { process64, type Process } from "./process.ts";

export const TIMER = layout(24, { next: u64, deadline: u64, process: process64 });
export const NO_TIMER = 0n;
/** A deadline that never comes. */
export const NEVER = 0xffff_ffff_ffff_ffffn;

let firstTimer = NO_TIMER;

export function timersInit(): void {
  firstTimer = NO_TIMER;
}

/** It runs from now on; those of one deadline in the order of their start. Cost: a step for each that is due before. */
export function timerStart(timer: bigint, process: Process, deadline: bigint): void {
  timerStop(timer);
  TIMER.setDeadline(timer, deadline);
  TIMER.setProcess(timer, process);
  let before = NO_TIMER;
  let at = firstTimer;
  while (at !== NO_TIMER && TIMER.deadline(at) <= deadline) {
    before = at;
    at = TIMER.next(at);
  }
  TIMER.setNext(timer, at);
  if (before === NO_TIMER) firstTimer = timer;
  else TIMER.setNext(before, timer);
}

/** It does not run, whether it did or not. */
export function timerStop(timer: bigint): void {
  if (TIMER.deadline(timer) === 0n) return;
  TIMER.setDeadline(timer, 0n);
  if (firstTimer === timer) {
    firstTimer = TIMER.next(timer);
    return;
  }
  let before = firstTimer;
  while (TIMER.next(before) !== timer) before = TIMER.next(before);
  TIMER.setNext(before, TIMER.next(timer));
}

/** The one that is due next, which runs on; NO_TIMER: none runs. */
export function timerFirst(): bigint {
  return firstTimer;
}
