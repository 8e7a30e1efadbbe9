/** Stands before the kernel's own onTrap: shows traps as they come, and then lets the kernel handle them. */
import {
  doubleFaultStackTop, machineCheckStackTop, nmiStackTop, stackGuard, stackTop,
} from "../../../kernel/arch/image.ts";
import { logEnd, logLine, logNumber, logText } from "../../../kernel/base/log.ts";
import { readCr2 } from "../../../kernel/doors/machine.ts";
import { onTrap as kernelOnTrap } from "../../../kernel/trap/dispatch.ts";
import { report } from "../../../kernel/trap/fatal.ts";
import { recoveryWatch } from "./recovery.ts";

let watching = false;
let reporting = false;
let provocations = 0;

export function onTrap(frame: bigint): void {
  const shown = watching;
  watching = false; // what happens in the report is the report's
  if (shown) {
    logText("watch: on the ");
    stackLog(frame);
    logLine(" stack");
    if (reporting) {
      report(frame, readCr2());
      logLine("watch: end");
    }
  }
  watching = shown;
  kernelOnTrap(frame);
  recoveryWatch(frame); // now: a fault of its own would have replaced CR2
}

/** From now on every trap is shown with its stack and the whole report, also one that will be survived. */
export function watchBegin(): void {
  watching = true;
  reporting = true;
}
/** With its stack alone. */
export function watchStacks(): void {
  watching = true;
  reporting = false;
}
export function watchEnd(): void {
  watching = false;
}
/** Says which vector is to come. The count tells this line from one that a report repeats. */
export function watchFor(vector: number): void {
  provocations++;
  logNumber("provoke ", provocations);
  logNumber(" vector=", vector);
  logEnd();
}

function stackLog(at: bigint): void {
  if (at < stackTop() && at > stackGuard(0)) logText("boot");
  else if (at < doubleFaultStackTop() && at > stackGuard(1)) logText("double-fault");
  else if (at < nmiStackTop() && at > stackGuard(2)) logText("nmi");
  else if (at < machineCheckStackTop() && at > stackGuard(3)) logText("machine-check");
  else logText("wrong");
}
