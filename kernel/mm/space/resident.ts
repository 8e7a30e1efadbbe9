/** How much of a space is there. */
"compiler: cold"; // for people to read
import { PAGE_SHIFT } from "../../lib/addr.ts";
import { NO_REGION, REGION, type Region } from "./region.ts";
import { regionFirst, regionNext } from "./region-tree.ts";
import { type Space, spaceRegions, spaceRoot } from "./space.ts";
import { occupiedFind, occupiedUntil } from "./space-pages.ts";

/** Pages that have a frame, shared and hidden ones included. Cost: a look at each entry of each table. */
export function spaceResident(space: Space): number {
  let count = 0;
  for (let region = regionFirst(spaceRegions(space)); region !== NO_REGION; region = regionNext(region)) {
    count += regionResident(space, region);
  }
  return count;
}
/** Of one of its regions. */
export function regionResident(space: Space, region: Region): number {
  const end = REGION.end(region);
  let count = 0;
  for (let at = occupiedFind(spaceRoot(space), REGION.start(region), end); at < end; ) {
    const until = occupiedUntil();
    count += Number((until - at) >> PAGE_SHIFT);
    at = occupiedFind(spaceRoot(space), until, end);
  }
  return count;
}
