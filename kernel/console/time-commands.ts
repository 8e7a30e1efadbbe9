/** `date` and `interrupts`: what time it is, and what has interrupted the kernel. */
"compiler: cold"; // for people to read
import { clockNow } from "../arch/clock.ts";
import { IRQ, IRQ_COUNT } from "../arch/interrupts.ts";
import { unixTime } from "../arch/wall-clock.ts";
import { columnNumber, columnText, columnTextRight } from "../base/columns.ts";
import { irqsOn, irqsSpurious } from "../base/counters.ts";
import { logEnd, logLine, logNumber, logText } from "../base/log.ts";
import { dayOfDays, monthOfDays, SECONDS_A_DAY, yearOfDays } from "../lib/date.ts";

const MILLISECOND = 1_000_000n; // in nanoseconds

/** As `date -u '+%F %T UTC'` writes it, and how long the kernel is up. */
export function dateCommand(): boolean {
  const time = unixTime();
  const days = Math.floor(time / SECONDS_A_DAY);
  const seconds = time % SECONDS_A_DAY;
  logNumber("", yearOfDays(days));
  twoDigits("-", monthOfDays(days));
  twoDigits("-", dayOfDays(days));
  twoDigits(" ", Math.trunc(seconds / 3600));
  twoDigits(":", Math.trunc(seconds / 60) % 60);
  twoDigits(":", seconds % 60);
  const up = Number(clockNow() / MILLISECOND);
  logNumber(" UTC, up ", Math.trunc(up / 1000));
  logNumber(up % 1000 < 10 ? ".00" : up % 1000 < 100 ? ".0" : ".", up % 1000);
  logLine(" seconds");
  return true;
}

/** In the form of Linux's /proc/interrupts. */
export function interruptsCommand(): boolean {
  columnText("", 4);
  columnTextRight("CPU0", 11);
  logEnd();
  for (let line = 0; line < IRQ_COUNT; line++) {
    if (irqsOn(line) > 0n) interruptsLine(line);
  }
  columnTextRight("ERR:", 4);
  columnNumber(Number(irqsSpurious()), 11);
  logEnd();
  return true;
}

function interruptsLine(line: number): void {
  columnNumber(line, 3);
  logText(":");
  columnNumber(Number(irqsOn(line)), 11);
  logText("    XT-PIC  ");
  logLine(line === IRQ.TIMER ? "timer" : line === IRQ.SERIAL ? "ttyS0" : "nobody's");
}

function twoDigits(before: string, n: number): void {
  logText(before);
  logNumber(n < 10 ? "0" : "", n);
}
