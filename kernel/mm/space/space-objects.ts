/** Objects, and all who show them. */
import { alignUp, higher, lower, PAGE_SIZE } from "../../lib/addr.ts";
import { OBJECT, objectResize, type SpaceObject } from "./object.ts";
import { NO_REGION, REGION, type Region, regionByte, regionHasObject } from "./region.ts";
import { regionFirst, regionNext } from "./region-tree.ts";
import { NO_SPACE, type Space, spaceFirst, spaceNext, spaceRegions, spaceRoot } from "./space.ts";
import { pagesRelease, releasePay } from "./space-pages.ts";

/**
 * An object of kind MEMORY ends with byte `size` now. Pages behind that go, wherever they are shown, private copies
 * among them; what comes back if it grows again is zero. Cost: where it shrinks, a look at every region of every space.
 */
export function objectTruncate(object: SpaceObject, size: bigint): void {
  if (size < OBJECT.size(object)) {
    const from = alignUp(size, PAGE_SIZE);
    for (let space = spaceFirst(); space !== NO_SPACE; space = spaceNext(space)) {
      for (let at = regionFirst(spaceRegions(space)); at !== NO_REGION; at = regionNext(at)) {
        if (regionHasObject(at) && REGION.backing(at) === object) regionTruncate(space, at, from);
      }
    }
    releasePay();
  }
  objectResize(object, size);
}

/** Nothing of the region shows a byte from `from` on. */
function regionTruncate(space: Space, region: Region, from: bigint): void {
  const first = regionByte(region, REGION.start(region));
  const start = lower(REGION.start(region) + higher(from, first) - first, REGION.end(region));
  pagesRelease(spaceRoot(space), start, REGION.end(region), REGION.kind(region), REGION.backing(region));
}
