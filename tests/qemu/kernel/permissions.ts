/**
 * The permission matrix, ring 0: one page, reached through every combination of present, writable, user and no-execute
 * at each of four levels, 16^4 addresses; read, written and executed under each setting of WP, SMEP and SMAP. What the
 * CPU does must be what translate and translateRights say, and the manual (access.ts).
 *
 * The tables are written directly: sixteen entries each, all to the same next one, so 65,536 ways lead to one page.
 */
import { CALL_RETURNED, VECTOR } from "../../../kernel/arch/trap-frame.ts";
import { flushAll } from "../../../kernel/arch/tlb.ts";
import { hasSmap } from "../../../kernel/arch/cpu.ts";
import { logEnd, logHex, logLine, logNumber, logText } from "../../../kernel/base/log.ts";
import { optionIs } from "../../../kernel/dev/boot-options.ts";
import {
  fillWords, readCr0, readCr4, staticBytes, store8, tryCallAt, tryCopyUser, tryLoad8, tryStore8, writeCr0, writeCr4,
} from "../../../kernel/doors/machine.ts";
import {
  type Frame, frameAddr, frameBytes, NO_FRAME, NO_PHYS, type VirtAddr, virtAddr,
} from "../../../kernel/lib/addr.ts";
import { kernelRoot } from "../../../kernel/mm/paging/kernel-map.ts";
import { cursorsForget } from "../../../kernel/mm/paging/cursor.ts";
import { PTE_EMPTY, pteWord, pteWrite, TOP_LEVEL } from "../../../kernel/mm/paging/pte.ts";
import { entryAfter, entryFirst } from "../../../kernel/mm/paging/range.ts";
import { translate, translateRights } from "../../../kernel/mm/paging/walk.ts";
import { frameGive, frameTake } from "../../../kernel/mm/phys/frames.ts";
import { kernelFrames } from "../../../kernel/mm/phys/owners.ts";
import { ACCESS, isAllowed, MODE } from "./access.ts";
import { claim, scenarioBegin, scenarioEnd } from "./check.ts";

const CR0_WP = 1n << 16n;
const CR4_SMEP = 1n << 20n;
const CR4_SMAP = 1n << 21n;

const COMBINATIONS = 16;
const FIRST_SLOT = 16; // of the lower half, where nobody is
const WAYS = 65536;
const ALL_PRESENT = 0x1111; // one hexadecimal digit a level, bit 0 of it P
const RET = 0xc3;
const STORED_AT = 8n;
const SHOWN = 20;

const byte = staticBytes(8, 8);
let tried = 0;
let allowed = 0;
let different = 0;

/** `scenario=permissions`: what is absent somewhere is tried in one setting; with `all=yes` in each. */
export function permissionsScenario(): void {
  scenarioBegin("permissions");
  const third = frameTake(kernelFrames());
  const second = frameTake(kernelFrames());
  const first = frameTake(kernelFrames());
  const page = frameTake(kernelFrames());
  claim(page !== NO_FRAME, "permissions: no frames");
  tableFill(third, second);
  tableFill(second, first);
  tableFill(first, page);
  fillWords(frameBytes(page), 0n, 512);
  store8(frameBytes(page), RET);
  rootFill(third);

  for (let mode = 0; mode < 8; mode++) modeTry(mode, page, mode === MODE.WP || optionIs("all", "yes"));

  rootEmpty();
  cursorsForget(); // they may have come to know these tables
  flushAll();
  frameGive(third);
  frameGive(second);
  frameGive(first);
  frameGive(page);
  logText("scenario: permissions");
  logNumber(" tried=", tried);
  logNumber(" allowed=", allowed);
  logNumber(" different=", different);
  logEnd();
  if (!hasSmap()) logLine("scenario: no SMAP");
  scenarioEnd();
}

/** Entry `i` has P, W, U, NX as bits 0 to 3 of `i`. */
function tableFill(table: Frame, next: Frame): void {
  fillWords(frameBytes(table), 0n, 512);
  for (let i = 0; i < COMBINATIONS; i++) pteWrite(entryAfter(entryFirst(table), i), pteWord(entryFor(next, i)));
}
function rootFill(next: Frame): void {
  for (let i = 0; i < COMBINATIONS; i++) {
    pteWrite(entryAfter(entryFirst(kernelRoot()), FIRST_SLOT + i), pteWord(entryFor(next, i)));
  }
}
function rootEmpty(): void {
  for (let i = 0; i < COMBINATIONS; i++) pteWrite(entryAfter(entryFirst(kernelRoot()), FIRST_SLOT + i), PTE_EMPTY);
}
function entryFor(next: Frame, i: number): bigint {
  return frameAddr(next) | BigInt(i & 7) | (BigInt(i >> 3) << 63n);
}

/** Of `way` one hexadecimal digit a level: what the entry there says. */
function addressOf(way: number): VirtAddr {
  let va = 0n;
  for (let level = 1; level <= TOP_LEVEL; level++) {
    const index = ((way >> (4 * (level - 1))) & 15) + (level === TOP_LEVEL ? FIRST_SLOT : 0);
    va |= BigInt(index) << (12n + 9n * BigInt(level - 1));
  }
  return virtAddr(va);
}

function modeTry(mode: number, page: Frame, isWhole: boolean): void {
  const cr0 = readCr0();
  const cr4 = readCr4();
  writeCr0((cr0 & ~CR0_WP) | ((mode & MODE.WP) !== 0 ? CR0_WP : 0n));
  writeCr4(
    (cr4 & ~(CR4_SMEP | CR4_SMAP)) | ((mode & MODE.SMEP) !== 0 ? CR4_SMEP : 0n) |
      ((mode & MODE.SMAP) !== 0 ? CR4_SMAP : 0n),
  );
  flushAll();
  for (let way = 0; way < WAYS; way++) {
    if ((way & ALL_PRESENT) === ALL_PRESENT || isWhole) wayTry(way, mode, page);
  }
  writeCr0(cr0);
  writeCr4(cr4);
}

function wayTry(way: number, mode: number, page: Frame): void {
  const va = addressOf(way);
  const found = translate(kernelRoot(), va);
  const isPresent = (way & ALL_PRESENT) === ALL_PRESENT;
  if (found !== (isPresent ? frameAddr(page) : NO_PHYS)) differs("translate", va, mode, Number(found));
  const rights = translateRights(kernelRoot(), va);
  if ((rights !== 0n) !== isPresent) differs("rights", va, mode, Number(rights));
  compare("read", va, mode, tryLoad8(va) === RET, isPresent && isAllowed(rights, ACCESS.READ, mode));
  compare("write", va, mode, tryStore8(va + STORED_AT, 1), isPresent && isAllowed(rights, ACCESS.WRITE, mode));
  const answer = tryCallAt(va);
  if (answer !== CALL_RETURNED && answer !== VECTOR.PAGE_FAULT) differs("another trap", va, mode, answer);
  compare("fetch", va, mode, answer === CALL_RETURNED, isPresent && isAllowed(rights, ACCESS.FETCH, mode));
  if ((mode & MODE.SMAP) === 0) return;
  const open = mode | MODE.AC;
  const may = isPresent && isAllowed(rights, ACCESS.READ, open);
  compare("read for a program", va, open, tryCopyUser(byte, va, 1) === 1, may);
}

function compare(what: string, va: VirtAddr, mode: number, did: boolean, may: boolean): void {
  tried++;
  if (did) allowed++;
  if (did !== may) differs(what, va, mode, may ? 1 : 0);
}

function differs(what: string, va: VirtAddr, mode: number, wanted: number): void {
  different++;
  if (different > SHOWN) return;
  logText("scenario: permissions differ: ");
  logText(what);
  logHex(" va=", va);
  logNumber(" mode=", mode);
  logNumber(" wanted=", wanted);
  logEnd();
}
