/** System calls about signals: man 2 kill, tgkill. Everybody is root here, and may send to everybody. */
import { INVALID, NO_SUCH_PROCESS, OK, type Status } from "../lib/status.ts";
import { NO_PROCESS, PROCESS, processCurrent, processFind } from "../proc/process.ts";
import { SIGNALS } from "../proc/signal-actions.ts";
import { signalSend, signalSendAll, signalSendGroup } from "../proc/signals.ts";

/** kill: to a process, to the caller's group (0), to all others (-1), or to a group (-`pid`). Signal 0 only asks. */
export function callKill(pid: bigint, signal: bigint): Status {
  const number = Number(BigInt.asIntN(32, signal));
  if (number < 0 || number > SIGNALS) return INVALID;
  const to = Number(BigInt.asIntN(32, pid));
  if (to > 0) return sendTo(to, number);
  if (to === 0) return signalSendGroup(PROCESS.group(processCurrent()), number);
  return to === -1 ? signalSendAll(number) : signalSendGroup(-to, number);
}

/** tkill, and tgkill of a group that is the process: there is one thread in each. */
export function callTkill(pid: bigint, signal: bigint): Status {
  const to = Number(BigInt.asIntN(32, pid));
  const number = Number(BigInt.asIntN(32, signal));
  return to <= 0 || number < 0 || number > SIGNALS ? INVALID : sendTo(to, number);
}
export function callTgkill(group: bigint, pid: bigint, signal: bigint): Status {
  const number = Number(BigInt.asIntN(32, group));
  if (number <= 0) return INVALID;
  return number === Number(BigInt.asIntN(32, pid)) ? callTkill(pid, signal) : NO_SUCH_PROCESS;
}

function sendTo(pid: number, signal: number): Status {
  const process = processFind(pid);
  if (process === NO_PROCESS) return NO_SUCH_PROCESS;
  if (signal !== 0) signalSend(process, signal);
  return OK;
}
