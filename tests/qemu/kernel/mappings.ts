/** What the kernel says is mapped, for an outside walker to compare, and a pause in which it can. */
import { serialRead } from "../../../kernel/arch/serial.ts";
import { logEnd, logLine, logNumber, logPhys, logText, logVirt } from "../../../kernel/base/log.ts";
import { optionIs } from "../../../kernel/dev/boot-options.ts";
import { pause, readCr3 } from "../../../kernel/doors/machine.ts";
import {
  alignDown, type Frame, frameAddr, frameOf, KERNEL_HALF, NO_PHYS, PAGE_SIZE, physAddr, virtAddr,
} from "../../../kernel/lib/addr.ts";
import { levelSpan, PTE_NO_EXECUTE, PTE_USER, PTE_WRITABLE } from "../../../kernel/mm/paging/pte.ts";
import { entryStop, translate, translateRights } from "../../../kernel/mm/paging/walk.ts";

const LOWER_END = 0x8000_0000_0000n;
const UPPER_LAST = 0xffff_ffff_ffff_ffffn;

// The run of like pages that has been found and not been said.
let runVa = 0n;
let runPa = 0n;
let runPages = 0n;
let runLevel = 0;
let runRights = 0n;

/** With the option `hold=yes`: says what the tables at CR3 map, and waits for a byte. Interrupts must be off. */
export function mappingsHold(): void {
  if (!optionIs("hold", "yes")) return;
  rootSay(frameOf(physAddr(alignDown(readCr3(), PAGE_SIZE))), true);
  logLine("scenario: held");
  while (serialRead() === -1) pause();
}
/** With `hold=yes`, says as much of the lower half under another root. Whoever looks does so when the kernel waits. */
export function programSay(root: Frame): void {
  if (optionIs("hold", "yes")) rootSay(root, false);
}

function rootSay(root: Frame, isWhole: boolean): void {
  logText("scenario: mappings");
  logPhys(" root=", frameAddr(root));
  logEnd();
  stretchSay(root, 0n, LOWER_END - 1n);
  if (isWhole) stretchSay(root, KERNEL_HALF, UPPER_LAST);
}

/** Asks translate for every page there is, and steps over what is absent. */
function stretchSay(root: Frame, first: bigint, last: bigint): void {
  runPages = 0n;
  for (let at = first; ; ) {
    const pa = translate(root, virtAddr(at));
    const level = entryStop();
    if (pa !== NO_PHYS) pageSay(at, pa, level, translateRights(root, virtAddr(at)));
    const end = alignDown(at, levelSpan(level)) + (levelSpan(level) - 1n);
    if (end >= last) break;
    at = end + 1n;
  }
  runSay();
}

function pageSay(va: bigint, pa: bigint, level: number, rights: bigint): void {
  const done = runPages * levelSpan(level);
  const isAlike = runPages > 0n && level === runLevel && rights === runRights;
  if (isAlike && va === runVa + done && pa === runPa + done) {
    runPages++;
    return;
  }
  runSay();
  runVa = va;
  runPa = pa;
  runPages = 1n;
  runLevel = level;
  runRights = rights;
}

/** `mapped v0x1000 p0x2000 level=1 pages=3 rw-u`: the rights to read, write, execute, and whether for programs. */
function runSay(): void {
  if (runPages === 0n) return;
  logVirt("mapped ", virtAddr(runVa));
  logPhys(" ", physAddr(runPa));
  logNumber(" level=", runLevel);
  logNumber(" pages=", Number(runPages));
  logText((runRights & PTE_WRITABLE) !== 0n ? " rw" : " r-");
  logText((runRights & PTE_NO_EXECUTE) === 0n ? "x" : "-");
  logLine((runRights & PTE_USER) !== 0n ? "u" : "-");
  runPages = 0n;
}
