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
 * The small zone is mapped from end to end. It grows at its end, by 1/64 of what it has or by what is wanted, and gives
 * pages back when much of its end is free, but none of those that it began with.
 *
 * The large zone of a heap that may grow is hollow: of its free blocks only the pages with their first 16 bytes and
 * their last 8 are mapped. A large request gets pages of its own there, and they go when it is given back.
 *
 * The large zone of a heap of a given size is room that small requests may not take: when a heap has been full once,
 * its free blocks are as small as what was given back, and a large request would not be met again for a long time.
 */
import { poison, staticBytes, unpoison } from "../../doors/machine.ts";
import { higher, lower, NOWHERE, PAGE_BYTES, PAGE_SIZE, type VirtAddr, virtAddr } from "../../lib/addr.ts";
import { OK, type Status } from "../../lib/status.ts";
import {
  BEFORE_FREE, blockPlus, freeWrite, linksFrom, sizeBefore, usedWrite, WORD_BYTES, wordIsUsed, wordRead,
  wordSize,
} from "./block.ts";
import { classAdd, classRemove, ZONE, zoneClear } from "./classes.ts";
import { pageDown, pagesAreMapped, pagesAreThere, pagesCommit, pagesUncommit, pageUp } from "./heap-pages.ts";

const small = staticBytes(ZONE.SIZE, 8);
const large = staticBytes(ZONE.SIZE, 8);

/** From this size on a block of a heap that may grow is large. */
const GROWING_LARGE = 0x2_0000n;
/** A heap of a given size has a large zone from this size on. */
const FIXED_LARGE_ZONE = 0x40_0000n;
/** Free bytes at the small zone's end that make it give pages back, and what it keeps of them. */
const TRIM = 0x2_0000n;
const TRIM_KEEP = 0x1_0000n;
/** What a large zone must have room for. */
const LARGE_ROOM = 0x3_0000n;
const NEVER = 0xffff_ffff_ffff_ffffn;
/** In a free block, before what may be absent: its word and its links. */
const FREE_HEAD = 16n;

/** Blocks from this size on are large; free bytes at the small zone's end from which on it shrinks. */
let largeFrom = NEVER;
let trimFrom = NEVER;
let isGrowing = false;
/** Where the small zone may not shrink below, and not grow beyond. */
let smallEndLeast: VirtAddr = NOWHERE;
let smallEndMost: VirtAddr = NOWHERE;
/** Where a large zone ends that begins at smallEndMost; there is none if they are the same. */
let roomEnd: VirtAddr = NOWHERE;

export function smallZone(): bigint {
  return small;
}
export function largeZone(): bigint {
  return large;
}
/** Is a block of `size` bytes large? */
export function isLarge(size: bigint): boolean {
  return size >= largeFrom;
}
export function arenaIsGrowing(): boolean {
  return isGrowing;
}
/** Where the small zone begins; NOWHERE while there is no heap. */
export function arenaStart(): VirtAddr {
  return ZONE.start(small);
}
/** The first address above all that may ever be the heap's. */
export function arenaEnd(): VirtAddr {
  return roomEnd;
}
/** The zone in which `va` is between two blocks' ends; 0n if in none. */
export function zoneOf(va: VirtAddr): bigint {
  if (va >= ZONE.start(small) && va < ZONE.end(small)) return small;
  return va >= ZONE.start(large) && va < ZONE.end(large) ? large : 0n;
}
/** Are pages within the zone's free blocks absent? */
export function zoneIsHollow(zone: bigint): boolean {
  return zone === large && isGrowing;
}
/** The zone's bytes, end mark included; of a hollow one all that it has room for. */
export function zoneBytes(zone: bigint): bigint {
  return ZONE.end(zone) === NOWHERE ? 0n : ZONE.end(zone) + WORD_BYTES - ZONE.start(zone);
}

/** A heap of `sizeBytes` bytes from `start` on, both multiples of 8, at least 64 bytes, all of it there. */
export function arenaFixed(start: VirtAddr, sizeBytes: bigint): void {
  linksFrom(start);
  isGrowing = false;
  trimFrom = NEVER;
  roomEnd = blockPlus(start, sizeBytes);
  poison(start, Number(sizeBytes));
  zoneClear(large);
  const kept = sizeBytes >= FIXED_LARGE_ZONE ? (sizeBytes >> 5n) & ~7n : 0n;
  largeFrom = kept === 0n ? NEVER : sizeBytes >> 10n;
  zoneMake(small, start, blockPlus(start, sizeBytes - kept));
  if (kept > 0n) zoneMake(large, blockPlus(start, sizeBytes - kept), blockPlus(start, sizeBytes));
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
  const middle = virtAddr(start + maxBytes);
  linksFrom(start);
  isGrowing = true;
  largeFrom = GROWING_LARGE;
  trimFrom = TRIM;
  smallEndLeast = virtAddr(start + sizeBytes);
  smallEndMost = middle;
  roomEnd = maxBytes - sizeBytes < LARGE_ROOM ? middle : virtAddr(middle + maxBytes);
  zoneClear(large);
  const status = pagesCommit(start, smallEndLeast);
  if (status !== OK) return status;
  poison(start, Number(sizeBytes));
  zoneMake(small, start, smallEndLeast);
  return OK;
}

/**
 * Is there a large zone? In a heap that may grow it begins with the first large block, and takes two pages for its
 * ends; false if they cannot be had.
 */
export function largeReady(): boolean {
  if (ZONE.end(large) !== NOWHERE) return true;
  if (!isGrowing || roomEnd - smallEndMost < LARGE_ROOM) return false;
  const second = virtAddr(smallEndMost + PAGE_SIZE);
  const last = virtAddr(roomEnd - PAGE_SIZE);
  if (pagesCommit(smallEndMost, second) !== OK) return false;
  if (pagesCommit(last, roomEnd) !== OK) {
    pagesUncommit(smallEndMost, second);
    return false;
  }
  poison(smallEndMost, PAGE_BYTES);
  poison(last, PAGE_BYTES);
  zoneMake(large, smallEndMost, roomEnd);
  return true;
}

/** One free block and the end mark. */
function zoneMake(zone: bigint, start: VirtAddr, end: VirtAddr): void {
  const mark = virtAddr(end - WORD_BYTES);
  zoneClear(zone);
  ZONE.setStart(zone, start);
  ZONE.setEnd(zone, mark);
  freeWrite(start, mark - start);
  classAdd(zone, start, mark - start);
  usedWrite(mark, 0n, BEFORE_FREE, 0);
}

// ---- the small zone's end ------------------------------------------------------------------------------------
/**
 * Makes the free block at the small zone's end `size` bytes or more; false, and nothing has changed, if there are no
 * pages for it. Cost: that of the pages.
 */
export function smallGrow(size: bigint): boolean {
  if (!isGrowing) return false;
  const mark = ZONE.end(small);
  const free = freeAtEnd();
  const end = virtAddr(mark + WORD_BYTES);
  const least = pageUp(end + size - free);
  if (least > smallEndMost) return false;
  const step = pageUp(end + ((end - ZONE.start(small)) >> 6n));
  let reached = virtAddr(lower(higher(least, step), smallEndMost));
  let status = pagesCommit(end, reached);
  if (status !== OK && reached > least) {
    reached = least;
    status = pagesCommit(end, reached);
  }
  if (status !== OK) return false;
  poison(end, Number(reached - end));
  if (free > 0n) classRemove(small, virtAddr(mark - free), free);
  endMove(virtAddr(mark - free), reached);
  return true;
}

/** The last block of the small zone is free and has `size` bytes: pages of it go if they are many. */
export function smallTrim(block: VirtAddr, size: bigint): void {
  if (size < trimFrom || blockPlus(block, size) !== ZONE.end(small)) return;
  const end = blockPlus(ZONE.end(small), WORD_BYTES);
  const reached = virtAddr(higher(smallEndLeast, pageUp(block + TRIM_KEEP)));
  if (reached >= end) return;
  classRemove(small, block, size);
  unpoison(reached, Number(end - reached));
  pagesUncommit(reached, end);
  endMove(block, reached);
}

/** The last block is free, from `block` to the end mark of a small zone that ends at `end` now. */
function endMove(block: VirtAddr, end: VirtAddr): void {
  const mark = virtAddr(end - WORD_BYTES);
  ZONE.setEnd(small, mark);
  usedWrite(mark, 0n, BEFORE_FREE, 0);
  freeWrite(block, mark - block);
  classAdd(small, block, mark - block);
}
function freeAtEnd(): bigint {
  const mark = ZONE.end(small);
  return (wordRead(mark) & BEFORE_FREE) === 0n ? 0n : sizeBefore(mark);
}

// ---- the large zone's pages ----------------------------------------------------------------------------------
/**
 * A free block of `whole` bytes is about to have a used one from `from` to `to` in it, the rest staying free: its pages
 * are there from now on; NO_MEMORY, and nothing has changed, if they cannot be.
 */
export function hollowFill(block: VirtAddr, whole: bigint, from: VirtAddr, to: VirtAddr): Status {
  let first = innerStart(block);
  let last = innerEnd(blockPlus(block, whole));
  if (from > block) first = virtAddr(higher(first, innerEnd(from)));
  if (to < blockPlus(block, whole)) last = virtAddr(lower(last, innerStart(to)));
  if (first >= last) return OK;
  const status = pagesCommit(first, last);
  if (status !== OK) return status;
  poison(first, Number(last - first));
  return OK;
}

/**
 * The bytes from..to-1 have become part of the free block from `block` to `end`: its pages go, but for the ends. False
 * if all of the zone is free: then there is no large zone any more.
 */
export function hollowEmpty(block: VirtAddr, end: VirtAddr, from: VirtAddr, to: VirtAddr): boolean {
  let first = innerStart(block);
  let last = innerEnd(end);
  if (from > block) first = virtAddr(higher(first, innerEnd(from)));
  if (to < end) last = virtAddr(lower(last, innerStart(to)));
  if (first < last) {
    unpoison(first, Number(last - first));
    pagesUncommit(first, last);
  }
  if (block !== smallEndMost || end !== ZONE.end(large)) return true;
  largeClose();
  return false;
}

/** A large block could not be had: if there is no other, there is no large zone any more. */
export function largeSettle(): void {
  if (!isGrowing || ZONE.end(large) === NOWHERE) return;
  const first = wordRead(smallEndMost);
  if (!wordIsUsed(first) && blockPlus(smallEndMost, wordSize(first)) === ZONE.end(large)) largeClose();
}

/** All of it is free. */
function largeClose(): void {
  const last = virtAddr(roomEnd - PAGE_SIZE);
  zoneClear(large);
  unpoison(last, PAGE_BYTES);
  pagesUncommit(last, roomEnd);
  unpoison(smallEndMost, PAGE_BYTES);
  pagesUncommit(smallEndMost, virtAddr(smallEndMost + PAGE_SIZE));
}

/** The pages of a free block that may be absent: from here, to there. */
function innerStart(block: VirtAddr): VirtAddr {
  return pageUp(block + FREE_HEAD);
}
function innerEnd(end: VirtAddr): VirtAddr {
  return pageDown(end - WORD_BYTES);
}

