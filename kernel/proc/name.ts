/** How the log names a process. */
import { logAscii, logNumber, logText } from "../base/log.ts";
import { load8 } from "../doors/machine.ts";
import { PROCESS, type Process } from "./process.ts";

/** `proc: hello[3]: ` */
export function processNameLog(process: Process): void {
  logText("proc: ");
  const name = PROCESS.nameAt(process);
  let length = 0;
  while (load8(name + BigInt(length)) !== 0) length++;
  logAscii(name, length);
  logNumber("[", PROCESS.pid(process));
  logText("]: ");
}
