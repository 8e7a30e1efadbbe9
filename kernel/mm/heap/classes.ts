/**
 * The free blocks of a zone by size: two-level segregated fit (Masmano, Ripoll, Crespo and Real, "TLSF: a New Dynamic
 * Memory Allocator for Real-Time Systems", 2004), with 64 classes to each doubling.
 *
 *   units of 8 bytes    0 … 127     128 … 255          256 … 511         …
 *   classes             one each    64, of 2 units     64, of 4 units    …
 *
 *   ZONE
 *   +0    groups   bit g: some class of group g has a block; a group is 64 classes
 *   +8    start, +16 end: the first block; the end mark
 *   +24   slots    28 words: bit s of word g: class 64 g + s has a block
 *   +248  heads    28 * 64 links: the class's first block
 *
 * Blocks below 1 KiB have classes of their own, so there the fit is exact. Above, the first few blocks of the request's
 * own class are looked at, which may be as much as 1/64 larger or smaller; if none fits, any of the next class that has
 * one does. So the cost is constant, and what is chosen is larger than the best fit by 1/64 at most.
 */
import { panic } from "../../base/panic.ts";
import { fillWords, load32, load64, store32, store64 } from "../../doors/machine.ts";
import { NOWHERE, type VirtAddr } from "../../lib/addr.ts";
import { countLeadingZeros, countTrailingZeros } from "../../lib/bits.ts";
import { bytes, type Field, layout, u64 } from "../../lib/layout.ts";
import {
  blockPayload, linkBlock, linkTo, nextRead, nextWrite, previousRead, previousWrite, wordFits, wordIsUsed,
  wordRead, wordSize,
} from "./block.ts";

const address64 = u64 as Field<VirtAddr, 8>;

const GROUPS = 28;
export const CLASSES = 1792;
export const ZONE = layout(7416, {
  groups: u64, start: address64, end: address64, slots: bytes(224), heads: bytes(7168),
});
const ZONE_WORDS = 927;

/** Units from which on a class holds several sizes. */
const EXACT = 128n;
/** Blocks of the request's own class that are looked at. */
const LOOKS = 4;
const NO_LINK = 0;

/** A zone without blocks. */
export function zoneClear(zone: bigint): void {
  fillWords(zone, 0n, ZONE_WORDS);
}

/** The class of free blocks of `size` bytes. */
export function classOf(size: bigint): bigint {
  const units = size >> 3n;
  if (units < EXACT) return units;
  const shift = BigInt(57 - countLeadingZeros(units)); // so that 64 to 127 is left
  return (shift << 6n) + (units >> shift);
}
/** The least size that belongs to the class. */
export function classSize(index: number): bigint {
  const group = index >> 6;
  return group < 2 ? BigInt(index) << 3n : BigInt((index & 63) + 64) << BigInt(group + 2);
}

/** A free block of at least `size` bytes, still in its list; NOWHERE if there is none. */
export function classFind(zone: bigint, size: bigint): VirtAddr {
  const index = classOf(size);
  let group = index >> 6n;
  let slots = load64(slotsAt(zone, group)) >> (index & 63n);
  if (slots !== 0n) {
    if (index >= EXACT && (slots & 1n) !== 0n) {
      const fitting = ownClassFind(zone, index, size);
      if (fitting !== NOWHERE) return fitting;
      slots &= slots - 1n;
    }
    if (slots !== 0n) return headOf(zone, index + BigInt(countTrailingZeros(slots)));
  }
  const groups = ZONE.groups(zone) & (ABOVE << group);
  if (groups === 0n) return NOWHERE;
  group = BigInt(countTrailingZeros(groups));
  return headOf(zone, (group << 6n) + BigInt(countTrailingZeros(load64(slotsAt(zone, group)))));
}
const ABOVE = 0xffff_ffff_ffff_fffen;

/** The free block at `block`, of `size` bytes, becomes the first of its list. */
export function classAdd(zone: bigint, block: VirtAddr, size: bigint): void {
  const index = classOf(size);
  const head = headAt(zone, index);
  const link = linkTo(block);
  const first = load32(head);
  nextWrite(block, first);
  previousWrite(block, NO_LINK);
  store32(head, link);
  if (first !== NO_LINK) {
    previousWrite(linkBlock(first), link);
    return;
  }
  const group = index >> 6n;
  const slots = slotsAt(zone, group);
  store64(slots, load64(slots) | (1n << (index & 63n)));
  ZONE.setGroups(zone, ZONE.groups(zone) | (1n << group));
}

/**
 * classRemove for the block that classFind found, of `size` bytes, which most often is its list's first.
 */
export function classTake(zone: bigint, block: VirtAddr, size: bigint): void {
  const index = classOf(size);
  const head = headAt(zone, index);
  if (load32(head) !== linkTo(block)) {
    classRemove(zone, block, size);
    return;
  }
  const next = nextRead(block);
  store32(head, next);
  if (next !== NO_LINK) {
    if (!linkIsWithin(zone, next)) linksRefuse(block);
    previousWrite(linkBlock(next), NO_LINK);
    return;
  }
  classEmptied(zone, index);
}

/** Takes it off its list. Both neighbours must point back: links that were overwritten lead to no write. */
export function classRemove(zone: bigint, block: VirtAddr, size: bigint): void {
  const next = nextRead(block);
  const previous = previousRead(block);
  const link = linkTo(block);
  if (next !== NO_LINK) {
    if (!linkIsWithin(zone, next) || previousRead(linkBlock(next)) !== link) linksRefuse(block);
    previousWrite(linkBlock(next), previous);
  }
  if (previous !== NO_LINK) {
    if (!linkIsWithin(zone, previous) || nextRead(linkBlock(previous)) !== link) linksRefuse(block);
    nextWrite(linkBlock(previous), next);
    return;
  }
  const index = classOf(size);
  const head = headAt(zone, index);
  if (load32(head) !== link) linksRefuse(block);
  store32(head, next);
  if (next === NO_LINK) classEmptied(zone, index);
}

/** The size of the largest free block that classFind is sure to find; 0n if there is none. */
export function classLargest(zone: bigint): bigint {
  const groups = ZONE.groups(zone);
  if (groups === 0n) return 0n;
  const group = BigInt(63 - countLeadingZeros(groups));
  const slot = BigInt(63 - countLeadingZeros(load64(slotsAt(zone, group))));
  let largest = 0n;
  let block = headOf(zone, (group << 6n) + slot);
  for (let looks = 0; looks < LOOKS && block !== NOWHERE; looks++) {
    const size = wordSize(freeWord(block));
    if (size > largest) largest = size;
    block = classNext(block);
  }
  return largest;
}

/** The class's first block, NOWHERE if it has none; whatever the link says. */
export function classFirst(zone: bigint, index: number): VirtAddr {
  return linkOrNowhere(load32(headAt(zone, BigInt(index))));
}
export function classNext(block: VirtAddr): VirtAddr {
  return linkOrNowhere(nextRead(block));
}
export function classPrevious(block: VirtAddr): VirtAddr {
  return linkOrNowhere(previousRead(block));
}
/** Do the two levels of bits say which classes have blocks? */
export function classBitsAreSound(zone: bigint): boolean {
  for (let group = 0; group < GROUPS; group++) {
    const slots = load64(slotsAt(zone, BigInt(group)));
    if (((ZONE.groups(zone) >> BigInt(group)) & 1n) !== (slots === 0n ? 0n : 1n)) return false;
    for (let slot = 0; slot < 64; slot++) {
      const has = load32(headAt(zone, BigInt(group * 64 + slot))) !== NO_LINK;
      if ((((slots >> BigInt(slot)) & 1n) !== 0n) !== has) return false;
    }
  }
  return true;
}

function ownClassFind(zone: bigint, index: bigint, size: bigint): VirtAddr {
  let link = load32(headAt(zone, index));
  for (let looks = 0; looks < LOOKS && link !== NO_LINK; looks++) {
    const block = linkBlock(link);
    if (wordSize(freeWord(block)) >= size) return block;
    link = nextRead(block);
    if (link !== NO_LINK && !linkIsWithin(zone, link)) linksRefuse(block);
  }
  return NOWHERE;
}
function headOf(zone: bigint, index: bigint): VirtAddr {
  return linkBlock(load32(headAt(zone, index)));
}
/** The word of a block that a list leads to. */
export function freeWord(block: VirtAddr): bigint {
  const word = wordRead(block);
  if (!wordFits(block, word) || wordIsUsed(word)) panic("heap: the header of a free block was overwritten", block);
  return word;
}

function classEmptied(zone: bigint, index: bigint): void {
  const group = index >> 6n;
  const slots = load64(slotsAt(zone, group)) & ~(1n << (index & 63n));
  store64(slotsAt(zone, group), slots);
  if (slots === 0n) ZONE.setGroups(zone, ZONE.groups(zone) & ~(1n << group));
}

function linkIsWithin(zone: bigint, link: number): boolean {
  const block = linkBlock(link);
  return block >= ZONE.start(zone) && block < ZONE.end(zone);
}
function linkOrNowhere(link: number): VirtAddr {
  return link === NO_LINK ? NOWHERE : linkBlock(link);
}
function linksRefuse(block: VirtAddr): never {
  panic("heap: a free block was written to (used after free?)", blockPayload(block));
}

function slotsAt(zone: bigint, group: bigint): bigint {
  return ZONE.slotsAt(zone) + (group << 3n);
}
function headAt(zone: bigint, index: bigint): bigint {
  return ZONE.headsAt(zone) + (index << 2n);
}
