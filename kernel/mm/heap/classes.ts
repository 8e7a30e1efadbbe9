/**
 * The free blocks of a zone by size: two-level segregated fit (Masmano, Ripoll, Crespo and Real, "TLSF: a New Dynamic
 * Memory Allocator for Real-Time Systems", 2004), with 64 classes to each doubling.
 *
 *   units of 8 bytes    0 … 127     128 … 255          256 … 511         …
 *   classes             one each    64, of 2 units     64, of 4 units    …
 *
 * Blocks below 1 KiB have classes of their own, so there the fit is exact. Above, the first few blocks of the request's
 * own class are looked at, which may be as much as 1/64 larger or smaller; if none fits, any of the next class that has
 * one does. So the cost is constant, and what is chosen is larger than the best fit by 1/64 at most.
 */
import { panic } from "../../base/panic.ts";
import { load32, load64, store32, store64 } from "../../doors/machine.ts";
import { NOWHERE, type VirtAddr } from "../../lib/addr.ts";
import { countLeadingZeros, countTrailingZeros } from "../../lib/bits.ts";
import { blockPayload, wordIsOfFree, wordRead } from "./block.ts";
import {
  linkBlock, linksFirst, linksRead, linkTo, NO_LINK, nextOf, nextRead, nextWrite, previousOf, previousRead,
  previousWrite,
} from "./links.ts";
import { ZONE } from "./zone.ts";

/** Units from which on a class holds several sizes. */
const EXACT = 128n;
/** Blocks of the request's own class that are looked at. */
const LOOKS = 4;

/** The class of free blocks of `size` bytes. */
export function classOf(size: bigint): bigint {
  const units = size >> 3n;
  if (units < EXACT) return units;
  const shift = BigInt(57 - countLeadingZeros(units)); // so that 64 to 127 is left
  return (shift << 6n) + (units >> (shift & 63n));
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
  const groups = ZONE.groups(zone) & (ABOVE << (group & 63n));
  if (groups === 0n) return NOWHERE;
  group = BigInt(countTrailingZeros(groups));
  return headOf(zone, (group << 6n) + BigInt(countTrailingZeros(load64(slotsAt(zone, group)))));
}
const ABOVE = 0xffff_ffff_ffff_fffen;

/** The same, taken off its list. takenSize() has its size. */
export function classTake(zone: bigint, size: bigint): VirtAddr {
  let index = classOf(size);
  let group = index >> 6n;
  let slots = load64(slotsAt(zone, group)) >> (index & 63n);
  if (index >= EXACT && (slots & 1n) !== 0n) {
    const fitting = ownClassFind(zone, index, size);
    if (fitting !== NOWHERE) {
      taken = freeSize(fitting);
      classRemove(zone, fitting, taken);
      return fitting;
    }
    slots ^= 1n;
  }
  if (slots !== 0n) {
    index += BigInt(countTrailingZeros(slots));
  } else {
    const groups = ZONE.groups(zone) & (ABOVE << (group & 63n));
    if (groups === 0n) return NOWHERE;
    group = BigInt(countTrailingZeros(groups));
    index = (group << 6n) + BigInt(countTrailingZeros(load64(slotsAt(zone, group))));
  }
  const head = headAt(zone, index);
  const block = linkBlock(BigInt(load32(head)));
  taken = freeSize(block);
  const next = nextRead(block);
  store32(head, Number(next));
  if (next === NO_LINK) {
    classEmptied(zone, index);
  } else {
    if (linkBlock(next) >= ZONE.end(zone)) linksRefuse(block);
    previousWrite(linkBlock(next), NO_LINK);
  }
  return block;
}
let taken = 0n;
export function takenSize(): bigint {
  return taken;
}

/** The free block at `block`, of `size` bytes, becomes the first of its list. */
export function classAdd(zone: bigint, block: VirtAddr, size: bigint): void {
  const index = classOf(size);
  const head = headAt(zone, index);
  const link = linkTo(block);
  const first = BigInt(load32(head));
  linksFirst(block, first);
  store32(head, Number(link));
  if (first !== NO_LINK) {
    previousWrite(linkBlock(first), link);
    return;
  }
  const group = index >> 6n;
  const slots = slotsAt(zone, group);
  store64(slots, load64(slots) | (1n << (index & 63n)));
  ZONE.setGroups(zone, ZONE.groups(zone) | (1n << (group & 63n)));
}

/** Takes it off its list. Both neighbours must point back: links that were overwritten lead to no write. */
export function classRemove(zone: bigint, block: VirtAddr, size: bigint): void {
  const links = linksRead(block);
  const next = nextOf(links);
  const previous = previousOf(links);
  const link = linkTo(block);
  if (next !== NO_LINK) {
    if (linkBlock(next) >= ZONE.end(zone) || previousRead(linkBlock(next)) !== link) linksRefuse(block);
    previousWrite(linkBlock(next), previous);
  }
  if (previous !== NO_LINK) {
    if (linkBlock(previous) >= ZONE.end(zone) || nextRead(linkBlock(previous)) !== link) linksRefuse(block);
    nextWrite(linkBlock(previous), next);
    return;
  }
  const index = classOf(size);
  const head = headAt(zone, index);
  if (BigInt(load32(head)) !== link) linksRefuse(block);
  store32(head, Number(next));
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
    const size = freeSize(block);
    if (size > largest) largest = size;
    const next = nextRead(block);
    block = next === NO_LINK ? NOWHERE : linkBlock(next);
  }
  return largest;
}

/** The size of a free block that a list leads to. */
export function freeSize(block: VirtAddr): bigint {
  const word = wordRead(block);
  if (!wordIsOfFree(word)) panic("heap: the header of a free block was overwritten", block);
  return word;
}

function ownClassFind(zone: bigint, index: bigint, size: bigint): VirtAddr {
  let link = BigInt(load32(headAt(zone, index)));
  for (let looks = 0; looks < LOOKS && link !== NO_LINK; looks++) {
    const block = linkBlock(link);
    if (freeSize(block) >= size) return block;
    link = nextRead(block);
    if (link !== NO_LINK && linkBlock(link) >= ZONE.end(zone)) linksRefuse(block);
  }
  return NOWHERE;
}
function headOf(zone: bigint, index: bigint): VirtAddr {
  return linkBlock(BigInt(load32(headAt(zone, index))));
}

function classEmptied(zone: bigint, index: bigint): void {
  const group = index >> 6n;
  const slots = load64(slotsAt(zone, group)) & ~(1n << (index & 63n));
  store64(slotsAt(zone, group), slots);
  if (slots === 0n) ZONE.setGroups(zone, ZONE.groups(zone) & ~(1n << (group & 63n)));
}

function linksRefuse(block: VirtAddr): never {
  panic("heap: a free block was written to (used after free?)", blockPayload(block));
}

export function slotsAt(zone: bigint, group: bigint): bigint {
  return ZONE.slotsAt(zone) + (group << 3n);
}
export function headAt(zone: bigint, index: bigint): bigint {
  return ZONE.headsAt(zone) + (index << 2n);
}
