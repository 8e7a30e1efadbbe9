/** A first process of a program: from the console, with no parent. */
import { trapReturn } from "../arch/image.ts";
import { TRAP_FRAME } from "../arch/trap-frame.ts";
import { store64 } from "../doors/machine.ts";
import { NOWHERE, type VirtAddr, virtAddr } from "../lib/addr.ts";
import { NO_MEMORY, OK, type Status } from "../lib/status.ts";
import type { SpaceObject } from "../mm/space/object.ts";
import { programStart } from "./exec.ts";
import { kernelStackGive, kernelStackTake } from "./kernel-stack.ts";
import { FLAG, NO_PROCESS, PROCESS, type Process, processGive, processTake } from "./process.ts";
import { processWake, queueEmpty } from "./schedule.ts";

/** What stack_switch pops: six registers, and where to go on (boot/user.asm). */
const SWITCH_BYTES = 56n;
const SWITCH_RETURN = 48n;

let spawned = NO_PROCESS;

/** A process that runs the program of `object` with the strings of arguments.ts: NO_PROGRAM, NO_MEMORY. */
export function processSpawn(object: SpaceObject): Status {
  const process = processBegin(NO_PROCESS);
  if (process === NO_PROCESS) return NO_MEMORY;
  const status = programStart(process, object, processFrame(process));
  if (status !== OK) {
    kernelStackGive(PROCESS.stack(process));
    processGive(process);
    return status;
  }
  PROCESS.setFlags(process, FLAG.AWAITED);
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

/** Where a process that is in the kernel has its registers: at the top of its kernel stack. */
export function processFrame(process: Process): VirtAddr {
  return virtAddr(PROCESS.stack(process) - BigInt(TRAP_FRAME.SIZE));
}
