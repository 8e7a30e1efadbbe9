/**
 * A space like another, for a program that forks: the same regions, and the same frames behind them until one of the
 * two writes (copy-on-write). Both show them read-only from now on; a frame counts how many do. What is shared stays
 * so.
 */
import { flushSpace } from "../../arch/tlb.ts";
import { panic } from "../../base/panic.ts";
import { copyBytes } from "../../doors/machine.ts";
import { PAGE_SHIFT, pageOf, virtAddr } from "../../lib/addr.ts";
import { NO_MEMORY, OK, type Status } from "../../lib/status.ts";
import { PTE_USER, PTE_WRITABLE, pteFrame, pteRead, pteWord, pteWrite } from "../paging/pte.ts";
import { entryAfter } from "../paging/range.ts";
import { tableEntriesAdd } from "../paging/tables.ts";
import { entryDeepest, entryReach, entryTable, NO_ENTRY } from "../paging/walk.ts";
import { frameReferenceAdd } from "../phys/frame-table.ts";
import { frameStanding, isPrivate, UNCOUNTED } from "./counted.ts";
import { NO_REGION, REGION, type Region, TREATMENT } from "./region.ts";
import { regionFirst, regionNext } from "./region-tree.ts";
import { regionInsert } from "./regions.ts";
import {
  familyJoin, NO_SPACE, type Space, SPACE, spaceCreate, spaceDestroy, spaceIsCurrent, spaceRegions, spaceRoot,
} from "./space.ts";
import { occupiedFind, occupiedUntil } from "./space-pages.ts";
import { USER_SLOTS } from "./user-range.ts";

const HIGHEST_BYTES = USER_SLOTS * 8;
const ALL = 0xffff_ffff_ffff_ffffn;

/**
 * NO_SPACE: there is not enough memory for its tables and regions; `space` is then as it was but for pages that are
 * read-only until they are written again. Cost: for each page that is present two entries and a count, for each region
 * what it costs to insert one; of a page nothing is copied.
 */
export function spaceFork(space: Space): Space {
  const fork = spaceCreate();
  if (fork === NO_SPACE) return NO_SPACE;
  familyJoin(fork, space);
  copyBytes(SPACE.highestAt(fork), SPACE.highestAt(space), HIGHEST_BYTES);
  let status: Status = OK;
  for (let at = regionFirst(spaceRegions(space)); at !== NO_REGION && status === OK; at = regionNext(at)) {
    status = regionFork(space, fork, at);
  }
  if (spaceIsCurrent(space)) flushSpace(); // pages that could be written cannot any more
  if (status === OK) return fork;
  if (spaceDestroy(fork) !== OK) panic("space: a fork that nobody uses is in use", fork);
  return NO_SPACE;
}

/** The region first: then what is shared of it is found again when the fork is given up. */
function regionFork(space: Space, fork: Space, region: Region): Status {
  const kind = REGION.kind(region);
  const end = REGION.end(region);
  const permissions = REGION.permissions(region);
  if ((permissions & TREATMENT.DONT_FORK) !== 0) return OK;
  const status = regionInsert(
    spaceRegions(fork), REGION.start(region), end, permissions & ~TREATMENT.LOCKED, kind, REGION.backing(region),
    REGION.offset(region),
  );
  if (status !== OK || (permissions & TREATMENT.WIPE_ON_FORK) !== 0) return status;
  const keep = isPrivate(kind) ? BigInt.asUintN(64, ~PTE_WRITABLE) : ALL;
  let at = occupiedFind(spaceRoot(space), REGION.start(region), end);
  while (at < end) {
    const until = occupiedUntil();
    if (!pagesShare(space, fork, at, Number((until - at) >> PAGE_SHIFT), keep, region)) return NO_MEMORY;
    at = occupiedFind(spaceRoot(space), until, end);
  }
  return OK;
}

/** `count` pages from `start` on, all in one table: false if there is no frame for the fork's table. */
function pagesShare(space: Space, fork: Space, start: bigint, count: number, keep: bigint, region: Region): boolean {
  const page = pageOf(virtAddr(start));
  const to = entryReach(spaceRoot(fork), page, 1, PTE_USER);
  if (to === NO_ENTRY) return false;
  const from = entryDeepest(spaceRoot(space), page, 1);
  const kind = REGION.kind(region);
  const backing = REGION.backing(region);
  for (let i = 0; i < count; i++) {
    const pte = pteRead(entryAfter(from, i));
    const shared = pteWord(pte & keep);
    if (shared !== pte) pteWrite(entryAfter(from, i), shared);
    pteWrite(entryAfter(to, i), shared);
    if (frameStanding(kind, backing, pteFrame(pte)) !== UNCOUNTED) frameReferenceAdd(pteFrame(pte));
  }
  tableEntriesAdd(entryTable(to), count);
  return true;
}
