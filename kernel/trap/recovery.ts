/**
 * Faults of the kernel's own that somebody expects: the doors tryLoad, tryStore, tryCopy, tryCall and breakpoint.
 *
 * Each use of a door in the code leaves a pair in .rodata: an exception at this instruction goes on at that one
 * (boot/doors.h, RECOVERED). There is a pair for each use, in no order, and an exception of this kind is rare: they are
 * looked through one by one. A call that is tried may fail anywhere: the word at callTriedAt says whether there is one,
 * and where on the stack it keeps what is to be restored (boot/traps.asm, try_call).
 */
import { callFailedCode, callTriedAt, fixupsEnd, fixupsStart } from "../arch/image.ts";
import { cameFromKernel, EXCEPTION_COUNT, RFLAGS, TRAP_FRAME, VECTOR } from "../arch/trap-frame.ts";
import { isPanic } from "../base/panic.ts";
import { layout, u64 } from "../lib/layout.ts";
import { load64, store64 } from "../doors/machine.ts";

/** One use of a door. */
const FIXUP = layout(16, { instruction: u64, landing: u64 });

const NO_LANDING = 0n;
const NO_CALL = 0n;

let searching = false;

/**
 * Did a door expect this exception? Then `frame` is changed: returning from the trap resumes in that door, which says
 * that it failed. If not, a call that was being tried is forgotten: what follows is the end, and a fault in the report
 * must not resume it. Bound: one comparison for each use of a door in the image.
 */
export function recoveryTake(frame: bigint): boolean {
  if (!cameFromKernel(frame) || searching) return false; // a fault of the search itself: the table is damaged
  searching = true;
  const taken = accessTake(frame) || callTake(frame);
  searching = false;
  return taken;
}

/** Until callResume no call is being tried: what comes now is none of its doing, and must not end it. */
export function callSuspend(): bigint {
  const tried = load64(callTriedAt());
  store64(callTriedAt(), NO_CALL);
  return tried;
}
export function callResume(tried: bigint): void {
  store64(callTriedAt(), tried);
}

/** An access of tryLoad, tryStore or tryCopy, or an int3 of breakpoint. */
function accessTake(frame: bigint): boolean {
  switch (Number(TRAP_FRAME.vector(frame))) {
    case VECTOR.PAGE_FAULT:
    case VECTOR.GENERAL_PROTECTION:
    case VECTOR.BREAKPOINT: {
      const landing = landingFind(TRAP_FRAME.rip(frame));
      if (landing === NO_LANDING) return false;
      TRAP_FRAME.setRip(frame, landing);
      return true;
    }
    default:
      return false;
  }
}

function landingFind(instruction: bigint): bigint {
  for (let at: bigint = fixupsStart(); at < fixupsEnd(); at += BigInt(FIXUP.SIZE)) {
    if (FIXUP.instruction(at) === instruction) return FIXUP.landing(at);
  }
  return NO_LANDING;
}

/** The innermost call that is being tried ends with the vector for its answer. */
function callTake(frame: bigint): boolean {
  const tried = load64(callTriedAt());
  if (tried === NO_CALL) return false;
  if (!isSurvivable(frame)) {
    store64(callTriedAt(), NO_CALL);
    return false;
  }
  TRAP_FRAME.setRip(frame, callFailedCode());
  TRAP_FRAME.setRsp(frame, tried);
  TRAP_FRAME.setRax(frame, TRAP_FRAME.vector(frame));
  TRAP_FRAME.setRflags(frame, RFLAGS.ALWAYS); // a trap flag would be taken along; the landing restores its own
  return true;
}

/** An exception of the code's own making, and no panic. */
function isSurvivable(frame: bigint): boolean {
  const vector = Number(TRAP_FRAME.vector(frame));
  switch (vector) {
    case VECTOR.NMI:
    case VECTOR.DOUBLE_FAULT:
    case VECTOR.MACHINE_CHECK:
      return false;
    default:
      return vector < EXCEPTION_COUNT && !isPanic(frame);
  }
}
