/** The frame pool's start: finds memory for its bitmaps, and gives it every frame of usable memory. */
import { logEnd, logHex, logNumber, logPhys, logText } from "../../base/log.ts";
import { type PhysAddr, BOOT_REACH, PAGE_SIZE, alignUp, directMap, frameOf, lower, physAddr } from "../../lib/addr.ts";
import { type Status, NO_MEMORY, OK } from "../../lib/status.ts";
import { frameRangeGive, framesFree, framesInit, framesMetadataBytes, framesTotal } from "./frames.ts";
import {
  REGION_BITMAP,
  REGION_USABLE,
  highestUsable,
  memoryMapClaim,
  regionCount,
  regionEnd,
  regionKind,
  regionStart,
} from "./memory-map.ts";

const NO_PLACE = 0n as PhysAddr;

/**
 * Makes the pool from the memory map, which then shows the bitmaps as a region. NO_MEMORY, with a line, when no
 * usable region below 4 GiB has room for them.
 * Cost: for each GiB up to the highest usable frame 8,192 words filled, and for each GiB of usable memory 20,480 loads
 * and stores: 64 GiB take half a million words and 1.3 million loads and stores.
 */
export function framesBoot(): Status {
  const limit = frameOf(highestUsable());
  const size = alignUp(BigInt(framesMetadataBytes(limit)), PAGE_SIZE);
  const place = placeFind(size);
  if (place === NO_PLACE) {
    logText("mm/phys: no room below 4 GiB for the frame bitmap");
    logHex(" size=", size);
    logEnd();
    return NO_MEMORY;
  }
  memoryMapClaim(place, physAddr(place + size), REGION_BITMAP);
  framesInit(directMap(place), limit);
  for (let i = 0; i < regionCount(); i++) {
    if (regionKind(i) === REGION_USABLE) frameRangeGive(frameOf(regionStart(i)), pagesIn(i));
  }

  logText("mm/phys: frames");
  logNumber(" total=", framesTotal());
  logNumber(" free=", framesFree());
  logPhys(" bitmap=", place);
  logHex(" size=", size);
  logEnd();
  return OK;
}

/** The lowest place in usable memory for `size` bytes, all of them where they can be written before the switch. */
function placeFind(size: bigint): PhysAddr {
  for (let i = 0; i < regionCount(); i++) {
    if (regionKind(i) !== REGION_USABLE) continue;
    const end = lower(regionEnd(i), BOOT_REACH);
    if (regionStart(i) < end && end - regionStart(i) >= size) return regionStart(i);
  }
  return NO_PLACE;
}

function pagesIn(index: number): number {
  return frameOf(regionEnd(index)) - frameOf(regionStart(index));
}
