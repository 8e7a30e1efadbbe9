/** Stacks of programs: a region that grows down when the page under it is touched, as far as it may. */
import { type Page, PAGE_SIZE, pageOf, type VirtAddr } from "../../lib/addr.ts";
import { highestRaise } from "../space/memory-spaces.ts";
import { BACKING, NO_REGION, REGION, type Region } from "../space/region.ts";
import { regionFrom, regionPrevious, type Regions, regionResize } from "../space/region-tree.ts";
import { type Space, spaceRegions } from "../space/space.ts";

/** How far a stack reaches down from its top at most: Linux's default for RLIMIT_STACK. */
export const STACK_BYTES = 8n * 1024n * 1024n;
/** What stays free between a stack and what lies below it, as Linux's stack_guard_gap. */
export const GUARD_BYTES = 256n * PAGE_SIZE;

/** The stack that lies above `va` and may grow down to it; NO_REGION: there is none. Nothing has changed. */
export function stackAbove(regions: Regions, va: VirtAddr): Region {
  const region = regionFrom(regions, va);
  if (region === NO_REGION || REGION.kind(region) !== BACKING.STACK) return NO_REGION;
  const start = pageOf(va);
  if (REGION.end(region) - start > STACK_BYTES) return NO_REGION;
  const below = regionPrevious(region);
  return below !== NO_REGION && REGION.end(below) + GUARD_BYTES > start ? NO_REGION : region;
}

/** The stack begins with `page`, which is below it, and to which stackAbove lets it grow. */
export function stackGrow(space: Space, region: Region, page: Page): void {
  const end = REGION.end(region);
  regionResize(spaceRegions(space), region, page, end);
  highestRaise(space, page, end); // it may have grown into the next lower slot
}
