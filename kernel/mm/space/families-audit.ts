/**
 * Are the frames of each family all behind pages of its spaces, and each counted for every page that shows it? While it
 * looks, the link `previous` of a frame behind a page, which is in no list, says how many pages have been seen to show
 * it.
 */
"compiler: cold"; // when a person or a test asks
import { logEnd, logNumber, logText, logVirt } from "../../base/log.ts";
import { NO_FRAME, PAGE_SHIFT, type Page, pageAfter, pageOf, virtAddr } from "../../lib/addr.ts";
import { DAMAGED, OK, type Status } from "../../lib/status.ts";
import { PTE_WRITABLE, pteFrame, pteIsPresent, pteRead } from "../paging/pte.ts";
import { entryDeepest } from "../paging/walk.ts";
import { FRAME, frameRecord, frameReferences } from "../phys/frame-table.ts";
import { frameIsTaken } from "../phys/frames.ts";
import { ownerFrames } from "../phys/owners.ts";
import { frameStanding, OWN } from "./counted.ts";
import { NO_REGION, REGION, type Region } from "./region.ts";
import { regionFirst, regionNext } from "./region-tree.ts";
import { NO_SPACE, type Space, spaceFirst, spaceId, spaceNext, spacePages, spaceRegions, spaceRoot } from "./space.ts";
import { occupiedFind, occupiedUntil } from "./space-pages.ts";

/** The family is looked at three times: links become 0; pages are counted; what was counted is compared. */
const CLEAR = 0;
const COUNT = 1;
const COMPARE = 2;

let step = CLEAR;
let frames = 0;
let isSound = true;

/** OK, or DAMAGED with a line for each mistake. What is present lies in regions that are in order. */
export function familiesAudit(): Status {
  let status: Status = OK;
  for (let space = spaceFirst(); space !== NO_SPACE; space = spaceNext(space)) {
    if (isFirstOfFamily(space) && !familyIsSound(space)) status = DAMAGED;
  }
  return status;
}

function familyIsSound(space: Space): boolean {
  frames = 0;
  isSound = true;
  for (step = CLEAR; step <= COMPARE; step++) familyLook(space);
  if (frames === ownerFrames(spacePages(space))) return isSound;
  logNumber("mm/space: audit: space ", spaceId(space));
  logNumber(": pages are not as many as counted: frames=", frames);
  logNumber(" counted=", ownerFrames(spacePages(space)));
  logEnd();
  return false;
}

function isFirstOfFamily(space: Space): boolean {
  for (let other = spaceFirst(); other !== space; other = spaceNext(other)) {
    if (spacePages(other) === spacePages(space)) return false;
  }
  return true;
}

function familyLook(space: Space): void {
  for (let other = spaceFirst(); other !== NO_SPACE; other = spaceNext(other)) {
    if (spacePages(other) !== spacePages(space) || spaceRoot(other) === NO_FRAME) continue;
    const regions = spaceRegions(other);
    for (let at = regionFirst(regions); at !== NO_REGION; at = regionNext(at)) regionLook(other, at);
  }
}

function regionLook(space: Space, region: Region): void {
  const end = REGION.end(region);
  for (let at = occupiedFind(spaceRoot(space), REGION.start(region), end); at < end; ) {
    const until = occupiedUntil();
    const first = pageOf(virtAddr(at));
    for (let i = 0; i < Number((until - at) >> PAGE_SHIFT); i++) pageLook(space, region, pageAfter(first, i));
    at = occupiedFind(spaceRoot(space), until, end);
  }
}

function pageLook(space: Space, region: Region, page: Page): void {
  const pte = pteRead(entryDeepest(spaceRoot(space), page, 1));
  const frame = pteFrame(pte);
  if (frameStanding(REGION.kind(region), REGION.backing(region), frame) !== OWN || !frameIsTaken(frame)) return;
  const record = frameRecord(frame);
  const shown = FRAME.previous(record);
  if (step === CLEAR) {
    FRAME.setPrevious(record, 0);
  } else if (step === COUNT) {
    if (shown === 0) frames++;
    FRAME.setPrevious(record, shown + 1);
  } else {
    if (shown > frameReferences(frame)) wrong(space, "a frame is shown more often than it counts", page);
    if (shown > 1 && pteIsPresent(pte) && (pte & PTE_WRITABLE) !== 0n) {
      wrong(space, "a page that others see can be written", page);
    }
  }
}

function wrong(space: Space, what: string, page: Page): void {
  isSound = false;
  logNumber("mm/space: audit: space ", spaceId(space));
  logText(": ");
  logText(what);
  logVirt(": ", page);
  logEnd();
}
