/** Pages that are to be there before they are touched. */
import { PAGE_SIZE, virtAddr } from "../../lib/addr.ts";
import { isPrivate } from "../space/counted.ts";
import { NO_REGION, PERMISSION, REGION, type Region } from "../space/region.ts";
import { regionAt } from "../space/region-tree.ts";
import { type Space, spaceRegions } from "../space/space.ts";
import { ACCESS_READ, ACCESS_WRITE, FAULT_NO_REGION, FAULT_REPAIRED } from "./answers.ts";
import { faultResolve } from "./resolve.ts";

/** As each region allows: private ones that may be written are, so that no later write faults. */
export const ACCESS_ALLOWED = -1;

/**
 * Every page of start..end-1 as if it had been touched so (ACCESS_READ, ACCESS_WRITE, ACCESS_ALLOWED). Any answer but
 * FAULT_REPAIRED is of the first page that could not come; those before it are there. Cost: a fault each.
 */
export function pagesPopulate(space: Space, start: bigint, end: bigint, access: number): number {
  for (let at = start; at < end; at += PAGE_SIZE) {
    const va = virtAddr(at);
    const region = regionAt(spaceRegions(space), va);
    if (region === NO_REGION) return FAULT_NO_REGION;
    const answer = faultResolve(space, va, access === ACCESS_ALLOWED ? accessAllowed(region) : access);
    if (answer !== FAULT_REPAIRED) return answer;
  }
  return FAULT_REPAIRED;
}

function accessAllowed(region: Region): number {
  const isWritten = (REGION.permissions(region) & PERMISSION.WRITE) !== 0 && isPrivate(REGION.kind(region));
  return isWritten ? ACCESS_WRITE : ACCESS_READ;
}
