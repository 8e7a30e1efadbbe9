/** Where `syscall` arrives, from boot/user.asm. */
import { TRAP_FRAME } from "../arch/trap-frame.ts";
import { programResume } from "../proc/signal-deliver.ts";
import { systemCall } from "../syscall/dispatch.ts";

/**
 * `frame` is the address of a TRAP_FRAME. 0: the program goes on where it was, with the answer in RAX and everything
 * else as it is; otherwise all of the frame is to be loaded.
 */
export function onSystemCall(frame: bigint): number {
  TRAP_FRAME.setRax(frame, systemCall(frame));
  programResume();
  return isAsLeft(frame) ? 0 : 1;
}

/** Of a program that has not been given another frame: execve and signals do that. */
function isAsLeft(frame: bigint): boolean {
  return TRAP_FRAME.rcx(frame) === TRAP_FRAME.rip(frame) && TRAP_FRAME.r11(frame) === TRAP_FRAME.rflags(frame);
}
