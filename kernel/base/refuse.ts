/** The end before the beginning: the kernel says why it cannot run on this machine, and stops. */
import { vgaTextShow } from "../arch/vga-text.ts";
import { halt, interruptsOff } from "../doors/machine.ts";
import { logLine, logText } from "./log.ts";

/**
 * Says `why` on the serial line and on the screen, then halts for good. Only for what the machine or its loader lacks,
 * and only while the boot tables are live; a fault of the kernel's own is a panic.
 */
export function refuse(why: string): never {
  interruptsOff();
  logText("boot: this machine cannot run the kernel: ");
  logLine(why);
  logLine("The machine is halted.");
  vgaTextShow(0, "This machine cannot run the kernel:");
  vgaTextShow(1, why);
  for (;;) halt();
}
