/**
 * #DB and #BP, the exceptions after which a kernel can go on as if nothing had been: a line in the log, and it does.
 * Intel SDM vol. 3B, "Debug Exceptions".
 */
"compiler: cold"; // for people to read
import { RFLAGS, TRAP_FRAME } from "../arch/trap-frame.ts";
import { logEnd, logNumber, logText, logVirt } from "../base/log.ts";
import { ringIsKeeping, ringPause, ringResume } from "../base/log-ring.ts";
import { readDr6, writeDr6 } from "../doors/machine.ts";
import { type VirtAddr, virtAddr } from "../lib/addr.ts";
import { fatal } from "./fatal.ts";
import { recoveryTake } from "./recovery.ts";

/** Debug status, by the manual's names. */
const DR6 = {
  BREAKPOINTS: 0b1111n, // B0..B3
  BREAKPOINT_COUNT: 4,
  DEBUG_REGISTER: 1n << 13n, // BD: a debug register was touched while they were guarded
  SINGLE_STEP: 1n << 14n, // BS
  NONE: 0xffff_0ff0n, // as after a reset: the bits that are always set
} as const;

/**
 * #DB: a single step, a debug register, or `int1`. Always goes on, and not in steps: nobody in the kernel asks for
 * them, and a trap flag that strayed in would log every instruction from here to the end.
 */
export function onDebug(frame: bigint): void {
  const status = readDr6();
  writeDr6(DR6.NONE);
  const kept = lineBegin();
  causeLog(status);
  lineEnd(virtAddr(TRAP_FRAME.rip(frame)), kept);
  TRAP_FRAME.setRflags(frame, (TRAP_FRAME.rflags(frame) & ~RFLAGS.TRAP) | RFLAGS.RESUME);
}

/**
 * #BP: the door breakpoint goes on. Any other int3 is the end: the linker fills the gaps between functions with them,
 * and who runs there must not arrive in the next function.
 */
export function onBreakpoint(frame: bigint): void {
  const behind = TRAP_FRAME.rip(frame);
  if (!recoveryTake(frame)) fatal(frame);
  if (TRAP_FRAME.rip(frame) !== behind) return; // a tried call has met a stray one, and has ended
  const kept = lineBegin();
  logText("breakpoint");
  lineEnd(virtAddr(behind - 1n), kept);
}

/** The line is kept even if it comes in the middle of what is not, as a command's answer. Is this so? */
function lineBegin(): boolean {
  const kept = ringIsKeeping();
  ringResume();
  logText("trap/debug: ");
  return kept;
}
function lineEnd(at: VirtAddr, kept: boolean): void {
  logVirt(" at ", at);
  logEnd();
  if (!kept) ringPause();
}

function causeLog(status: bigint): void {
  if ((status & DR6.SINGLE_STEP) !== 0n) logText("single step");
  else if ((status & DR6.BREAKPOINTS) !== 0n) breakpointsLog(status);
  else if ((status & DR6.DEBUG_REGISTER) !== 0n) logText("guarded debug register touched");
  else logText("int1");
}

/** `debug register 0 2` */
function breakpointsLog(status: bigint): void {
  logText("debug register");
  for (let i = 0; i < DR6.BREAKPOINT_COUNT; i++) {
    if (((status >> BigInt(i)) & 1n) !== 0n) logNumber(" ", i);
  }
}
