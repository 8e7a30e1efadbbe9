/** man 2 ioctl: what terminals are asked. */
import { fillWords, staticBytes, store32 } from "../doors/machine.ts";
import { PIPE, pipeAt } from "../ipc/pipe.ts";
import { TERMIOS, terminalBytes, terminalSet, terminalSettings } from "../ipc/terminal.ts";
import { virtAddr } from "../lib/addr.ts";
import { NO_FILE, NO_TERMINAL, OK, type Status } from "../lib/status.ts";
import { copyIn, copyOut } from "../mm/user/user-copy.ts";
import { FILE_KIND, NO_OPEN_FILE, OPEN_FILE } from "../proc/files.ts";
import { fileAt } from "./file-calls.ts";

const REQUEST = {
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
function countOut(to: bigint, count: number): Status {
  store32(answer, count);
  return copyOut(to, virtAddr(answer), 4);
}
