/**
 * Time: the CPU's time-stamp counter (TSC) tells it, the 8254 timer ("PIT") says how fast that counts, and ticks.
 *
 * Intel 8254 datasheet, "Mode Definitions"; Intel SDM vol. 3B, "Time-Stamp Counter". The TSC is taken to count at one
 * speed for ever, as it does on every CPU since 2008 and in QEMU.
 */
import { inb, outb, rdtsc } from "../doors/machine.ts";

/** Counts a second of each of the PIT's channels. */
export const PIT_HZ = 1_193_182;

const PIT = { TICKS: 0x40, SPEAKER: 0x42, COMMAND: 0x43 } as const; // channel 0, channel 2
const TICKS_RATE = 0x34; // channel 0, low byte then high byte, mode 2: a pulse every count
const SPEAKER_ONCE = 0xb0; // channel 2, low byte then high byte, mode 0: the output rises when it has counted down
const MOST_COUNTS = 0x1_0000; // written as 0

/** Port B of the old keyboard controller: channel 2's gate, and its output. */
const SPEAKER_PORT = 0x61;
const GATE = 0x01;
const SPEAKER_ON = 0x02;
const OUTPUT = 0x20;

const NANOSECONDS = 1_000_000_000n;
const CALIBRATION_COUNTS = 5966; // 5 ms
const CALIBRATION_ROUNDS = 3;
/** Reads of a port before there is taken to be no PIT: each takes most of a microsecond. */
const PATIENCE = 1 << 20;

let hertz = 0n;
let start = 0n;

/**
 * Finds the speed of the TSC; false if there is no PIT, and then time stands still. Takes 15 ms. What delays this code
 * makes an interval seem longer and never shorter: of three, the shortest counts.
 */
export function clockInit(): boolean {
  let shortest = 0n;
  for (let round = 0; round < CALIBRATION_ROUNDS; round++) {
    const cycles = calibrationCycles();
    if (cycles !== 0n && (shortest === 0n || cycles < shortest)) shortest = cycles;
  }
  hertz = (shortest * BigInt(PIT_HZ)) / BigInt(CALIBRATION_COUNTS);
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
 * From now on line IRQ.TIMER rises `rate` times a second: 19 to PIT_HZ, rounded to what the PIT can divide. The ticks
 * are there to interrupt; how late it is, clockNow says.
 */
export function ticksStart(rate: number): void {
  const counts = Math.max(1, Math.min(Math.trunc(PIT_HZ / rate), MOST_COUNTS));
  outb(PIT.COMMAND, TICKS_RATE);
  countsWrite(PIT.TICKS, counts);
}

/** Cycles that go by while channel 2 counts CALIBRATION_COUNTS; 0 if it never does. */
function calibrationCycles(): bigint {
  outb(SPEAKER_PORT, (inb(SPEAKER_PORT) & ~SPEAKER_ON) | GATE);
  outb(PIT.COMMAND, SPEAKER_ONCE);
  countsWrite(PIT.SPEAKER, CALIBRATION_COUNTS);
  const begin = rdtsc();
  for (let reads = 0; reads < PATIENCE; reads++) {
    if ((inb(SPEAKER_PORT) & OUTPUT) !== 0) return reads === 0 ? 0n : rdtsc() - begin; // at once: no PIT, all ones
  }
  return 0n;
}

/** It counts from the second byte on. */
function countsWrite(port: number, counts: number): void {
  outb(port, counts & 0xff);
  outb(port, (counts >>> 8) & 0xff);
}
