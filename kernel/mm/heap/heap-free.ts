/** A used block becomes free, and merges at once with what is free on both sides of it. */
import { CHECKING } from "../../base/checking.ts";
import { poison } from "../../doors/machine.ts";
import { NOWHERE, type VirtAddr } from "../../lib/addr.ts";
import { blockGive } from "./block-give.ts";
import {
  BEFORE_FREE, beforeFreeSet, blockOfPayload, blockPlus, freeWrite, sizeBefore, usedErase, WORD_BYTES, wordFits,
  wordIsOfUsed, wordRead, wordSaysUsed, wordSize, wordTry,
} from "./block.ts";
import { classAdd, classRemove } from "./classes.ts";
import { freeBefore } from "./free-before.ts";
import { checkGiven } from "./heap-check.ts";
import { usedLess } from "./heap-counts.ts";
import { neighbourRefuse } from "./heap-refuse.ts";
import { hollowEmpty } from "./hollow.ts";
import { topGive } from "./top.ts";
import { smallZone, ZONE, zoneHas } from "./zone.ts";

/**
 * Takes back what a heapTake gave. Panics, with the block and its neighbours in the log, if `va` was never handed out,
 * or is not any more, or if the block's word or a neighbour's was overwritten. Constant cost; where pages go, theirs
 * besides. What blockGive does, for the small zone alone: that is what most calls are for.
 */
export function heapGive(va: VirtAddr): void {
  let given = va;
  if (CHECKING) {
    given = checkGiven(va);
    if (given === NOWHERE) return;
  }
  const zone = smallZone();
  const block = blockOfPayload(given);
  if (!zoneHas(zone, block) || (given & 7n) !== 0n) {
    blockGive(given);
    return;
  }
  const word = wordTry(block);
  if (!wordIsOfUsed(word)) {
    blockGive(given);
    return;
  }
  const size = wordSize(word);
  poison(given, Number(size - WORD_BYTES));
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
