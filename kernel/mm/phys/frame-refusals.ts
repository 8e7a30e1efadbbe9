/** What to say of a frame that nobody may give back: why, with its record and its owner; then the kernel stops. */
"compiler: cold";
import { logEnd, logNumber, logPhys, logText } from "../../base/log.ts";
import { panic } from "../../base/panic.ts";
import { type Frame, frameAddr } from "../../lib/addr.ts";
import { frameIsFreeBit, frameIsHead, isOutside } from "./frame-bits.ts";
import { frameLog } from "./frame-log.ts";
import { frameOrder, frameReferences } from "./frame-table.ts";
import { regionFind, regionKind, regionName, REGION_USABLE } from "./regions.ts";

const ORDER_MAX = 18;

/** `frame` was to be given back alone, and cannot be: says why. */
export function frameGiveRefuse(frame: Frame): never {
  refuseUnlessOut(frame);
  frameLog(frame);
  if (frameOrder(frame) > 0) panic("frames: given back alone, but it is the head of a run", BigInt(frame));
  panic("frames: given back with references", BigInt(frame));
}

/** `first` was to be given back as a run of 2^order frames. */
export function runGiveRefuse(first: Frame, order: number): never {
  refuseUnlessOut(first);
  frameLog(first);
  if (frameReferences(first) > 0) panic("frames: a run given back with references", BigInt(first));
  panic("frames: a run given back that has another length", BigInt(order));
}

/** Part of a range that was to join the pool is in it already. */
export function framesAddRefuse(first: Frame): never {
  panic("frames: range is the pool's already", BigInt(first));
}

/** Comes back only for a frame that is handed out, alone or as a head. */
function refuseUnlessOut(frame: Frame): void {
  if (isOutside(frame)) panic("frames: given back, but outside memory", BigInt.asUintN(64, BigInt(frame)));
  if (frameIsHead(frame)) return;
  if (frameIsFreeBit(frame)) {
    frameLog(frame); // as its last owner left it
    panic("frames: given back twice", BigInt(frame));
  }
  const head = headOf(frame);
  if (head !== frame) {
    frameLog(head);
    panic("frames: given back, but inside a run", BigInt(frame));
  }
  logNumber("mm/phys: frame ", frame);
  logPhys(" ", frameAddr(frame));
  logText(" is reserved: ");
  const region = regionFind(frameAddr(frame));
  if (region >= 0 && regionKind(region) !== REGION_USABLE) logText(regionName(region));
  else logText("never the pool's");
  logEnd();
  panic("frames: given back, but never the pool's", BigInt(frame));
}

/** The head of the run in which `frame` lies, or `frame` itself if it lies in none. */
function headOf(frame: Frame): Frame {
  for (let order = 1; order <= ORDER_MAX; order++) {
    const head = Number((BigInt(frame) >> BigInt(order)) << BigInt(order)) as Frame;
    if (frameIsHead(head) && frameOrder(head) >= order) return head;
  }
  return frame;
}
