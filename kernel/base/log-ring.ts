/**
 * The end of the log, kept in memory: its last 8 KiB, for the panic report and for whoever asks what was said before.
 * A byte costs one store.
 */
"compiler: cold"; // as base/log.ts, which it belongs to
import { load8, staticBytes, store8 } from "../doors/machine.ts";
import { serialWrite } from "../arch/serial.ts";

export const RING_BYTES = 8192; // a power of two

const LINE_FEED = 10;

const ring = staticBytes(RING_BYTES, 1);

let written = 0; // bytes, since the boot; the last RING_BYTES of them are in the ring
let keeping = true;

export function ringPut(byte: number): void {
  if (!keeping) return;
  store8(placeOf(written), byte);
  written++;
}

/**
 * What is logged from now on is not kept: the report of a panic must not push out what led to it. A line that has not
 * ended does so, for what is kept later begins another.
 */
export function ringPause(): void {
  if (written > 0 && byteAt(written - 1) !== LINE_FEED) ringPut(LINE_FEED);
  keeping = false;
}

/** Is it kept? */
export function ringIsKeeping(): boolean {
  return keeping;
}

/** What is logged is kept again. */
export function ringResume(): void {
  keeping = true;
}

/** Nothing was logged yet, and what will be is kept. */
export function ringInit(): void {
  written = 0;
  keeping = true;
}

/**
 * Writes the last `count` lines, or as many as are left whole, to the serial port; not to the log, where they are. A
 * line that has not ended is one of them, and ends here.
 */
export function ringShow(count: number): void {
  const start = lastLines(count);
  for (let at = start; at < written; at++) serialWrite(byteAt(at));
  if (written > start && byteAt(written - 1) !== LINE_FEED) serialWrite(LINE_FEED);
}

/** Where the last `count` lines begin. */
function lastLines(count: number): number {
  const oldest = oldestLine();
  let start = written;
  for (let left = count; left > 0 && start > oldest; left--) start = lineBegin(start - 1, oldest);
  return start;
}

/** The first byte of the line that has the byte, or the line end, at `at`. */
function lineBegin(at: number, oldest: number): number {
  let start = at;
  while (start > oldest && byteAt(start - 1) !== LINE_FEED) start--;
  return start;
}

/** The first line whose beginning was not overwritten. */
function oldestLine(): number {
  if (written <= RING_BYTES) return 0;
  let at = written - RING_BYTES;
  while (at < written && byteAt(at) !== LINE_FEED) at++;
  return Math.min(at + 1, written);
}

function byteAt(index: number): number {
  return load8(placeOf(index));
}

function placeOf(index: number): bigint {
  return ring + BigInt(index % RING_BYTES);
}
