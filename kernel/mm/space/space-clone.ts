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
import { BACKING, NO_REGION, REGION, type Region } from "./region.ts";
import { regionFirst, regionNext } from "./region-tree.ts";
import { regionInsert } from "./regions.ts";
import {
  NO_SPACE, type Space, SPACE, spaceCreate, spaceDestroy, spacePages, spaceRegions, spaceRoot,
} from "./space.ts";
import { ownPageMap, pageFlags, pageFrame, presentFind, presentUntil } from "./space-pages.ts";
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
  const flags = pageFlags(permissions, kind);
  let at = presentFind(spaceRoot(space), REGION.start(region), end);
  while (status === OK && at < end) {
    const until = presentUntil();
    status = pagesClone(space, clone, at, until, flags, kind === BACKING.ANONYMOUS);
    at = presentFind(spaceRoot(space), until, end);
  }
  return status;
}

/** All of start..end-1 is present in `space`. */
function pagesClone(space: Space, clone: Space, start: bigint, end: bigint, flags: bigint, isOwn: boolean): Status {
  const first = pageOf(virtAddr(start));
  const count = Number((end - start) >> PAGE_SHIFT);
  for (let i = 0; i < count; i++) {
    const page = pageAfter(first, i);
    const frame = pageFrame(spaceRoot(space), page);
    const status = isOwn
      ? ownPageMap(spaceRoot(clone), spacePages(clone), page, flags, frame)
      : mapPage(spaceRoot(clone), page, frame, flags);
    if (status !== OK) return status;
  }
  return OK;
}
