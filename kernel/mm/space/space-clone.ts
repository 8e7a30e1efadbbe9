/**
 * A space like another: the same regions, the same bytes in frames of its own, the same memory of others, the same
 * kernel.
 *
 * What is present is copied now, page by page, so a clone is a true one and owes nothing to the space that it came
 * from. That a fork shares pages until somebody writes is the business of those who bring processes.
 */
import { copyBytes } from "../../doors/machine.ts";
import { PAGE_SHIFT, pageAfter, pageOf, virtAddr } from "../../lib/addr.ts";
import { OK, type Status } from "../../lib/status.ts";
import { mapPage } from "../paging/map.ts";
import { PTE_WRITABLE } from "../paging/pte.ts";
import { frameReferenceAdd } from "../phys/frame-table.ts";
import { frameStanding, isPrivate, OBJECTS, OWN } from "./counted.ts";
import { NO_REGION, PERMISSION, REGION, type Region, regionByte } from "./region.ts";
import { regionFirst, regionNext } from "./region-tree.ts";
import { regionInsert } from "./regions.ts";
import {
  NO_SPACE, type Space, SPACE, spaceCreate, spaceDestroy, spacePages, spaceRegions, spaceRoot,
} from "./space.ts";
import {
  occupiedFind, occupiedUntil, ownPageMap, pageFlags, pageFrame, pagesProtect, releasePay,
} from "./space-pages.ts";
import { USER_SLOTS } from "./user-range.ts";

const HIGHEST_BYTES = USER_SLOTS * 8;

/**
 * NO_SPACE: there is not enough memory for it, and nothing has changed. Cost: a page copied for each that is present.
 */
export function spaceClone(space: Space): Space {
  const clone = spaceCreate();
  if (clone === NO_SPACE) return NO_SPACE;
  copyBytes(SPACE.highestAt(clone), SPACE.highestAt(space), HIGHEST_BYTES);
  for (let at = regionFirst(spaceRegions(space)); at !== NO_REGION; at = regionNext(at)) {
    if (regionClone(space, clone, at) === OK) continue;
    spaceDestroy(clone); // its frames are nobody else's yet: it cannot be busy
    return NO_SPACE;
  }
  return clone;
}

/** The region first: then what is mapped of it is found again. */
function regionClone(space: Space, clone: Space, region: Region): Status {
  const permissions = REGION.permissions(region);
  const kind = REGION.kind(region);
  const end = REGION.end(region);
  let status = regionInsert(
    spaceRegions(clone), REGION.start(region), end, permissions, kind, REGION.backing(region), REGION.offset(region),
  );
  const readable = permissions | PERMISSION.READ; // what is hidden is copied, then hidden again
  let at = occupiedFind(spaceRoot(space), REGION.start(region), end);
  while (status === OK && at < end) {
    const until = occupiedUntil();
    status = pagesClone(space, clone, at, until, pageFlags(readable, kind), region);
    at = occupiedFind(spaceRoot(space), until, end);
  }
  if (readable !== permissions) {
    pagesProtect(spaceRoot(clone), REGION.start(region), end, permissions, kind, REGION.backing(region));
    releasePay();
  }
  return status;
}

/** All of start..end-1 has frames in `space`. */
function pagesClone(
  space: Space, clone: Space, start: bigint, end: bigint, flags: bigint, region: Region,
): Status {
  const first = pageOf(virtAddr(start));
  const count = Number((end - start) >> PAGE_SHIFT);
  for (let i = 0; i < count; i++) {
    const page = pageAfter(first, i);
    const frame = pageFrame(spaceRoot(space), page);
    const standing = frameStanding(REGION.kind(region), REGION.backing(region), frame);
    const status = standing === OWN
      ? ownPageMap(spaceRoot(clone), spacePages(clone), page, flags, frame, regionByte(region, page))
      : mapPage(spaceRoot(clone), page, frame, isPrivate(REGION.kind(region)) ? flags & ~PTE_WRITABLE : flags);
    if (status !== OK) return status;
    if (standing === OBJECTS) frameReferenceAdd(frame);
  }
  return OK;
}
