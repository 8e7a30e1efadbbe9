/**
 * A space that two processes have: vfork lends the parent's to the child, and the parent sleeps until the child has
 * another one or ends. So a space always has one process that can run.
 */
import { panic } from "../base/panic.ts";
import { OK } from "../lib/status.ts";
import { type Space, spaceDestroy } from "../mm/space/space.ts";
import { FLAG, flagClear, flagHas, flagSet, PROCESS, type Process } from "./process.ts";
import { queueWake, sleepIn } from "./schedule.ts";

/** The current process's space is its child's until the child leaves it; then this comes back, and no signal before. */
export function spaceLend(lender: Process, child: Process): void {
  flagSet(child, FLAG.BORROWS);
  flagSet(lender, FLAG.LENDS);
  while (flagHas(lender, FLAG.LENDS)) sleepIn(PROCESS.waitingAt(lender));
}

/** The process has nothing to do with `space`, which was its own, any more, and no CPU uses it unless it is lent. */
export function spaceLeave(process: Process, space: Space): void {
  if (!flagHas(process, FLAG.BORROWS)) {
    if (spaceDestroy(space) !== OK) panic("proc: a process leaves its space, which is in use", space);
    return;
  }
  const lender = PROCESS.parent(process);
  flagClear(process, FLAG.BORROWS);
  flagClear(lender, FLAG.LENDS);
  PROCESS.setBrkEnd(lender, PROCESS.brkEnd(process));
  queueWake(PROCESS.waitingAt(lender));
}
