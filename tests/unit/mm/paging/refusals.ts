/** What may be wrong with what the mapper is asked for: all causes that apply, for the order is the mapper's own. */
import {
  EMPTY_RANGE, MISALIGNED, NO_SUCH_FRAME, NOT_CANONICAL, UNKNOWN_FLAG, WRAPS, WRITABLE_CODE, WRONG_HALF,
} from "../../../../kernel/lib/status.ts";
import { addressOf, CACHE, GLOBAL, NO_EXECUTE, PAGES, USER, WRITABLE } from "./tables-model.ts";

export const FRAMES_LIMIT = 2 ** 28; // the fake CPU has 40 bits of physical address

export function rangeWrong(va: bigint, count: number, level: number): number[] {
  const wrong: number[] = [];
  if (count < 1) wrong.push(EMPTY_RANGE);
  if (va % addressOf(PAGES[level]!) !== 0n) wrong.push(MISALIGNED);
  if (!isCanonical(va)) wrong.push(NOT_CANONICAL);
  else if (count * PAGES[level]! > leftInHalf(va)) wrong.push(WRAPS);
  return wrong;
}
export function frameWrong(frame: number, count: number, level: number): number[] {
  const wrong: number[] = [];
  if (frame % PAGES[level]! !== 0) wrong.push(MISALIGNED);
  if (frame < 0 || frame + count * PAGES[level]! > FRAMES_LIMIT) wrong.push(NO_SUCH_FRAME);
  return wrong;
}
export function flagsWrong(va: bigint, flags: bigint): number[] {
  const wrong: number[] = [];
  if ((flags & ~(WRITABLE | USER | CACHE | GLOBAL | NO_EXECUTE)) !== 0n) wrong.push(UNKNOWN_FLAG);
  if ((flags & WRITABLE) !== 0n && (flags & NO_EXECUTE) === 0n) wrong.push(WRITABLE_CODE);
  if ((flags & USER) !== 0n && va >> 63n === 1n) wrong.push(WRONG_HALF);
  return wrong;
}

export function isCanonical(va: bigint): boolean {
  return va >> 47n === 0n || va >> 47n === 0x1_ffffn;
}
/** Pages from there to the end of the half. */
export function leftInHalf(va: bigint): number {
  return Number(((va | 0x7fff_ffff_ffffn) + 1n - va) >> 12n);
}
