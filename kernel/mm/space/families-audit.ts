/**
 * Are the frames of each family all behind pages of its spaces, and each counted for every page that shows it? While it
 * looks, the link `previous` of a frame behind a page, which is in no list, says whether it has been seen.
 */
"compiler: cold"; // when a person or a test asks
import { logEnd, logNumber } from "../../base/log.ts";
import { NO_FRAME, PAGE_SHIFT, type Page, pageAfter, pageOf, virtAddr } from "../../lib/addr.ts";
import { DAMAGED, OK, type Status } from "../../lib/status.ts";
import { FRAME, frameRecord } from "../phys/frame-table.ts";
import { frameIsTaken } from "../phys/frames.ts";
import { ownerFrames } from "../phys/owners.ts";
import { frameStanding, OWN } from "./counted.ts";
import { NO_REGION, REGION, type Region } from "./region.ts";
import { regionFirst, regionNext } from "./region-tree.ts";
import { NO_SPACE, type Space, spaceFirst, spaceId, spaceNext, spacePages, spaceRegions, spaceRoot } from "./space.ts";
import { occupiedFind, occupiedUntil, pageFrame } from "./space-pages.ts";

const UNSEEN = 0;
const SEEN = 1;

let isCounting = false;
let frames = 0;
let references = 0;
let pages = 0;

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
  references = 0;
  pages = 0;
  isCounting = false;
  familyLook(space);
  isCounting = true;
  familyLook(space);
  // a frame may be pinned besides
  if (frames === ownerFrames(spacePages(space)) && references >= pages) return true;
  logNumber("mm/space: audit: space ", spaceId(space));
  logNumber(": pages are not as many as counted: frames=", frames);
  logNumber(" counted=", ownerFrames(spacePages(space)));
  logNumber(" pages=", pages);
  logNumber(" references=", references);
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
  const frame = pageFrame(spaceRoot(space), page);
  if (frameStanding(REGION.kind(region), REGION.backing(region), frame) !== OWN || !frameIsTaken(frame)) return;
  const record = frameRecord(frame);
  if (!isCounting) {
    FRAME.setPrevious(record, UNSEEN);
    return;
  }
  pages++;
  if (FRAME.previous(record) === SEEN) return;
  FRAME.setPrevious(record, SEEN);
  frames++;
  references += FRAME.references(record);
}
