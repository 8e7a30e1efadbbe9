/** Frames in words: a record's line, the names of kinds and owners. */
"compiler: cold"; // for people to read
import { logEnd, logHex, logLine, logNumber, logPhys, logText } from "../../base/log.ts";
import { type Frame, frameNumber, frameAddr, NO_FRAME } from "../../lib/addr.ts";
import { frameIsFreeBit, frameIsHead, isOutside } from "./frame-bits.ts";
import { FRAME, frameOrder, frameRecord, frameReferences } from "./frame-table.ts";
import { KIND, type Owner, ownerId, ownerIsGone, ownerIsKnown } from "./owners.ts";
import { regionFind, regionName, regionWho } from "./regions.ts";

const ORDER_MAX = 18;

/** What the frame is, in a line, whatever `frame` may be: its record if it has one, or why it has none. */
export function frameDescribe(frame: Frame): void {
  if (isOutside(frame)) {
    logNumber("mm/phys: frame ", frame); // it may have no address
    logLine(" is outside memory");
    return;
  }
  const head = frameHead(frame);
  if (head !== NO_FRAME) {
    frameLog(head);
    if (head === frame) return;
    frameBegin(frame);
    logLine(" is within that run");
    return;
  }
  frameBegin(frame);
  if (frameIsFreeBit(frame)) {
    logLine(" is free");
    return;
  }
  const region = regionFind(frameAddr(frame));
  logText(" is kept by the ");
  logText(region < 0 ? "machine: a hole" : regionWho(region));
  if (region >= 0) {
    logText(": ");
    logText(regionName(region));
  }
  logEnd();
}

/**
 * `mm/phys: frame 1024 p0x400000 TABLE references=0 order=0 owner=kernel`, from the record as it is; then its page, if
 * one is said.
 */
export function frameLog(frame: Frame): void {
  const record = frameRecord(frame);
  frameBegin(frame);
  logText(" ");
  logText(kindName(FRAME.kind(record)));
  logNumber(" references=", frameReferences(frame));
  logNumber(" order=", FRAME.order(record));
  logText(" owner=");
  ownerLog(FRAME.owner(record));
  logEnd();
  if (FRAME.page(record) === 0n) return;
  frameBegin(frame);
  logHex(" page=", FRAME.page(record));
  logEnd();
}

/** The frame itself if it is handed out, the head of the run in which it lies, or NO_FRAME. It is not outside. */
export function frameHead(frame: Frame): Frame {
  for (let order = 0; order <= ORDER_MAX; order++) {
    const head = frameNumber(Number((BigInt(frame) >> BigInt(order)) << BigInt(order)));
    if (frameIsHead(head) && frameOrder(head) >= order) return head;
  }
  return NO_FRAME;
}

function frameBegin(frame: Frame): void {
  logNumber("mm/phys: frame ", frame);
  logPhys(" ", frameAddr(frame));
}

/** `kernel`, or the owner's number; for one that is in no list, that it is unknown. */
export function ownerLog(owner: Owner): void {
  if (!ownerIsKnown(owner)) {
    logHex("unknown ", owner);
    return;
  }
  if (ownerId(owner) === 0n) logText("kernel");
  else logNumber("", Number(ownerId(owner)));
  if (ownerIsGone(owner)) logText(" (gone)");
}

/** One of KIND in a word. */
export function kindName(kind: number): string {
  switch (kind) {
    case KIND.FREE:
      return "FREE";
    case KIND.RESERVED:
      return "RESERVED";
    case KIND.KERNEL:
      return "KERNEL";
    case KIND.TABLE:
      return "TABLE";
    case KIND.SLAB:
      return "SLAB";
    case KIND.HEAP:
      return "HEAP";
    case KIND.USER:
      return "USER";
    case KIND.ZERO:
      return "ZERO";
    case KIND.SHARED:
      return "SHARED";
    case KIND.POOL:
      return "POOL";
    case KIND.BALLOON:
      return "BALLOON";
    default:
      return "UNKNOWN";
  }
}
