/** Does a tree of regions agree with itself? */
"compiler: cold"; // when a person or a test asks
import { logEnd, logText, logVirt } from "../../base/log.ts";
import { higher, isPageAligned, PAGE_SHIFT, virtAddr } from "../../lib/addr.ts";
import { DAMAGED, OK, type Status } from "../../lib/status.ts";
import { NO_REGION, REGION, type Region, regionSize } from "./region.ts";
import { regionContinues } from "./regions.ts";
import { regionFirst, regionNext, REGIONS, type Regions } from "./region-tree.ts";

/**
 * OK, or DAMAGED with a line: the regions are whole pages, in order and apart, none goes on where one that is like it
 * ends, the tree is balanced, and what each knows of its subtree is so. Cost: it looks at each region twice.
 */
export function regionsAudit(regions: Regions): Status {
  const root = REGIONS.root(regions);
  if (root !== NO_REGION && REGION.parent(root) !== NO_REGION) return damaged("the root has a parent", root);
  if (treeHeight(root) < 0) return DAMAGED;
  let end = 0n;
  let count = 0n;
  let pages = 0n;
  let before = NO_REGION;
  for (let region = regionFirst(regions); region !== NO_REGION; region = regionNext(region)) {
    const start = REGION.start(region);
    if (start < end || REGION.end(region) <= start) return damaged("is out of order", region);
    if (before !== NO_REGION && regionContinues(before, region)) return damaged("could be one with the last", region);
    before = region;
    end = REGION.end(region);
    if (!isPageAligned(start) || !isPageAligned(end)) return damaged("cuts a page", region);
    count++;
    pages += regionSize(region) >> PAGE_SHIFT;
  }
  if (count !== REGIONS.count(regions)) return damaged("regions were lost or won", root);
  return pages === REGIONS.pages(regions) ? OK : damaged("pages were lost or won", root);
}

/** The height of the subtree, or -1 after a line. */
function treeHeight(region: Region): number {
  if (region === NO_REGION) return 0;
  const left = REGION.left(region);
  const right = REGION.right(region);
  // before anything below is looked at: so no circle has a way in
  if (!isChild(left, region) || !isChild(right, region)) return mistaken("has a child that does not know it", region);
  const heightLeft = treeHeight(left);
  const heightRight = treeHeight(right);
  if (heightLeft < 0 || heightRight < 0) return -1;
  if (heightLeft > heightRight + 1 || heightRight > heightLeft + 1) return mistaken("is out of balance", region);
  let hole = 0n;
  if (left !== NO_REGION) {
    const before = BigInt.asUintN(64, REGION.start(region) - REGION.high(left));
    hole = higher(REGION.hole(left), before);
  }
  if (right !== NO_REGION) {
    const after = BigInt.asUintN(64, REGION.low(right) - REGION.end(region));
    hole = higher(hole, higher(REGION.hole(right), after));
  }
  if (hole !== REGION.hole(region)) return mistaken("has another largest hole", region);
  if (REGION.low(region) !== (left === NO_REGION ? REGION.start(region) : REGION.low(left))) {
    return mistaken("has a subtree that begins elsewhere", region);
  }
  if (REGION.high(region) !== (right === NO_REGION ? REGION.end(region) : REGION.high(right))) {
    return mistaken("has a subtree that ends elsewhere", region);
  }
  const height = Math.max(heightLeft, heightRight) + 1;
  return height === REGION.height(region) ? height : mistaken("has another height", region);
}

function isChild(region: Region, parent: Region): boolean {
  return region === NO_REGION || REGION.parent(region) === parent;
}

function mistaken(what: string, region: Region): number {
  damaged(what, region);
  return -1;
}
function damaged(what: string, region: Region): Status {
  logText("mm/space: audit: region ");
  logText(what);
  if (region !== NO_REGION) logVirt(": ", virtAddr(REGION.start(region)));
  logEnd();
  return DAMAGED;
}
