/**
 * The large zone. In a heap that may grow it is room for blocks with pages of their own, all of whose free blocks are
 * hollow: it begins with the first large block, with two pages for its ends, and ends with the last.
 *
 * In a heap of a given size it is room that small requests may not take: when a heap has been full once, its free
 * blocks are as small as what was given back, and a large request would not be met again for a long time.
 */
"compiler: cold";
import { poison, unpoison } from "../../doors/machine.ts";
import { NOWHERE, PAGE_BYTES, PAGE_SIZE, type VirtAddr, virtAddr } from "../../lib/addr.ts";
import { OK } from "../../lib/status.ts";
import { BEFORE_FREE, blockPlus, freeWrite, usedWrite, WORD_BYTES, wordIsOfFree, wordRead } from "./block.ts";
import { classAdd } from "./classes.ts";
import { pagesCommit, pagesUncommit } from "./heap-pages.ts";
import { largeZone, ZONE, zoneClear } from "./zone.ts";

/** What a large zone must have room for. */
const LARGE_ROOM = 0x3_0000n;

/** Where it begins and ends in a heap that may grow; the same place if there is no room for one. */
let roomStart: VirtAddr = NOWHERE;
let roomEnd: VirtAddr = NOWHERE;

/** There is none, and it may come in the memory from `start` to `end`. */
export function largeRoom(start: VirtAddr, end: VirtAddr): void {
  roomStart = start;
  roomEnd = end - start < LARGE_ROOM ? start : end;
  zoneClear(largeZone());
}
/** It is there for good, from `start` to `end`. */
export function largeFixed(start: VirtAddr, end: VirtAddr): void {
  largeRoom(start, start);
  if (start < end) zoneMake(start, end);
}
/** Does it come and go with its blocks? */
export function largeIsHollow(): boolean {
  return roomStart < roomEnd;
}

/** Is there a large zone, or can it begin? False if the pages for its ends cannot be had. */
export function largeReady(): boolean {
  if (ZONE.end(largeZone()) !== NOWHERE) return true;
  if (roomStart === roomEnd) return false;
  const second = virtAddr(roomStart + PAGE_SIZE);
  const last = virtAddr(roomEnd - PAGE_SIZE);
  if (pagesCommit(roomStart, second) !== OK) return false;
  if (pagesCommit(last, roomEnd) !== OK) {
    pagesUncommit(roomStart, second);
    return false;
  }
  poison(roomStart, PAGE_BYTES);
  poison(last, PAGE_BYTES);
  zoneMake(roomStart, roomEnd);
  ZONE.setHollow(largeZone(), 0n);
  return true;
}
/** If it comes and goes, and has no block any more, it goes. */
export function largeSettle(): void {
  const zone = largeZone();
  if (roomStart === roomEnd || ZONE.end(zone) === NOWHERE) return;
  const first = wordRead(roomStart);
  if (!wordIsOfFree(first) || blockPlus(roomStart, first) !== ZONE.end(zone)) return;
  const last = virtAddr(roomEnd - PAGE_SIZE);
  zoneClear(zone);
  unpoison(last, PAGE_BYTES);
  pagesUncommit(last, roomEnd);
  unpoison(roomStart, PAGE_BYTES);
  pagesUncommit(roomStart, virtAddr(roomStart + PAGE_SIZE));
}

/** One free block and the end mark. */
function zoneMake(start: VirtAddr, end: VirtAddr): void {
  const zone = largeZone();
  const mark = virtAddr(end - WORD_BYTES);
  ZONE.setStart(zone, start);
  ZONE.setEnd(zone, mark);
  ZONE.setLimit(zone, end);
  freeWrite(start, mark - start);
  classAdd(zone, start, mark - start);
  usedWrite(mark, 0n, BEFORE_FREE, 0);
}
