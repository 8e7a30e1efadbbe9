/** A used block becomes free, and merges at once with what is free on both sides of it. */
import { poison } from "../../doors/machine.ts";
import { type VirtAddr, virtAddr } from "../../lib/addr.ts";
import {
  BEFORE_FREE, beforeFreeSet, blockOfPayload, blockPlus, freeWrite, sizeBefore, usedErase, WORD_BYTES, wordFits,
  wordIsOfUsed, wordRead, wordSaysUsed, wordSize, wordTry,
} from "./block.ts";
import { classAdd, classRemove } from "./classes.ts";
import { usedLess } from "./heap-counts.ts";
import { neighbourRefuse } from "./heap-refuse.ts";
import { hollowEmpty } from "./hollow.ts";
import { largeBlockGive } from "./large-free.ts";
import { topGive } from "./top.ts";
import { smallZone, ZONE, zoneHas } from "./zone.ts";

/** heapGive past the quarantine: that it is out is looked up. */
export function blockGive(va: VirtAddr): void {
  const zone = smallZone();
  const block = blockOfPayload(va);
  if (!zoneHas(zone, block) || (va & 7n) !== 0n) {
    largeBlockGive(va);
    return;
  }
  const word = wordTry(block);
  if (!wordIsOfUsed(word)) {
    largeBlockGive(va);
    return;
  }
  const size = wordSize(word);
  poison(va, Number(size - WORD_BYTES));
  usedLess(size);
  const next = blockPlus(block, size);
  const nextWord = wordRead(next);
  if (!wordFits(nextWord)) neighbourRefuse(block, next);

  let whole = size;
  let start = block;
  if ((word & BEFORE_FREE) !== 0n) {
    const before = sizeBefore(block);
    start = freeBefore(zone, block, before);
    usedErase(block, word); // so that giving it back again is noticed
    whole += before;
  }
  if (wordSaysUsed(nextWord)) {
    if (next === ZONE.end(zone)) {
      topGive(start, block - start);
      return;
    }
    beforeFreeSet(next);
  } else {
    classRemove(zone, next, nextWord);
    whole += nextWord;
    if (blockPlus(start, whole) === ZONE.end(zone)) {
      topGive(start, block - start);
      return;
    }
  }
  freeWrite(start, whole);
  classAdd(zone, start, whole);
  if (whole >= ZONE.hollow(zone)) hollowEmpty(zone, start, whole, block, next);
}

/** The start of the free block of `size` bytes before `block`, off its list from now on. */
export function freeBefore(zone: bigint, block: VirtAddr, size: bigint): VirtAddr {
  const start = virtAddr(BigInt.asUintN(64, block - size));
  if (start < ZONE.start(zone) || start >= block || wordRead(start) !== size) neighbourRefuse(block, start);
  classRemove(zone, start, size);
  return start;
}
