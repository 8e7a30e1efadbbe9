/**
 * Page faults of programs: whether one can be repaired, and the repair. It answers; who called decides what that means.
 *
 *   nothing there     anonymous   read: the zero page            write: a frame, zeroed
 *                     object      read: the object's own frame   write: a copy
 *                     shared      the object's own frame
 *   there, read-only  to be written where the region allows it: the only one who has the frame may write it as it is,
 *                     others get a copy (copy-on-write)
 *
 * A fault is counted, and costs one frame at most and up to three tables.
 */
import { flushPage } from "../../arch/tlb.ts";
import { copyBytes, fillWords } from "../../doors/machine.ts";
import {
  type Frame, frameBytes, NO_FRAME, PAGE_BYTES, type Page, pageOf, type PhysAddr, type VirtAddr,
} from "../../lib/addr.ts";
import { PTE_EMPTY, PTE_PRESENT, PTE_USER, PTE_WRITABLE, pteFrame, pteIsPresent, pteMake, pteRead, pteWrite } from
  "../paging/pte.ts";
import { flushPay } from "../paging/flush.ts";
import { tableEntries, tableEntriesAdd } from "../paging/tables.ts";
import { tablesPrune } from "../paging/unmap.ts";
import { entryReach, entryTable, NO_ENTRY } from "../paging/walk.ts";
import { framePageSet, frameReferenceAdd, frameReferenceDrop, frameReferences } from "../phys/frame-table.ts";
import { frameTake } from "../phys/frames.ts";
import { frameStanding, isPrivate, OWN, UNCOUNTED } from "../space/counted.ts";
import {
  OBJECT, OBJECT_KIND, objectBytes, objectFrame, objectOf, objectPageFind, objectPageReach, objectReaches,
} from "../space/object.ts";
import { BACKING, NO_REGION, PERMISSION, REGION, type Region, regionByte, regionHasObject } from "../space/region.ts";
import { regionAt } from "../space/region-tree.ts";
import { type Space, spacePages, spaceRegions, spaceRoot } from "../space/space.ts";
import { pageFlags } from "../space/space-pages.ts";
import { zeroPage } from "../space/zero-page.ts";
import {
  ACCESS_EXECUTE, ACCESS_WRITE, FAULT_FORBIDDEN, FAULT_NO_BACKING, FAULT_NO_MEMORY, FAULT_NO_REGION, FAULT_REPAIRED,
} from "./answers.ts";
import { fileBringAround } from "./around.ts";
import { stackAbove, stackGrow } from "./stack.ts";

const WORDS_PER_PAGE = 512;

/**
 * A fault at `va`, a user address, in `space`, which need not be the current one. Any answer but FAULT_REPAIRED left
 * regions and pages as they were. Cost: a lookup of the region, a walk; a frame cleared or copied.
 */
export function faultResolve(space: Space, va: VirtAddr, access: number): number {
  let region = regionAt(spaceRegions(space), va);
  if (region === NO_REGION) region = stackAbove(spaceRegions(space), va);
  if (region === NO_REGION) return FAULT_NO_REGION;
  if (!isAllowed(REGION.permissions(region), access)) return FAULT_FORBIDDEN;

  const page = pageOf(va);
  const entry = entryReach(spaceRoot(space), page, 1, PTE_USER);
  if (entry === NO_ENTRY) return FAULT_NO_MEMORY;
  const pte = pteRead(entry);
  if (pte === PTE_EMPTY) {
    const answer = pageBring(space, region, page, entry, access);
    if (answer !== FAULT_REPAIRED) tableForget(spaceRoot(space), page, entry);
    else if (page < REGION.start(region)) stackGrow(space, region, page);
    return answer;
  }
  if (pteIsPresent(pte) && access === ACCESS_WRITE && (pte & PTE_WRITABLE) === 0n) {
    return pageOwn(space, region, page, entry, pteFrame(pte));
  }
  flushPage(va); // the CPU knew it otherwise
  return FAULT_REPAIRED;
}

function isAllowed(permissions: number, access: number): boolean {
  if (access === ACCESS_WRITE) return (permissions & PERMISSION.WRITE) !== 0;
  if (access === ACCESS_EXECUTE) return (permissions & PERMISSION.EXECUTE) !== 0;
  return (permissions & PERMISSION.READ) !== 0;
}

/** The first touch. */
function pageBring(space: Space, region: Region, page: Page, entry: PhysAddr, access: number): number {
  if (regionHasObject(region)) return objectBring(space, region, page, entry, access);
  const flags = pageFlags(REGION.permissions(region), REGION.kind(region));
  if (access === ACCESS_WRITE) return copyBring(space, region, page, entry, zeroPage(), PAGE_BYTES);
  pteWrite(entry, pteMake(zeroPage(), PTE_PRESENT | (flags & ~PTE_WRITABLE)));
  tableEntriesAdd(entryTable(entry), 1);
  return FAULT_REPAIRED;
}

/** The first touch of a page that shows an object. */
function objectBring(space: Space, region: Region, page: Page, entry: PhysAddr, access: number): number {
  const object = objectOf(REGION.backing(region));
  const offset = regionByte(region, page);
  const isShared = REGION.kind(region) === BACKING.SHARED;
  const isCopy = access === ACCESS_WRITE && !isShared;
  if (!objectReaches(object, offset)) return FAULT_NO_BACKING;
  let flags = pageFlags(REGION.permissions(region), REGION.kind(region));
  if (!isShared) flags &= ~PTE_WRITABLE;
  if (OBJECT.kind(object) === OBJECT_KIND.MEMORY) {
    const held = isCopy ? objectPageFind(object, offset) : objectPageReach(object, offset);
    if (isCopy) return copyBring(space, region, page, entry, held === NO_FRAME ? zeroPage() : held, PAGE_BYTES);
    if (held === NO_FRAME) return FAULT_NO_MEMORY;
    frameReferenceAdd(held);
    pteWrite(entry, pteMake(held, PTE_PRESENT | flags));
  } else {
    const bytes = objectBytes(object, offset);
    // of a file that does not end with a page: what lies behind it in memory is nobody's to see
    if (isCopy || bytes < PAGE_BYTES) return copyBring(space, region, page, entry, objectFrame(object, offset), bytes);
    fileBringAround(region, page, entry, object, flags);
    return FAULT_REPAIRED;
  }
  tableEntriesAdd(entryTable(entry), 1);
  return FAULT_REPAIRED;
}

/** A frame of the space's own that begins with `bytes` of `from`; the rest is zero. */
function copyBring(
  space: Space, region: Region, page: Page, entry: PhysAddr, from: Frame, bytes: number,
): number {
  const frame = frameTake(spacePages(space));
  if (frame === NO_FRAME) return FAULT_NO_MEMORY;
  frameFill(frame, bytes < PAGE_BYTES ? zeroPage() : from);
  if (bytes < PAGE_BYTES) copyBytes(frameBytes(frame), frameBytes(from), bytes);
  frameShow(frame, region, page, entry);
  tableEntriesAdd(entryTable(entry), 1);
  return FAULT_REPAIRED;
}

/** Tables that were built for a page that did not come go again. */
function tableForget(root: Frame, page: Page, entry: PhysAddr): void {
  if (tableEntries(entryTable(entry)) !== 0) return;
  tablesPrune(root, page, 1);
  flushPay();
}

/** A page that is there to be read is to be written. */
function pageOwn(space: Space, region: Region, page: Page, entry: PhysAddr, shown: Frame): number {
  const kind = REGION.kind(region);
  const standing = frameStanding(kind, REGION.backing(region), shown);
  if (!isPrivate(kind) || (standing === OWN && frameReferences(shown) === 1)) {
    pteWrite(entry, pteMake(shown, pageFlags(REGION.permissions(region), kind) | PTE_PRESENT));
  } else {
    const frame = frameTake(spacePages(space));
    if (frame === NO_FRAME) return FAULT_NO_MEMORY;
    frameFill(frame, shown);
    frameShow(frame, region, page, entry);
    if (standing !== UNCOUNTED) frameReferenceDrop(shown); // others show it, too, or it is an object's
  }
  flushPage(page);
  return FAULT_REPAIRED;
}

function frameFill(frame: Frame, from: Frame): void {
  if (from === zeroPage()) fillWords(frameBytes(frame), 0n, WORDS_PER_PAGE); // nothing has to be read
  else copyBytes(frameBytes(frame), frameBytes(from), PAGE_BYTES);
}

/** The frame is complete before anybody can look. */
function frameShow(frame: Frame, region: Region, page: Page, entry: PhysAddr): void {
  frameReferenceAdd(frame);
  framePageSet(frame, regionByte(region, page));
  pteWrite(entry, pteMake(frame, pageFlags(REGION.permissions(region), REGION.kind(region)) | PTE_PRESENT));
}
