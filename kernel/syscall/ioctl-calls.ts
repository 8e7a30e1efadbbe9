/** man 2 ioctl: what terminals are asked. */
import { fillWords, load32, staticBytes, store32 } from "../doors/machine.ts";
import { PIPE, pipeAt } from "../ipc/pipe.ts";
import {
  TERMIOS, terminalBytes, terminalGroup, terminalGroupSet, terminalSet, terminalSettings,
} from "../ipc/terminal.ts";
import { virtAddr } from "../lib/addr.ts";
import { NO_FILE, NO_SUCH_PROCESS, NO_TERMINAL, NOT_PERMITTED, OK, type Status } from "../lib/status.ts";
import { copyIn, copyOut } from "../mm/user/user-copy.ts";
import { FILE_KIND, NO_OPEN_FILE, OPEN_FILE } from "../proc/files.ts";
import { NO_PROCESS, PROCESS, processCurrent, processFirst } from "../proc/process.ts";
import { fileAt } from "./file-calls.ts";

const REQUEST = {
  TIOCGPGRP: 0x540f, TIOCSPGRP: 0x5410,
  TCGETS: 0x5401, TCSETS: 0x5402, TCSETSW: 0x5403, TCSETSF: 0x5404, TIOCGWINSZ: 0x5413, FIONREAD: 0x541b,
} as const;
/** struct winsize: rows, columns, and both in dots. A serial line does not know, and says 0. */
const WINDOW_BYTES = 8;
const answer = staticBytes(40, 8);

/** NO_TERMINAL: what is open is none, or the request is not here. */
export function callIoctl(descriptor: bigint, request: bigint, argument: bigint): Status {
  const file = fileAt(descriptor);
  if (file === NO_OPEN_FILE) return NO_FILE;
  const isTerminal = OPEN_FILE.kind(file) === FILE_KIND.CONSOLE;
  const number = Number(request & 0xffff_ffffn);
  if (number === REQUEST.FIONREAD && OPEN_FILE.kind(file) === FILE_KIND.PIPE) {
    return countOut(argument, PIPE.used(pipeAt(OPEN_FILE.object(file))));
  }
  if (!isTerminal) return NO_TERMINAL;
  switch (number) {
    case REQUEST.TCGETS:
      return copyOut(argument, terminalSettings(), TERMIOS.SIZE);
    case REQUEST.TCSETS:
    case REQUEST.TCSETSW:
    case REQUEST.TCSETSF:
      return settingsIn(argument);
    case REQUEST.TIOCGWINSZ:
      fillWords(answer, 0n, 1);
      return copyOut(argument, virtAddr(answer), WINDOW_BYTES);
    case REQUEST.TIOCGPGRP:
      return countOut(argument, terminalGroup());
    case REQUEST.TIOCSPGRP:
      return groupIn(argument);
    case REQUEST.FIONREAD:
      return countOut(argument, terminalBytes());
    default:
      return NO_TERMINAL;
  }
}

function settingsIn(from: bigint): Status {
  const status = copyIn(virtAddr(answer), from, TERMIOS.SIZE);
  if (status === OK) terminalSet(answer);
  return status;
}
/** A shell gives the terminal to another group of its session. */
function groupIn(from: bigint): Status {
  const status = copyIn(virtAddr(answer), from, 4);
  if (status !== OK) return status;
  const group = load32(answer);
  for (let process = processFirst(); process !== NO_PROCESS; process = PROCESS.next(process)) {
    if (PROCESS.group(process) !== group) continue;
    if (PROCESS.session(process) !== PROCESS.session(processCurrent())) return NOT_PERMITTED;
    terminalGroupSet(group);
    return OK;
  }
  return NO_SUCH_PROCESS;
}
function countOut(to: bigint, count: number): Status {
  store32(answer, count);
  return copyOut(to, virtAddr(answer), 4);
}
