/** `spaces`: what programs have, and where. */
"compiler: cold"; // for people to read
import { columnAddress, columnNumber, columnTextRight } from "../base/columns.ts";
import { logEnd, logLine, logNumber, logVirt } from "../base/log.ts";
import { frameAddr, NO_FRAME, virtAddr } from "../lib/addr.ts";
import { ownerFrames } from "../mm/phys/owners.ts";
import { slotHighest } from "../mm/space/memory-spaces.ts";
import {
  NO_SPACE, type Space, spaceFirst, spaceId, spaceNext, spacePageCount, spacePages, spaceRegionCount, spaceRoot,
} from "../mm/space/space.ts";
import { slotStart, USER_SLOTS } from "../mm/space/user-range.ts";

const ID = 6;
const ROOT = 18;
const REGIONS = 10;
const KIB = 16;
const KIB_PER_PAGE = 4;

/** A line for each space, the newest first, and one for each slot of 512 GiB that it ever used. */
export function spacesCommand(): boolean {
  if (spaceFirst() === NO_SPACE) {
    logLine("There is no space but the kernel's.");
    return true;
  }
  columnTextRight("id", ID);
  columnTextRight("root", ROOT);
  columnTextRight("regions", REGIONS);
  columnTextRight("resident KiB", KIB);
  columnTextRight("virtual KiB", KIB);
  logEnd();
  for (let space = spaceFirst(); space !== NO_SPACE; space = spaceNext(space)) {
    spaceShow(space);
    for (let slot = 0; slot < USER_SLOTS; slot++) slotShow(space, slot);
  }
  return true;
}

function spaceShow(space: Space): void {
  const root = spaceRoot(space);
  columnNumber(spaceId(space), ID);
  if (root === NO_FRAME) columnTextRight("destroyed", ROOT);
  else columnAddress("p", frameAddr(root), ROOT);
  columnNumber(spaceRegionCount(space), REGIONS);
  columnNumber(ownerFrames(spacePages(space)) * KIB_PER_PAGE, KIB);
  columnNumber(spacePageCount(space) * KIB_PER_PAGE, KIB);
  logEnd();
}

function slotShow(space: Space, slot: number): void {
  const highest = slotHighest(space, slot);
  if (highest === 0n) return;
  logNumber("       slot ", slot);
  logVirt(" at ", virtAddr(slotStart(slot)));
  logVirt(", highest allocation ends at ", virtAddr(highest));
  logEnd();
}
