/** System calls that make processes and programs: man 2 fork, clone, execve; and man 2 arch_prctl, sched_yield. */
import { fsBaseSet } from "../arch/user-mode.ts";
import {
  ACCESS_DENIED, INVALID, NO_MEMORY, NOT_FOUND, NOT_PERMITTED, OK, type Status,
} from "../lib/status.ts";
import { NO_SPACE_OBJECT, objectReferenceAdd } from "../mm/space/object.ts";
import { isUserRange } from "../mm/space/user-range.ts";
import { copyOut64 } from "../mm/user/user-copy.ts";
import { argumentsOf } from "../proc/arguments.ts";
import { programExec } from "../proc/exec.ts";
import { CLONE, processClone } from "../proc/fork.ts";
import { PROCESS, processCurrent } from "../proc/process.ts";
import { programDrop, programFind } from "../proc/programs.ts";
import { turnEnd } from "../proc/schedule.ts";
import { SIGNAL } from "../proc/signal-actions.ts";
import { HERE, pathLength, pathPlace, pathRead, pathText, PLACE } from "./paths.ts";

const ARCH_SET_FS = 0x1002n;
const ARCH_GET_FS = 0x1003n;
const SIGNAL_BYTE = 0xffn;
const CLONE_ALL =
  CLONE.VM | CLONE.VFORK | CLONE.SET_TLS | CLONE.PARENT_SET_TID | CLONE.CHILD_CLEAR_TID | CLONE.CHILD_SET_TID;

export function callYield(): Status {
  turnEnd();
  return OK;
}

export function callFork(frame: bigint): number {
  return processClone(frame, 0n, 0n, 0n, 0n, 0n);
}
export function callVfork(frame: bigint): number {
  return processClone(frame, CLONE.VM | CLONE.VFORK, 0n, 0n, 0n, 0n);
}
/** clone, of processes: INVALID for whatever makes threads or shares less than all memory. */
export function callClone(
  frame: bigint, flags: bigint, stack: bigint, parentTid: bigint, childTid: bigint, tls: bigint,
): number {
  const wanted = flags & 0xffff_ffffn;
  if ((wanted & SIGNAL_BYTE) !== BigInt(SIGNAL.CHLD) || (wanted & ~SIGNAL_BYTE & ~CLONE_ALL) !== 0n) return INVALID;
  const together = CLONE.VM | CLONE.VFORK;
  if ((wanted & together) !== 0n && (wanted & together) !== together) return INVALID;
  if ((wanted & CLONE.SET_TLS) !== 0n && !isUserRange(tls, 1n)) return NOT_PERMITTED;
  return processClone(frame, wanted, stack, parentTid, childTid, tls);
}

/**
 * execve: does not come back to the program that called it, unless with a status, and then nothing has changed.
 * TOO_LONG: strings of 128 KiB and more. NO_PROGRAM: the file is none.
 */
export function callExecve(frame: bigint, path: bigint, argv: bigint, envp: bigint): Status {
  let status = pathRead(HERE, path);
  if (status === OK) status = placeIsProgram(pathPlace());
  if (status === OK) status = argumentsOf(argv, envp);
  if (status !== OK) return status;
  let program = PROCESS.object(processCurrent());
  if (pathPlace() === PLACE.SELF) objectReferenceAdd(program);
  else program = programFind(pathText(), pathLength());
  if (program === NO_SPACE_OBJECT) return NO_MEMORY;
  status = programExec(program, frame, pathText(), pathLength());
  programDrop(program);
  return status;
}
function placeIsProgram(place: number): Status {
  if (place === PLACE.PROGRAM || place === PLACE.SELF) return OK;
  return place === PLACE.NOTHING ? NOT_FOUND : ACCESS_DENIED;
}

export function callArchPrctl(code: bigint, value: bigint): Status {
  const process = processCurrent();
  switch (code) {
    case ARCH_SET_FS:
      if (!isUserRange(value, 1n)) return NOT_PERMITTED;
      PROCESS.setFsBase(process, value);
      fsBaseSet(value);
      return OK;
    case ARCH_GET_FS:
      return copyOut64(value, PROCESS.fsBase(process));
    default:
      return INVALID;
  }
}
