/** QEMU's isa-debug-exit device: how a run under test ends by itself. */
import { outl } from "../doors/machine.ts";

const DEBUG_EXIT_PORT = 0xf4;

/** Codes for debugExit; QEMU's exit status is `code * 2 + 1`. A triple fault ends QEMU with status 0. */
export const EXIT = {
  SUCCESS: 0x10, // status 33, and nothing else may give it
  PANIC: 0x11, // status 35
} as const;

/** Ends QEMU with status `code * 2 + 1`. Returns where there is no such device: on a real machine. */
export function debugExit(code: number): void {
  outl(DEBUG_EXIT_PORT, code);
}
