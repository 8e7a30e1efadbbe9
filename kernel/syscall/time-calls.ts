/**
 * System calls about time: man 2 clock_gettime, nanosleep, gettimeofday, alarm, setitimer, times, getrusage. Clocks
 * have the resolution of the CPU's counter; what ends at a moment does so at the next tick of the timer.
 */
import { clockNow, NANOSECONDS, TICKS_HZ } from "../arch/clock.ts";
import { unixNanoseconds } from "../arch/wall-clock.ts";
import { fillWords, staticBytes } from "../doors/machine.ts";
import { virtAddr } from "../lib/addr.ts";
import { layout, u64 } from "../lib/layout.ts";
import { INTERRUPTED, INVALID, OK, type Status, TIMED_OUT } from "../lib/status.ts";
import { copyIn, copyOut, copyOut64 } from "../mm/user/user-copy.ts";
import { PROCESS, processCurrent } from "../proc/process.ts";
import { sleepTill } from "../proc/schedule.ts";
import { NEVER, TIMER, timerStart, timerStop } from "../proc/timers.ts";
import { numberOf } from "./file-calls.ts";
import { deadlineIn, timespecIn, timespecNanoseconds, timespecOut } from "./timespec.ts";
import { usageOut } from "./usage.ts";

const CLOCK = {
  REALTIME: 0, MONOTONIC: 1, PROCESS_CPU: 2, THREAD_CPU: 3, MONOTONIC_RAW: 4, REALTIME_COARSE: 5, MONOTONIC_COARSE: 6,
  BOOTTIME: 7,
} as const;
const NO_TIME = NEVER;
const ABSOLUTE = 1n;
const NANOSECONDS_A_TICK = NANOSECONDS / BigInt(TICKS_HZ);
const NANOSECONDS_A_MICROSECOND = 1000n;
const MICROSECONDS = 1_000_000n;
const SECONDS_MOST = 1n << 33n;

/** struct timeval, struct timezone, struct itimerval, struct tms. */
const TIMEVAL = layout(16, { seconds: u64, microseconds: u64 });
const INTERVALS = layout(32, { everySeconds: u64, everyMicroseconds: u64, seconds: u64, microseconds: u64 });
const TIMES = layout(32, { user: u64, system: u64, childUser: u64, childSystem: u64 });
const TIMES_WORDS = TIMES.SIZE >> 3;
const TIMER_REAL = 0n;
const scratch = staticBytes(INTERVALS.SIZE, 8);

// ---- what time it is -------------------------------------------------------------------------------------------
/** NO_TIME: there is no such clock. */
function timeOf(clock: number): bigint {
  switch (clock) {
    case CLOCK.REALTIME:
    case CLOCK.REALTIME_COARSE:
      return unixNanoseconds();
    case CLOCK.MONOTONIC:
    case CLOCK.MONOTONIC_RAW:
    case CLOCK.MONOTONIC_COARSE:
    case CLOCK.BOOTTIME:
      return clockNow();
    case CLOCK.PROCESS_CPU:
    case CLOCK.THREAD_CPU:
      return PROCESS.ticks(processCurrent()) * NANOSECONDS_A_TICK;
    default:
      return NO_TIME;
  }
}

export function callClockGettime(clock: bigint, to: bigint): Status {
  const time = timeOf(numberOf(clock));
  return time === NO_TIME ? INVALID : timespecOut(to, time);
}
/** clock_getres: a tick for CPU time, a nanosecond for the others; to 0 it goes nowhere. */
export function callClockGetres(clock: bigint, to: bigint): Status {
  const number = numberOf(clock);
  if (timeOf(number) === NO_TIME) return INVALID;
  const isTicks = number === CLOCK.PROCESS_CPU || number === CLOCK.THREAD_CPU;
  return to === 0n ? OK : timespecOut(to, isTicks ? NANOSECONDS_A_TICK : 1n);
}
/** gettimeofday: the date, unless `to` is 0, and a time zone of 0. */
export function callGettimeofday(to: bigint, zone: bigint): Status {
  const now = unixNanoseconds();
  TIMEVAL.setSeconds(scratch, now / NANOSECONDS);
  TIMEVAL.setMicroseconds(scratch, (now % NANOSECONDS) / NANOSECONDS_A_MICROSECOND);
  const status = to === 0n ? OK : copyOut(to, virtAddr(scratch), TIMEVAL.SIZE);
  return status === OK && zone !== 0n ? copyOut64(zone, 0n) : status;
}
/** time: seconds since 1970, which go to `to`, too, unless that is 0; or a status. */
export function callTime(to: bigint): number {
  const seconds = unixNanoseconds() / NANOSECONDS;
  const status = to === 0n ? OK : copyOut64(to, seconds);
  return status === OK ? Number(seconds) : status;
}

// ---- sleeping --------------------------------------------------------------------------------------------------
/** nanosleep: INTERRUPTED, and what was left goes to `leftTo` unless that is 0. */
export function callNanosleep(from: bigint, leftTo: bigint): Status {
  const status = timespecIn(from);
  return status === OK ? sleepUntil(deadlineIn(timespecNanoseconds()), leftTo) : status;
}
/** clock_nanosleep: with ABSOLUTE until the clock says so, and nothing is left to be told. */
export function callClockNanosleep(clock: bigint, flags: bigint, from: bigint, leftTo: bigint): Status {
  const number = numberOf(clock);
  if (number !== CLOCK.REALTIME && number !== CLOCK.MONOTONIC && number !== CLOCK.BOOTTIME) return INVALID;
  const status = timespecIn(from);
  if (status !== OK) return status;
  const wanted = timespecNanoseconds();
  if ((flags & ABSOLUTE) === 0n) return sleepUntil(deadlineIn(wanted), leftTo);
  const now = timeOf(number);
  if (wanted === NEVER) return sleepUntil(NEVER, 0n);
  return wanted <= now ? OK : sleepUntil(deadlineIn(wanted - now), 0n);
}
function sleepUntil(deadline: bigint, leftTo: bigint): Status {
  for (;;) {
    const status = sleepTill(0n, deadline);
    if (status === TIMED_OUT) return OK;
    if (status !== INTERRUPTED) continue;
    const now = clockNow();
    const told = leftTo === 0n ? OK : timespecOut(leftTo, deadline > now ? deadline - now : 0n);
    return told === OK ? INTERRUPTED : told;
  }
}

// ---- SIGALRM ---------------------------------------------------------------------------------------------------
/** alarm: 0 takes it back. The seconds, at least 1, that were left of the one before; 0: there was none. */
export function callAlarm(seconds: bigint): number {
  const left = alarmLeft();
  alarmSet((seconds & 0xffff_ffffn) * NANOSECONDS, 0n);
  return Number((left + NANOSECONDS - 1n) / NANOSECONDS);
}
export function callGetitimer(which: bigint, to: bigint): Status {
  return which === TIMER_REAL ? intervalsOut(to) : INVALID;
}
/** setitimer of the real time: the others are not here (INVALID). */
export function callSetitimer(which: bigint, from: bigint, to: bigint): Status {
  if (which !== TIMER_REAL) return INVALID;
  let first = 0n;
  let every = 0n;
  if (from !== 0n) {
    const status = copyIn(virtAddr(scratch), from, INTERVALS.SIZE);
    if (status !== OK) return status;
    first = nanosecondsOf(INTERVALS.seconds(scratch), INTERVALS.microseconds(scratch));
    every = nanosecondsOf(INTERVALS.everySeconds(scratch), INTERVALS.everyMicroseconds(scratch));
    if (first === NO_TIME || every === NO_TIME) return INVALID;
  }
  const status = to === 0n ? OK : intervalsOut(to);
  if (status === OK) alarmSet(first, every);
  return status;
}
/** NO_TIME: it is none. */
function nanosecondsOf(seconds: bigint, microseconds: bigint): bigint {
  if (microseconds >= MICROSECONDS || seconds >= SECONDS_MOST) return NO_TIME;
  return seconds * NANOSECONDS + microseconds * NANOSECONDS_A_MICROSECOND;
}
function intervalsOut(to: bigint): Status {
  const left = alarmLeft();
  const every = left === 0n ? 0n : PROCESS.alarmEvery(processCurrent());
  INTERVALS.setSeconds(scratch, left / NANOSECONDS);
  INTERVALS.setMicroseconds(scratch, (left % NANOSECONDS) / NANOSECONDS_A_MICROSECOND);
  INTERVALS.setEverySeconds(scratch, every / NANOSECONDS);
  INTERVALS.setEveryMicroseconds(scratch, (every % NANOSECONDS) / NANOSECONDS_A_MICROSECOND);
  return copyOut(to, virtAddr(scratch), INTERVALS.SIZE);
}
/** Until SIGALRM comes; 0: it does not. One that is due and has not come yet is a microsecond away. */
function alarmLeft(): bigint {
  const deadline = TIMER.deadline(PROCESS.alarmTimerAt(processCurrent()));
  if (deadline === 0n) return 0n;
  const now = clockNow();
  return deadline > now + NANOSECONDS_A_MICROSECOND ? deadline - now : NANOSECONDS_A_MICROSECOND;
}
function alarmSet(first: bigint, every: bigint): void {
  const process = processCurrent();
  const timer = PROCESS.alarmTimerAt(process);
  timerStop(timer);
  PROCESS.setAlarmEvery(process, every);
  if (first !== 0n) timerStart(timer, process, deadlineIn(first));
}

// ---- what was used ---------------------------------------------------------------------------------------------
const WHO = { SELF: 0, CHILDREN: -1, THREAD: 1 } as const;

export function callGetrusage(who: bigint, to: bigint): Status {
  const process = processCurrent();
  switch (numberOf(who)) {
    case WHO.SELF:
    case WHO.THREAD:
      return usageOut(to, PROCESS.ticks(process), PROCESS.faults(process));
    case WHO.CHILDREN:
      return usageOut(to, PROCESS.childTicks(process), PROCESS.childFaults(process));
    default:
      return INVALID;
  }
}
/** times: ticks since the clock began, or a status. */
export function callTimes(to: bigint): number {
  fillWords(scratch, 0n, TIMES_WORDS);
  TIMES.setUser(scratch, PROCESS.ticks(processCurrent()));
  TIMES.setChildUser(scratch, PROCESS.childTicks(processCurrent()));
  const status = to === 0n ? OK : copyOut(to, virtAddr(scratch), TIMES.SIZE);
  return status === OK ? Number(clockNow() / NANOSECONDS_A_TICK) : status;
}
