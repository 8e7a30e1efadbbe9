/**
 * What flushes cost: so many pages one by one, or everything at once, and then as many translations as are in use are
 * looked up again. The clock is the TSC: under -icount it counts instructions, and a TLB miss is none.
 */
import { flushAll, flushPage, flushSpace } from "../../../kernel/arch/tlb.ts";
import { logEnd, logNumber, logText } from "../../../kernel/base/log.ts";
import { panic } from "../../../kernel/base/panic.ts";
import { loadVolatile8, rdtsc } from "../../../kernel/doors/machine.ts";
import { type Page, pageAfter, frameNumber } from "../../../kernel/lib/addr.ts";
import { OK } from "../../../kernel/lib/status.ts";
import { kernelRoot } from "../../../kernel/mm/paging/kernel-map.ts";
import { mapPage } from "../../../kernel/mm/paging/map.ts";
import { PTE_GLOBAL, PTE_NO_EXECUTE } from "../../../kernel/mm/paging/pte.ts";

const HOME = 0xffff_e400_0000_0000n as Page;
const PAGES = 512; // all show one frame: what is read is in the cache
const ROUNDS = 400;
const FRAME = 0x100;
const PAGE_BY_PAGE = 0;
const SPACE = 1;
const ALL = 2;

export function flushesMeasure(): void {
  for (let i = 0; i < PAGES; i++) {
    const status = mapPage(kernelRoot(), pageAfter(HOME, i), frameNumber(FRAME), PTE_GLOBAL | PTE_NO_EXECUTE);
    if (status !== OK) panic("bench: no page for flushes", BigInt(i));
  }
  for (let inUse = 0; inUse <= 256; inUse = inUse === 0 ? 16 : inUse * 4) {
    say("space", inUse, 0, least(SPACE, 0, inUse));
    say("all", inUse, 0, least(ALL, 0, inUse));
    for (let count = 1; count <= 128; count *= 2) say("page", inUse, count, least(PAGE_BY_PAGE, count, inUse));
  }
}

/** The least of all rounds: what is more was something else. */
function least(how: number, count: number, inUse: number): bigint {
  let lowest = 0xffff_ffffn;
  for (let round = 0; round < ROUNDS; round++) {
    touch(inUse);
    const start = rdtsc();
    if (how === ALL) flushAll();
    else if (how === SPACE) flushSpace();
    else for (let i = 0; i < count; i++) flushPage(pageAfter(HOME, PAGES - 1 - i));
    touch(inUse);
    const cost = rdtsc() - start;
    if (cost < lowest) lowest = cost;
  }
  return lowest;
}
function touch(count: number): void {
  for (let i = 0; i < count; i++) loadVolatile8(pageAfter(HOME, i));
}

function say(how: string, inUse: number, count: number, cost: bigint): void {
  logText("bench: flush ");
  logText(how);
  logNumber(" in-use=", inUse);
  logNumber(" pages=", count);
  logNumber(" cost=", Number(cost));
  logEnd();
}
