/** System calls that wait for children: man 2 wait4, waitid. */
import { fillWords, staticBytes, store32 } from "../doors/machine.ts";
import { virtAddr } from "../lib/addr.ts";
import { bytes, layout, u32 } from "../lib/layout.ts";
import { INVALID, NO_CHILD, OK, type Status } from "../lib/status.ts";
import { copyOut } from "../mm/user/user-copy.ts";
import { SIGNAL } from "../proc/signal-actions.ts";
import { childAwait, childFaultsHad, childHow, childNumber, childTicksUsed, WAIT } from "../proc/wait.ts";
import { numberOf } from "./file-calls.ts";
import { usageOut } from "./usage.ts";

/** Options that mean nothing where there are no threads, or mean children of a kind that there is none of. */
const WAIT_ALL = 0x4000_0000 | 0x2000_0000;
const WAIT_CLONE = 0x8000_0000n;
const WAIT4_OPTIONS = WAIT.NO_HANG | WAIT.STOPPED | WAIT.CONTINUED | WAIT_ALL;
const WAITID_OPTIONS = WAIT4_OPTIONS | WAIT.EXITED | WAIT.KEEP;
const HAPPENED = WAIT.STOPPED | WAIT.EXITED | WAIT.CONTINUED;
const WHO = { ALL: 0, PID: 1, GROUP: 2 } as const;

/** What waitid tells: the first 32 bytes of struct siginfo, and 96 that stay 0. */
const CHILD_INFO = layout(128, { signal: u32, errno: u32, code: u32, pad: u32, pid: u32, uid: u32, status: u32,
  rest: bytes(100) });
const CHILD_INFO_WORDS = CHILD_INFO.SIZE >> 3;
const CODE = { EXITED: 1, KILLED: 2, STOPPED: 5, CONTINUED: 6 } as const;
const SIGNAL_BITS = 0x7f;
const STATUS_SHIFT = 8;
const STATUS_CONTINUED = 0xffff;

const word = staticBytes(8, 8);
const info = staticBytes(CHILD_INFO.SIZE, 8);

/** wait4: a child's number, its status at `statusAt` and what it used at `usageAt`, unless these are 0; or a status. */
export function callWait4(pid: bigint, statusAt: bigint, options: bigint, usageAt: bigint): number {
  const asked = numberOf(options & ~WAIT_CLONE);
  if ((asked & ~WAIT4_OPTIONS) !== 0) return INVALID;
  if ((options & WAIT_CLONE) !== 0n) return NO_CHILD;
  const status = childAwait(numberOf(pid), asked | WAIT.EXITED);
  if (status !== OK) return status;
  if (childNumber() === 0) return 0;
  store32(word, childHow());
  let told: Status = statusAt === 0n ? OK : copyOut(statusAt, virtAddr(word), 4);
  if (told === OK && usageAt !== 0n) told = usageOut(usageAt, childTicksUsed(), childFaultsHad());
  return told === OK ? childNumber() : told;
}

/** waitid: OK, and what it found at `infoAt`, unless that is 0; nothing found is all zero. */
export function callWaitid(who: bigint, number: bigint, infoAt: bigint, options: bigint, usageAt: bigint): Status {
  const asked = numberOf(options & ~WAIT_CLONE);
  if ((asked & ~WAITID_OPTIONS) !== 0 || (asked & HAPPENED) === 0) return INVALID;
  let pid = -1;
  switch (numberOf(who)) {
    case WHO.ALL:
      break;
    case WHO.PID:
      pid = numberOf(number);
      if (pid <= 0) return INVALID;
      break;
    case WHO.GROUP:
      pid = -numberOf(number);
      if (pid > 0) return INVALID;
      break;
    default:
      return INVALID;
  }
  if (pid === -1 && numberOf(who) === WHO.GROUP) return NO_CHILD; // there is no group 1 but of a session of its own
  const status = childAwait(pid, asked);
  if (status !== OK) return status;
  fillWords(info, 0n, CHILD_INFO_WORDS);
  if (childNumber() !== 0) infoFill(childHow());
  let told: Status = infoAt === 0n ? OK : copyOut(infoAt, virtAddr(info), CHILD_INFO.SIZE);
  if (told === OK && usageAt !== 0n && childNumber() !== 0) {
    told = usageOut(usageAt, childTicksUsed(), childFaultsHad());
  }
  return told;
}

function infoFill(how: number): void {
  CHILD_INFO.setSignal(info, SIGNAL.CHLD);
  CHILD_INFO.setPid(info, childNumber());
  const signal = how & SIGNAL_BITS;
  if (how === STATUS_CONTINUED) {
    CHILD_INFO.setCode(info, CODE.CONTINUED);
    CHILD_INFO.setStatus(info, SIGNAL.CONT);
  } else if (signal === SIGNAL_BITS) {
    CHILD_INFO.setCode(info, CODE.STOPPED);
    CHILD_INFO.setStatus(info, how >>> STATUS_SHIFT);
  } else {
    CHILD_INFO.setCode(info, signal === 0 ? CODE.EXITED : CODE.KILLED);
    CHILD_INFO.setStatus(info, signal === 0 ? how >>> STATUS_SHIFT : signal);
  }
}
