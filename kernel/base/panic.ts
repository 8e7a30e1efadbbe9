/** The end of the kernel on purpose: an invariant is broken, and going on would spread the damage. */
import { load16, panicTrap } from "../doors/machine.ts";
import { descriptorsLoaded } from "../arch/descriptors.ts";
import { textEnd, textStart } from "../arch/image.ts";
import { TRAP_FRAME, VECTOR } from "../arch/trap-frame.ts";
import { logEnd, logHex, logText } from "./log.ts";

/** In RAX at the `ud2` of a panic ("panic" in ASCII): tells it from a stray one. boot/doors.h has the same number. */
export const PANIC_MARK = 0x70_616e_6963n;
/** `ud2`, as a little-endian word. */
const UD2 = 0x0b0f;

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

/** Is the trap at `frame` a panic: a `ud2` of the kernel's own code, with the mark in RAX? A stray one has not both. */
export function isPanic(frame: bigint): boolean {
  const isMarked = TRAP_FRAME.rax(frame) === PANIC_MARK;
  if (!isMarked || TRAP_FRAME.vector(frame) !== BigInt(VECTOR.INVALID_OPCODE)) return false;
  const rip = TRAP_FRAME.rip(frame);
  return rip >= textStart() && rip < textEnd() - 1n && load16(rip) === UD2;
}
