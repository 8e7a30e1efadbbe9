/** Does all of the heap agree with itself? For tests and for the console: it looks at every block and every link. */
"compiler: cold";
import { logEnd, logText, logVirt } from "../../base/log.ts";
import { load32, load64 } from "../../doors/machine.ts";
import { NOWHERE, type VirtAddr } from "../../lib/addr.ts";
import { DAMAGED, OK, type Status } from "../../lib/status.ts";
import {
  BEFORE_FREE, BLOCK_MIN, blockPlus, sizeBefore, WORD_BYTES, wordIsOfFree, wordIsOfUsed, wordRead, wordSize,
} from "./block.ts";
import { heapStart } from "./arena.ts";
import { classOf, headAt, slotsAt } from "./classes.ts";
import { heapUsed } from "./heap-counts.ts";
import { largeIsHollow } from "./large.ts";
import { linkBlock, linksRead, linkTo, NO_LINK, nextOf, previousOf } from "./links.ts";
import { CLASSES, GROUPS, largeZone, smallZone, ZONE, zoneBytes, zoneHas } from "./zone.ts";

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
    const isUsed = wordIsOfUsed(word);
    if ((!isUsed && !wordIsOfFree(word)) || size < BLOCK_MIN || blockPlus(block, size) > ZONE.end(zone)) {
      return wrong("the header of a block was overwritten", block);
    }
    if (!knowsBefore(block, word, before)) return wrong("a block is mistaken about the one before it", block);
    if (isUsed) {
      usedSeen += size;
    } else {
      if (before !== NOWHERE) return wrong("two free blocks touch", block);
      if (sizeBefore(blockPlus(block, size)) !== size) return wrong("the end of a free block was overwritten", block);
      freeBlocks++;
    }
    before = isUsed ? NOWHERE : block;
    block = blockPlus(block, size);
  }
  const mark = wordRead(block);
  if (!wordIsOfUsed(mark) || wordSize(mark) !== 0n || !knowsBefore(block, mark, before)) {
    return wrong("the end mark was overwritten", block);
  }
  if (blockPlus(block, WORD_BYTES) > ZONE.limit(zone)) return wrong("the end mark is beyond the zone", block);
  if (zone === smallZone() || !largeIsHollow()) usedSeen += WORD_BYTES;
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
    let previous = NO_LINK;
    let link = BigInt(load32(headAt(zone, BigInt(index))));
    while (link !== NO_LINK) {
      const block = linkBlock(link);
      if (!zoneHas(zone, block)) return wrong("a list leads out of the heap", block);
      const word = wordRead(block);
      if (!wordIsOfFree(word)) return wrong("a list leads to no free block", block);
      if (Number(classOf(word)) !== index) return wrong("a free block is in the wrong list", block);
      if (previousOf(linksRead(block)) !== previous) return wrong("a free block does not point back", block);
      seen++;
      if (seen > freeBlocks) return wrong("a list has more blocks than there are", block);
      previous = linkTo(block);
      link = nextOf(linksRead(block));
    }
  }
  if (seen !== freeBlocks) return wrong("a free block is in no list", ZONE.start(zone));
  return bitsAreSound(zone) || wrong("the classes' bits are wrong", ZONE.start(zone));
}

/** Do the two levels of bits say which classes have blocks? */
function bitsAreSound(zone: bigint): boolean {
  for (let group = 0; group < GROUPS; group++) {
    const slots = load64(slotsAt(zone, BigInt(group)));
    if (((ZONE.groups(zone) >> BigInt(group)) & 1n) !== (slots === 0n ? 0n : 1n)) return false;
    for (let slot = 0; slot < 64; slot++) {
      const has = load32(headAt(zone, BigInt(group * 64 + slot))) !== 0;
      if ((((slots >> BigInt(slot)) & 1n) !== 0n) !== has) return false;
    }
  }
  return true;
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
