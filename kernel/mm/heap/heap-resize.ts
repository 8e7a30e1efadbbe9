/** Blocks that become larger or smaller, where they are if that can be. */
import { CHECKING } from "../../base/checking.ts";
import { copyBytes, poison, unpoison } from "../../doors/machine.ts";
import { NOWHERE, type VirtAddr } from "../../lib/addr.ts";
import { OK } from "../../lib/status.ts";
import { blockGive } from "./block-give.ts";
import {
  BEFORE_FREE, BLOCK_MIN, beforeFreeClear, blockBytesFor, blockOfPayload, blockPayload, blockPlus, freeWrite,
  HEAP_BLOCK_MAX, usedWrite, WORD_BYTES, wordFits, wordIsOfUsed, wordRead, wordSaysUsed, wordSize, wordTag, wordTry,
} from "./block.ts";
import { classAdd, classRemove } from "./classes.ts";
import { largeTake } from "./heap-aligned.ts";
import { usedLargeMore, usedMore } from "./heap-counts.ts";
import { CHECK_BYTES, checkIntact, checkTaken } from "./heap-check.ts";
import { heapGive } from "./heap-free.ts";
import { giveRefuse, neighbourRefuse } from "./heap-refuse.ts";
import { heapTake } from "./heap.ts";
import { hollowFill } from "./hollow.ts";
import { largeIsHollow } from "./large.ts";
import { topAbsorb, topExtend } from "./top.ts";
import { smallZone, ZONE, zoneLargeFrom, zoneOf } from "./zone.ts";

/**
 * The block at `va`, with room for `sizeBytes` from now on: in place where the room behind it allows, otherwise at
 * another multiple of 8 with the contents copied as far as they fit. NOWHERE, and the block is as it was, when there is
 * no room. From NOWHERE it is heapTake. Panics as heapGive does. Cost: constant in place; otherwise the copy's besides.
 */
export function heapResize(va: VirtAddr, sizeBytes: bigint): VirtAddr {
  if (va === NOWHERE) return heapTake(sizeBytes);
  const block = blockOfPayload(va);
  const zone = zoneOf(block);
  if (zone === 0n || (va & 7n) !== 0n) giveRefuse(va);
  const word = wordTry(block);
  if (!wordIsOfUsed(word)) giveRefuse(va);
  if (CHECKING) checkIntact(va);
  if (sizeBytes > HEAP_BLOCK_MAX) return NOWHERE;

  const size = wordSize(word);
  const need = blockBytesFor(CHECKING ? sizeBytes + CHECK_BYTES : sizeBytes);
  if (need <= size) blockShrink(block, word, need);
  else if (!blockGrow(zone, block, word, need)) return blockMove(va, word, sizeBytes);

  const room = wordSize(wordRead(block)) - WORD_BYTES;
  poison(va, Number(room));
  unpoison(va, Number(sizeBytes));
  if (CHECKING) checkTaken(va, room, sizeBytes);
  return va;
}

/** What is left over becomes free, if it can be a block. */
function blockShrink(block: VirtAddr, word: bigint, need: bigint): void {
  const rest = wordSize(word) - need;
  if (rest < BLOCK_MIN) return;
  const behind = blockPlus(block, need);
  usedWrite(block, need, word & BEFORE_FREE, wordTag(word));
  poison(behind, Number(rest));
  usedWrite(behind, rest, 0n, 0);
  blockGive(blockPayload(behind));
}

/** Takes from the free block behind it, or from what is nobody's, what it needs; false if that is not enough. */
function blockGrow(zone: bigint, block: VirtAddr, word: bigint, need: bigint): boolean {
  const size = wordSize(word);
  const next = blockPlus(block, size);
  const nextWord = wordRead(next);
  if (!wordFits(nextWord)) neighbourRefuse(block, next);
  const whole = size + sizeIfFree(nextWord);
  if (whole < need) {
    const isLast = zone === smallZone() && blockPlus(block, whole) === ZONE.end(zone);
    return isLast && atTopGrow(block, word, need, whole > size);
  }

  const end = blockPlus(block, whole);
  const behind = whole - need < BLOCK_MIN ? 0n : whole - need;
  const reached = behind === 0n ? end : blockPlus(block, need);
  if (whole - size >= ZONE.hollow(zone) && hollowFill(zone, next, whole - size, next, reached) !== OK) return false;
  classRemove(zone, next, whole - size);
  if (behind > 0n) {
    freeWrite(reached, behind);
    classAdd(zone, reached, behind);
  } else {
    beforeFreeClear(end);
  }
  usedWrite(block, reached - block, word & BEFORE_FREE, wordTag(word));
  usedMore(reached - next);
  if (zone !== smallZone()) usedLargeMore(reached - next);
  return true;
}
/** The block is the last but for a free one. What becomes large moves, where that has pages of its own. */
function atTopGrow(block: VirtAddr, word: bigint, need: bigint, isBeforeFree: boolean): boolean {
  if (largeIsHollow() && need >= zoneLargeFrom()) return false;
  const more = need - wordSize(word);
  if (isBeforeFree) topAbsorb();
  if (!topExtend(more)) return false;
  usedWrite(block, need, word & BEFORE_FREE, wordTag(word));
  usedMore(more);
  return true;
}
function sizeIfFree(word: bigint): bigint {
  return wordSaysUsed(word) ? 0n : wordSize(word);
}

function blockMove(va: VirtAddr, word: bigint, sizeBytes: bigint): VirtAddr {
  // From the low end of a free block: who grew once may grow again.
  const place = largeTake(wordTag(word), sizeBytes, HEAP_BLOCK_MAX);
  if (place === NOWHERE) return NOWHERE;
  const room = wordSize(word) - WORD_BYTES;
  unpoison(va, Number(room));
  copyBytes(place, va, Number(room < sizeBytes ? room : sizeBytes));
  heapGive(va);
  return place;
}
