/** One question to all of memory management: does everything that it keeps agree? */
"compiler: cold"; // after a scenario, or when a person asks
import { DAMAGED, OK, type Status } from "../lib/status.ts";
import { heapAudit } from "../mm/heap/heap-audit.ts";
import { tablesAudit } from "../mm/paging/tables-audit.ts";
import { framesAudit, reservationsAudit } from "../mm/phys/frames-audit.ts";
import { spacesAudit } from "../mm/space/spaces-audit.ts";
import { filesAudit } from "../proc/files-audit.ts";

/** OK, or DAMAGED with a line in the log for each room that is. Cost: it looks at everything. */
export function mmAudit(): Status {
  const frames = framesAudit() === OK;
  const reservations = reservationsAudit() === OK;
  const tables = tablesAudit() === OK;
  const heap = heapAudit() === OK;
  const spaces = spacesAudit() === OK;
  const files = filesAudit() === OK;
  return frames && reservations && tables && heap && spaces && files ? OK : DAMAGED;
}
