/**
 * Between the kernel and a program: every copy checks that the program's side is a user address, brings pages that are
 * not there yet (trap/page-fault asks isUserCopy), and stops where the program may not. Nothing of a program's is ever
 * reached in any other way: SMAP sees to it where the CPU has it.
 */
import { hasSmap } from "../../arch/cpu.ts";
import { load64, load8, staticBytes, store64, tryCopy, tryCopyUser } from "../../doors/machine.ts";
import type { VirtAddr } from "../../lib/addr.ts";
import { virtAddr } from "../../lib/addr.ts";
import { BAD_ADDRESS, OK, type Status, TOO_LONG } from "../../lib/status.ts";
import { isUserRange } from "../space/user-range.ts";

let copying = false;
const word = staticBytes(8, 8);

/** Is a copy under way? Then a fault at a user address is the program's, and repaired as such. */
export function isUserCopy(): boolean {
  return copying;
}

/**
 * `count` bytes from the program's `from` to the kernel's `to`. BAD_ADDRESS: not all can be read; some may be there.
 */
export function copyIn(to: VirtAddr, from: bigint, count: number): Status {
  if (count === 0) return OK;
  if (!isUserRange(from, BigInt(count))) return BAD_ADDRESS;
  return copied(to, from, count) === count ? OK : BAD_ADDRESS;
}
/** The other way. BAD_ADDRESS: not all can be written; some may have been. */
export function copyOut(to: bigint, from: VirtAddr, count: number): Status {
  if (count === 0) return OK;
  if (!isUserRange(to, BigInt(count))) return BAD_ADDRESS;
  return copied(to, from, count) === count ? OK : BAD_ADDRESS;
}

/**
 * A program's text, up to its zero: how many bytes are before that, all of it at `to`; TOO_LONG: `room` bytes hold not
 * all; BAD_ADDRESS. Cost: a copy for each byte.
 */
export function copyInString(to: VirtAddr, from: bigint, room: number): number {
  for (let length = 0; length < room; length++) {
    const at = virtAddr(to + BigInt(length));
    const status = copyIn(at, BigInt.asUintN(64, from + BigInt(length)), 1);
    if (status !== OK) return status;
    if (load8(at) === 0) return length;
  }
  return TOO_LONG;
}

/** One word to a program. */
export function copyOut64(to: bigint, value: bigint): Status {
  store64(word, value);
  return copyOut(to, virtAddr(word), 8);
}
/** One word of a program's, which is copyInWord() if the status is OK. */
export function copyIn64(from: bigint): Status {
  return copyIn(virtAddr(word), from, 8);
}
export function copyInWord(): bigint {
  return load64(word);
}

function copied(to: bigint, from: bigint, count: number): number {
  copying = true;
  const done = hasSmap() ? tryCopyUser(to, from, count) : tryCopy(to, from, count);
  copying = false;
  return done;
}
