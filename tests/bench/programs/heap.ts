/** What the area `heap` measures. */
export { heapGive, heapInit, heapLargest, heapTake, heapTakeAligned } from "../../../kernel/mm/heap/heap.ts";
export { heapAudit } from "../../../kernel/mm/heap/heap-audit.ts";
export { heapResize } from "../../../kernel/mm/heap/heap-resize.ts";
