/**
 * A block of either zone is given back, past the quarantine. heapGive comes here with what is no used block of the
 * small zone: a large one, or a mistake.
 */
"compiler: cold";
import { poison } from "../../doors/machine.ts";
import type { VirtAddr } from "../../lib/addr.ts";
import {
  BEFORE_FREE, beforeFreeSet, blockOfPayload, blockPlus, freeWrite, sizeBefore, usedErase, WORD_BYTES, wordFits,
  wordIsOfUsed, wordRead, wordSaysUsed, wordSize, wordTag, wordTry,
} from "./block.ts";
import { classAdd, classRemove } from "./classes.ts";
import { freeBefore } from "./free-before.ts";
import { usedLargeLess, usedLess } from "./heap-counts.ts";
import { giveRefuse, neighbourRefuse } from "./heap-refuse.ts";
import { hollowEmpty } from "./hollow.ts";
import { largeGiven } from "./large-given.ts";
import { largeSettle } from "./large.ts";
import { topGive } from "./top.ts";
import { smallZone, ZONE, zoneOf } from "./zone.ts";

export function blockGive(va: VirtAddr): void {
  const block = blockOfPayload(va);
  const zone = zoneOf(block);
  if ((va & 7n) !== 0n || zone === 0n) giveRefuse(va);
  const word = wordTry(block);
  if (!wordIsOfUsed(word)) giveRefuse(va);
  const size = wordSize(word);
  const next = blockPlus(block, size);
  const nextWord = wordRead(next);
  if (!wordFits(nextWord)) neighbourRefuse(block, next);

  poison(va, Number(size - WORD_BYTES));
  usedLess(size);
  let whole = size;
  let start = block;
  if ((word & BEFORE_FREE) !== 0n) {
    const before = sizeBefore(block);
    start = freeBefore(zone, block, before);
    usedErase(block, word); // so that giving it back again is noticed
    whole += before;
  }
  if (!wordSaysUsed(nextWord)) {
    classRemove(zone, next, nextWord);
    whole += nextWord;
  }
  if (zone === smallZone() && blockPlus(start, whole) === ZONE.end(zone)) {
    topGive(start, block - start);
    return;
  }
  if (wordSaysUsed(nextWord)) beforeFreeSet(next);
  freeWrite(start, whole);
  classAdd(zone, start, whole);
  if (whole >= ZONE.hollow(zone)) hollowEmpty(zone, start, whole, block, next);
  if (zone === smallZone()) return;
  usedLargeLess(size);
  largeGiven(va, size, wordTag(word));
  largeSettle();
}
