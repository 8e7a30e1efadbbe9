/** What a page fault asks, and what can be answered. Who called decides what the answer means. */

/** What the faulting instruction wanted. */
export const ACCESS_READ = 0;
export const ACCESS_WRITE = 1;
export const ACCESS_EXECUTE = 2;

/** The entry was changed, or what the CPU knew of it was old: the instruction can be tried again. */
export const FAULT_REPAIRED = 0;
/** Nothing is meant to be at that address. */
export const FAULT_NO_REGION = 1;
/** There is something, and this access to it is not allowed. */
export const FAULT_FORBIDDEN = 2;
/** There is no frame for the page or for a table. */
export const FAULT_NO_MEMORY = 3;
/** The object behind the region ends before this page. */
export const FAULT_NO_BACKING = 4;
