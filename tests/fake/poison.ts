/**
 * Which bytes nobody may touch: what the doors `poison` and `unpoison` say, byte by byte, by virtual address. While
 * nothing is poisoned, a check costs one comparison.
 */
import { PoisonedAccess } from "./faults.ts";

const PAGE = 4096;
const POISONED = 1;
/** Pages that are poisoned from end to end share this one. */
const ALL = new Uint8Array(PAGE).fill(POISONED);

/** By page number: POISONED for each such byte. */
const pages = new Map<number, Uint8Array>();
let watching = true;

const word = new BigUint64Array(1);
const halves = new Uint32Array(word.buffer);

export function poisonReset(): void {
  pages.clear();
  watching = true;
}

export function poisonAdd(va: bigint, count: number): void {
  paint(va, count, POISONED);
}
export function poisonTake(va: bigint, count: number): void {
  paint(va, count, 0);
}

/** Throws PoisonedAccess if any of the `count` bytes at `va` is poisoned. */
export function poisonCheck(va: bigint, count: number): void {
  if (pages.size === 0 || !watching) return;
  let page = pageOf(va);
  let start = halves[0]! & (PAGE - 1);
  for (let left = count; left > 0; page++, start = 0) {
    const end = Math.min(start + left, PAGE);
    const at = pages.get(page)?.indexOf(POISONED, start) ?? -1;
    if (at >= 0 && at < end) throw new PoisonedAccess(va, count);
    left -= end - start;
  }
}

export function unwatched<T>(body: () => T): T {
  watching = false;
  try {
    return body();
  } finally {
    watching = true;
  }
}

function paint(va: bigint, count: number, colour: number): void {
  let page = pageOf(va);
  let start = halves[0]! & (PAGE - 1);
  for (let left = count; left > 0; page++, start = 0) {
    const end = Math.min(start + left, PAGE);
    if (end - start < PAGE) pageOwn(page).fill(colour, start, end);
    else if (colour === POISONED) pages.set(page, ALL);
    else pages.delete(page);
    left -= end - start;
  }
}

/** The page's bytes, its own to change. */
function pageOwn(page: number): Uint8Array {
  const known = pages.get(page);
  if (known !== undefined && known !== ALL) return known;
  const own = known === ALL ? ALL.slice() : new Uint8Array(PAGE);
  pages.set(page, own);
  return own;
}

/** Leaves the low half of `va` in halves[0]. */
function pageOf(va: bigint): number {
  word[0] = va;
  return halves[1]! * 0x10_0000 + (halves[0]! >>> 12);
}
