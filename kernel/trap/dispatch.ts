/** Where every trap arrives, from boot/traps.asm: says who handles it. */
import { TRAP_FRAME, VECTOR } from "../arch/trap-frame.ts";
import { fatal } from "./fatal.ts";
import { onPageFault } from "./page-fault.ts";

/** `frame` is the address of a TRAP_FRAME. Returning resumes what was interrupted. */
export function onTrap(frame: bigint): void {
  switch (Number(TRAP_FRAME.vector(frame))) {
    case VECTOR.PAGE_FAULT:
      onPageFault(frame);
      break;
    default:
      fatal(frame);
  }
}
