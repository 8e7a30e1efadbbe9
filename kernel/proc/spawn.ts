/** A first process of a program: from the console, with no parent. */
import { trapReturn } from "../arch/image.ts";
import { TRAP_FRAME } from "../arch/trap-frame.ts";
import { store64 } from "../doors/machine.ts";
import { NOWHERE, type VirtAddr, virtAddr } from "../lib/addr.ts";
import { NO_MEMORY, OK, type Status } from "../lib/status.ts";
import type { SpaceObject } from "../mm/space/object.ts";
import { programStart } from "./exec.ts";
import {
  descriptorTake, fileTableDrop, fileTableTake, NO_FILE_TABLE,
} from "./file-table.ts";
import { FILE_FLAG, FILE_KIND, fileRelease, fileTake, NO_OPEN_FILE } from "./files.ts";
import { kernelStackGive, kernelStackTake } from "./kernel-stack.ts";
import { FLAG, NO_PROCESS, PROCESS, type Process, processGive, processTake } from "./process.ts";
import { processWake, queueEmpty } from "./schedule.ts";

/** What stack_switch pops: six registers, and where to go on (boot/user.asm). */
const SWITCH_BYTES = 56n;
const SWITCH_RETURN = 48n;
/** Standard input, output and error. */
const CONSOLE_DESCRIPTORS = 3;

let spawned = NO_PROCESS;

/** A process that runs the program of `object` with the strings of arguments.ts: NO_PROGRAM, NO_MEMORY. */
export function processSpawn(object: SpaceObject): Status {
  const process = processBegin(NO_PROCESS);
  if (process === NO_PROCESS) return NO_MEMORY;
  let status = consoleOpen(process);
  if (status === OK) status = programStart(process, object, processFrame(process));
  if (status !== OK) {
    processAbandon(process);
    return status;
  }
  PROCESS.setFlags(process, FLAG.AWAITED);
  PROCESS.setGroup(process, PROCESS.pid(process));
  PROCESS.setSession(process, PROCESS.pid(process));
  PROCESS.setGroup(process, PROCESS.pid(process));
  PROCESS.setSession(process, PROCESS.pid(process));
  processWake(process);
  spawned = process;
  return OK;
}
/** The process of the last processSpawn that was OK. */
export function processSpawned(): Process {
  return spawned;
}

/** A process with a kernel stack, on which it will begin at its TRAP_FRAME; NO_PROCESS when there is no memory. */
export function processBegin(parent: Process): Process {
  const process = processTake(parent);
  if (process === NO_PROCESS) return NO_PROCESS;
  const stack = kernelStackTake();
  if (stack === NOWHERE) {
    processGive(process);
    return NO_PROCESS;
  }
  PROCESS.setStack(process, stack);
  queueEmpty(PROCESS.waitingAt(process));
  const rsp = processFrame(process) - SWITCH_BYTES;
  store64(rsp + SWITCH_RETURN, trapReturn());
  PROCESS.setRsp(process, rsp);
  return process;
}

/** What processBegin gave, and its descriptors, if it has some by now, are given back: it has never run. */
export function processAbandon(process: Process): void {
  if (PROCESS.files(process) !== NO_FILE_TABLE) fileTableDrop(PROCESS.files(process));
  kernelStackGive(PROCESS.stack(process));
  processGive(process);
}

/** Its descriptors 0, 1 and 2 are the console. NO_MEMORY. */
function consoleOpen(process: Process): Status {
  const table = fileTableTake();
  if (table === NO_FILE_TABLE) return NO_MEMORY;
  PROCESS.setFiles(process, table);
  const file = fileTake(FILE_KIND.CONSOLE, FILE_FLAG.READ_WRITE, 0n);
  if (file === NO_OPEN_FILE) return NO_MEMORY;
  for (let i = 0; i < CONSOLE_DESCRIPTORS; i++) descriptorTake(table, i, file, false);
  fileRelease(file);
  return OK;
}

/** Where a process that is in the kernel has its registers: at the top of its kernel stack. */
export function processFrame(process: Process): VirtAddr {
  return virtAddr(PROCESS.stack(process) - BigInt(TRAP_FRAME.SIZE));
}
