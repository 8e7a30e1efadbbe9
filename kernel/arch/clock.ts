/**
 * Time: the CPU's time-stamp counter (TSC) tells it, the 8254 timer ("PIT") says how fast that counts, and ticks.
 *
 * Intel 8254 datasheet, "Mode Definitions"; Intel SDM vol. 3B, "Time-Stamp Counter". The TSC is taken to count at one
 * speed for ever, as it does on every CPU since 2008 and in QEMU.
 */
import { inb, outb, rdtsc } from "../doors/machine.ts";

/** Timer interrupts a second. */
export const TICKS_HZ = 100;

/** Counts a second of each of the PIT's channels. */
export const PIT_HZ = 1_193_182;

const PIT = { TICKS: 0x40, SPEAKER: 0x42, COMMAND: 0x43 } as const; // channel 0, channel 2
const TICKS_RATE = 0x34; // channel 0, low byte then high byte, mode 2: a pulse every count
const SPEAKER_ONCE = 0xb0; // channel 2, low byte then high byte, mode 0: the output rises when it has counted down
const SPEAKER_LATCH = 0x80; // channel 2: what is read next is its count as it is now
const LEAST_COUNTS = 2; // of mode 2
const MOST_COUNTS = 0x1_0000; // written as 0

/** Port B of the old keyboard controller: channel 2's gate, and its output. */
const SPEAKER_PORT = 0x61;
const GATE = 0x01;
const SPEAKER_ON = 0x02;
const OUTPUT = 0x20;

/** In a second. */
export const NANOSECONDS = 1_000_000_000n;
const ALL_COUNTS = 0xffff; // 55 ms
const CALIBRATION_COUNTS = 11_932; // 10 ms
const ATTEMPTS = 5;
const SAMPLES = 8;
/** Reads before the PIT is taken not to be one: some microseconds each. */
const PATIENCE = 100_000;
const PATIENCE_UNMOVED = 100;

let hertz = 0n;
let start = 0n;
let sampledCounts = 0;
let sampledAt = 0n;

/**
 * Finds the speed of the TSC; false if there is no PIT, and then time stands still. Takes 10 ms, more where a
 * hypervisor lets this CPU wait for longer than that.
 */
export function clockInit(): boolean {
  hertz = 0n;
  for (let attempt = 0; attempt < ATTEMPTS && hertz === 0n; attempt++) hertz = hertzMeasured();
  start = rdtsc();
  return hertz !== 0n;
}

/** How often the TSC counts in a second; 0 if nobody knows. */
export function clockHertz(): bigint {
  return hertz;
}

/** Nanoseconds since clockInit; it never goes back. Two divisions: some 50 cycles. */
export function clockNow(): bigint {
  if (hertz === 0n) return 0n;
  const cycles = rdtsc() - start;
  const rest = cycles % hertz; // below 2^34, and 2^34 x 10^9 fits a word
  return (cycles / hertz) * NANOSECONDS + (rest * NANOSECONDS) / hertz;
}

/**
 * From now on line IRQ.TIMER rises `rate` times a second: 19 to PIT_HZ / 2, rounded to what the PIT can divide. The
 * ticks are there to interrupt; how late it is, clockNow says.
 */
export function ticksStart(rate: number): void {
  const counts = Math.max(LEAST_COUNTS, Math.min(Math.trunc(PIT_HZ / rate), MOST_COUNTS));
  outb(PIT.COMMAND, TICKS_RATE);
  countsWrite(PIT.TICKS, counts);
}

/** The TSC's counts a second, from two looks at both clocks; 0 if they were too far apart, or there is no PIT. */
function hertzMeasured(): bigint {
  outb(SPEAKER_PORT, (inb(SPEAKER_PORT) & ~SPEAKER_ON) | GATE);
  outb(PIT.COMMAND, SPEAKER_ONCE);
  countsWrite(PIT.SPEAKER, ALL_COUNTS);
  countsRead(); // the first look may still find what was there before
  clocksSample();
  const counts = sampledCounts;
  const cycles = sampledAt;
  if (counts <= CALIBRATION_COUNTS) return 0n; // long after the start
  if (!countsFallTo(counts - CALIBRATION_COUNTS)) return 0n;
  clocksSample();
  if ((inb(SPEAKER_PORT) & OUTPUT) !== 0 || sampledCounts >= counts) return 0n; // it has gone round
  return ((sampledAt - cycles) * BigInt(PIT_HZ)) / BigInt(counts - sampledCounts);
}

/**
 * One moment on both clocks. Between the two looks anything can happen, on a virtual machine above all: of several
 * pairs the one counts whose looks were closest.
 */
function clocksSample(): void {
  let narrowest = 0n;
  for (let sample = 0; sample < SAMPLES; sample++) {
    const before = rdtsc();
    outb(PIT.COMMAND, SPEAKER_LATCH);
    const width = rdtsc() - before;
    const counts = latchedRead();
    if (sample > 0 && width >= narrowest) continue;
    narrowest = width;
    sampledCounts = counts;
    sampledAt = before + width / 2n;
  }
}

/** Waits until channel 2 has at most `counts` to go; false if it does not count. */
function countsFallTo(counts: number): boolean {
  for (let reads = 0; reads < PATIENCE; reads++) {
    const now = countsRead();
    if (now <= counts) return true;
    if (now === ALL_COUNTS && reads > PATIENCE_UNMOVED) return false; // a bus that nobody drives, too
  }
  return false;
}

function countsRead(): number {
  outb(PIT.COMMAND, SPEAKER_LATCH);
  return latchedRead();
}
function latchedRead(): number {
  const low = inb(PIT.SPEAKER);
  return low | (inb(PIT.SPEAKER) << 8);
}

/** It counts from the second byte on. */
function countsWrite(port: number, counts: number): void {
  outb(port, counts & 0xff);
  outb(port, (counts >>> 8) & 0xff);
}
