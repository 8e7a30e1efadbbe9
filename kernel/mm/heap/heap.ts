/**
 * The kernel's general heap: blocks of any size, at any power of two, in constant time. Two-level segregated fit
 * (classes.ts) over blocks with boundary tags (block.ts) in two zones (arena.ts). A block given back merges with both
 * neighbours at once, so no two free blocks touch.
 *
 * A small block is cut from the low end of a free one, others from the high end: what is small lies together, and what
 * is given back between two small blocks is not cut off from what was given back before.
 *
 * It never waits and never faults: every page of a block is there before the block is handed out. Every word is checked
 * before it is believed; one that does not fit ends the kernel with what is around it (heap-refuse.ts).
 */
import { CHECKING } from "../../base/checking.ts";
import { panic } from "../../base/panic.ts";
import { poison, unpoison } from "../../doors/machine.ts";
import { NOWHERE, type VirtAddr, virtAddr } from "../../lib/addr.ts";
import { OK, type Status } from "../../lib/status.ts";
import {
  arenaEnd, arenaFixed, arenaIsGrowing, arenaMapped, arenaPresent, arenaStart, hollowEmpty, hollowFill, isLarge,
  largeReady, largeSettle, largeZone, smallGrow, smallTrim, smallZone, zoneBytes, zoneIsHollow, zoneOf,
} from "./arena.ts";
import {
  BEFORE_FREE, BLOCK_MIN, beforeFreeClear, beforeFreeSet, blockBytesFor, blockOfPayload, blockPayload, blockPlus,
  freeWrite, sizeBefore, usedErase, usedWrite, WORD_BYTES, wordFits, wordIsUsed, wordRead, wordSize,
} from "./block.ts";
import { classAdd, classFind, classLargest, classRemove, classTake, freeWord } from "./classes.ts";
import { CHECK_BYTES, checkGiven, checkNext, checkReset, checkTaken } from "./heap-check.ts";
import { giveRefuse, neighbourRefuse } from "./heap-refuse.ts";
import { TAG } from "./heap-tags.ts";

/** No block is larger: 16 GiB. With the largest alignment it still has a class. */
export const HEAP_BLOCK_MAX = 0x4_0000_0000n;
/** Blocks up to this size are cut from the low end of free ones. */
const LOW_MAX = 104n;

/** Bytes in used blocks, of both zones and of the large one; the most of the former. */
let used = 0n;
let usedLarge = 0n;
let usedMost = 0n;

/**
 * An empty heap in memory that is there: `start` and `sizeBytes` are multiples of 8, at least 64 bytes, at most 16 GiB.
 * It never grows. From 4 MiB on, its last 1/32 is for blocks of 1/1024 of it and more.
 */
export function heapInit(start: VirtAddr, sizeBytes: number): void {
  arenaFixed(start, BigInt(sizeBytes));
  countsReset();
}
/**
 * An empty heap that may grow from `sizeBytes` to `maxBytes`, whole pages, at most 16 GiB; twice `maxBytes` from the
 * page `start` on are its room and hold nothing else. NO_MEMORY, and no page is mapped, if there are no frames for what
 * it begins with.
 */
export function heapInitMapped(start: VirtAddr, sizeBytes: number, maxBytes: number): Status {
  countsReset();
  return arenaMapped(start, BigInt(sizeBytes), BigInt(maxBytes));
}
/** The same in memory that is there already, all twice `maxBytes` of it. */
export function heapInitPresent(start: VirtAddr, sizeBytes: number, maxBytes: number): Status {
  countsReset();
  return arenaPresent(start, BigInt(sizeBytes), BigInt(maxBytes));
}
function countsReset(): void {
  used = 0n;
  usedLarge = 0n;
  usedMost = 0n;
  if (CHECKING) checkReset();
}

/**
 * `sizeBytes` bytes of junk at a multiple of 8; NOWHERE, and nothing has changed, when there is no room. Asking for
 * none gives the smallest block. Constant cost: a look at six free blocks at most; when pages are mapped, theirs too.
 */
export function heapTake(sizeBytes: bigint): VirtAddr {
  return heapTakeFor(TAG.NONE, sizeBytes);
}
/** heapTake for `tag` (heap-tags.ts): who it is that the block is counted for, and named in reports. */
export function heapTakeFor(tag: number, sizeBytes: bigint): VirtAddr {
  return takeAt(tag, sizeBytes, LOW_MAX);
}
/** The same, from the low end of a free block if it needs `lowMax` bytes or less. */
export function takeAt(tag: number, sizeBytes: bigint, lowMax: bigint): VirtAddr {
  const wanted = CHECKING ? sizeBytes + CHECK_BYTES : sizeBytes;
  if (wanted > HEAP_BLOCK_MAX || sizeBytes > HEAP_BLOCK_MAX) return NOWHERE;
  const need = blockBytesFor(wanted);
  const zone = zoneFor(need);
  if (zone === largeZone()) return alignedTake(zone, tag, sizeBytes, need, WORD_BYTES);
  let block = classFind(zone, need);
  if (block === NOWHERE) {
    if (isLarge(need)) return alignedTake(largeZone(), tag, sizeBytes, need, WORD_BYTES);
    if (!smallGrow(need)) return NOWHERE;
    block = classFind(zone, need);
  }

  const whole = wordSize(freeWord(block));
  const rest = whole - need;
  classTake(zone, block, whole);
  if (rest < BLOCK_MIN) {
    usedWrite(block, whole, 0n, tag);
    const next = blockPlus(block, whole);
    beforeFreeClear(next, wordRead(next));
    return handOut(block, whole, sizeBytes);
  }
  if (need <= lowMax) {
    freeMake(zone, blockPlus(block, need), rest);
    usedWrite(block, need, 0n, tag);
    return handOut(block, need, sizeBytes);
  }
  const next = blockPlus(block, whole);
  beforeFreeClear(next, wordRead(next));
  freeMake(zone, block, rest);
  usedWrite(blockPlus(block, rest), need, BEFORE_FREE, tag);
  return handOut(blockPlus(block, rest), need, sizeBytes);
}

/** heapTake at a multiple of `align`, a power of two up to 2^30; panics for anything else. */
export function heapTakeAligned(sizeBytes: bigint, align: bigint): VirtAddr {
  return heapTakeAlignedFor(TAG.NONE, sizeBytes, align);
}
export function heapTakeAlignedFor(tag: number, sizeBytes: bigint, align: bigint): VirtAddr {
  if (align === 0n || (align & (align - 1n)) !== 0n || align > ALIGN_MAX) {
    panic("heap: an alignment that is no power of two up to 1 GiB", align);
  }
  if (align <= WORD_BYTES) return heapTakeFor(tag, sizeBytes);
  const wanted = CHECKING ? sizeBytes + CHECK_BYTES : sizeBytes;
  if (wanted > HEAP_BLOCK_MAX || sizeBytes > HEAP_BLOCK_MAX) return NOWHERE;
  const need = blockBytesFor(wanted);
  const zone = zoneFor(need);
  const at = alignedTake(zone, tag, sizeBytes, need, align);
  if (at !== NOWHERE || zone === largeZone()) return at;
  if (isLarge(need)) return alignedTake(largeZone(), tag, sizeBytes, need, align);
  return smallGrow(need + align + BLOCK_MIN) ? alignedTake(zone, tag, sizeBytes, need, align) : NOWHERE;
}
const ALIGN_MAX = 0x4000_0000n;

/**
 * Takes back what a heapTake gave. Panics, with the block and its neighbours in the log, if `va` was never handed out,
 * or is not any more, or if the block's word or a neighbour's was overwritten. Constant cost; where pages go, theirs
 * besides.
 */
export function heapGive(va: VirtAddr): void {
  if (CHECKING) {
    const oldest = checkGiven(va);
    if (oldest !== NOWHERE) blockGive(oldest);
  } else {
    blockGive(va);
  }
}

/** What waits in the checking build's quarantine goes at once: for whoever counts bytes and frames. */
export function heapSettle(): void {
  if (!CHECKING) return;
  for (let va = checkNext(); va !== NOWHERE; va = checkNext()) blockGive(va);
}

/** heapGive past the quarantine. */
export function blockGive(va: VirtAddr): void {
  const block = blockOfPayload(va);
  const zone = zoneOf(block);
  if (zone === 0n || (va & 7n) !== 0n) giveRefuse(va);
  const word = wordRead(block);
  if (!wordIsUsed(word) || !wordFits(block, word)) giveRefuse(va);
  const size = wordSize(word);
  poison(va, Number(size - WORD_BYTES));
  blockFree(zone, block, word, size);
}

/** The used block at `block`, whose word is `word`, becomes free, together with free neighbours. */
export function blockFree(zone: bigint, block: VirtAddr, word: bigint, size: bigint): void {
  let start = block;
  let end = blockPlus(block, size);
  const next = end;
  const nextWord = wordRead(next);
  if (!wordFits(next, nextWord)) neighbourRefuse(block, next);
  if ((word & BEFORE_FREE) !== 0n) {
    start = freeBefore(zone, block);
    usedErase(block, word); // so that giving it back again is noticed
  }
  used -= size;
  if (wordIsUsed(nextWord)) {
    beforeFreeSet(next, nextWord);
  } else {
    classRemove(zone, next, wordSize(nextWord));
    end = blockPlus(next, wordSize(nextWord));
  }
  if (zoneIsHollow(zone)) {
    usedLarge -= size;
    if (!hollowEmpty(start, end, block, next)) return;
  }
  freeMake(zone, start, end - start);
  smallTrim(start, end - start);
}

/** Bytes in blocks that are out, their words included, and in end marks: heapUsed() + heapFree() = heapSize(). */
export function heapUsed(): number {
  const marks = zoneBytes(largeZone()) > 0n && !arenaIsGrowing() ? 2n : 1n;
  return Number(used + marks * WORD_BYTES);
}
/** Bytes in free blocks, their words included. In the large zone of a heap that may grow nothing is free. */
export function heapFree(): number {
  return heapSize() - heapUsed();
}
export function heapSize(): number {
  return Number(zoneBytes(smallZone()) + (arenaIsGrowing() ? usedLarge : zoneBytes(largeZone())));
}
/** The most that heapUsed() was. */
export function heapPeak(): number {
  return Number(usedMost + WORD_BYTES);
}
/** The most that heapTake can give in one piece now, without growing. Constant cost. */
export function heapLargest(): number {
  let largest = classLargest(smallZone());
  if (!arenaIsGrowing() && zoneBytes(largeZone()) > 0n) {
    const other = classLargest(largeZone());
    if (other > largest) largest = other;
  }
  if (largest === 0n) return 0;
  const bytes = Number(largest - WORD_BYTES);
  return CHECKING ? bytes - Number(CHECK_BYTES) : bytes;
}
/** Where the heap lies: from heapStart() to heapEnd() there is nothing else. NOWHERE while there is none. */
export function heapStart(): VirtAddr {
  return arenaStart();
}
export function heapEnd(): VirtAddr {
  return arenaStart() === NOWHERE ? NOWHERE : arenaEnd();
}

// ---- for the rest of the room --------------------------------------------------------------------------------
/** Bytes `more` are in used blocks of the zone now. */
export function usedCount(zone: bigint, more: bigint): void {
  used += more;
  if (used > usedMost) usedMost = used;
  if (zoneIsHollow(zone)) usedLarge += more;
}
/** A free block without neighbours that are, in its list; the next block knows. */
export function freeMake(zone: bigint, block: VirtAddr, size: bigint): void {
  freeWrite(block, size);
  classAdd(zone, block, size);
}
/** The start of the free block before `block`, taken off its list. */
export function freeBefore(zone: bigint, block: VirtAddr): VirtAddr {
  const size = sizeBefore(block);
  const before = virtAddr(BigInt.asUintN(64, block - size));
  if (zoneOf(before) !== zone || (size & 7n) !== 0n) neighbourRefuse(block, before);
  const word = wordRead(before);
  if (wordIsUsed(word) || wordSize(word) !== size || !wordFits(before, word)) neighbourRefuse(block, before);
  classRemove(zone, before, size);
  return before;
}

/** Where blocks of this size are looked for first. */
function zoneFor(need: bigint): bigint {
  return isLarge(need) && arenaIsGrowing() ? largeZone() : smallZone();
}

function handOut(block: VirtAddr, size: bigint, sizeBytes: bigint): VirtAddr {
  used += size;
  if (used > usedMost) usedMost = used;
  const va = blockPayload(block);
  unpoison(va, Number(sizeBytes)); // not what it is rounded up to: the owner did not ask for that
  if (CHECKING) checkTaken(va, size - WORD_BYTES, sizeBytes);
  return va;
}

/**
 * A block of `need` bytes whose payload is a multiple of `align`: from a free one that is large enough wherever it
 * lies, at the low end; what is before and behind it stays free.
 */
function alignedTake(zone: bigint, tag: number, sizeBytes: bigint, need: bigint, align: bigint): VirtAddr {
  if (zone === largeZone() && !largeReady()) return NOWHERE;
  const spare = align > WORD_BYTES ? align + BLOCK_MIN - WORD_BYTES : 0n;
  const free = classFind(zone, need + spare);
  if (free === NOWHERE) {
    largeSettle();
    return NOWHERE;
  }
  const whole = wordSize(freeWord(free));
  let payload = (blockPayload(free) + align - 1n) & ~(align - 1n);
  if (payload !== blockPayload(free)) {
    while (payload - blockPayload(free) < BLOCK_MIN) payload += align; // twice, for 16
  }
  const block = blockOfPayload(virtAddr(payload));
  const gap = block - free;
  const behind = whole - gap - need;
  const size = behind < BLOCK_MIN ? need + behind : need;
  if (zoneIsHollow(zone)) {
    if (hollowFill(free, whole, block, blockPlus(block, size)) !== OK) {
      largeSettle();
      return NOWHERE;
    }
    usedLarge += size;
  }
  classRemove(zone, free, whole);
  const next = blockPlus(block, size);
  if (behind >= BLOCK_MIN) freeMake(zone, next, behind);
  else beforeFreeClear(next, wordRead(next));
  if (gap > 0n) freeMake(zone, free, gap);
  usedWrite(block, size, gap > 0n ? BEFORE_FREE : 0n, tag);
  return handOut(block, size, sizeBytes);
}
