/** What a block that becomes free merges with in front of it. */
import { type VirtAddr, virtAddr } from "../../lib/addr.ts";
import { wordRead } from "./block.ts";
import { classRemove } from "./classes.ts";
import { neighbourRefuse } from "./heap-refuse.ts";
import { ZONE } from "./zone.ts";

/** The start of the free block of `size` bytes before `block`, off its list from now on. */
export function freeBefore(zone: bigint, block: VirtAddr, size: bigint): VirtAddr {
  const start = virtAddr(BigInt.asUintN(64, block - size));
  if (start < ZONE.start(zone) || start >= block || wordRead(start) !== size) neighbourRefuse(block, start);
  classRemove(zone, start, size);
  return start;
}
