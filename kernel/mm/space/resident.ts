/** How much of a space is there. */
"compiler: cold"; // for people to read
import { PAGE_SHIFT } from "../../lib/addr.ts";
import { NO_REGION, REGION } from "./region.ts";
import { regionFirst, regionNext } from "./region-tree.ts";
import { type Space, spaceRegions, spaceRoot } from "./space.ts";
import { presentFind, presentUntil } from "./space-pages.ts";

/** Pages that are present, shared ones included. Cost: a look at each entry of each table. */
export function spaceResident(space: Space): number {
  let count = 0;
  for (let region = regionFirst(spaceRegions(space)); region !== NO_REGION; region = regionNext(region)) {
    const end = REGION.end(region);
    for (let at = presentFind(spaceRoot(space), REGION.start(region), end); at < end; ) {
      const until = presentUntil();
      count += Number((until - at) >> PAGE_SHIFT);
      at = presentFind(spaceRoot(space), until, end);
    }
  }
  return count;
}
