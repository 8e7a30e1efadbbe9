/**
 * Does all that is derived from the bitmaps say what they say? For tests and for the console: it looks at every word of
 * the bitmaps and at the record of every frame that is handed out. The first defect gets a line that names the frame.
 */
"compiler: cold"; // for people, and after the fact
import { logEnd, logNumber, logText } from "../../base/log.ts";
import { type Frame, frameNumber } from "../../lib/addr.ts";
import { countOnes, countTrailingZeros } from "../../lib/bits.ts";
import { DAMAGED, OK, type Status } from "../../lib/status.ts";
import { areaIsWhole, areasAreSound } from "./areas.ts";
import {
  areaIsFree, bitsAreas, frameIsFreeBit, frameIsHead, framesLimit, PAIR, pairOfWord, wordIsOffered, wordsAreSound,
} from "./frame-bits.ts";
import { FRAME, frameOwner, frameRecord, frameReferences, RUN } from "./frame-table.ts";
import { framesFree, framesTotal } from "./frames.ts";
import { areaOpened, wordTakenFrom } from "./open-word.ts";
import { OWNER, ownerFirst, ownerFrames, ownerIsKnown, ownerNext, NO_OWNER } from "./owners.ts";
import { REGION_USABLE, regionCount, regionEnd, regionKind, regionStart } from "./regions.ts";
import { AREA_FRAMES, AREA_WORDS, ORDER_MAX, runFrames } from "./units.ts";

let freeSeen = 0;
let takenSeen = 0;

/**
 * OK, or DAMAGED with a line: bitmaps, sets, counters, records and owners agree. Cost: two words for each 64 frames,
 * and for each frame or run that is handed out its record and the list of owners.
 */
export function framesAudit(): Status {
  freeSeen = 0;
  takenSeen = 0;
  for (let at = ownerFirst(); at !== NO_OWNER; at = ownerNext(at)) OWNER.setCounted(at, 0n);
  for (let area = 0; area < bitsAreas(); area++) {
    if (!areaAudit(area)) return DAMAGED;
  }
  if (!wordsAreSound() || !areasAreSound()) return damaged("a set of words or areas contradicts itself", 0);
  if (freeSeen !== framesFree()) return damaged("the count of free frames is wrong", freeSeen);
  if (freeSeen + takenSeen !== framesTotal()) return damaged("frames were lost or won", freeSeen + takenSeen);
  for (let at = ownerFirst(); at !== NO_OWNER; at = ownerNext(at)) {
    if (Number(OWNER.counted(at)) !== ownerFrames(at)) return damaged("an owner has another count", ownerFrames(at));
  }
  return OK;
}

/** OK, or DAMAGED with a line: no frame of a region that the memory map reserves is in the pool. */
export function reservationsAudit(): Status {
  for (let i = 0; i < regionCount(); i++) {
    if (regionKind(i) === REGION_USABLE) continue;
    const end = regionEnd(i) >> 12n;
    for (let frame = regionStart(i) >> 12n; frame < end && frame < BigInt(framesLimit()); frame++) {
      const at = frameNumber(Number(frame));
      if (frameIsFreeBit(at) || frameIsHead(at)) return damaged("a reserved frame is in the pool", at);
    }
  }
  return OK;
}

/** Eight words, and where the sets have them. */
function areaAudit(area: number): boolean {
  const first = area * AREA_WORDS;
  const isWhole = areaIsFree(pairOfWord(first)) && areaOpened() !== pairOfWord(first);
  if (areaIsWhole(area) !== isWhole) return wrong("the area is in the wrong set", area * AREA_FRAMES);
  for (let word = first; word < first + AREA_WORDS; word++) {
    const pair = pairOfWord(word);
    const free = PAIR.free(pair);
    const heads = PAIR.heads(pair);
    const mayBeOffered = word === wordTakenFrom() || free !== 0n;
    if (wordIsOffered(word) && (isWhole || !mayBeOffered)) return wrong("the word is offered", word * 64);
    if (!wordIsOffered(word) && !isWhole && free !== 0n) return wrong("the word is not offered", word * 64);
    if ((free & heads) !== 0n) return wrong("free and handed out", word * 64 + countTrailingZeros(free & heads));
    freeSeen += countOnes(free);
    for (let left = heads; left !== 0n; left &= left - 1n) {
      if (!headAudit(frameNumber(word * 64 + countTrailingZeros(left)))) return false;
    }
  }
  return true;
}

/** The record of a frame that is handed out, and the frames behind it if it is the head of a run. */
function headAudit(frame: Frame): boolean {
  const record = frameRecord(frame);
  const order = FRAME.order(record);
  if (order > ORDER_MAX || frame % runFrames(order) !== 0) return wrong("a run that is none", frame);
  const mark = order > 0 ? RUN : 0;
  if (FRAME.references(record) - frameReferences(frame) !== mark) return wrong("no run, or one", frame);
  const owner = frameOwner(frame);
  if (!ownerIsKnown(owner)) return wrong("the owner is nobody", frame);
  if (FRAME.kind(record) !== OWNER.kind(owner)) return wrong("the kind is not its owner's", frame);
  const count = runFrames(order);
  OWNER.setCounted(owner, OWNER.counted(owner) + BigInt(count));
  takenSeen += count;
  for (let tail = frame + 1; tail < frame + count; tail++) {
    const at = frameNumber(tail);
    if (frameIsFreeBit(at) || frameIsHead(at)) return wrong("within a run, but not its", tail);
  }
  return true;
}

function damaged(what: string, value: number): Status {
  wrong(what, value);
  return DAMAGED;
}
function wrong(what: string, value: number): boolean {
  logNumber("mm/phys: audit: frame or count ", value);
  logText(": ");
  logText(what);
  logEnd();
  return false;
}
