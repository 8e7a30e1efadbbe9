/**
 * Where the heap's blocks are: two zones, each a row of blocks from its start to its end mark.
 *
 *   a heap that may grow, between base and base + 2 max
 *   | small zone: heap.size bytes, and more when needed | (absent) … | large zone: room for max, mostly absent |
 *   base                                                             base + max
 *
 *   a heap of a given size
 *   | small zone                                                     | the last 1/32, from 4 MiB on: large zone |
 *
 * The small zone grows and shrinks at its end (top.ts); large requests go to the large zone (large.ts).
 */
"compiler: cold";
import { poison } from "../../doors/machine.ts";
import { NOWHERE, type VirtAddr, virtAddr } from "../../lib/addr.ts";
import { OK, type Status } from "../../lib/status.ts";
import { blockPlus } from "./block.ts";
import { pagesAreMapped, pagesAreThere, pagesCommit } from "./heap-pages.ts";
import { hollowInit } from "./hollow.ts";
import { largeFixed, largeRoom } from "./large.ts";
import { linksFrom } from "./links.ts";
import { topInit } from "./top.ts";
import { largeFromSet, smallZone, ZONE, zoneClear } from "./zone.ts";

/** From this size on a block of a heap that may grow is large; a free block of its small zone is hollow. */
const GROWING_LARGE = 0x2_0000n;
/** A heap of a given size has a large zone from this size on. */
const FIXED_LARGE_ZONE = 0x40_0000n;

let arenaStartsAt: VirtAddr = NOWHERE;
let arenaEndsAt: VirtAddr = NOWHERE;

/** Where the small zone begins, NOWHERE while there is no heap; the first address above all that may ever be its. */
export function heapStart(): VirtAddr {
  return arenaStartsAt;
}
export function heapEnd(): VirtAddr {
  return arenaEndsAt;
}

/** A heap of `sizeBytes` bytes from `start` on, both multiples of 8, at least 64 bytes, all of it there. */
export function arenaFixed(start: VirtAddr, sizeBytes: bigint): void {
  const end = blockPlus(start, sizeBytes);
  const kept = sizeBytes >= FIXED_LARGE_ZONE ? (sizeBytes >> 5n) & ~7n : 0n;
  const middle = virtAddr(end - kept);
  arenaBegin(start, end);
  largeFromSet(kept === 0n ? sizeBytes : sizeBytes >> 10n);
  poison(start, Number(sizeBytes));
  topInit(start, middle, middle);
  largeFixed(middle, end);
}

/**
 * A heap that begins with `sizeBytes` bytes from `start` on and may grow to `maxBytes`, all whole pages; twice
 * `maxBytes` from `start` on are its room. NO_MEMORY, and nothing is mapped, if it cannot begin.
 */
export function arenaMapped(start: VirtAddr, sizeBytes: bigint, maxBytes: bigint): Status {
  pagesAreMapped(maxBytes);
  return arenaGrowing(start, sizeBytes, maxBytes);
}
/** The same in memory that is there already. */
export function arenaPresent(start: VirtAddr, sizeBytes: bigint, maxBytes: bigint): Status {
  pagesAreThere(maxBytes);
  return arenaGrowing(start, sizeBytes, maxBytes);
}

function arenaGrowing(start: VirtAddr, sizeBytes: bigint, maxBytes: bigint): Status {
  const limit = virtAddr(start + sizeBytes);
  const middle = virtAddr(start + maxBytes);
  const status = pagesCommit(start, limit);
  if (status !== OK) return status;
  arenaBegin(start, virtAddr(middle + maxBytes));
  hollowInit(limit);
  largeFromSet(GROWING_LARGE);
  poison(start, Number(sizeBytes));
  topInit(start, limit, middle);
  ZONE.setHollow(smallZone(), GROWING_LARGE);
  largeRoom(middle, sizeBytes < maxBytes ? arenaEndsAt : middle);
  return OK;
}

function arenaBegin(start: VirtAddr, end: VirtAddr): void {
  arenaStartsAt = start;
  arenaEndsAt = end;
  linksFrom(start);
  zoneClear(smallZone());
}
