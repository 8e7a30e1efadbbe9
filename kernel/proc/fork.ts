/** fork, vfork, clone: the current process once more, with memory that the two share until one of them writes. */
import { TRAP_FRAME } from "../arch/trap-frame.ts";
import { fpuKeep } from "../arch/user-mode.ts";
import { copyBytes, staticBytes, store32 } from "../doors/machine.ts";
import { virtAddr } from "../lib/addr.ts";
import { NO_MEMORY } from "../lib/status.ts";
import { objectReferenceAdd } from "../mm/space/object.ts";
import { NO_SPACE } from "../mm/space/space.ts";
import { spaceFork } from "../mm/space/space-fork.ts";
import { copyOut } from "../mm/user/user-copy.ts";
import { copyOutTo } from "./exec.ts";
import { orphansReap } from "./exit.ts";
import { fileTableCopy, NO_FILE_TABLE } from "./file-table.ts";
import { memoryFree } from "./out-of-memory.ts";
import { NAME_BYTES, NO_PROCESS, PROCESS, type Process, processCurrent } from "./process.ts";
import { processWake } from "./schedule.ts";
import { ACTIONS_BYTES, isKilled } from "./signal-actions.ts";
import { spaceLend } from "./space-lend.ts";
import { processAbandon, processBegin, processFrame } from "./spawn.ts";

/** Linux's flags (man 2 clone), as far as a process without threads needs them; the lowest byte is a signal. */
export const CLONE = {
  VM: 0x100n, VFORK: 0x4000n, SET_TLS: 0x8_0000n, PARENT_SET_TID: 0x10_0000n, CHILD_CLEAR_TID: 0x20_0000n,
  CHILD_SET_TID: 0x100_0000n,
} as const;

const tid = staticBytes(8, 8);

/**
 * The number of a child that goes on from `frame`, the current process's, with 0 in RAX and, unless that is 0, with
 * `stack` in RSP; or NO_MEMORY. VM and VFORK are given together or not at all: the child has the parent's memory then,
 * and the parent waits until it has left it. `parentTid` and `childTid`: where its number goes, if the flags say so, in
 * the memory of each; who gives wrong ones is not told. `tls`, a user address, is its FS base with SET_TLS. NO_MEMORY:
 * there was none even after the hog had ended, or this was the hog.
 */
export function processClone(
  frame: bigint, flags: bigint, stack: bigint, parentTid: bigint, childTid: bigint, tls: bigint,
): number {
  const child = cloneOnce(frame, flags, stack, parentTid, childTid, tls);
  if (child !== NO_MEMORY || !memoryFree() || isKilled(processCurrent())) return child;
  return cloneOnce(frame, flags, stack, parentTid, childTid, tls);
}

function cloneOnce(
  frame: bigint, flags: bigint, stack: bigint, parentTid: bigint, childTid: bigint, tls: bigint,
): number {
  orphansReap();
  const parent = processCurrent();
  const child = processBegin(parent);
  if (child === NO_PROCESS) return NO_MEMORY;
  const isLent = (flags & CLONE.VFORK) !== 0n;
  const files = fileTableCopy(PROCESS.files(parent));
  PROCESS.setFiles(child, files);
  let space = NO_SPACE;
  if (files !== NO_FILE_TABLE) space = isLent ? PROCESS.space(parent) : spaceFork(PROCESS.space(parent));
  if (space === NO_SPACE) {
    processAbandon(child);
    return NO_MEMORY;
  }
  PROCESS.setSpace(child, space);
  inherit(child, parent);
  if ((flags & CLONE.SET_TLS) !== 0n) PROCESS.setFsBase(child, tls);
  if ((flags & CLONE.CHILD_CLEAR_TID) !== 0n) PROCESS.setClearTid(child, childTid);
  const copy = processFrame(child);
  copyBytes(copy, frame, TRAP_FRAME.SIZE);
  TRAP_FRAME.setRax(copy, 0n);
  if (stack !== 0n) TRAP_FRAME.setRsp(copy, stack);

  const pid = PROCESS.pid(child);
  store32(tid, pid);
  if ((flags & CLONE.PARENT_SET_TID) !== 0n) copyOut(parentTid, virtAddr(tid), 4);
  if ((flags & CLONE.CHILD_SET_TID) !== 0n) copyOutTo(child, childTid, virtAddr(tid), 4);
  processWake(child);
  if (isLent) spaceLend(parent, child);
  return pid;
}

function inherit(child: Process, parent: Process): void {
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
}
