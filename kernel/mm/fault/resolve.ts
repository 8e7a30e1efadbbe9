/**
 * Page faults of programs: whether one can be repaired, and the repair. It answers; who called decides what that means.
 *
 *   nothing there     anonymous   read: the zero page            write: a frame, zeroed
 *                     object      read: the object's own frame   write: a copy
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
import { tableEntriesAdd } from "../paging/tables.ts";
import { entryReach, entryTable, NO_ENTRY } from "../paging/walk.ts";
import { framePageSet, frameReferenceAdd, frameReferenceDrop, frameReferences } from "../phys/frame-table.ts";
import { frameGive, frameTake } from "../phys/frames.ts";
import { isCounted } from "../space/counted.ts";
import { objectOf, objectBytes, objectFrame } from "../space/object.ts";
import { BACKING, NO_REGION, PERMISSION, REGION, type Region } from "../space/region.ts";
import { regionAt } from "../space/region-tree.ts";
import { type Space, spacePages, spaceRegions, spaceRoot } from "../space/space.ts";
import { pageFlags } from "../space/space-pages.ts";
import { zeroPage } from "../space/zero-page.ts";
import {
  ACCESS_EXECUTE, ACCESS_WRITE, FAULT_FORBIDDEN, FAULT_NO_BACKING, FAULT_NO_MEMORY, FAULT_NO_REGION, FAULT_REPAIRED,
} from "./answers.ts";
import { stackGrow } from "./stack.ts";

const WORDS_PER_PAGE = 512;

/**
 * A fault at `va`, a user address, in `space`, which need not be the current one. Any answer but FAULT_REPAIRED left
 * regions and pages as they were. Cost: a lookup of the region, a walk; a frame cleared or copied.
 */
export function faultResolve(space: Space, va: VirtAddr, access: number): number {
  let region = regionAt(spaceRegions(space), va);
  if (region === NO_REGION) region = stackGrow(spaceRegions(space), va);
  if (region === NO_REGION) return FAULT_NO_REGION;
  if (!isAllowed(REGION.permissions(region), access)) return FAULT_FORBIDDEN;

  const page = pageOf(va);
  const entry = entryReach(spaceRoot(space), page, 1, PTE_USER);
  if (entry === NO_ENTRY) return FAULT_NO_MEMORY;
  const pte = pteRead(entry);
  if (pte === PTE_EMPTY) return pageBring(space, region, page, entry, access);
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
  const flags = pageFlags(REGION.permissions(region), REGION.kind(region));
  let from = zeroPage();
  if (REGION.kind(region) === BACKING.OBJECT) {
    const object = objectOf(REGION.backing(region));
    const offset = REGION.offset(region) + page - REGION.start(region);
    from = objectFrame(object, offset);
    if (from === NO_FRAME) return FAULT_NO_BACKING;
    const bytes = objectBytes(object, offset);
    if (bytes < PAGE_BYTES) return pagePart(space, page, entry, from, bytes, flags);
  }
  if (access === ACCESS_WRITE) {
    const frame = frameTake(spacePages(space));
    if (frame === NO_FRAME) return FAULT_NO_MEMORY;
    frameFill(frame, from);
    frameShow(frame, page, entry, flags);
    tableEntriesAdd(entryTable(entry), 1);
    return FAULT_REPAIRED;
  }
  pteWrite(entry, pteMake(from, PTE_PRESENT | (flags & ~PTE_WRITABLE)));
  tableEntriesAdd(entryTable(entry), 1);
  return FAULT_REPAIRED;
}

/** The last page of an object that does not end with a page: what lies behind it in memory is nobody's to see. */
function pagePart(
  space: Space, page: Page, entry: PhysAddr, from: Frame, bytes: number, flags: bigint,
): number {
  const frame = frameTake(spacePages(space));
  if (frame === NO_FRAME) return FAULT_NO_MEMORY;
  fillWords(frameBytes(frame), 0n, WORDS_PER_PAGE);
  copyBytes(frameBytes(frame), frameBytes(from), bytes);
  frameShow(frame, page, entry, flags);
  tableEntriesAdd(entryTable(entry), 1);
  return FAULT_REPAIRED;
}

/** A page that is there to be read is to be written. */
function pageOwn(space: Space, region: Region, page: Page, entry: PhysAddr, shown: Frame): number {
  const flags = pageFlags(REGION.permissions(region), REGION.kind(region));
  const isOwn = isCounted(REGION.kind(region), REGION.backing(region), shown);
  if (isOwn && frameReferences(shown) === 1) {
    pteWrite(entry, pteMake(shown, flags | PTE_PRESENT));
  } else {
    const frame = frameTake(spacePages(space));
    if (frame === NO_FRAME) return FAULT_NO_MEMORY;
    frameFill(frame, shown);
    frameShow(frame, page, entry, flags);
    if (isOwn && frameReferenceDrop(shown) === 0) frameGive(shown);
  }
  flushPage(page);
  return FAULT_REPAIRED;
}

function frameFill(frame: Frame, from: Frame): void {
  if (from === zeroPage()) fillWords(frameBytes(frame), 0n, WORDS_PER_PAGE); // nothing has to be read
  else copyBytes(frameBytes(frame), frameBytes(from), PAGE_BYTES);
}

/** The frame is complete before anybody can look. */
function frameShow(frame: Frame, page: Page, entry: PhysAddr, flags: bigint): void {
  frameReferenceAdd(frame);
  framePageSet(frame, page);
  pteWrite(entry, pteMake(frame, flags | PTE_PRESENT));
}
