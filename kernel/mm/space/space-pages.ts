/**
 * The pages of a space: all that mm/space has to do with page tables, and with the frames of its own behind them. Pages
 * are of 4 KiB here, so that no part of a mapping needs a table to be taken away or changed: that cannot fail.
 */
import { panic } from "../../base/panic.ts";
import { copyBytes, fillWords } from "../../doors/machine.ts";
import {
  alignDown, type Frame, frameBytes, NO_FRAME, type Page, PAGE_BYTES, PAGE_SHIFT, PAGE_SIZE, pageOf,
  type PhysAddr, virtAddr,
} from "../../lib/addr.ts";
import { NO_MEMORY, OK, type Status } from "../../lib/status.ts";
import { flushLater, flushOwe, flushPay } from "../paging/flush.ts";
import { kernelRoot } from "../paging/kernel-map.ts";
import { mapPage } from "../paging/map.ts";
import { protectRange } from "../paging/protect.ts";
import {
  levelSpan, PTE_EMPTY, PTE_KEPT, PTE_NO_EXECUTE, PTE_UNCACHED, PTE_USER, PTE_WRITABLE, type Pte, pteFrame,
  pteIsPresent, pteRead, pteWord, pteWrite, TABLE_ENTRIES, TOP_LEVEL,
} from "../paging/pte.ts";
import { entriesHere, entryAfter, entryFirst } from "../paging/range.ts";
import { tableEntriesAdd } from "../paging/tables.ts";
import { tableTreeGive, unmapRange } from "../paging/unmap.ts";
import { entryDeepest, entryStop } from "../paging/walk.ts";
import {
  frameNext, frameNextSet, framePageSet, frameReferenceAdd, frameReferenceDrop, frameReferences,
} from "../phys/frame-table.ts";
import { frameGive, frameTake } from "../phys/frames.ts";
import type { Owner } from "../phys/owners.ts";
import { isCounted, isPrivate } from "./counted.ts";
import { BACKING, PERMISSION } from "./region.ts";

const WORDS_PER_PAGE = 512;
const KERNEL_SLOT = 256;

// ---- roots ---------------------------------------------------------------------------------------------------
/**
 * A root for `owner`, under which all its other tables will be counted as well: the kernel half is the kernel's, and so
 * is what the kernel has in the lower half; the rest is empty. NO_FRAME when there is none.
 */
export function rootTake(owner: Owner): Frame {
  const root = frameTake(owner);
  if (root === NO_FRAME) return NO_FRAME;
  fillWords(frameBytes(root), PTE_EMPTY, WORDS_PER_PAGE);
  for (let slot = 0; slot < TABLE_ENTRIES; slot++) {
    const pte = rootEntry(kernelRoot(), slot);
    if (!isKernels(pte, slot)) continue;
    pteWrite(entryAfter(entryFirst(root), slot), pte);
    tableEntriesAdd(root, 1);
  }
  return root;
}

/** Gives back a root that no CPU uses, and all tables under it but the kernel's. */
export function rootGive(root: Frame): void {
  for (let slot = 0; slot < TABLE_ENTRIES; slot++) {
    if (isKernels(rootEntry(root, slot), slot)) pteWrite(entryAfter(entryFirst(root), slot), PTE_EMPTY);
  }
  tableTreeGive(root, TOP_LEVEL);
}

/** Of a root: is this entry the kernel's, and so the same in every space? */
export function isKernels(pte: Pte, slot: number): boolean {
  return pteIsPresent(pte) && (slot >= KERNEL_SLOT || (pte & PTE_USER) === 0n);
}
export function rootEntry(root: Frame, slot: number): Pte {
  return pteRead(entryAfter(entryFirst(root), slot));
}

// ---- frames of a space's own ---------------------------------------------------------------------------------
/**
 * A frame of `owner` appears at `page`, zeroed, or a copy of `from` if that is not NO_FRAME. NO_MEMORY, and the
 * mapper's.
 */
export function ownPageMap(root: Frame, owner: Owner, page: Page, flags: bigint, from: Frame): Status {
  const frame = frameTake(owner);
  if (frame === NO_FRAME) return NO_MEMORY;
  if (from === NO_FRAME) fillWords(frameBytes(frame), 0n, WORDS_PER_PAGE); // before anybody can look
  else copyBytes(frameBytes(frame), frameBytes(from), PAGE_BYTES);
  const status = mapPage(root, page, frame, flags);
  if (status !== OK) {
    frameGive(frame);
    return status;
  }
  frameReferenceAdd(frame);
  framePageSet(frame, page);
  return OK;
}

let released: Frame = NO_FRAME; // frames that nothing maps any more, but that a TLB may know

/** Takes away what is present of start..end-1, in a region of that kind; frames that are counted go with releasePay. */
export function pagesRelease(root: Frame, start: bigint, end: bigint, kind: number, backing: bigint): void {
  for (let at = presentFind(root, start, end); at < end; at = presentFind(root, presentEnd, end)) {
    const page = pageOf(virtAddr(at));
    const count = Number((presentEnd - at) >> PAGE_SHIFT);
    if (isPrivate(kind)) framesDrop(entryDeepest(root, page, 1), count, kind, backing);
    if (flushLater(unmapRange(root, page, count)) !== OK) panic("space: a page that is present cannot be unmapped", at);
  }
}

/** One mapping less for each of `count` frames; those without one wait for releasePay. */
function framesDrop(first: PhysAddr, count: number, kind: number, backing: bigint): void {
  for (let i = 0; i < count; i++) {
    const frame = pteFrame(pteRead(entryAfter(first, i)));
    if (!isCounted(kind, backing, frame) || frameReferenceDrop(frame) !== 0) continue;
    frameNextSet(frame, released);
    released = frame;
  }
}

/** Pays the flushes that are owed; only then are frames that were released anybody else's. */
export function releasePay(): void {
  flushPay();
  while (released !== NO_FRAME) {
    const frame = released;
    released = frameNext(frame);
    frameGive(frame);
  }
}

/**
 * What is present of start..end-1, in a region of that kind, gets these rights; releasePay makes it true for the CPU as
 * well. A page that others see, too, stays read-only: whoever writes it gets a copy.
 */
export function pagesProtect(
  root: Frame, start: bigint, end: bigint, flags: bigint, kind: number, backing: bigint,
): void {
  for (let at = presentFind(root, start, end); at < end; at = presentFind(root, presentEnd, end)) {
    const page = pageOf(virtAddr(at));
    const count = Number((presentEnd - at) >> PAGE_SHIFT);
    if (isPrivate(kind) && (flags & PTE_WRITABLE) !== 0n) ownPagesProtect(root, page, count, flags, kind, backing);
    else if (flushLater(protectRange(root, page, count, flags)) !== OK) {
      panic("space: pages that are present cannot be changed", at);
    }
  }
}

/** `count` pages, all present and in one table. */
function ownPagesProtect(
  root: Frame, page: Page, count: number, flags: bigint, kind: number, backing: bigint,
): void {
  const first = entryDeepest(root, page, 1);
  let seen = 0n;
  for (let i = 0; i < count; i++) {
    const pte = pteRead(entryAfter(first, i));
    const frame = pteFrame(pte);
    const isAlone = isCounted(kind, backing, frame) && frameReferences(frame) === 1;
    seen |= pte;
    pteWrite(entryAfter(first, i), pteWord((pte & PTE_KEPT) | (isAlone ? flags : flags & ~PTE_WRITABLE)));
  }
  flushOwe(root, page, count, 1, seen);
}

// ---- what is present -----------------------------------------------------------------------------------------
let presentEnd = 0n;

/**
 * The first present page of start..end-1, or `end`. From there to presentUntil() all are present, and those lie in one
 * table. Cost: a walk for each 2 MiB, or for as much as a missing table would map, and a load for each entry.
 */
export function presentFind(root: Frame, start: bigint, end: bigint): bigint {
  for (let at = start; at < end; ) {
    const entry = entryDeepest(root, virtAddr(at), 1);
    const level = entryStop();
    if (level > 1) {
      at = alignDown(at, levelSpan(level)) + levelSpan(level);
      continue;
    }
    const here = entriesHere(pageOf(virtAddr(at)), 1, Number((end - at) >> PAGE_SHIFT));
    let first = 0;
    while (first < here && !pteIsPresent(pteRead(entryAfter(entry, first)))) first++;
    let last = first;
    while (last < here && pteIsPresent(pteRead(entryAfter(entry, last)))) last++;
    presentEnd = at + BigInt(last) * PAGE_SIZE;
    if (first < last) return at + BigInt(first) * PAGE_SIZE;
    at = presentEnd;
  }
  return end;
}
/** Where the stretch ends that presentFind found. */
export function presentUntil(): bigint {
  return presentEnd;
}

/** The frame behind a page that is present. */
export function pageFrame(root: Frame, page: Page): Frame {
  return pteFrame(pteRead(entryDeepest(root, page, 1)));
}

/** What the mapper is asked for, for pages of a region. */
export function pageFlags(permissions: number, kind: number): bigint {
  let flags = 0n;
  if ((permissions & PERMISSION.WRITE) !== 0) flags |= PTE_WRITABLE;
  if ((permissions & PERMISSION.EXECUTE) === 0) flags |= PTE_NO_EXECUTE;
  if ((permissions & PERMISSION.USER) !== 0) flags |= PTE_USER;
  return kind === BACKING.DEVICE ? flags | PTE_UNCACHED : flags;
}
