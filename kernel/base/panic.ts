/** The end of the kernel on purpose: an invariant is broken, and going on would spread the damage. */
import { panicTrap } from "../doors/machine.ts";
import { descriptorsLoaded } from "../arch/descriptors.ts";
import { logEnd, logHex, logText } from "./log.ts";

/** In RAX at the `ud2` of a panic ("panic" in ASCII): tells it from a stray one. boot/doors.h has the same number. */
export const PANIC_MARK = 0x70_616e_6963n;

/**
 * Stops the kernel; never returns. `message` reads "room: what is wrong", `value` is the number that shows it.
 * Enters the top of the kernel as a trap, where trap/fatal reports with the help of every room. Before the descriptor
 * tables stand (main's first line makes them) nothing catches the trap: the message is written here, the CPU resets.
 */
export function panic(message: string, value: bigint = 0n): never {
  if (!descriptorsLoaded()) {
    logText("base/panic: ");
    logText(message);
    logHex(" value=", value);
    logEnd();
  }
  panicTrap(message, value);
}
