/**
 * Fault-around: the neighbours of a file's page come with it. A fault costs ten times what one entry more does, and of
 * a file that is in memory nothing has to be fetched: whoever touches a second page of AROUND_BYTES has won.
 */
import {
  alignDown, frameAfter, higher, lower, PAGE_SHIFT, PAGE_SIZE, type Page, type PhysAddr, physAddr,
} from "../../lib/addr.ts";
import { ENTRY_BYTES, PTE_EMPTY, PTE_PRESENT, pteMake, pteRead, pteWrite } from "../paging/pte.ts";
import { entryAfter } from "../paging/range.ts";
import { tableEntriesAdd } from "../paging/tables.ts";
import { entryTable } from "../paging/walk.ts";
import { OBJECT, objectFrame, type SpaceObject } from "../space/object.ts";
import { REGION, type Region, regionByte } from "../space/region.ts";

/** Linux's default for fault_around_bytes. The pages lie in one table. */
const AROUND_BYTES = 0x1_0000n;

/**
 * All of the 64 KiB in which `page` lies that the region shows, that are whole pages of the MODULE `object`, and where
 * nothing is yet, show the file's frames from now on; `entry` is the page's. Cost: 10 instructions a page.
 */
export function fileBringAround(
  region: Region, page: Page, entry: PhysAddr, object: SpaceObject, flags: bigint,
): void {
  const start = alignDown(page, AROUND_BYTES);
  const first = higher(start, REGION.start(region));
  const whole = alignDown(OBJECT.size(object), PAGE_SIZE);
  const end = lower(lower(start + AROUND_BYTES, REGION.end(region)), page + whole - regionByte(region, page));
  const at = physAddr(entry - ((page - first) >> PAGE_SHIFT) * BigInt(ENTRY_BYTES));
  const frame = objectFrame(object, regionByte(region, first));
  const count = Number((end - first) >> PAGE_SHIFT);
  let brought = 0;
  for (let i = 0; i < count; i++) {
    if (pteRead(entryAfter(at, i)) !== PTE_EMPTY) continue;
    pteWrite(entryAfter(at, i), pteMake(frameAfter(frame, i), PTE_PRESENT | flags));
    brought++;
  }
  tableEntriesAdd(entryTable(entry), brought);
}
