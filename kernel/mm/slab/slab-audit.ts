/** Does all of a slab agree with itself? For tests and for the console. */
"compiler: cold";
import { logEnd, logNumber, logText } from "../../base/log.ts";
import { type Frame, frameAfter } from "../../lib/addr.ts";
import { DAMAGED, OK, type Status } from "../../lib/status.ts";
import { framesLimit } from "../phys/frame-bits.ts";
import { FRAME, frameOwner, frameRecord } from "../phys/frame-table.ts";
import { frameIsTaken } from "../phys/frames.ts";
import {
  frameIsFull, frameIsOf, slabFrameNext, NONE, objectIsFree, placesFromWords, placesOf, SLAB,
} from "./slab-frame.ts";

/**
 * OK, or DAMAGED with a line: the bits, counts and list of the slab agree. Cost: a look at each frame of memory, and at
 * each object of the slab.
 */
export function slabAudit(slab: bigint): Status {
  let frames = 0;
  let count = 0;
  let partial = 0;
  for (let at = 0; at < framesLimit(); at++) {
    const frame = frameAfter(NONE, at);
    if (!frameIsTaken(frame) || frameOwner(frame) !== SLAB.owner(slab) || !frameIsOf(slab, frame)) continue;
    frames++;
    const out = FRAME.references(frameRecord(frame));
    count += out;
    if (out > 0 && !frameIsFull(frame)) partial++;
    if (objectsOut(slab, frame) !== out) return damaged("a frame's count of objects is wrong", frame);
    if (placesFromWords(slab, frame) !== placesOf(frame)) return damaged("a frame's places are wrong", frame);
    if (out === 0 && SLAB.reserve(slab) !== frame) return damaged("an empty frame is not the reserve", frame);
  }
  if (frames !== Number(SLAB.frames(slab))) return damaged("frames were lost or won", frames);
  if (count !== Number(SLAB.count(slab))) return damaged("objects were lost or won", count);
  return listIsSound(slab, partial) ? OK : damaged("the list of frames is broken", SLAB.partial(slab));
}

function objectsOut(slab: bigint, frame: Frame): number {
  let out = 0;
  for (let index = 0; index < SLAB.objects(slab); index++) {
    if (!objectIsFree(slab, frame, index)) out++;
  }
  return out;
}

/** Does it lead through `count` frames of the slab with some out and some free, each pointing back? */
function listIsSound(slab: bigint, count: number): boolean {
  let seen = 0;
  let previous = NONE;
  for (let frame = SLAB.partial(slab); frame !== NONE; frame = slabFrameNext(frame)) {
    if (seen === count || !frameIsTaken(frame) || !frameIsOf(slab, frame)) return false;
    if (frameIsFull(frame) || FRAME.references(frameRecord(frame)) === 0) return false;
    if (FRAME.previous(frameRecord(frame)) !== previous) return false;
    previous = frame;
    seen++;
  }
  return seen === count;
}

function damaged(what: string, value: number): Status {
  logText("mm/slab: audit: ");
  logText(what);
  logNumber(": ", value);
  logEnd();
  return DAMAGED;
}
