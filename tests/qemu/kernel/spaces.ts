/** Address spaces on the machine: made, entered, written in, copied, cut, and taken apart again. */
import { optionIs } from "../../../kernel/dev/boot-options.ts";
import { hasSmap } from "../../../kernel/arch/cpu.ts";
import { logEnd, logNumber, logText } from "../../../kernel/base/log.ts";
import {
  load64, staticBytes, store64, tryCopy, tryCopyUser, tryLoad8, writeCr3,
} from "../../../kernel/doors/machine.ts";
import { frameAddr, NOWHERE, type Page, PAGE_SIZE, pageAfter, pageOf, virtAddr } from "../../../kernel/lib/addr.ts";
import { BAD_ADDRESS, BUSY, OK } from "../../../kernel/lib/status.ts";
import { HEAP_BASE } from "../../../kernel/mm/heap/heap-boot.ts";
import { heapGive, heapTake } from "../../../kernel/mm/heap/heap.ts";
import { kernelRoot } from "../../../kernel/mm/paging/kernel-map.ts";
import { rangeFind } from "../../../kernel/mm/space/memory-spaces.ts";
import { PERMISSION } from "../../../kernel/mm/space/region.ts";
import { spaceClone } from "../../../kernel/mm/space/space-clone.ts";
import { spaceMap, spaceProtect, spaceUnmap } from "../../../kernel/mm/space/space-map.ts";
import {
  NO_SPACE, type Space, spaceCreate, spaceDestroy, spaceFirst, spaceId, spaceNext, spaceRoot,
  spacesTrim,
} from "../../../kernel/mm/space/space.ts";
import { SLOT_BYTES, USER_TOP } from "../../../kernel/mm/space/user-range.ts";
import { mmAudit } from "../../../kernel/stats/audit.ts";
import { claim, scenarioBegin, scenarioEnd } from "./check.ts";
import { mappingsHold, programSay } from "./mappings.ts";

const DATA = PERMISSION.READ | PERMISSION.WRITE | PERMISSION.USER;
const CONSTANT = PERMISSION.READ | PERMISSION.USER;
const PAGES = 700; // over more than one table
const SPACES = 20;
const word = staticBytes(8, 8);

export function spacesScenario(): void {
  scenarioBegin("spaces");
  for (let i = 0; i < SPACES; i++) spaceBuild();
  claim(mmAudit() === OK, "spaces: the audit finds damage");
  for (let space = spaceFirst(); space !== NO_SPACE; space = spaceNext(space)) spaceVisit(space);
  for (let space = spaceFirst(); space !== NO_SPACE; space = spaceNext(space)) stampsCheck(space, 0n);
  const clone = spaceClone(spaceFirst());
  claim(clone !== NO_SPACE, "spaces: no clone");
  cutAndProtect(clone);
  claim(mmAudit() === OK, "spaces: the audit finds damage after cuts");
  if (!optionIs("scenario", "storm")) lookedAt(); // that one has interrupts on
  logText("scenario: spaces");
  logNumber(" count=", spaceId(clone));
  logEnd();
  while (spaceFirst() !== NO_SPACE) claim(spaceDestroy(spaceFirst()) === OK, "spaces: one cannot be destroyed");
  spacesTrim();
  claim(mmAudit() === OK, "spaces: the audit finds damage at the end");
  scenarioEnd();
}

/** What all spaces show, for somebody outside to compare. */
function lookedAt(): void {
  for (let space = spaceFirst(); space !== NO_SPACE; space = spaceNext(space)) programSay(spaceRoot(space));
  mappingsHold();
}

/** Pages at the bottom, at the top, in the middle, and where the kernel has its own. */
function spaceBuild(): void {
  const space = spaceCreate();
  claim(space !== NO_SPACE, "spaces: none could be made");
  claim(spaceMap(space, zero(), 1, DATA) === OK, "spaces: page zero");
  claim(spaceMap(space, last(), 1, DATA) === OK, "spaces: the last page");
  claim(spaceMap(space, middle(), PAGES, DATA) === OK, "spaces: pages in the middle");
  const found = rangeFind(space, 3, PAGE_SIZE);
  claim(found !== NOWHERE && spaceMap(space, pageOf(found), 3, DATA) === OK, "spaces: where there is room", found);
  claim(spaceMap(space, HEAP_BASE, 1, DATA) === BAD_ADDRESS, "spaces: a page in the heap's slot");
  claim(spaceMap(space, pageOf(virtAddr(USER_TOP)), 1, DATA) === BAD_ADDRESS, "spaces: a page above the top");
}

/** In it: zeroed pages, stamps, and the kernel's heap and this very code where they always are. */
function spaceVisit(space: Space): void {
  const stamp = BigInt(spaceId(space)) << 32n;
  writeCr3(frameAddr(spaceRoot(space)));
  claim(spaceDestroy(space) === BUSY, "spaces: destroyed under the CPU's feet");
  const block = heapTake(8n);
  claim(block !== NOWHERE, "spaces: no heap");
  store64(block, stamp);
  claim(load64(block) === stamp, "spaces: the heap is elsewhere");
  heapGive(block);
  for (let i = 0; i < PAGES; i++) {
    const page = pageAfter(middle(), i);
    claim(peek(page) === 0n, "spaces: a page that is not zeroed", page);
    poke(page, stamp + BigInt(i));
  }
  poke(zero(), stamp);
  poke(last(), stamp);
  claim(!hasSmap() || tryLoad8(middle()) === -1, "spaces: the kernel read a program's page by accident");
  claim(!canReach(pageAfter(middle(), PAGES)), "spaces: a page that nobody mapped");
  writeCr3(frameAddr(kernelRoot()));
  claim(!canReach(middle()), "spaces: a program's page in the kernel's own space");
}

/** What was written in it is there, and in no other space. `more` was added to the first. */
function stampsCheck(space: Space, more: bigint): void {
  const stamp = BigInt(spaceId(space)) << 32n;
  writeCr3(frameAddr(spaceRoot(space)));
  claim(peek(middle()) === stamp + more, "spaces: another's page", peek(middle()));
  claim(peek(pageAfter(middle(), PAGES - 1)) === stamp + BigInt(PAGES - 1), "spaces: another's last page");
  claim(peek(zero()) === stamp && peek(last()) === stamp, "spaces: another's outermost pages");
  writeCr3(frameAddr(kernelRoot()));
}

/** A copy writes without its original seeing it; then, while the CPU is in it, it loses rights and pages. */
function cutAndProtect(clone: Space): void {
  const original = spaceFirst() === clone ? spaceNext(clone) : spaceFirst();
  writeCr3(frameAddr(spaceRoot(clone)));
  const before = peek(middle());
  poke(middle(), before + 1n);
  claim(spaceProtect(clone, pageAfter(middle(), 100), 300, CONSTANT) === OK, "spaces: protect");
  claim(!canWrite(pageAfter(middle(), 100)) && !canWrite(pageAfter(middle(), 399)), "spaces: written all the same");
  claim(canWrite(pageAfter(middle(), 99)) && canWrite(pageAfter(middle(), 400)), "spaces: protected too much");
  claim(peek(pageAfter(middle(), 399)) === before + 399n, "spaces: protected pages have other bytes");
  claim(spaceUnmap(clone, pageAfter(middle(), 300), 300) === OK, "spaces: unmap");
  claim(!canReach(pageAfter(middle(), 300)) && !canReach(pageAfter(middle(), 599)), "spaces: read all the same");
  claim(canReach(pageAfter(middle(), 299)) && canReach(pageAfter(middle(), 600)), "spaces: unmapped too much");
  writeCr3(frameAddr(kernelRoot()));
  stampsCheck(original, 0n);
}

// ---- a program's bytes ---------------------------------------------------------------------------------------
function copied(to: bigint, from: bigint): boolean {
  return (hasSmap() ? tryCopyUser(to, from, 8) : tryCopy(to, from, 8)) === 8;
}
function canReach(page: Page): boolean {
  return copied(word, page);
}
/** Writes what is there. */
function canWrite(page: Page): boolean {
  return copied(word, page) && copied(page, word);
}
function peek(page: Page): bigint {
  claim(copied(word, page), "spaces: a page is not there", page);
  return load64(word);
}
function poke(page: Page, value: bigint): void {
  store64(word, value);
  claim(copied(page, word), "spaces: a page cannot be written", page);
}

function zero(): Page {
  return pageOf(virtAddr(0n));
}
function middle(): Page {
  return pageOf(virtAddr(3n * SLOT_BYTES + 0x1_0000n));
}
function last(): Page {
  return pageOf(virtAddr(USER_TOP - PAGE_SIZE));
}
