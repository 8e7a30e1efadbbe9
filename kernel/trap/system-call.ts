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
  return 0;
}
