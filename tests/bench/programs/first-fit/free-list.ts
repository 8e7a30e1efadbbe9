/** The list of free blocks, the one freed last first; links lie where the owner's bytes were (see block.ts). */
import { panic } from "../../../../kernel/base/panic.ts";
import { poison, unpoison } from "../../../../kernel/doors/machine.ts";
import { NOWHERE, type VirtAddr, virtAddr } from "../../../../kernel/lib/addr.ts";
import { layout, u64 } from "../../../../kernel/lib/layout.ts";
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
  linksOpen(block);
  const next = virtAddr(LINKS.next(blockBytes(block)));
  linksClose(block);
  return next;
}
export function freePrevious(block: VirtAddr): VirtAddr {
  linksOpen(block);
  const previous = virtAddr(LINKS.previous(blockBytes(block)));
  linksClose(block);
  return previous;
}

export function freeInsert(block: VirtAddr): void {
  nextWrite(block, first);
  previousWrite(block, NOWHERE);
  if (first !== NOWHERE) previousWrite(first, block);
  first = block;
}

/** Both neighbours must point back: links that were overwritten are not followed into a write. */
export function freeRemove(block: VirtAddr): void {
  const next = freeNext(block);
  const previous = freePrevious(block);
  if (!isAfter(block, previous) || !isBefore(block, next)) {
    panic("heap: a free block was written to (used after free?)", blockBytes(block));
  }

  if (previous === NOWHERE) first = next;
  else nextWrite(previous, next);
  if (next !== NOWHERE) previousWrite(next, previous);
}

/** Does the list lead from `previous` to `block`? From NOWHERE it leads to the first. */
function isAfter(block: VirtAddr, previous: VirtAddr): boolean {
  if (previous === NOWHERE) return first === block;
  return isBlockPlace(previous) && freeNext(previous) === block;
}
/** Does the list lead back from `next` to `block`? */
function isBefore(block: VirtAddr, next: VirtAddr): boolean {
  return next === NOWHERE || (isBlockPlace(next) && freePrevious(next) === block);
}

function nextWrite(block: VirtAddr, next: VirtAddr): void {
  linksOpen(block);
  LINKS.setNext(blockBytes(block), next);
  linksClose(block);
}
function previousWrite(block: VirtAddr, previous: VirtAddr): void {
  linksOpen(block);
  LINKS.setPrevious(blockBytes(block), previous);
  linksClose(block);
}

function linksOpen(block: VirtAddr): void {
  unpoison(blockBytes(block), LINKS.SIZE);
}
function linksClose(block: VirtAddr): void {
  poison(blockBytes(block), LINKS.SIZE);
}
