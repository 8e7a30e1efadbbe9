/**
 * System calls about processes: man 2 exit, fork, wait4, getpid, arch_prctl, sched_yield, and what a libc asks first.
 */
import { fsBaseSet } from "../arch/user-mode.ts";
import { BAD_ADDRESS, INVALID, OK, type Status } from "../lib/status.ts";
import { isUserRange } from "../mm/space/user-range.ts";
import { copyOut64 } from "../mm/user/user-copy.ts";
import { childAwait, childEnded, childEndedStatus } from "../proc/exit.ts";
import { NO_PROCESS, PROCESS, processCurrent } from "../proc/process.ts";
import { turnEnd } from "../proc/schedule.ts";
import { copyOut } from "../mm/user/user-copy.ts";
import { staticBytes, store32 } from "../doors/machine.ts";
import { virtAddr } from "../lib/addr.ts";

const ARCH_SET_FS = 0x1002n;
const ARCH_GET_FS = 0x1003n;
const WNOHANG = 1n;
const word = staticBytes(8, 8);

export function callGetpid(): number {
  return PROCESS.pid(processCurrent());
}
export function callGetppid(): number {
  const parent = PROCESS.parent(processCurrent());
  return parent === NO_PROCESS ? 0 : PROCESS.pid(parent);
}
export function callYield(): Status {
  turnEnd();
  return OK;
}

/** wait4: the number of a child that has ended; its status goes to `statusAt` unless that is 0. */
export function callWait4(pid: bigint, statusAt: bigint, options: bigint): number {
  const wanted = Number(BigInt.asIntN(32, pid));
  const status = childAwait(wanted, (options & WNOHANG) === 0n ? 1 : 0);
  if (status !== OK) return status;
  if (childEnded() === 0 || statusAt === 0n) return childEnded();
  store32(word, childEndedStatus());
  const copied = copyOut(statusAt, virtAddr(word), 4);
  return copied === OK ? childEnded() : copied;
}

export function callArchPrctl(code: bigint, value: bigint): Status {
  const process = processCurrent();
  switch (code) {
    case ARCH_SET_FS:
      if (!isUserRange(value, 1n)) return BAD_ADDRESS;
      PROCESS.setFsBase(process, value);
      fsBaseSet(value);
      return OK;
    case ARCH_GET_FS:
      return copyOut64(value, PROCESS.fsBase(process));
    default:
      return INVALID;
  }
}
