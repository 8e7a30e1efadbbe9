/** Forgetting translations. The mapper pays what it owes; nobody above it flushes. */
import { invalidatePage, readCr3, readCr4, writeCr3, writeCr4 } from "../doors/machine.ts";
import type { VirtAddr } from "../lib/addr.ts";
import { CR4_PGE } from "./cpu.ts";

/** Drops what the CPU remembers of the page that holds `va`, global or not, and all upper entries that it remembers. */
export function flushPage(va: VirtAddr): void {
  invalidatePage(va);
}

/** Drops what is not global, and all upper entries. */
export function flushSpace(): void {
  writeCr3(readCr3());
}

/** Drops everything (Intel SDM vol. 3A, "Operations that Invalidate TLBs and Paging-Structure Caches"). */
export function flushAll(): void {
  const cr4 = readCr4();
  if ((cr4 & CR4_PGE) === 0n) { // no entry is global
    writeCr3(readCr3());
    return;
  }
  writeCr4(cr4 & ~CR4_PGE); // a CR3 load would leave the global entries
  writeCr4(cr4);
}
