/**
 * The regions of a space in a balanced tree, by address (Adelson-Velsky and Landis: the heights of two siblings differ
 * by one at most). Each region also knows of its subtree where it begins and ends and its largest hole, so that the
 * next free range is found without looking at the others.
 *
 *   REGIONS, 32 bytes, in memory of the space's
 *   +0   | root          | recent        |   recent: what the last lookup found
 *   +16  | count         | pages         |   regions, and their pages
 *
 * What overlaps and who may is not asked here: regions.ts does.
 */
import { higher, PAGE_SHIFT, type VirtAddr } from "../../lib/addr.ts";
import { type Field, layout, u64 } from "../../lib/layout.ts";
import { NO_REGION, REGION, type Region, regionSize } from "./region.ts";

/** The address of a REGIONS. */
export type Regions = bigint & { readonly __brand: "Regions" };
const region64 = u64 as Field<Region, 8>;
export const REGIONS = layout(32, { root: region64, recent: region64, count: u64, pages: u64 });

const LEFT = 0;
const RIGHT = 1;

/** The tree at `at`. */
export function regionsAt(at: bigint): Regions {
  return at as Regions;
}

/** Makes the REGIONS.SIZE bytes at `at` a tree without regions. */
export function regionsEmpty(at: bigint): Regions {
  REGIONS.setRoot(at, NO_REGION);
  REGIONS.setRecent(at, NO_REGION);
  REGIONS.setCount(at, 0n);
  REGIONS.setPages(at, 0n);
  return at as Regions;
}

/**
 * The region in which `va` lies, or NO_REGION. Cost: 11 instructions if it is the one that was found last; otherwise 33
 * among 10 regions, 83 among 1,000, 133 among 100,000: 8 for each level of the tree, of which there are 24 at most.
 */
export function regionAt(regions: Regions, va: VirtAddr): Region {
  const recent = REGIONS.recent(regions);
  if (recent !== NO_REGION && va >= REGION.start(recent) && va < REGION.end(recent)) return recent;
  let region = REGIONS.root(regions);
  while (region !== NO_REGION) {
    if (va < REGION.start(region)) {
      region = REGION.left(region);
    } else if (va >= REGION.end(region)) {
      region = REGION.right(region);
    } else {
      REGIONS.setRecent(regions, region);
      return region;
    }
  }
  return NO_REGION;
}

/** The first region that ends above `va`: the one in which it lies, or the next; NO_REGION if there is none. */
export function regionFrom(regions: Regions, va: bigint): Region {
  let found = NO_REGION;
  let region = REGIONS.root(regions);
  while (region !== NO_REGION) {
    if (REGION.end(region) > va) {
      found = region;
      region = REGION.left(region);
    } else {
      region = REGION.right(region);
    }
  }
  return found;
}

/** All regions by address: from regionFirst on by regionNext to NO_REGION. */
export function regionFirst(regions: Regions): Region {
  return outermost(REGIONS.root(regions), LEFT);
}
export function regionLast(regions: Regions): Region {
  return outermost(REGIONS.root(regions), RIGHT);
}
export function regionNext(region: Region): Region {
  return neighbour(region, RIGHT);
}
export function regionPrevious(region: Region): Region {
  return neighbour(region, LEFT);
}

/**
 * `region` has its start and end, overlaps none of the tree, and is in no tree; `before` and `next` will be its
 * neighbours, of which one has no child on its side.
 */
export function regionLink(regions: Regions, region: Region, before: Region, next: Region): void {
  const isRight = before !== NO_REGION && REGION.right(before) === NO_REGION;
  const parent = isRight ? before : next;
  REGION.setLeft(region, NO_REGION);
  REGION.setRight(region, NO_REGION);
  hang(regions, parent, isRight ? RIGHT : LEFT, region);
  count(regions, region, 1n);
  subtreeKnow(region);
  regionUpdate(regions, parent);
}

/** Takes it out of the tree; it stays as it is. */
export function regionUnlink(regions: Regions, region: Region): void {
  const left = REGION.left(region);
  const right = REGION.right(region);
  let lowest = REGION.parent(region); // the lowest whose subtree changes
  if (left === NO_REGION || right === NO_REGION) {
    replace(regions, region, left === NO_REGION ? right : left);
  } else {
    const heir = outermost(right, LEFT);
    lowest = heir;
    if (heir !== right) {
      lowest = REGION.parent(heir);
      replace(regions, heir, REGION.right(heir));
      REGION.setRight(heir, right);
      REGION.setParent(right, heir);
    }
    replace(regions, region, heir);
    REGION.setLeft(heir, left);
    REGION.setParent(left, heir);
  }
  if (REGIONS.recent(regions) === region) REGIONS.setRecent(regions, NO_REGION);
  count(regions, region, BigInt.asUintN(64, -1n));
  regionUpdate(regions, lowest);
}

/** Moves its ends; it must stay between its neighbours. */
export function regionResize(regions: Regions, region: Region, start: bigint, end: bigint): void {
  const before = regionSize(region);
  REGION.setOffset(region, BigInt.asUintN(64, REGION.offset(region) + start - REGION.start(region)));
  REGION.setStart(region, start);
  REGION.setEnd(region, end);
  const more = BigInt.asUintN(64, end - start - before);
  REGIONS.setPages(regions, BigInt.asUintN(64, (REGIONS.pages(regions) << PAGE_SHIFT) + more) >> PAGE_SHIFT);
  regionUpdate(regions, region);
}

/** What every region from `region` up knows of its subtree is right again, and the tree is balanced. */
function regionUpdate(regions: Regions, region: Region): void {
  for (let at = region; at !== NO_REGION; at = REGION.parent(at)) {
    if (leaning(at, LEFT) > 1) at = level(regions, at, LEFT);
    else if (leaning(at, RIGHT) > 1) at = level(regions, at, RIGHT);
    else subtreeKnow(at);
  }
}

/** `region`, which is too high on `side`, comes to stand under one of its children, which is answered. */
function level(regions: Regions, region: Region, side: number): Region {
  const heavy = child(region, side);
  if (leaning(heavy, 1 - side) > 0) rotate(regions, heavy, side);
  return rotate(regions, region, 1 - side);
}

/** `region` goes down to `side`; its child on the other side, which is answered, takes its place. */
function rotate(regions: Regions, region: Region, side: number): Region {
  const up = child(region, 1 - side);
  const inner = child(up, side);
  replace(regions, region, up);
  hang(regions, region, 1 - side, inner);
  hang(regions, up, side, region);
  subtreeKnow(region);
  subtreeKnow(up);
  return up;
}

/** How much higher its subtree on `side` is than the other: below 0 if it is lower. */
function leaning(region: Region, side: number): number {
  return heightOf(child(region, side)) - heightOf(child(region, 1 - side));
}
function heightOf(region: Region): number {
  return region === NO_REGION ? 0 : REGION.height(region);
}

/** Its children know of their subtrees: so it knows of its own. */
function subtreeKnow(region: Region): void {
  const left = REGION.left(region);
  const right = REGION.right(region);
  let low = REGION.start(region);
  let high = REGION.end(region);
  let hole = 0n;
  if (left !== NO_REGION) {
    hole = higher(REGION.hole(left), low - REGION.high(left));
    low = REGION.low(left);
  }
  if (right !== NO_REGION) {
    hole = higher(hole, higher(REGION.hole(right), REGION.low(right) - high));
    high = REGION.high(right);
  }
  REGION.setLow(region, low);
  REGION.setHigh(region, high);
  REGION.setHole(region, hole);
  REGION.setHeight(region, Math.max(heightOf(left), heightOf(right)) + 1);
}

/** `heir`, or nothing, takes the place of `region` under its parent. */
function replace(regions: Regions, region: Region, heir: Region): void {
  const parent = REGION.parent(region);
  hang(regions, parent, parent !== NO_REGION && REGION.right(parent) === region ? RIGHT : LEFT, heir);
}

/** `region`, or nothing, becomes the child of `parent` on `side`; without a parent, the root. */
function hang(regions: Regions, parent: Region, side: number, region: Region): void {
  if (parent === NO_REGION) REGIONS.setRoot(regions, region);
  else if (side === LEFT) REGION.setLeft(parent, region);
  else REGION.setRight(parent, region);
  if (region !== NO_REGION) REGION.setParent(region, parent);
}

function child(region: Region, side: number): Region {
  return side === LEFT ? REGION.left(region) : REGION.right(region);
}
function outermost(region: Region, side: number): Region {
  let last = NO_REGION;
  for (let at = region; at !== NO_REGION; at = child(at, side)) last = at;
  return last;
}
function neighbour(region: Region, side: number): Region {
  const below = child(region, side);
  if (below !== NO_REGION) return outermost(below, 1 - side);
  let at = region;
  let above = REGION.parent(at);
  while (above !== NO_REGION && child(above, side) === at) {
    at = above;
    above = REGION.parent(at);
  }
  return above;
}

/** One region more (1n), or one less (all ones). */
function count(regions: Regions, region: Region, by: bigint): void {
  REGIONS.setCount(regions, BigInt.asUintN(64, REGIONS.count(regions) + by));
  const pages = regionSize(region) >> PAGE_SHIFT;
  REGIONS.setPages(regions, BigInt.asUintN(64, REGIONS.pages(regions) + pages * by));
}
