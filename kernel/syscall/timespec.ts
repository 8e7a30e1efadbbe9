/** Linux's struct timespec, and moments for sleepTill that are so and so long from now. */
import { clockNow, NANOSECONDS } from "../arch/clock.ts";
import { staticBytes } from "../doors/machine.ts";
import { virtAddr } from "../lib/addr.ts";
import { layout, u64 } from "../lib/layout.ts";
import { INVALID, OK, type Status } from "../lib/status.ts";
import { copyIn, copyOut } from "../mm/user/user-copy.ts";
import { NEVER } from "../proc/timers.ts";

const TIMESPEC = layout(16, { seconds: u64, nanoseconds: u64 });
const NEGATIVE = 1n << 63n;
/** As good as for ever, and nothing overflows. */
const SECONDS_MOST = 1n << 33n;
const time = staticBytes(TIMESPEC.SIZE, 8);

/**
 * Reads one: timespecNanoseconds() is what it says. BAD_ADDRESS. INVALID: it is negative, or has nanoseconds of a
 * second and more.
 */
export function timespecIn(from: bigint): Status {
  const status = copyIn(virtAddr(time), from, TIMESPEC.SIZE);
  if (status !== OK) return status;
  return TIMESPEC.nanoseconds(time) >= NANOSECONDS || TIMESPEC.seconds(time) >= NEGATIVE ? INVALID : OK;
}
/** NEVER: more than anybody waits. */
export function timespecNanoseconds(): bigint {
  if (TIMESPEC.seconds(time) >= SECONDS_MOST) return NEVER;
  return TIMESPEC.seconds(time) * NANOSECONDS + TIMESPEC.nanoseconds(time);
}
/** BAD_ADDRESS. */
export function timespecOut(to: bigint, nanoseconds: bigint): Status {
  TIMESPEC.setSeconds(time, nanoseconds / NANOSECONDS);
  TIMESPEC.setNanoseconds(time, nanoseconds % NANOSECONDS);
  return copyOut(to, virtAddr(time), TIMESPEC.SIZE);
}

/** The moment that many nanoseconds from now; NEVER stays NEVER. */
export function deadlineIn(nanoseconds: bigint): bigint {
  return nanoseconds === NEVER ? NEVER : clockNow() + nanoseconds;
}
