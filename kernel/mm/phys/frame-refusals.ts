/** What to say of a frame that nobody may give back: its record and its owner, and why; then the kernel stops. */
"compiler: cold";
import { panic } from "../../base/panic.ts";
import { type Frame, NO_FRAME } from "../../lib/addr.ts";
import { frameIsFreeBit, isOutside } from "./frame-bits.ts";
import { frameDescribe, frameHead, frameLog } from "./frame-log.ts";
import { frameOrder, frameReferences } from "./frame-table.ts";

/** `frame` was to be given back alone, and cannot be. */
export function frameGiveRefuse(frame: Frame): never {
  refuseUnlessOut(frame);
  if (frameOrder(frame) > 0) panic("frames: given back alone, but it is the head of a run", BigInt(frame));
  panic("frames: given back with references", BigInt(frame));
}

/** `first` was to be given back as a run of 2^order frames. */
export function runGiveRefuse(first: Frame, order: number): never {
  refuseUnlessOut(first);
  if (frameReferences(first) > 0) panic("frames: a run given back with references", BigInt(first));
  panic("frames: a run given back that has another length", BigInt(order));
}

/** Part of a range that was to join the pool is in it already. */
export function framesAddRefuse(first: Frame): never {
  panic("frames: range is the pool's already", BigInt(first));
}

/** Comes back only for a frame that is handed out, alone or as a head. */
function refuseUnlessOut(frame: Frame): void {
  frameDescribe(frame);
  if (isOutside(frame)) panic("frames: given back, but outside memory", BigInt.asUintN(64, BigInt(frame)));
  if (frameIsFreeBit(frame)) {
    frameLog(frame); // as its last owner left it
    panic("frames: given back twice", BigInt(frame));
  }
  const head = frameHead(frame);
  if (head === NO_FRAME) panic("frames: given back, but never the pool's", BigInt(frame));
  if (head !== frame) panic("frames: given back, but inside a run", BigInt(frame));
}
