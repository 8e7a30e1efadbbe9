/** Blocks that become larger or smaller, where they are if that can be. */
import { CHECKING } from "../../base/checking.ts";
import { copyBytes, poison, unpoison } from "../../doors/machine.ts";
import { NOWHERE, type VirtAddr } from "../../lib/addr.ts";
import { OK } from "../../lib/status.ts";
import { arenaIsGrowing, hollowFill, isLarge, smallGrow, smallZone, zoneIsHollow, zoneOf } from "./arena.ts";
import {
  BEFORE_FREE, BLOCK_MIN, beforeFreeClear, blockBytesFor, blockOfPayload, blockPlus, usedWrite, WORD_BYTES, wordFits,
  wordIsUsed, wordRead, wordSize, wordTag,
} from "./block.ts";
import { classRemove, ZONE } from "./classes.ts";
import { CHECK_BYTES, checkIntact, checkTaken } from "./heap-check.ts";
import { giveRefuse, neighbourRefuse } from "./heap-refuse.ts";
import { blockFree, freeMake, HEAP_BLOCK_MAX, heapGive, heapTake, takeAt, usedCount } from "./heap.ts";

/** Copied blocks are cut from the low end of free ones: who grew once may grow again. */
const ANY_SIZE = HEAP_BLOCK_MAX;

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
  const word = wordRead(block);
  if (!wordIsUsed(word) || !wordFits(block, word)) giveRefuse(va);
  if (CHECKING) checkIntact(va);
  if (sizeBytes > HEAP_BLOCK_MAX) return NOWHERE;

  const size = wordSize(word);
  const need = blockBytesFor(CHECKING ? sizeBytes + CHECK_BYTES : sizeBytes);
  if (need <= size) blockShrink(zone, block, word, need);
  else if (!blockGrow(zone, block, word, need)) return blockMove(va, word, sizeBytes);

  const room = wordSize(wordRead(block)) - WORD_BYTES;
  poison(va, Number(room));
  unpoison(va, Number(sizeBytes));
  if (CHECKING) checkTaken(va, room, sizeBytes);
  return va;
}

/** What is left over becomes free, if it can be a block. */
function blockShrink(zone: bigint, block: VirtAddr, word: bigint, need: bigint): void {
  const rest = wordSize(word) - need;
  if (rest < BLOCK_MIN) return;
  const behind = blockPlus(block, need);
  usedWrite(block, need, word & BEFORE_FREE, wordTag(word));
  poison(behind, Number(rest));
  usedWrite(behind, rest, 0n, 0);
  blockFree(zone, behind, wordRead(behind), rest);
}

/** Takes from the free block behind it what it needs; false if that is not enough. */
function blockGrow(zone: bigint, block: VirtAddr, word: bigint, need: bigint): boolean {
  const size = wordSize(word);
  const next = blockPlus(block, size);
  let nextWord = wordRead(next);
  if (!wordFits(next, nextWord)) neighbourRefuse(block, next);
  if (zone === smallZone() && arenaIsGrowing() && !isLarge(need) && isLast(zone, next, nextWord)) {
    if (sizeIfFree(nextWord) < need - size && !smallGrow(need - size)) return false;
    nextWord = wordRead(next);
  }
  const whole = size + sizeIfFree(nextWord);
  if (whole < need) return false;

  const end = blockPlus(next, whole - size);
  const behind = whole - need < BLOCK_MIN ? 0n : whole - need;
  const reached = behind === 0n ? end : blockPlus(block, need);
  if (zoneIsHollow(zone) && hollowFill(next, whole - size, next, reached) !== OK) return false;
  classRemove(zone, next, whole - size);
  if (behind > 0n) freeMake(zone, reached, behind);
  else beforeFreeClear(end, wordRead(end));
  usedWrite(block, reached - block, word & BEFORE_FREE, wordTag(word));
  usedCount(zone, reached - next);
  return true;
}
/** Is there nothing behind it but free room? */
function isLast(zone: bigint, next: VirtAddr, nextWord: bigint): boolean {
  return blockPlus(next, sizeIfFree(nextWord)) === ZONE.end(zone);
}
function sizeIfFree(word: bigint): bigint {
  return wordIsUsed(word) ? 0n : wordSize(word);
}

function blockMove(va: VirtAddr, word: bigint, sizeBytes: bigint): VirtAddr {
  const place = takeAt(wordTag(word), sizeBytes, ANY_SIZE);
  if (place === NOWHERE) return NOWHERE;
  const room = wordSize(word) - WORD_BYTES;
  unpoison(va, Number(room));
  copyBytes(place, va, Number(room < sizeBytes ? room : sizeBytes));
  heapGive(va);
  return place;
}
