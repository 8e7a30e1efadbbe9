/** fork: the current process once more, with memory that the two share until one of them writes. */
import { TRAP_FRAME } from "../arch/trap-frame.ts";
import { fpuKeep } from "../arch/user-mode.ts";
import { copyBytes } from "../doors/machine.ts";
import { virtAddr } from "../lib/addr.ts";
import { NO_MEMORY } from "../lib/status.ts";
import { objectReferenceAdd } from "../mm/space/object.ts";
import { NO_SPACE } from "../mm/space/space.ts";
import { spaceFork } from "../mm/space/space-fork.ts";
import { orphansReap } from "./exit.ts";
import { fileTableCopy, NO_FILE_TABLE } from "./file-table.ts";
import { memoryFree } from "./out-of-memory.ts";
import { NAME_BYTES, NO_PROCESS, PROCESS, processCurrent } from "./process.ts";
import { processWake } from "./schedule.ts";
import { ACTIONS_BYTES, isKilled } from "./signal-actions.ts";
import { processAbandon, processBegin, processFrame } from "./spawn.ts";

/**
 * The number of a child that goes on from `frame`, the current process's, with 0 in RAX; or NO_MEMORY, when there was
 * none even after the hog had ended, or this was the hog.
 */
export function processFork(frame: bigint): number {
  const child = processForkOnce(frame);
  if (child !== NO_MEMORY || !memoryFree() || isKilled(processCurrent())) return child;
  return processForkOnce(frame);
}

function processForkOnce(frame: bigint): number {
  orphansReap();
  const parent = processCurrent();
  const child = processBegin(parent);
  if (child === NO_PROCESS) return NO_MEMORY;
  const files = fileTableCopy(PROCESS.files(parent));
  PROCESS.setFiles(child, files);
  const space = files === NO_FILE_TABLE ? NO_SPACE : spaceFork(PROCESS.space(parent));
  if (space === NO_SPACE) {
    processAbandon(child);
    return NO_MEMORY;
  }
  PROCESS.setSpace(child, space);
  objectReferenceAdd(PROCESS.object(parent));
  PROCESS.setObject(child, PROCESS.object(parent));
  PROCESS.setFsBase(child, PROCESS.fsBase(parent));
  PROCESS.setBrkStart(child, PROCESS.brkStart(parent));
  PROCESS.setBrkEnd(child, PROCESS.brkEnd(parent));
  PROCESS.setBlocked(child, PROCESS.blocked(parent));
  copyBytes(PROCESS.actionsAt(child), PROCESS.actionsAt(parent), ACTIONS_BYTES);
  PROCESS.setGroup(child, PROCESS.group(parent));
  PROCESS.setSession(child, PROCESS.session(parent));
  copyBytes(PROCESS.nameAt(child), PROCESS.nameAt(parent), NAME_BYTES);
  fpuKeep(virtAddr(PROCESS.fpuAt(child))); // nobody else has used these registers since the parent was here
  const copy = processFrame(child);
  copyBytes(copy, frame, TRAP_FRAME.SIZE);
  TRAP_FRAME.setRax(copy, 0n);
  processWake(child);
  return PROCESS.pid(child);
}
