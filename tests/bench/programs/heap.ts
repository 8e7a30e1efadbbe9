/** What the rows about the heap call: the room as it is. */
export { heapAudit } from "../../../kernel/mm/heap/heap-audit.ts";
export { pagesCommittedMost } from "../../../kernel/mm/heap/heap-pages.ts";
export { heapResize } from "../../../kernel/mm/heap/heap-resize.ts";
export { heapLargest, heapUsed } from "../../../kernel/mm/heap/heap-counts.ts";
export { heapGive, heapInit, heapInitPresent, heapTake, heapTakeAligned } from "../../../kernel/mm/heap/heap.ts";
