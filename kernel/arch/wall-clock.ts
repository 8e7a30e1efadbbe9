/**
 * The date, from the battery-backed clock of a PC ("RTC", Motorola MC146818A datasheet, "Address Map", "Update Cycle"),
 * which is read once; from then on the TSC counts. It is taken to run on UTC, and the year to be in this century.
 */
import { inb, outb } from "../doors/machine.ts";
import { daysOfDate, SECONDS_A_DAY } from "../lib/date.ts";
import { clockNow, NANOSECONDS } from "./clock.ts";

const RTC = { INDEX: 0x70, DATA: 0x71 } as const;
const REGISTER = { SECOND: 0, MINUTE: 2, HOUR: 4, DAY: 7, MONTH: 8, YEAR: 9, STATUS_A: 10, STATUS_B: 11 } as const;
const NOBODY = 0xff; // a port that no device drives
const UPDATING = 0x80; // status A: the registers are about to change
const HOURS_24 = 0x02; // status B
const BINARY = 0x04; // status B; otherwise BCD
const AFTERNOON = 0x80; // in HOUR, if it counts to 12
const CENTURY = 2000;

/** Attempts to read the same twice: an update takes 2 ms and comes once a second. */
const PATIENCE = 10_000;

let secondsAtStart = 0;

/** Reads the clock; false if there is none or it says nonsense, and then time begins on 1 January 1970. */
export function wallClockInit(): boolean {
  secondsAtStart = 0;
  for (let attempt = 0; attempt < PATIENCE; attempt++) {
    const status = registerRead(REGISTER.STATUS_A);
    if (status === NOBODY) return false;
    if ((status & UPDATING) !== 0) continue;
    const first = secondsRead();
    if (first !== secondsRead()) continue;
    if (first < 0) return false;
    secondsAtStart = first - Number(clockNow() / NANOSECONDS);
    return true;
  }
  return false;
}

/** Seconds since 1 January 1970, 0:00 UTC, without leap seconds. */
export function unixTime(): number {
  return secondsAtStart + Number(clockNow() / NANOSECONDS);
}

/** The same to the nanosecond, as far as the clock that is read once can tell: it may be a second behind. */
export function unixNanoseconds(): bigint {
  return BigInt(secondsAtStart) * NANOSECONDS + clockNow();
}

/** What the registers say, as seconds since 1970; -1 if it is no date. */
function secondsRead(): number {
  const status = registerRead(REGISTER.STATUS_B);
  const isBinary = (status & BINARY) !== 0;
  const hours = registerRead(REGISTER.HOUR);
  const second = numberOf(registerRead(REGISTER.SECOND), isBinary);
  const minute = numberOf(registerRead(REGISTER.MINUTE), isBinary);
  const hour = hourOf(hours, isBinary, (status & HOURS_24) !== 0);
  const day = numberOf(registerRead(REGISTER.DAY), isBinary);
  const month = numberOf(registerRead(REGISTER.MONTH), isBinary);
  const year = numberOf(registerRead(REGISTER.YEAR), isBinary);
  if (second > 59 || minute > 59 || hour > 23 || day < 1 || day > 31 || month < 1 || month > 12 || year > 99) return -1;
  return daysOfDate(CENTURY + year, month, day) * SECONDS_A_DAY + hour * 3600 + minute * 60 + second;
}

function hourOf(register: number, isBinary: boolean, counts24: boolean): number {
  if (counts24) return numberOf(register, isBinary);
  const hour = numberOf(register & ~AFTERNOON, isBinary) % 12; // 12 is the first
  return (register & AFTERNOON) !== 0 ? hour + 12 : hour;
}

/** Two digits of four bits each, or a plain number. */
function numberOf(register: number, isBinary: boolean): number {
  return isBinary ? register : (register >>> 4) * 10 + (register & 0xf);
}

function registerRead(register: number): number {
  outb(RTC.INDEX, register);
  return inb(RTC.DATA);
}
