/**
 * A page walk written down for a person: the entry and its flags at each level, and what they add up to.
 *
 *   walk of v0xffff800000200123 from p0x1ff000
 *     level 4  [256]  0x0000000000101023  P W A
 *     level 3  [  0]  0x0000000000102023  P W A
 *     level 2  [  1]  0x80000000002001e3  P W A D PS G XD
 *     p0x200123, in a page of 2 MiB
 *
 * It serves the panic report, so it believes nothing: tables are read only where one can be, through the direct map,
 * and as what may be gone.
 */
"compiler: cold"; // for people to read
import { type Frame, type PhysAddr, type VirtAddr, frameAddr, frameOf, isCanonical, physAddr } from "../lib/addr.ts";
import { imageEnd, imageStart } from "../arch/image.ts";
import { columnNumber } from "../base/columns.ts";
import { logEnd, logHexDigits, logLine, logNumber, logPhys, logText, logVirt } from "../base/log.ts";
import { frameIsTaken } from "../mm/phys/frames.ts";
import { REGION_RECORDS, REGION_USABLE, regionFind, regionKind } from "../mm/phys/regions.ts";
import {
  levelSpan, PTE_ACCESSED, PTE_CACHE_DISABLE, PTE_DIRTY, PTE_GLOBAL, PTE_HUGE, PTE_NO_EXECUTE, PTE_USER, PTE_WRITABLE,
  PTE_WRITE_THROUGH, pteFrame, pteIsPresent, pteTried, pteTry, TABLE_ENTRIES, TOP_LEVEL, type Pte,
} from "../mm/paging/pte.ts";
import { entryAddr } from "../mm/paging/walk.ts";

/** Writes the walk of `va` from the table `root`: at most six lines. */
export function walkShow(root: Frame, va: VirtAddr): void {
  let table = root;
  logVirt("walk of ", va);
  logPhys(" from ", frameAddr(table));
  logEnd();
  if (!isCanonical(va)) {
    logLine("  no walk: the address is not canonical (bits 47 to 63 differ)");
    return;
  }

  for (let level = TOP_LEVEL; level > 0; level--) {
    if (!isTablePlace(table)) {
      logNumber("  stopped: no table of level ", level);
      logPhys(" can be at ", frameAddr(table));
      logEnd();
      return;
    }
    const entry = entryAddr(table, va, level);
    if (!pteTry(entry)) {
      logNumber("  stopped: the table of level ", level);
      logPhys(" cannot be read at ", entry);
      logEnd();
      return;
    }
    const pte = pteTried();
    entryShow(level, entry, pte);
    if (!pteIsPresent(pte)) {
      logNumber("  not mapped: the entry of level ", level);
      logLine(" is not present");
      return;
    }
    if (isLeaf(pte, level)) {
      pageShow(pte, level, va);
      return;
    }
    table = pteFrame(pte);
  }
}

function entryShow(level: number, entry: PhysAddr, pte: Pte): void {
  logNumber("  level ", level);
  logText("  [");
  columnNumber(Number(entry >> 3n) % TABLE_ENTRIES, 3);
  logText("]  0x");
  logHexDigits(pte, 16);
  flagsShow(pte, level);
  logEnd();
}

/** The flags that are set, by the manual's names. Of an absent entry the CPU reads no bit but P. */
function flagsShow(pte: Pte, level: number): void {
  if (!pteIsPresent(pte)) {
    logText("  -");
    return;
  }
  logText("  P");
  if (has(pte, PTE_WRITABLE)) logText(" W");
  if (has(pte, PTE_USER)) logText(" U");
  if (has(pte, PTE_WRITE_THROUGH)) logText(" PWT");
  if (has(pte, PTE_CACHE_DISABLE)) logText(" PCD");
  if (has(pte, PTE_ACCESSED)) logText(" A");
  if (isLeaf(pte, level)) {
    if (has(pte, PTE_DIRTY)) logText(" D");
    if (level > 1 && has(pte, PTE_HUGE)) logText(" PS");
    if (level === 1 && has(pte, PTE_HUGE)) logText(" PAT");
    if (has(pte, PTE_GLOBAL)) logText(" G");
  }
  if (has(pte, PTE_NO_EXECUTE)) logText(" XD");
}

function pageShow(pte: Pte, level: number, va: VirtAddr): void {
  const inside = levelSpan(level) - 1n;
  logPhys("  ", physAddr((frameAddr(pteFrame(pte)) & ~inside) | (va & inside)));
  logText(", in a page of ");
  switch (level) {
    case 1:
      logLine("4 KiB");
      break;
    case 2:
      logLine("2 MiB");
      break;
    default:
      logLine("1 GiB");
  }
}

/**
 * Can a page table be here? The boot tables lie in the image, the frame table's in a region, all others are the pool's.
 */
function isTablePlace(table: Frame): boolean {
  if ((table >= frameOf(imageStart()) && table < frameOf(imageEnd())) || frameIsTaken(table)) return true;
  const region = regionFind(frameAddr(table));
  return region >= 0 && (regionKind(region) === REGION_RECORDS || regionKind(region) === REGION_USABLE);
}

/** PS makes an entry of level 2 or 3 a page; in level 4 it is reserved, in level 1 it means PAT. */
function isLeaf(pte: Pte, level: number): boolean {
  return level === 1 || (level < TOP_LEVEL && has(pte, PTE_HUGE));
}

function has(pte: Pte, flag: bigint): boolean {
  return (pte & flag) !== 0n;
}
