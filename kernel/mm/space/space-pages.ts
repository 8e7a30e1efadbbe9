/**
 * The pages of a space: all that mm/space has to do with page tables, and with the frames of its own behind them. Pages
 * are of 4 KiB here, so that no part of a mapping needs a table to be taken away or changed: that cannot fail.
 */
import { copyBytes, fillWords } from "../../doors/machine.ts";
import {
  alignDown, type Frame, frameBytes, NO_FRAME, type Page, PAGE_BYTES, PAGE_SHIFT, PAGE_SIZE, pageOf,
  type PhysAddr, virtAddr,
} from "../../lib/addr.ts";
import { NO_MEMORY, OK, type Status } from "../../lib/status.ts";
import { flushOwe, flushPay } from "../paging/flush.ts";
import { kernelRoot } from "../paging/kernel-map.ts";
import { mapPage } from "../paging/map.ts";
import {
  levelSpan, PTE_EMPTY, PTE_KEPT, PTE_NO_EXECUTE, PTE_PRESENT, PTE_UNCACHED, PTE_USER, PTE_WRITABLE, type Pte,
  pteFrame, pteHidden, pteIsPresent, pteRead, pteWord, pteWrite, TABLE_ENTRIES, TOP_LEVEL,
} from "../paging/pte.ts";
import { entriesHere, entryAfter, entryFirst } from "../paging/range.ts";
import { tableEntries, tableEntriesAdd } from "../paging/tables.ts";
import { tablesPrune, tableTreeGive } from "../paging/unmap.ts";
import { entryDeepest, entryStop, entryTable } from "../paging/walk.ts";
import {
  frameNext, frameNextSet, framePageSet, frameReferenceAdd, frameReferenceDrop, frameReferences,
} from "../phys/frame-table.ts";
import { frameGive, frameTake } from "../phys/frames.ts";
import type { Owner } from "../phys/owners.ts";
import { frameStanding, isPrivate, OBJECTS, OWN, UNCOUNTED } from "./counted.ts";
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
 * A frame of `owner` appears at `page`, zeroed, or a copy of `from` if that is not NO_FRAME; `byte` is which of the
 * region's it is (regionByte). NO_MEMORY, and the mapper's.
 */
export function ownPageMap(
  root: Frame, owner: Owner, page: Page, flags: bigint, from: Frame, byte: bigint,
): Status {
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
  framePageSet(frame, byte);
  return OK;
}

let released: Frame = NO_FRAME; // frames that nothing maps any more, but that a TLB may know

/** Takes away all pages of start..end-1, in a region of that kind; frames of the space's own go with releasePay. */
export function pagesRelease(root: Frame, start: bigint, end: bigint, kind: number, backing: bigint): void {
  for (let at = occupiedFind(root, start, end); at < end; at = occupiedFind(root, occupiedEnd, end)) {
    const page = pageOf(virtAddr(at));
    const count = Number((occupiedEnd - at) >> PAGE_SHIFT);
    const first = entryDeepest(root, page, 1);
    let seen = 0n;
    for (let i = 0; i < count; i++) {
      const pte = pteRead(entryAfter(first, i));
      seen |= pte;
      pteWrite(entryAfter(first, i), PTE_EMPTY);
      frameLeave(pteFrame(pte), kind, backing);
    }
    entriesGone(root, page, first, count, seen);
  }
}

/** One page less shows the frame; if that was the last one, it waits for releasePay. */
function frameLeave(frame: Frame, kind: number, backing: bigint): void {
  const standing = frameStanding(kind, backing, frame);
  if (standing === UNCOUNTED || frameReferenceDrop(frame) !== 0 || standing === OBJECTS) return;
  frameNextSet(frame, released);
  released = frame;
}

/** `count` entries from `first` on, for `page` and those behind it, have become empty; together they had those bits. */
export function entriesGone(root: Frame, page: Page, first: PhysAddr, count: number, seen: bigint): void {
  const table = entryTable(first);
  if ((seen & PTE_PRESENT) !== 0n) flushOwe(root, page, count, 1, seen);
  tableEntriesAdd(table, -count);
  if (tableEntries(table) === 0) tablesPrune(root, page, 1);
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
 * The pages of start..end-1, in a region of that kind, get these permissions, and are hidden from everybody if they may
 * not be read; releasePay makes it true for the CPU as well. A page that others see, too, stays read-only: whoever
 * writes it gets a copy.
 */
export function pagesProtect(
  root: Frame, start: bigint, end: bigint, permissions: number, kind: number, backing: bigint,
): void {
  const flags = pageFlags(permissions, kind);
  const isHiding = (permissions & PERMISSION.READ) === 0;
  const isAsking = isPrivate(kind) && (flags & PTE_WRITABLE) !== 0n;
  for (let at = occupiedFind(root, start, end); at < end; at = occupiedFind(root, occupiedEnd, end)) {
    const page = pageOf(virtAddr(at));
    const count = Number((occupiedEnd - at) >> PAGE_SHIFT);
    const first = entryDeepest(root, page, 1);
    let seen = 0n;
    for (let i = 0; i < count; i++) {
      const pte = pteRead(entryAfter(first, i));
      seen |= pte;
      if (isHiding) {
        pteWrite(entryAfter(first, i), pteHidden(pte));
        continue;
      }
      const isKept = isAsking && !isAlone(kind, backing, pteFrame(pte));
      const rights = isKept ? flags & ~PTE_WRITABLE : flags;
      pteWrite(entryAfter(first, i), pteWord((pte & PTE_KEPT) | PTE_PRESENT | rights));
    }
    if ((seen & PTE_PRESENT) !== 0n) flushOwe(root, page, count, 1, seen);
  }
}

function isAlone(kind: number, backing: bigint, frame: Frame): boolean {
  return frameStanding(kind, backing, frame) === OWN && frameReferences(frame) === 1;
}

// ---- which pages are there -----------------------------------------------------------------------------------
let occupiedEnd = 0n;

/**
 * The first page of start..end-1 that has a frame, shown or hidden, or `end`. From there to occupiedUntil() all have
 * one, and those lie in one table. Cost: a walk for each 2 MiB, or for as much as a missing table would map, and a load
 * for each entry.
 */
export function occupiedFind(root: Frame, start: bigint, end: bigint): bigint {
  for (let at = start; at < end; ) {
    const entry = entryDeepest(root, virtAddr(at), 1);
    const level = entryStop();
    if (level > 1) {
      at = alignDown(at, levelSpan(level)) + levelSpan(level);
      continue;
    }
    const here = entriesHere(pageOf(virtAddr(at)), 1, Number((end - at) >> PAGE_SHIFT));
    let first = 0;
    while (first < here && pteRead(entryAfter(entry, first)) === PTE_EMPTY) first++;
    let last = first;
    while (last < here && pteRead(entryAfter(entry, last)) !== PTE_EMPTY) last++;
    occupiedEnd = at + BigInt(last) * PAGE_SIZE;
    if (first < last) return at + BigInt(first) * PAGE_SIZE;
    at = occupiedEnd;
  }
  return end;
}
/** Where the stretch ends that occupiedFind found. */
export function occupiedUntil(): bigint {
  return occupiedEnd;
}

/** The frame behind a page that has one. */
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
