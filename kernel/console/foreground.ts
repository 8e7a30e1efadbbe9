/** While a program runs in the foreground, what is typed is the program's, by way of ipc/terminal. */
import { serialRead } from "../arch/serial.ts";
import { idle } from "../doors/machine.ts";
import { terminalInit, terminalType, TYPED } from "../ipc/terminal.ts";
import { PROCESS, type Process, STATE } from "../proc/process.ts";
import { pollersWake, processesRun, queueWake, terminalQueue } from "../proc/schedule.ts";

/** Processes run until `process` has ended. What was typed and not read by then is gone. */
export function foregroundRun(process: Process): void {
  terminalInit();
  while (PROCESS.state(process) !== STATE.ZOMBIE) {
    typedTake();
    if (!processesRun()) idle();
  }
}

/** What has arrived at the serial port goes to the terminal. */
function typedTake(): void {
  for (let byte = serialRead(); byte >= 0; byte = serialRead()) {
    if (terminalType(byte) !== TYPED.READABLE) continue;
    queueWake(terminalQueue());
    pollersWake();
  }
}
