/** The list of free blocks, the one freed last first; links lie where the owner's bytes were (see block.ts). */
import { panic } from "../../base/panic.ts";
import { NOWHERE, type VirtAddr } from "../../lib/addr.ts";
import { layout, u64 } from "../../lib/layout.ts";
import { blockBytes, isBlockPlace } from "./block.ts";

const LINKS = layout(16, { next: u64, previous: u64 });

let first: VirtAddr = NOWHERE;

export function freeListInit(): void {
  first = NOWHERE;
}

export function freeFirst(): VirtAddr {
  return first;
}
/** Whatever the link says: after a stray write that need not be a block. */
export function freeNext(block: VirtAddr): VirtAddr {
  return LINKS.next(blockBytes(block)) as VirtAddr;
}
export function freePrevious(block: VirtAddr): VirtAddr {
  return LINKS.previous(blockBytes(block)) as VirtAddr;
}

export function freeInsert(block: VirtAddr): void {
  LINKS.setNext(blockBytes(block), first);
  LINKS.setPrevious(blockBytes(block), NOWHERE);
  if (first !== NOWHERE) LINKS.setPrevious(blockBytes(first), block);
  first = block;
}

/** Both neighbours must point back: links that were overwritten are not followed into a write. */
export function freeRemove(block: VirtAddr): void {
  const next = freeNext(block);
  const previous = freePrevious(block);
  const isBefore = previous === NOWHERE ? first === block : isBlockPlace(previous) && freeNext(previous) === block;
  const isAfter = next === NOWHERE || (isBlockPlace(next) && freePrevious(next) === block);
  if (!isBefore || !isAfter) panic("heap: a free block was written to (used after free?)", blockBytes(block));

  if (previous === NOWHERE) first = next;
  else LINKS.setNext(blockBytes(previous), next);
  if (next !== NOWHERE) LINKS.setPrevious(blockBytes(next), previous);
}
