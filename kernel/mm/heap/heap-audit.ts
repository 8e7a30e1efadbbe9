/** Does all of the heap agree with itself? For tests and for the console: it looks at every block and every link. */
"compiler: cold";
import { logEnd, logText, logVirt } from "../../base/log.ts";
import { NOWHERE, type VirtAddr } from "../../lib/addr.ts";
import { DAMAGED, OK, type Status } from "../../lib/status.ts";
import { largeZone, smallZone, zoneBytes, zoneIsHollow } from "./arena.ts";
import {
  BEFORE_FREE, BLOCK_MIN, blockPlus, sizeBefore, WORD_BYTES, wordFits, wordIsUsed, wordRead, wordSize,
} from "./block.ts";
import { CLASSES, classBitsAreSound, classFirst, classNext, classOf, classPrevious, ZONE } from "./classes.ts";
import { heapStart, heapUsed } from "./heap.ts";

let usedSeen = 0n;
let freeBlocks = 0;

/** OK, or DAMAGED with a line: words, sizes, lists and counts agree. Changes nothing. Cost: that of all blocks. */
export function heapAudit(): Status {
  if (heapStart() === NOWHERE) return OK;
  usedSeen = 0n;
  if (!zoneIsSound(smallZone())) return DAMAGED;
  if (zoneBytes(largeZone()) > 0n && !zoneIsSound(largeZone())) return DAMAGED;
  // Every end mark counts as used, but that of a large zone that comes and goes.
  return Number(usedSeen) === heapUsed() ? OK : damaged("the count of used bytes is wrong", heapStart());
}

function zoneIsSound(zone: bigint): boolean {
  freeBlocks = 0;
  let before: VirtAddr = NOWHERE; // the block before, if it is free
  let block = ZONE.start(zone);
  while (block !== ZONE.end(zone)) {
    const word = wordRead(block);
    const size = wordSize(word);
    if (!wordFits(block, word) || size < BLOCK_MIN || blockPlus(block, size) > ZONE.end(zone)) {
      return wrong("the header of a block was overwritten", block);
    }
    if (!knowsBefore(block, word, before)) return wrong("a block is mistaken about the one before it", block);
    if (wordIsUsed(word)) {
      usedSeen += size;
    } else {
      if (before !== NOWHERE) return wrong("two free blocks touch", block);
      if (sizeBefore(blockPlus(block, size)) !== size) return wrong("the end of a free block was overwritten", block);
      freeBlocks++;
    }
    before = wordIsUsed(word) ? NOWHERE : block;
    block = blockPlus(block, size);
  }
  const mark = wordRead(block);
  if (!wordFits(block, mark) || !wordIsUsed(mark) || wordSize(mark) !== 0n || !knowsBefore(block, mark, before)) {
    return wrong("the end mark was overwritten", block);
  }
  if (!zoneIsHollow(zone)) usedSeen += WORD_BYTES;
  return listsAreSound(zone);
}

function knowsBefore(block: VirtAddr, word: bigint, before: VirtAddr): boolean {
  if (before === NOWHERE) return (word & BEFORE_FREE) === 0n;
  return (word & BEFORE_FREE) !== 0n && blockPlus(before, sizeBefore(block)) === block;
}

/** Are the lists all free blocks, each in its own, each pointing back? */
function listsAreSound(zone: bigint): boolean {
  let seen = 0;
  for (let index = 0; index < CLASSES; index++) {
    let previous: VirtAddr = NOWHERE;
    for (let block = classFirst(zone, index); block !== NOWHERE; block = classNext(block)) {
      if (block < ZONE.start(zone) || block >= ZONE.end(zone)) return wrong("a list leads out of the heap", block);
      const word = wordRead(block);
      if (!wordFits(block, word) || wordIsUsed(word)) return wrong("a list leads to no free block", block);
      if (Number(classOf(wordSize(word))) !== index) return wrong("a free block is in the wrong list", block);
      if (classPrevious(block) !== previous) return wrong("a free block does not point back", block);
      seen++;
      if (seen > freeBlocks) return wrong("a list has more blocks than there are", block);
      previous = block;
    }
  }
  if (seen !== freeBlocks) return wrong("a free block is in no list", ZONE.start(zone));
  return classBitsAreSound(zone) || wrong("the classes' bits are wrong", ZONE.start(zone));
}

function wrong(what: string, block: VirtAddr): boolean {
  damaged(what, block);
  return false;
}
function damaged(what: string, at: VirtAddr): Status {
  logText("mm/heap: audit: ");
  logText(what);
  logVirt(" at=", at);
  logEnd();
  return DAMAGED;
}
