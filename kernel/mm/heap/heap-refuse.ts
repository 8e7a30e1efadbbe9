/** What to say of a pointer that the heap cannot take back, and of an overwritten word; then the kernel stops. */
"compiler: cold";
import { logEnd, logHex, logLine, logNumber, logText, logVirt } from "../../base/log.ts";
import { panic } from "../../base/panic.ts";
import { NOWHERE, type VirtAddr, virtAddr } from "../../lib/addr.ts";
import {
  BEFORE_FREE, blockOfPayload, blockPayload, blockPlus, sizeBefore, wordFits, wordIsOfUsed, wordRead,
  wordSaysUsed, wordSize, wordStored, wordTag, wordTry,
} from "./block.ts";
import { classOf } from "./classes.ts";
import { tagLog } from "./heap-tags.ts";
import { givenLog } from "./large-given.ts";
import { smallZone, ZONE, zoneOf } from "./zone.ts";

/** `va` was to be given back, and cannot be. */
export function giveRefuse(va: VirtAddr): never {
  const block = blockOfPayload(va);
  const zone = zoneOf(block);
  const wasGiven = givenLog(va);
  if (zone === 0n) {
    if (wasGiven || isBehindMark(block)) panic("heap: given back twice", va);
    panic("heap: given back, but never the heap's", va);
  }
  const around = blockAround(zone, va);
  if (around === NOWHERE) {
    logLine("mm/heap: the blocks before it do not lead there: one of them was overwritten");
  } else {
    surroundings(zone, around);
  }
  if ((va & 7n) !== 0n) panic("heap: given back, but not where a block can start", va);
  if (around !== NOWHERE && around !== block && wordIsOfUsed(wordRead(around))) {
    panic("heap: given back, but inside a block", va);
  }
  if (wasGiven || (around !== NOWHERE && wasBlock(block))) panic("heap: given back twice", va);
  if (around !== NOWHERE && around !== block) panic("heap: given back, but it is free, and no block starts there", va);
  panic("heap: the header of a block was overwritten", va);
}

/** Is there what is left of a block's word: of a free one, or of a used one that has become part of another? */
function wasBlock(block: VirtAddr): boolean {
  return wordFits(wordTry(block));
}
/** Was there the last block, which is nobody's now? */
function isBehindMark(block: VirtAddr): boolean {
  const zone = smallZone();
  if (block < ZONE.end(zone) || block >= ZONE.limit(zone)) return false;
  return wordFits(wordTry(block));
}

/** `block` was to be given back; the word of its neighbour does not fit. */
export function neighbourRefuse(block: VirtAddr, neighbour: VirtAddr): never {
  blockLog("block", block);
  logVirt("mm/heap: neighbour at=", neighbour);
  if (zoneOf(neighbour) !== 0n) logHex(" header=", wordStored(neighbour));
  logEnd();
  panic("heap: the header of a neighbour was overwritten (overrun?)", blockPayload(block));
}

/** The block in whose bytes `va` lies, from the zone's start on; NOWHERE if the words do not lead that far. */
export function blockAround(zone: bigint, va: VirtAddr): VirtAddr {
  let block = ZONE.start(zone);
  for (;;) {
    const word = wordRead(block);
    const size = wordSize(word);
    if (!wordFits(word) || size === 0n || blockPlus(block, size) > ZONE.end(zone)) return NOWHERE;
    if (va < blockPlus(block, size)) return block;
    block = blockPlus(block, size);
  }
}

/** `mm/heap: block v0x444444440010 bytes=56 class=8 used by console`. */
export function blockLog(what: string, block: VirtAddr): void {
  const word = wordRead(block);
  logText("mm/heap: ");
  logText(what);
  logVirt(" ", blockPayload(block));
  if (!wordFits(word)) {
    logHex(" overwritten: header=", wordStored(block));
    logEnd();
    return;
  }
  if (wordSize(word) === 0n) {
    logLine(" is the end mark");
    return;
  }
  logNumber(" bytes=", Number(wordSize(word)));
  logNumber(" class=", Number(classOf(wordSize(word))));
  if (wordSaysUsed(word)) {
    logText(" used by ");
    tagLog(wordTag(word));
  } else {
    logText(" free");
  }
  logEnd();
}

/** The block and its neighbours. */
export function surroundings(zone: bigint, block: VirtAddr): void {
  const word = wordRead(block);
  if ((word & BEFORE_FREE) !== 0n) blockLog("before it", virtAddr(block - sizeBefore(block)));
  else if (block !== ZONE.start(zone)) blockLog("before it", blockAround(zone, virtAddr(block - 1n)));
  blockLog("it lies in", block);
  blockLog("after it", blockPlus(block, wordSize(word)));
}
