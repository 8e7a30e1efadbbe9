/** Do spaces agree with their page tables, and with what is counted for them? */
"compiler: cold"; // when a person or a test asks
import { logEnd, logNumber, logText, logVirt } from "../../base/log.ts";
import { alignUp, type Frame, NO_FRAME, PAGE_SHIFT, PAGE_SIZE, virtAddr } from "../../lib/addr.ts";
import { DAMAGED, OK, type Status } from "../../lib/status.ts";
import { kernelRoot } from "../paging/kernel-map.ts";
import {
  levelSpan, PTE_ACCESSED, PTE_DIRTY, PTE_EMPTY, PTE_GLOBAL, PTE_HUGE, PTE_NO_EXECUTE, PTE_UNCACHED, PTE_USER,
  PTE_WRITABLE, type Pte, pteFrame, pteHidden, pteIsPresent, pteIsTable, pteRead, TABLE_ENTRIES, TOP_LEVEL,
} from "../paging/pte.ts";
import { entryAfter, entryFirst } from "../paging/range.ts";
import { tableEntries } from "../paging/tables.ts";
import { tableEntriesCount } from "../paging/tables-audit.ts";
import { frameOwner, framePage, frameReferences } from "../phys/frame-table.ts";
import { frameIsTaken } from "../phys/frames.ts";
import { ownerAt, ownerFrames } from "../phys/owners.ts";
import { slotHighest } from "./memory-spaces.ts";
import { frameStanding, isPrivate, OBJECTS, OWN, UNCOUNTED } from "./counted.ts";
import { familiesAudit } from "./families-audit.ts";
import { treeFramesSeen, treeLook, treeShownSeen } from "./frame-tree.ts";
import { NO_SPACE_OBJECT, OBJECT, objectFirst, objectOf } from "./object.ts";
import { NO_REGION, PERMISSION, REGION, type Region, regionByte, regionSize, regionsOut } from "./region.ts";
import { regionAt, regionFirst, regionNext } from "./region-tree.ts";
import { regionsAudit } from "./regions-audit.ts";
import {
  NO_SPACE, type Space, spaceFirst, spaceId, spaceNext, spacePages, spaceRegionCount, spaceRegions, spaceRoot,
  spaceTables,
} from "./space.ts";
import { isKernels, pageFlags, rootEntry } from "./space-pages.ts";
import { isUserRange, slotOf, slotStart } from "./user-range.ts";

const CPU_BITS = PTE_ACCESSED | PTE_DIRTY;
/** Of every table of a space's own, all. */
const RIGHTS = PTE_WRITABLE | PTE_USER;

let tablesSeen = 0;
let shownSeen = 0; // pages that show an object's frames
let isSound = true;
let areTreesSound = true;

/**
 * OK, or DAMAGED with a line for each mistake: regions are in order and a program's; what is present lies in a region
 * that allows it, and can be written only where nobody else sees it; frames of a space's own and of objects, and
 * tables, are as many as are counted; the kernel is the same everywhere.
 * Cost: it looks at each region and each entry of each table.
 */
export function spacesAudit(): Status {
  let status: Status = OK;
  let regions = 0;
  areTreesSound = true;
  shownSeen = 0;
  for (let space = spaceFirst(); space !== NO_SPACE; space = spaceNext(space)) {
    regions += spaceRegionCount(space);
    if (!spaceIsSound(space)) status = DAMAGED;
  }
  if (areTreesSound && familiesAudit() !== OK) status = DAMAGED;
  if (!objectsAreSound()) status = DAMAGED;
  if (regions === regionsOut()) return status;
  logNumber("mm/space: audit: regions in all spaces: ", regions);
  logNumber(", handed out: ", regionsOut());
  logEnd();
  return DAMAGED;
}

function spaceIsSound(space: Space): boolean {
  isSound = regionsAudit(spaceRegions(space)) === OK;
  if (!isSound) {
    areTreesSound = false; // whoever walks a broken one may not come back
    return false;
  }
  for (let region = regionFirst(spaceRegions(space)); region !== NO_REGION; region = regionNext(region)) {
    const start = REGION.start(region);
    if (!isUserRange(start, regionSize(region))) wrong(space, "a region is not a program's", start);
    if (slotHighest(space, slotOf(start)) < REGION.end(region) && slotOf(start) === slotOf(REGION.end(region) - 1n)) {
      wrong(space, "a region is above the highest allocation", start);
    }
  }
  tablesSeen = 0;
  if (spaceRoot(space) !== NO_FRAME) tablesLook(space);
  if (tablesSeen !== ownerFrames(spaceTables(space))) {
    wrong(space, "tables are not as many as counted", BigInt(tablesSeen));
  }
  return isSound;
}

function tablesLook(space: Space): void {
  const root = spaceRoot(space);
  tablesSeen = 1;
  if (tableEntriesCount(root) !== tableEntries(root)) wrong(space, "the root's entries are not as many as counted", 0n);
  for (let slot = 0; slot < TABLE_ENTRIES; slot++) {
    const pte = rootEntry(root, slot);
    const kernels = rootEntry(kernelRoot(), slot);
    if (isKernels(pte, slot) || isKernels(kernels, slot)) {
      if (((pte ^ kernels) & ~CPU_BITS) !== 0n) wrong(space, "the kernel is elsewhere in slot", BigInt(slot));
    } else if (pteIsPresent(pte)) {
      wayLook(space, pte, slotStart(slot));
      tableLook(space, pteFrame(pte), TOP_LEVEL - 1, slotStart(slot));
    }
  }
}

/** A table of `level` for what is at `base`, and all under it. */
function tableLook(space: Space, table: Frame, level: number, base: bigint): void {
  tablesSeen++;
  let entries = 0;
  for (let i = 0; i < TABLE_ENTRIES; i++) {
    const pte = pteRead(entryAfter(entryFirst(table), i));
    if (pte !== 0n) entries++;
    if (pte === PTE_EMPTY) continue;
    const va = base + BigInt(i) * levelSpan(level);
    if (level > 1 && pteIsTable(pte)) {
      wayLook(space, pte, va);
      tableLook(space, pteFrame(pte), level - 1, va);
    } else {
      pageLook(space, pte, va);
    }
  }
  if (entries !== tableEntries(table)) wrong(space, "a table's entries are not as many as counted", base);
  if (frameOwner(table) !== spaceTables(space)) wrong(space, "a table is somebody else's", base);
}

/** What is under an entry that leads to a table says by itself what may be done there. */
function wayLook(space: Space, pte: Pte, va: bigint): void {
  if ((pte & (RIGHTS | PTE_NO_EXECUTE)) !== RIGHTS) wrong(space, "a table has rights of its own", va);
}

function pageLook(space: Space, pte: Pte, va: bigint): void {
  const region = regionAt(spaceRegions(space), virtAddr(va));
  if (region === NO_REGION) {
    wrong(space, "a page is in no region", va);
    return;
  }
  if (!isAllowed(pte, region)) wrong(space, "a page allows more than its region", va);
  if (!isAsUsual(pte, region)) wrong(space, "a page is not of its region's memory type, or large, or global", va);
  const frame = pteFrame(pte);
  const standing = frameStanding(REGION.kind(region), REGION.backing(region), frame);
  if (standing !== OWN && isPrivate(REGION.kind(region)) && (pte & PTE_WRITABLE) !== 0n) {
    wrong(space, "a page that others see can be written", va);
  }
  if (standing === UNCOUNTED) return;
  const owner = standing === OWN ? spacePages(space) : OBJECT.ownerAt(objectOf(REGION.backing(region)));
  if (standing === OBJECTS) shownSeen++;
  if (!frameIsTaken(frame) || frameOwner(frame) !== owner) wrong(space, "a page is somebody else's", va);
  else if (frameReferences(frame) === 0 || framePage(frame) !== regionByte(region, va)) {
    wrong(space, "a frame does not know its page", va);
  }
}

/** Objects have the frames that are counted for them, and those count the pages that show them. */
function objectsAreSound(): boolean {
  let areSound = true;
  let counted = 0;
  for (let at = objectFirst(); at !== NO_SPACE_OBJECT; at = OBJECT.next(at)) {
    const end = alignUp(OBJECT.size(at), PAGE_SIZE) >> PAGE_SHIFT;
    const isWhole = treeLook(OBJECT.treeAt(at), end) && treeFramesSeen() === ownerFrames(ownerAt(OBJECT.ownerAt(at)));
    counted += treeShownSeen();
    if (isWhole) continue;
    areSound = false;
    logNumber("mm/space: audit: the pages of an object are not as many as counted: id=", Number(OBJECT.id(at)));
    logEnd();
  }
  if (counted >= shownSeen) return areSound; // a frame may be pinned besides
  logNumber("mm/space: audit: pages that show objects: ", shownSeen);
  logNumber(", counted by their frames: ", counted);
  logEnd();
  return false;
}

function isAllowed(pte: Pte, region: Region): boolean {
  const permissions = REGION.permissions(region);
  if (!pteIsPresent(pte)) return pte === pteHidden(pte) && (permissions & PERMISSION.READ) === 0;
  if ((pte & PTE_WRITABLE) !== 0n && (permissions & PERMISSION.WRITE) === 0) return false;
  if ((pte & PTE_NO_EXECUTE) === 0n && (permissions & PERMISSION.EXECUTE) === 0) return false;
  if ((pte & PTE_USER) !== 0n && (permissions & PERMISSION.USER) === 0) return false;
  return (permissions & PERMISSION.READ) !== 0;
}

function isAsUsual(pte: Pte, region: Region): boolean {
  if (!pteIsPresent(pte)) return true;
  const usual = pageFlags(REGION.permissions(region), REGION.kind(region)) & PTE_UNCACHED;
  return (pte & (PTE_UNCACHED | PTE_HUGE | PTE_GLOBAL)) === usual;
}

function wrong(space: Space, what: string, value: bigint): void {
  isSound = false;
  logNumber("mm/space: audit: space ", spaceId(space));
  logText(": ");
  logText(what);
  logVirt(": ", virtAddr(value));
  logEnd();
}
