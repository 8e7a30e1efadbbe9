/** Every frame of the machine taken, written to, looked at, and given back. */
import { logEnd, logNumber, logText } from "../../../kernel/base/log.ts";
import { load64, store64 } from "../../../kernel/doors/machine.ts";
import {
  type Frame, frameAddr, frameBytes, NO_FRAME, PAGE_SHIFT, type VirtAddr, virtAddr,
} from "../../../kernel/lib/addr.ts";
import { frameGive, framesFree, framesTotal, frameTake } from "../../../kernel/mm/phys/frames.ts";
import { usableBytes } from "../../../kernel/mm/phys/memory-map.ts";
import { kernelFrames } from "../../../kernel/mm/phys/owners.ts";
import { REGION_USABLE, regionFind, regionKind } from "../../../kernel/mm/phys/regions.ts";
import { claim, scenarioBegin, scenarioEnd } from "./check.ts";

const STAMP = 0x5ca1_ab1e_0000_0000n;

export function framesScenario(): void {
  scenarioBegin("frames");
  const expected = framesFree();
  const usable = Number(usableBytes() >> PAGE_SHIFT);
  claim(framesTotal() === usable, "frames: the pool is not all that is usable", BigInt(usable));
  const last = takeAll();
  claim(framesFree() === 0, "frames: an empty pool counts none free", BigInt(framesFree()));
  claim(frameTake(kernelFrames()) === NO_FRAME, "frames: an empty pool says so again");
  claim(giveAll(last) === expected, "frames: as many come out as were free", BigInt(expected));
  scenarioEnd();
}

/** Takes frames until there are none; the first word of each names the one before, the last is its stamp. */
function takeAll(): Frame {
  let last = NO_FRAME;
  for (let frame = frameTake(kernelFrames()); frame !== NO_FRAME; frame = frameTake(kernelFrames())) {
    claim(isOurs(frame), "frames: handed out what is not usable memory", frameAddr(frame));
    store64(frameBytes(frame), BigInt(last + 1));
    store64(lastWord(frame), STAMP + BigInt(frame));
    last = frame;
  }
  return last;
}

/** Gives back the chain: a stamp that was overwritten would mean that a frame was handed out twice. */
function giveAll(last: Frame): number {
  let count = 0;
  let frame = last;
  while (frame !== NO_FRAME) {
    const next = (Number(load64(frameBytes(frame))) - 1) as Frame;
    claim(load64(lastWord(frame)) === STAMP + BigInt(frame), "frames: one frame, two takers", frameAddr(frame));
    frameGive(frame);
    count++;
    frame = next;
  }
  logText("scenario: frames");
  logNumber(" taken=", count);
  logEnd();
  return count;
}

function lastWord(frame: Frame): VirtAddr {
  return virtAddr(frameBytes(frame) + 4088n);
}

function isOurs(frame: Frame): boolean {
  const region = regionFind(frameAddr(frame));
  return region >= 0 && regionKind(region) === REGION_USABLE;
}
