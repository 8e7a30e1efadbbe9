/**
 * A stretch of a region goes elsewhere in its space: its pages come along, entry by entry, and no byte is copied. All
 * or nothing: regions, and tables at the new place, are there before anything changes.
 */
import {
  alignDown, type Frame, lower, type Page, PAGE_SHIFT, PAGE_SIZE, pageAfter, pageOf, virtAddr,
} from "../../lib/addr.ts";
import { BAD_ADDRESS, NO_MEMORY, OK, type Status } from "../../lib/status.ts";
import { flushPay } from "../paging/flush.ts";
import { levelSpan, PTE_EMPTY, PTE_USER, pteRead, pteWrite } from "../paging/pte.ts";
import { entryAfter } from "../paging/range.ts";
import { tableEntries, tableEntriesAdd } from "../paging/tables.ts";
import { tablesPrune } from "../paging/unmap.ts";
import { entryDeepest, entryReach, entryTable, NO_ENTRY } from "../paging/walk.ts";
import { highestRaise } from "./memory-spaces.ts";
import { NO_REGION, REGION, regionByte } from "./region.ts";
import { regionAt, regionFrom } from "./region-tree.ts";
import { regionDiscard, regionMake, regionPlace, regionsCut, regionsJoin } from "./regions.ts";
import { type Space, spaceRegions, spaceRoot } from "./space.ts";
import { rangeEmpty } from "./space-map.ts";
import { entriesGone, occupiedFind, occupiedUntil, releasePay } from "./space-pages.ts";
import { isUserRange } from "./user-range.ts";

/**
 * `count` pages from `page` on, of one region, become `toCount` pages at `to`, where nothing of them lies yet; what was
 * there is gone, and so is what does not fit. The old place is nobody's, or stays a region without pages if `keeps` is
 * not 0. BAD_ADDRESS: not one region, or not a program's place. NO_MEMORY. Cost: a load and two stores for each page.
 */
export function spaceMove(
  space: Space, page: Page, count: number, to: Page, toCount: number, keeps: number,
): Status {
  const regions = spaceRegions(space);
  const root = spaceRoot(space);
  const end = pageAfter(page, count);
  const toEnd = pageAfter(to, toCount);
  const region = regionAt(regions, page);
  if (region === NO_REGION || REGION.end(region) < end) return BAD_ADDRESS;
  if (!isUserRange(to, BigInt(toCount) * PAGE_SIZE)) return BAD_ADDRESS;

  const made = regionMake(
    to, toEnd, REGION.permissions(region), REGION.kind(region), REGION.backing(region), regionByte(region, page),
  );
  if (made === NO_REGION) return NO_MEMORY;
  const moved = lower(BigInt(count), BigInt(toCount)) << PAGE_SHIFT;
  if (regionsCut(regions, to, toEnd) === OK) {
    if (keeps !== 0 || regionsCut(regions, page, end) === OK) {
      if (tablesHold(root, page, to, moved)) {
        rangeEmpty(space, regionFrom(regions, to), toEnd);
        entriesMove(root, page, to, moved);
        releasePay();
        if (keeps === 0) rangeEmpty(space, regionFrom(regions, page), end);
        regionPlace(regions, made);
        highestRaise(space, to, toEnd);
        return OK;
      }
      regionsJoin(regions, page, page);
      regionsJoin(regions, end, end);
    }
    regionsJoin(regions, to, to);
    regionsJoin(regions, toEnd, toEnd);
  }
  regionDiscard(made);
  return NO_MEMORY;
}

// ---- stretches of what one table at the new place maps ---------------------------------------------------------
function stretchEnd(at: bigint, end: bigint): bigint {
  return lower(alignDown(at, levelSpan(2)) + levelSpan(2), end);
}

/**
 * Every table that entries will come to is there, and counts one entry more, so that nobody takes it away. False: there
 * is no frame for one, and nothing has changed.
 */
function tablesHold(root: Frame, page: Page, to: Page, size: bigint): boolean {
  for (let done = 0n; done < size; ) {
    const next = stretchEnd(to + done, to + size) - to;
    if (occupiedFind(root, page + done, page + next) < page + next) {
      const entry = entryReach(root, pageOf(virtAddr(to + done)), 1, PTE_USER);
      if (entry === NO_ENTRY) {
        tablesLeave(root, page, to, done);
        return false;
      }
      tableEntriesAdd(entryTable(entry), 1);
    }
    done = next;
  }
  return true;
}
function tablesLeave(root: Frame, page: Page, to: Page, size: bigint): void {
  for (let done = 0n; done < size; ) {
    const next = stretchEnd(to + done, to + size) - to;
    if (occupiedFind(root, page + done, page + next) < page + next) tableLeave(root, pageOf(virtAddr(to + done)));
    done = next;
  }
  flushPay();
}
function tableLeave(root: Frame, page: Page): void {
  const table = entryTable(entryDeepest(root, page, 1));
  tableEntriesAdd(table, -1);
  if (tableEntries(table) === 0) tablesPrune(root, page, 1);
}

function entriesMove(root: Frame, page: Page, to: Page, size: bigint): void {
  for (let done = 0n; done < size; ) {
    const next = stretchEnd(to + done, to + size) - to;
    const end = page + next;
    let at = occupiedFind(root, page + done, end);
    if (at < end) {
      while (at < end) {
        const until = occupiedUntil();
        stretchMove(root, pageOf(virtAddr(at)), pageOf(virtAddr(at - page + to)), Number((until - at) >> PAGE_SHIFT));
        at = occupiedFind(root, until, end);
      }
      tableLeave(root, pageOf(virtAddr(to + done)));
    }
    done = next;
  }
}

/** `count` entries, all in one table before, and in one afterwards. */
function stretchMove(root: Frame, page: Page, to: Page, count: number): void {
  const from = entryDeepest(root, page, 1);
  const onto = entryDeepest(root, to, 1);
  let seen = 0n;
  for (let i = 0; i < count; i++) {
    const pte = pteRead(entryAfter(from, i));
    seen |= pte;
    pteWrite(entryAfter(onto, i), pte);
    pteWrite(entryAfter(from, i), PTE_EMPTY);
  }
  tableEntriesAdd(entryTable(onto), count);
  entriesGone(root, page, from, count, seen);
}
