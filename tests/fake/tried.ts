/**
 * The doors to memory that may not be there. What would be a fault is caught here; where a test lets faults reach the
 * kernel, they come from TRIED.instruction, and the kernel's own recovery has to find the way to its landing.
 */
import { cpu } from "./cpu.ts";
import { GeneralProtection, PageFault } from "./faults.ts";
import { callTriedSet, TRIED } from "./image.ts";
import * as doors from "./machine.ts";
import { locate, probe, userAccessSet } from "./mmu.ts";
import { unwatched } from "./poison.ts";
import { ramBytes } from "./ram.ts";

const RETURNED = -1;
const STACK = 0xffff_ffff_8019_5f80n; // where a tried call keeps what is to be restored

/** Looks at anything, poisoned or not: for reports on damage. */
export function tryLoad8(va: bigint): number {
  return tried(() => unwatched(() => doors.load8(va)), -1);
}
export function tryLoad64(va: bigint, to: bigint): boolean {
  const value = tried(() => unwatched(() => doors.load64(va)), null);
  if (value !== null) doors.store64(to, value);
  return value !== null;
}
export function tryStore8(va: bigint, value: number): boolean {
  return tried(() => (doors.store8(va, value), true), false);
}
export function tryStore64(va: bigint, value: bigint): boolean {
  return tried(() => (doors.store64(va, value), true), false);
}

/** As far as it goes: faults come at the first byte of a page. */
export function tryCopy(to: bigint, from: bigint, count: number): number {
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`a count of ${count}`);
  let done = 0;
  const copy = (): void => {
    while (done < count) {
      const source = locate(BigInt.asUintN(64, from + BigInt(done)), "read");
      const target = locate(BigInt.asUintN(64, to + BigInt(done)), "write");
      const length = Math.min(count - done, 4096 - (source % 4096), 4096 - (target % 4096));
      ramBytes(target, length).set(ramBytes(source, length));
      done += length;
    }
  };
  tried(copy, undefined);
  return done;
}
export function tryCopyUser(to: bigint, from: bigint, count: number): number {
  if (!cpu.features.smap) throw new Error("stac on a CPU without SMAP: #UD");
  userAccessSet(true);
  try {
    return tryCopy(to, from, count);
  } finally {
    userAccessSet(false);
  }
}

export function tryCall(code: () => void): number {
  callTriedSet(STACK);
  try {
    code();
    return RETURNED;
  } catch (fault) {
    return vectorOf(fault);
  } finally {
    callTriedSet(0n);
  }
}
/** There is no machine code here: what can be fetched cannot be run. */
export function tryCallAt(code: bigint): number {
  return tryCall(() => {
    probe(code, "fetch", false);
    throw new Error(`no function is at 0x${code.toString(16)}`);
  });
}

function tried<T, F>(access: () => T, failed: F): T | F {
  const before = cpu.rip;
  cpu.rip = TRIED.instruction;
  try {
    return access();
  } catch (fault) {
    vectorOf(fault);
    return failed;
  } finally {
    cpu.rip = before;
  }
}

/** Throws it again if it is none that the CPU raises. */
function vectorOf(fault: unknown): number {
  if (fault instanceof PageFault) return 14;
  if (fault instanceof GeneralProtection) return 13;
  throw fault;
}
