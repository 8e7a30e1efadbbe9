/**
 * While a program runs in the foreground, what is typed is the program's, by way of ipc/terminal; but for Ctrl-C, which
 * is SIGINT to the group in the foreground (the program's, unless that has made another one it), and Ctrl-\, which is
 * SIGKILL.
 */
import { serialRead } from "../arch/serial.ts";
import { idle } from "../doors/machine.ts";
import { terminalGroup, terminalInit, terminalType, TYPED } from "../ipc/terminal.ts";
import { PROCESS, type Process, STATE } from "../proc/process.ts";
import { pollersWake, processesRun, queueWake, terminalQueue } from "../proc/schedule.ts";
import { SIGNAL } from "../proc/signal-actions.ts";
import { signalSendGroup } from "../proc/signals.ts";

/** Processes run until `process` has ended. What was typed and not read by then is gone. */
export function foregroundRun(process: Process): void {
  terminalInit(PROCESS.group(process));
  while (PROCESS.state(process) !== STATE.ZOMBIE) {
    typedTake();
    if (!processesRun()) idle();
  }
}

/** What has arrived at the serial port goes to the terminal. */
function typedTake(): void {
  for (let byte = serialRead(); byte >= 0; byte = serialRead()) {
    switch (terminalType(byte)) {
      case TYPED.READABLE:
        queueWake(terminalQueue());
        pollersWake();
        break;
      case TYPED.INTERRUPT:
        signalSendGroup(terminalGroup(), SIGNAL.INT);
        break;
      case TYPED.KILL:
        signalSendGroup(terminalGroup(), SIGNAL.KILL);
        break;
      default: // it waits for the rest of its line
    }
  }
}
