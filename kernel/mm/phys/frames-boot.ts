/** The frame pool's start: finds memory for its bitmaps, and gives it every frame of usable memory. */
import { logEnd, logHex, logNumber, logPhys, logText } from "../../base/log.ts";
import {
  alignUp, BOOT_REACH, directMap, FRAME_TABLE, frameOf, NO_PHYS, PAGE_SIZE, physAddr,
} from "../../lib/addr.ts";
import { type Status, NO_MEMORY, OK } from "../../lib/status.ts";
import { framesAdd, framesFree, framesInit, framesMetadataBytes, framesTotal } from "./frames.ts";
import { highestUsable, memoryMapClaim, memoryMapRelease, placeFind } from "./memory-map.ts";
import { REGION_BITMAP, REGION_USABLE, regionCount, regionEnd, regionKind, regionStart } from "./regions.ts";

/**
 * Makes the pool from the memory map, which then shows the bitmaps as a region; the frame table's window must stand.
 * NO_MEMORY, with a line, when no usable region below 4 GiB has room for them.
 * Cost: for each GiB up to the highest usable frame 8,400 words filled, and for each GiB of usable memory 20,480 loads
 * and stores. No record is touched.
 */
export function framesBoot(): Status {
  const limit = frameOf(highestUsable());
  const size = alignUp(BigInt(framesMetadataBytes(limit)), PAGE_SIZE);
  const place = placeFind(size, PAGE_SIZE, BOOT_REACH); // where they can be written before the switch of tables
  if (place === NO_PHYS) {
    logText("mm/phys: no room below 4 GiB for the frame bitmap");
    logHex(" size=", size);
    logEnd();
    return NO_MEMORY;
  }
  memoryMapClaim(place, physAddr(place + size), REGION_BITMAP);
  framesInit(directMap(place), limit, FRAME_TABLE);
  regionsAdd(REGION_USABLE);

  logText("mm/phys: frames");
  logNumber(" total=", framesTotal());
  logNumber(" free=", framesFree());
  logPhys(" bitmap=", place);
  logHex(" size=", size);
  logEnd();
  return OK;
}

/**
 * What the memory map reserves as `kind`, one of ours, joins the pool: whoever needed it is done. How many frames that
 * were. Where the firmware claims what lies under them, they do not join.
 */
export function reservationGive(kind: number): number {
  const before = framesTotal();
  regionsAdd(kind);
  memoryMapRelease(kind);
  return framesTotal() - before;
}

function regionsAdd(kind: number): void {
  for (let i = 0; i < regionCount(); i++) {
    if (regionKind(i) !== kind) continue;
    const first = frameOf(regionStart(i));
    framesAdd(first, frameOf(regionEnd(i)) - first);
  }
}
