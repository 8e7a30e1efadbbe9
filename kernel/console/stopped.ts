/** Whether a trap has ended the kernel, and which: what a command may do, and of when it tells, depends on it. */

const NO_TRAP = 0n;

let trap = NO_TRAP; // a TRAP_FRAME
let cr2 = 0n;

/** The trap at `frame` has ended the kernel, and `address` was in CR2 then. */
export function stoppedSet(frame: bigint, address: bigint): void {
  trap = frame;
  cr2 = address;
}
/** The kernel runs. */
export function stoppedForget(): void {
  trap = NO_TRAP;
}

/** Has a trap ended the kernel? Then commands only look, and at nothing that may be endless. */
export function isStopped(): boolean {
  return trap !== NO_TRAP;
}
/** Where that trap's TRAP_FRAME is, and what was in CR2. */
export function stoppedFrame(): bigint {
  return trap;
}
export function stoppedCr2(): bigint {
  return cr2;
}
