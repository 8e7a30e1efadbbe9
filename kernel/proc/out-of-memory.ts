/**
 * What happens when no frame is left: somebody ends, so that the others can go on.
 *
 * The hog is the family (a space, and those that were forked from one of it, until they run another program) whose
 * processes have most: pages that are present, shared ones too, and what the kernel keeps for each. Of a small family
 * the process that has most ends; a family of more than FAMILY_MOST is a fork bomb, and ends as a whole. Who asked for
 * the frame does not matter. The pages come back at once, the rest when the process would run next.
 */
import { logEnd, logNumber, logText } from "../base/log.ts";
import { framesFree } from "../mm/phys/frames.ts";
import { spaceResident } from "../mm/space/resident.ts";
import {
  familyIsOf, familyScore, familyScoreSet, familySpaces, NO_SPACE, spaceEmpty,
} from "../mm/space/space.ts";
import { processNameLog } from "./name.ts";
import { NO_PROCESS, PROCESS, type Process, processFirst } from "./process.ts";
import { reservesTrim } from "./reserves.ts";
import { isKilled, SIGNAL } from "./signal-actions.ts";
import { signalSend } from "./signals.ts";

const FAMILY_MOST = 16;
/** Frames that are free afterwards at least: what a fault takes at most, or a small process. */
const FREE_LEAST = 64;
/** Frames of a record, a kernel stack, a space and its lowest tables. */
const OVERHEAD = 10;

/**
 * False: nobody is left who could end, and there are still no FREE_LEAST frames. Otherwise it is worth to try again;
 * the current process may be the one that ends, and has no page any more then. Cost: a look at all pages of all.
 */
export function memoryFree(): boolean {
  reservesTrim();
  while (framesFree() < FREE_LEAST) {
    const victim = victimChoose();
    if (victim === NO_PROCESS) return false;
    if (familySpaces(PROCESS.space(victim)) <= FAMILY_MOST) victimEnd(victim);
    else familyEnd(victim);
  }
  return true;
}

/** Of the family that has most, the process that has most. NO_PROCESS: there is none that is not ending already. */
function victimChoose(): Process {
  for (let process = nextToEnd(processFirst()); process !== NO_PROCESS; process = nextToEnd(PROCESS.next(process))) {
    familyScoreSet(PROCESS.space(process), 0);
  }
  for (let process = nextToEnd(processFirst()); process !== NO_PROCESS; process = nextToEnd(PROCESS.next(process))) {
    const space = PROCESS.space(process);
    const score = spaceResident(space) + OVERHEAD;
    PROCESS.setScore(process, BigInt(score));
    familyScoreSet(space, familyScore(space) + score);
  }
  let victim = NO_PROCESS;
  for (let process = nextToEnd(processFirst()); process !== NO_PROCESS; process = nextToEnd(PROCESS.next(process))) {
    if (victim === NO_PROCESS || hasMore(process, victim)) victim = process;
  }
  return victim;
}
function hasMore(process: Process, other: Process): boolean {
  const score = familyScore(PROCESS.space(process));
  const scoreOther = familyScore(PROCESS.space(other));
  return score > scoreOther || (score === scoreOther && PROCESS.score(process) > PROCESS.score(other));
}

/** The first from `process` on that has memory, and does not end yet. */
function nextToEnd(process: Process): Process {
  let at = process;
  while (at !== NO_PROCESS && (PROCESS.space(at) === NO_SPACE || isKilled(at))) at = PROCESS.next(at);
  return at;
}

function familyEnd(of: Process): void {
  const space = PROCESS.space(of);
  processNameLog(of);
  logNumber("no memory is left, and it has forked ", familySpaces(space));
  logText(" of its kind: all are ended");
  logEnd();
  for (let process = nextToEnd(processFirst()); process !== NO_PROCESS; process = nextToEnd(PROCESS.next(process))) {
    if (!familyIsOf(PROCESS.space(process), space)) continue;
    signalSend(process, SIGNAL.KILL);
    spaceEmpty(PROCESS.space(process));
  }
}
function victimEnd(process: Process): void {
  processNameLog(process);
  logNumber("no memory is left, and it has most: pages=", Number(PROCESS.score(process)) - OVERHEAD);
  logNumber(": ended by signal ", SIGNAL.KILL);
  logEnd();
  const space = PROCESS.space(process); // who has borrowed it, or lent it (vfork), ends as well
  for (let other = processFirst(); other !== NO_PROCESS; other = PROCESS.next(other)) {
    if (PROCESS.space(other) === space) signalSend(other, SIGNAL.KILL);
  }
  spaceEmpty(space);
}
