/** The heap for a person: how much of what, and a picture of it. Cost: that of all blocks. */
"compiler: cold";
import { columnNumber, columnText, columnTextRight } from "../../base/columns.ts";
import { logByte, logEnd, logLine, logNumber, logText, logVirt } from "../../base/log.ts";
import { fillWords, staticBytes } from "../../doors/machine.ts";
import { NOWHERE, PAGE_BYTES, type VirtAddr } from "../../lib/addr.ts";
import { countLeadingZeros } from "../../lib/bits.ts";
import { layout, u64 } from "../../lib/layout.ts";
import { heapStart } from "./arena.ts";
import { blockPlus, wordFits, wordSaysUsed, wordRead, wordSize, wordTag } from "./block.ts";
import { heapFree, heapLargest, heapPeak, heapSize, heapUsed } from "./heap-counts.ts";
import { pagesCommitted, pagesCommittedMost } from "./heap-pages.ts";
import { tagLog, TAG_COUNT } from "./heap-tags.ts";
import { largeIsHollow } from "./large.ts";
import { largeZone, smallZone, ZONE, zoneBytes } from "./zone.ts";

/** Blocks and bytes that are used, and that are free: of a power of two, or of a tag. */
const SUM = layout(32, { used: u64, usedBytes: u64, free: u64, freeBytes: u64 });
const DOUBLINGS = 40;
const sizes = staticBytes(1280, 8);
const tags = staticBytes(8192, 8);

const LABEL = 16;
const COLUMN = 12;
const PICTURE_COLUMNS = 64;
const PICTURE_LINES = 8n;
// How much of a cell of the picture is used: none, some, most, all.
const CELL = { FREE: 0x2e, SOME: 0x2d, MOST: 0x2b, USED: 0x23 } as const;

/** False if a block was overwritten: what was seen until then is shown. */
export function heapReport(): boolean {
  if (heapStart() === NOWHERE) {
    logLine("There is no heap yet.");
    return true;
  }
  fillWords(sizes, 0n, 160);
  fillWords(tags, 0n, 1024);
  const sound = zoneCount(smallZone()) && (zoneBytes(largeZone()) === 0n || zoneCount(largeZone()));
  totalsShow();
  sizesShow();
  tagsShow();
  pictureShow(smallZone(), "small");
  if (zoneBytes(largeZone()) > 0n && !largeIsHollow()) pictureShow(largeZone(), "large");
  if (!sound) logLine("A block was overwritten: audit says where.");
  return sound;
}

/** Of the free bytes, those that are not in the largest free block, in percent. */
export function heapFragmentation(): number {
  const free = heapFree();
  return free === 0 ? 0 : 100 - Math.trunc((heapLargest() * 100) / free);
}

function zoneCount(zone: bigint): boolean {
  for (let block = ZONE.start(zone); block !== ZONE.end(zone); ) {
    const word = wordRead(block);
    if (!wordFits(word) || wordSize(word) === 0n) return false;
    const size = wordSize(word);
    const sum = sumAt(sizes, 63 - countLeadingZeros(size));
    if (wordSaysUsed(word)) {
      usedAdd(sum, size);
      usedAdd(sumAt(tags, wordTag(word)), size);
    } else if ((zone === smallZone() || !largeIsHollow())) {
      SUM.setFree(sum, SUM.free(sum) + 1n);
      SUM.setFreeBytes(sum, SUM.freeBytes(sum) + size);
    }
    block = blockPlus(block, size);
  }
  return true;
}
function usedAdd(sum: bigint, bytes: bigint): void {
  SUM.setUsed(sum, SUM.used(sum) + 1n);
  SUM.setUsedBytes(sum, SUM.usedBytes(sum) + bytes);
}
function sumAt(sums: bigint, index: number): bigint {
  return sums + BigInt(index * SUM.SIZE);
}

function totalsShow(): void {
  logVirt("heap at ", heapStart());
  logNumber(": bytes=", heapSize());
  logNumber(" used=", heapUsed());
  logNumber(" free=", heapFree());
  logEnd();
  logNumber("peak=", heapPeak());
  logNumber(" largest-free=", heapLargest());
  logNumber(" fragmentation=", heapFragmentation());
  logNumber("% pages=", pagesCommitted());
  logNumber(" most=", pagesCommittedMost());
  logEnd();
}

function sizesShow(): void {
  columnText("block bytes", LABEL);
  columnTextRight("used", COLUMN);
  columnTextRight("bytes", COLUMN);
  columnTextRight("free", COLUMN);
  columnTextRight("bytes", COLUMN);
  logEnd();
  for (let i = 0; i < DOUBLINGS; i++) {
    const sum = sumAt(sizes, i);
    if (SUM.used(sum) === 0n && SUM.free(sum) === 0n) continue;
    columnNumber(Number(1n << BigInt(i)), LABEL - 2);
    logText("..");
    columnNumber(Number(SUM.used(sum)), COLUMN);
    columnNumber(Number(SUM.usedBytes(sum)), COLUMN);
    columnNumber(Number(SUM.free(sum)), COLUMN);
    columnNumber(Number(SUM.freeBytes(sum)), COLUMN);
    logEnd();
  }
}

function tagsShow(): void {
  for (let tag = 0; tag < TAG_COUNT; tag++) {
    const sum = sumAt(tags, tag);
    if (SUM.used(sum) === 0n) continue;
    logText("used by ");
    tagLog(tag);
    logNumber(": blocks=", Number(SUM.used(sum)));
    logNumber(" bytes=", Number(SUM.usedBytes(sum)));
    logEnd();
  }
}

/** A cell for each 64th of a line, at most eight lines; a cell is a whole number of words. */
function pictureShow(zone: bigint, what: string): void {
  const bytes = zoneBytes(zone);
  const cells = BigInt(PICTURE_COLUMNS) * PICTURE_LINES;
  let cell = BigInt(PAGE_BYTES >> 1);
  while (cell * cells < bytes) cell <<= 1n;
  logText(what);
  logNumber(" blocks, a cell is ", Number(cell));
  logLine(" bytes: . free  - some  + most  # all used");
  let block = ZONE.start(zone);
  let column = 0;
  for (let at = ZONE.start(zone); at < ZONE.limit(zone); at = blockPlus(at, cell)) {
    const end = blockPlus(at, cell);
    let used = 0n;
    // Every block that begins before the cell's end; the last is looked at again for the next cell.
    for (;;) {
      const word = wordRead(block);
      const size = wordSize(word);
      if (block >= ZONE.end(zone) || size === 0n) break;
      if (wordSaysUsed(word)) used += overlap(block, blockPlus(block, size), at, end);
      if (blockPlus(block, size) > end) break;
      block = blockPlus(block, size);
    }
    logByte(cellFor(used, cell));
    column++;
    if (column % PICTURE_COLUMNS === 0) logEnd();
  }
  if (column % PICTURE_COLUMNS !== 0) logEnd();
}
function overlap(start: VirtAddr, end: VirtAddr, from: VirtAddr, to: VirtAddr): bigint {
  const first = start > from ? start : from;
  const last = end < to ? end : to;
  return last > first ? last - first : 0n;
}
function cellFor(used: bigint, cell: bigint): number {
  if (used === 0n) return CELL.FREE;
  if (used === cell) return CELL.USED;
  return used * 2n < cell ? CELL.SOME : CELL.MOST;
}
