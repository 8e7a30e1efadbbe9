/** Demand paging in the kernel's one window: a page appears at its first touch, zeroed, and keeps what is written. */
import { logEnd, logNumber, logText } from "../../../kernel/base/log.ts";
import { loadVolatile64, storeVolatile64 } from "../../../kernel/doors/machine.ts";
import { DEMAND_WINDOW, frameOf, type Page, PAGE_SIZE, pageOf, type VirtAddr } from "../../../kernel/lib/addr.ts";
import { OK } from "../../../kernel/lib/status.ts";
import { kernelRoot } from "../../../kernel/mm/paging/kernel-map.ts";
import { flushNow } from "../../../kernel/mm/paging/flush.ts";
import { unmapPage } from "../../../kernel/mm/paging/unmap.ts";
import { translate } from "../../../kernel/mm/paging/walk.ts";
import { frameGive, framesFree } from "../../../kernel/mm/phys/frames.ts";
import { claim, scenarioBegin, scenarioEnd } from "./check.ts";

const PAGES = 600; // more than one page table holds

export function demandScenario(): void {
  scenarioBegin("demand");
  const before = framesFree();
  for (let i = 0; i < PAGES; i++) {
    claim(loadVolatile64(place(i)) === 0n, "demand: a fresh page is not zero", place(i));
    storeVolatile64(place(i), place(i));
  }
  for (let i = 0; i < PAGES; i++) claim(loadVolatile64(place(i)) === place(i), "demand: a page forgot", place(i));
  logText("scenario: demand");
  logNumber(" pages=", PAGES);
  logNumber(" frames=", before - framesFree());
  logEnd();
  for (let i = 0; i < PAGES; i++) giveBack(pageOf(place(i)));
  scenarioEnd();
}

function giveBack(page: Page): void {
  const frame = frameOf(translate(kernelRoot(), page));
  claim(flushNow(unmapPage(kernelRoot(), page)) === OK, "demand: the page was not mapped", page);
  frameGive(frame);
}

function place(index: number): VirtAddr {
  return (DEMAND_WINDOW + BigInt(index) * PAGE_SIZE + 8n) as VirtAddr;
}
