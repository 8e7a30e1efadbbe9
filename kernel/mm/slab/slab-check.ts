/** The checking build's watch over free objects, and what to say of a pointer that is no object of the slab's. */
"compiler: cold";
import { logEnd, logNumber, logText, logVirt } from "../../base/log.ts";
import { panic } from "../../base/panic.ts";
import { fillWords, load64, poison, unpoison } from "../../doors/machine.ts";
import { type Frame, frameBytes, PAGE_BYTES, type VirtAddr, virtAddr } from "../../lib/addr.ts";
import { frameDescribe } from "../phys/frame-log.ts";
import { frameIsTaken } from "../phys/frames.ts";
import { FREED } from "../phys/freed-pattern.ts";
import { frameHolding, frameIsOf, NO_OBJECT, objectAt, objectIndex, SLAB } from "./slab-frame.ts";

const PAGE_WORDS = PAGE_BYTES >> 3;

// ---- free objects are full of a pattern --------------------------------------------------------------------------
/** A frame that the slab has just got. */
export function frameFill(frame: Frame): void {
  fillWords(frameBytes(frame), FREED, PAGE_WORDS);
}
/** The object at `at`, which was its owner's, is given back. */
export function objectFreed(slab: bigint, at: VirtAddr): void {
  unpoison(at, SLAB.stride(slab));
  fillWords(at, FREED, Math.trunc(SLAB.stride(slab) / 8));
  poison(at, SLAB.stride(slab));
}
/** It is handed out: panics if somebody wrote to it since. */
export function objectUntouched(slab: bigint, at: VirtAddr): void {
  if (!isFilled(slab, at)) panic("slab: an object was used after it was given back", at);
  unpoison(at, SLAB.objectBytes(slab));
}
function isFilled(slab: bigint, at: VirtAddr): boolean {
  const stride = SLAB.stride(slab);
  let same = true;
  unpoison(at, stride);
  for (let offset = 0; offset < stride; offset += 8) {
    if (load64(at + BigInt(offset)) !== FREED) same = false;
  }
  poison(at, stride);
  return same;
}

// ---- refusals ----------------------------------------------------------------------------------------------------
/** `at` was to be given back, and is no object of the slab's that is out. */
export function slabGiveRefuse(slab: bigint, at: VirtAddr): never {
  logVirt("mm/slab: given back at=", at);
  logVirt(" slab=", virtAddr(slab));
  logNumber(" bytes=", SLAB.objectBytes(slab));
  logEnd();
  const frame = frameHolding(at);
  frameDescribe(frame);
  if (!frameIsTaken(frame) || !frameIsOf(slab, frame)) panic("slab: given back, but not an object of this slab", at);
  const index = objectIndex(slab, at);
  if (index !== NO_OBJECT) panic("slab: given back twice", at);
  const within = Math.trunc(Number(at & 0xfffn) / SLAB.stride(slab));
  logText("mm/slab: it is");
  logNumber(" bytes=", Number(at - objectAt(slab, frame, within)));
  logVirt(" into the object at=", objectAt(slab, frame, within));
  logEnd();
  panic("slab: given back, but inside an object", at);
}
