/** The pages behind the small zone's end mark (top.ts): how they come, and how they go. */
"compiler: cold";
import { poison, unpoison } from "../../doors/machine.ts";
import { higher, lower, NOWHERE, type VirtAddr, virtAddr } from "../../lib/addr.ts";
import { OK } from "../../lib/status.ts";
import { pagesCommit, pagesUncommit, pageUp } from "./heap-pages.ts";
import { innerEnd, innerStart } from "./hollow.ts";
import { topLargest } from "./mark.ts";
import { smallZone, ZONE } from "./zone.ts";

/** What is kept of nobody's bytes when pages go. */
const TRIM_KEEP = 0x1_0000n;

/** Where the limit may not sink below, and not rise above. */
let limitLeast: VirtAddr = NOWHERE;
let limitMost: VirtAddr = NOWHERE;

export function limitsInit(least: VirtAddr, most: VirtAddr): void {
  limitLeast = least;
  limitMost = most;
}

/** Makes room for a block of `size` bytes at the mark; false, and nothing has changed, if there are no pages for it. */
export function topGrow(size: bigint): boolean {
  const zone = smallZone();
  const limit = ZONE.limit(zone);
  const least = pageUp(limit + size - topLargest());
  if (least > limitMost) return false;
  const step = pageUp(limit + ((limit - ZONE.start(zone)) >> 6n));
  let reached = virtAddr(lower(higher(least, step), limitMost));
  let status = pagesCommit(limit, reached);
  if (status !== OK && reached > least) {
    reached = least;
    status = pagesCommit(limit, reached);
  }
  if (status !== OK) return false;
  poison(limit, Number(reached - limit));
  ZONE.setLimit(zone, reached);
  return true;
}

/** From the mark at `start` on much is nobody's, or its first `before` bytes were a hollow block: pages go. */
export function topTrim(start: VirtAddr, before: bigint): void {
  const zone = smallZone();
  const there = innerEnd(virtAddr(start + before));
  if (before >= ZONE.hollow(zone) && innerStart(start) < there) {
    limitLower(innerStart(start), there);
    return;
  }
  const kept = virtAddr(higher(limitLeast, pageUp(start + TRIM_KEEP)));
  if (kept < ZONE.limit(zone)) limitLower(kept, kept);
}
/** The limit sinks to `to`; of the pages there, those from `from` on are there. */
function limitLower(to: VirtAddr, from: VirtAddr): void {
  const limit = ZONE.limit(smallZone());
  unpoison(from, Number(limit - from));
  pagesUncommit(from, limit);
  ZONE.setLimit(smallZone(), to);
}
