/** What the rows about page tables call: rooms of the kernel as they are. */
export { cpuInit } from "../../../kernel/arch/cpu.ts"; // so that what it finds out is no constant
export { flushNow } from "../../../kernel/mm/paging/flush.ts";
export { mapLargest, mapPage, mapPages, mapRange } from "../../../kernel/mm/paging/map.ts";
export { tablesInit, tablesReachAll } from "../../../kernel/mm/paging/tables.ts";
export { unmapPage, unmapRange } from "../../../kernel/mm/paging/unmap.ts";
export { translate } from "../../../kernel/mm/paging/walk.ts";
