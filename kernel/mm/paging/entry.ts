/** Where entries lie: in which table, and at which place of it. */
import { type Frame, frameAddr, frameOf, type PhysAddr, physAddr, type VirtAddr } from "../../lib/addr.ts";
import { ENTRY_BYTES, levelIndex } from "./pte.ts";

/** No entry: a table above it is missing. Frame 0 is never a table, so no entry lies at 0. */
export const NO_ENTRY = 0n as PhysAddr;

/** Where the entry for `va` lies in `table`, a table of `level`. */
export function entryAddr(table: Frame, va: VirtAddr, level: number): PhysAddr {
  return physAddr(frameAddr(table) + BigInt(ENTRY_BYTES * levelIndex(va, level)));
}
/** The table in which an entry lies. */
export function entryTable(entry: PhysAddr): Frame {
  return frameOf(entry);
}
