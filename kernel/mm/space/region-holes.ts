/**
 * The next free range. What lies between two regions is a hole; each subtree of regions knows its largest one, so those
 * without a hole that is large enough are not looked at.
 */
import { alignUp, higher, lower, PAGE_SIZE } from "../../lib/addr.ts";
import { NO_REGION, REGION, type Region } from "./region.ts";
import { REGIONS, type Regions } from "./region-tree.ts";

/** No free range: not a multiple of anything. */
export const NO_HOLE = 0xffff_ffff_ffff_ffffn;

// What is wanted. Arguments in variables: six of them would go through all levels of the tree.
let wanted = 0n;
let multiple = PAGE_SIZE;
let from = 0n;
let to = 0n;

/**
 * The lowest `size` free bytes in low..high-1 (below 2^63) that start at a multiple of `align` (a power of two, at
 * least a page); NO_HOLE if there are none. Cost: for alignment to a page
 * about 55 instructions for each level of the tree, 945 among 100,000 regions; for more, as much again for each hole
 * that would be large enough and does not lie so.
 */
export function holeFind(regions: Regions, size: bigint, align: bigint, low: bigint, high: bigint): bigint {
  if (size === 0n || low > high || high - low < size) return NO_HOLE;
  wanted = size;
  multiple = align;
  from = low;
  to = high;
  const root = REGIONS.root(regions);
  if (root === NO_REGION) return fitting(low, high);
  const before = fitting(low, REGION.low(root));
  if (before !== NO_HOLE) return before;
  const between = holeWithin(root);
  return between !== NO_HOLE ? between : fitting(REGION.high(root), high);
}

/** The first between two regions of the subtree. */
function holeWithin(region: Region): bigint {
  if (REGION.hole(region) < wanted || REGION.high(region) <= from || REGION.low(region) >= to) return NO_HOLE;
  const left = REGION.left(region);
  if (left !== NO_REGION) {
    const inside = holeWithin(left);
    if (inside !== NO_HOLE) return inside;
    const before = fitting(REGION.high(left), REGION.start(region));
    if (before !== NO_HOLE) return before;
  }
  const right = REGION.right(region);
  if (right === NO_REGION) return NO_HOLE;
  const after = fitting(REGION.end(region), REGION.low(right));
  return after !== NO_HOLE ? after : holeWithin(right);
}

/** Where in the hole start..end-1 it would lie. */
function fitting(start: bigint, end: bigint): bigint {
  const first = alignUp(higher(start, from), multiple);
  const last = lower(end, to);
  return first < last && last - first >= wanted ? first : NO_HOLE;
}
