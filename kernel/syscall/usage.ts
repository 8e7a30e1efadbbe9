/** struct rusage, as wait4, waitid and getrusage fill it: time in ticks of the timer, all of it the program's own. */
import { TICKS_HZ } from "../arch/clock.ts";
import { fillWords, staticBytes } from "../doors/machine.ts";
import { virtAddr } from "../lib/addr.ts";
import { bytes, layout, u64 } from "../lib/layout.ts";
import type { Status } from "../lib/status.ts";
import { copyOut } from "../mm/user/user-copy.ts";

const RUSAGE = layout(144, {
  userSeconds: u64, userMicroseconds: u64, systemSeconds: u64, systemMicroseconds: u64, before: bytes(32),
  minorFaults: u64, rest: bytes(72),
});
const RUSAGE_WORDS = RUSAGE.SIZE >> 3;
const HZ = BigInt(TICKS_HZ);
const MICROSECONDS_A_TICK = 1_000_000n / HZ;
const usage = staticBytes(RUSAGE.SIZE, 8);

/** BAD_ADDRESS. */
export function usageOut(to: bigint, ticks: bigint, faults: bigint): Status {
  fillWords(usage, 0n, RUSAGE_WORDS);
  RUSAGE.setUserSeconds(usage, ticks / HZ);
  RUSAGE.setUserMicroseconds(usage, (ticks % HZ) * MICROSECONDS_A_TICK);
  RUSAGE.setMinorFaults(usage, faults);
  return copyOut(to, virtAddr(usage), RUSAGE.SIZE);
}
