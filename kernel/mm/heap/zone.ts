/**
 * What is known of a row of blocks.
 *
 *   ZONE
 *   +0    groups   bit g: some class of group g has a block; a group is 64 classes (classes.ts)
 *   +8    start, +16 end: the first block; the end mark
 *   +24   limit    the zone's bytes go to here; what is behind the end mark's word is nobody's yet (top.ts)
 *   +32   hollow   of free blocks of so many bytes and more, only the pages with their ends are there (hollow.ts)
 *   +40   slots    28 words: bit s of word g: class 64 g + s has a block
 *   +264  heads    28 * 64 links: the class's first block
 */
import { CHECKING } from "../../base/checking.ts";
import { fillWords, staticBytes } from "../../doors/machine.ts";
import { NOWHERE, type VirtAddr } from "../../lib/addr.ts";
import { bytes, type Field, layout, u64 } from "../../lib/layout.ts";
import { WORD_BYTES } from "./block.ts";

const address64 = u64 as Field<VirtAddr, 8>;

/** One for sizes below 512 bytes, and one for each doubling up to 2^36. */
export const GROUPS = 28;
export const CLASSES = GROUPS * 64;
export const ZONE = layout(7432, {
  groups: u64, start: address64, end: address64, limit: address64, hollow: u64,
  slots: bytes(224), // GROUPS words
  heads: bytes(7168), // CLASSES links of 4 bytes
});
/** A number of bytes that no block has. */
export const NEVER = 0xffff_ffff_ffff_ffffn;

const small = staticBytes(ZONE.SIZE, 8);
const large = staticBytes(ZONE.SIZE, 8);

let largeFrom = 0n;
/** The most bytes that can be asked for without the block being large. */
let smallMost = 0n;

/** What a block may have more than was asked for: its word, the rest of another, and in the checking build a canary. */
const BLOCK_MORE = WORD_BYTES + WORD_BYTES;
const CHECKED_MORE = BLOCK_MORE + 16n;

/** From `from` bytes on a block is large. */
export function largeFromSet(from: bigint): void {
  largeFrom = from;
  smallMost = from - WORD_BYTES - (CHECKING ? CHECKED_MORE : BLOCK_MORE);
}
export function zoneLargeFrom(): bigint {
  return largeFrom;
}
export function zoneSmallMost(): bigint {
  return smallMost;
}

/** Where most blocks are, and where those are that have pages of their own, or a part of the heap that is theirs. */
export function smallZone(): bigint {
  return small;
}
export function largeZone(): bigint {
  return large;
}
/** No zone: it has no byte. */
export function zoneClear(zone: bigint): void {
  fillWords(zone, 0n, Math.trunc(ZONE.SIZE / 8));
  ZONE.setHollow(zone, NEVER);
}
/** Does `va` lie between the zone's first block and its end mark? */
export function zoneHas(zone: bigint, va: VirtAddr): boolean {
  return va >= ZONE.start(zone) && va < ZONE.end(zone);
}
/** The zone in which that is so; 0n if in none. */
export function zoneOf(va: VirtAddr): bigint {
  if (zoneHas(small, va)) return small;
  return zoneHas(large, va) ? large : 0n;
}
/** The zone's bytes, its end mark and what is behind that included; of the large one all that it has room for. */
export function zoneBytes(zone: bigint): bigint {
  return ZONE.end(zone) === NOWHERE ? 0n : ZONE.limit(zone) - ZONE.start(zone);
}
