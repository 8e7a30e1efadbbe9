/** Frames in words: a record's line, the names of kinds and owners. */
"compiler: cold"; // for people to read
import { logEnd, logHex, logNumber, logPhys, logText } from "../../base/log.ts";
import { type Frame, frameAddr } from "../../lib/addr.ts";
import { FRAME, frameRecord, frameReferences } from "./frame-table.ts";
import { KIND, type Owner, ownerId, ownerIsGone, ownerIsKnown } from "./owners.ts";

/** `mm/phys: frame 1024 p0x400000 TABLE references=0 order=0 owner=kernel page=0x0`, from the record as it is. */
export function frameLog(frame: Frame): void {
  const record = frameRecord(frame);
  logNumber("mm/phys: frame ", frame);
  logPhys(" ", frameAddr(frame));
  logText(" ");
  logText(kindName(FRAME.kind(record)));
  logNumber(" references=", frameReferences(frame));
  logNumber(" order=", FRAME.order(record));
  logText(" owner=");
  ownerLog(FRAME.owner(record) as Owner);
  logHex(" page=", FRAME.page(record));
  logEnd();
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
