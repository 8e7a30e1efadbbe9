/** The doors that may fail, on the machine: what they answer, what they leave behind, and what SMAP still keeps out. */
import { hasSmap } from "../../../kernel/arch/cpu.ts";
import { callTriedAt, rodataEnd, rodataStart, stackGuard, textStart } from "../../../kernel/arch/image.ts";
import { CALL_RETURNED, TRAP_FRAME, VECTOR } from "../../../kernel/arch/trap-frame.ts";
import { logLine } from "../../../kernel/base/log.ts";
import { panic } from "../../../kernel/base/panic.ts";
import { optionIs } from "../../../kernel/dev/boot-options.ts";
import {
  interruptsOff, interruptsOn, load64, loadVolatile8, staticBytes, store64, storeVolatile64, tryCall, tryCopy,
  tryCopyUser, tryLoad64, tryLoad8, tryStore64, tryStore8,
} from "../../../kernel/doors/machine.ts";
import {
  DEMAND_WINDOW, DEMAND_WINDOW_SIZE, type Frame, frameBytes, frameOf, type Page, PAGE_BYTES, PAGE_SIZE, pageAfter,
  pageOf, virtAddr,
} from "../../../kernel/lib/addr.ts";
import { OK } from "../../../kernel/lib/status.ts";
import { kernelRoot } from "../../../kernel/mm/paging/kernel-map.ts";
import { mapPage } from "../../../kernel/mm/paging/map.ts";
import { PTE_NO_EXECUTE, PTE_USER, PTE_WRITABLE } from "../../../kernel/mm/paging/pte.ts";
import { flushNow } from "../../../kernel/mm/paging/flush.ts";
import { unmapPage, unmapRange } from "../../../kernel/mm/paging/unmap.ts";
import { translate } from "../../../kernel/mm/paging/walk.ts";
import { frameGive, frameTake } from "../../../kernel/mm/phys/frames.ts";
import { kernelFrames } from "../../../kernel/mm/phys/owners.ts";
import { claim, scenarioBegin, scenarioEnd } from "./check.ts";
import { code, codeGive, codeRun, codeTake, codeWord } from "./code.ts";

const NOT_CANONICAL = 0x8000_0000_0000_0000n;
const ABSENT = 0xffff_d000_0000_0000n;
const PATTERN = 0x0123_4567_89ab_cdefn;
/** A program's, one day: slot 2 of the top table. */
const USER = 0x0000_0100_0000_0000n;
const RFLAGS_IF = 1n << 9n;
const RFLAGS_AC = 1n << 18n;

const word = staticBytes(8);
const buffer = staticBytes(PAGE_BYTES, PAGE_BYTES);

let trapsWithAccess = 0; // that interrupted a copy which could reach the program's page
let reachedInTrap = false;

/** False when `scenario=` names none of them. */
export function recoveryRun(): boolean {
  if (optionIs("scenario", "recovery")) recoveryScenario();
  else if (optionIs("scenario", "tried-panic")) claim(tryCall(panics) === 0, "recovery: came back from a panic");
  else if (optionIs("scenario", "no-rodata")) withoutRodata();
  else return false;
  return true;
}

function recoveryScenario(): void {
  scenarioBegin("recovery");
  loads();
  stores();
  copies();
  userCopies();
  calls();
  logLine("scenario: recovery held");
  scenarioEnd();
}

function loads(): void {
  store64(word, PATTERN);
  claim(tryLoad8(word) === 0xef, "recovery: a byte that is there");
  claim(tryLoad8(0n) === -1 && tryLoad8(ABSENT) === -1, "recovery: a byte that is not there");
  claim(tryLoad8(NOT_CANONICAL) === -1, "recovery: an address that is none");
  claim(tryLoad64(word, buffer) && load64(buffer) === PATTERN, "recovery: a word that is there");
  claim(!tryLoad64(stackGuard(0), buffer) && load64(buffer) === PATTERN, "recovery: a word that is not there");
  claim(!tryLoad64(NOT_CANONICAL - 4n, buffer), "recovery: a word that leaves the canonical addresses");

  const page = pageAfter(DEMAND_WINDOW, 5);
  claim(tryLoad8(page) === 0, "recovery: a page of the demand-paged window was not repaired");
  giveBack(page);
  claim(tryLoad8(DEMAND_WINDOW + DEMAND_WINDOW_SIZE) === -1, "recovery: past the demand-paged window");
}

function stores(): void {
  claim(tryStore64(word, PATTERN + 1n) && load64(word) === PATTERN + 1n, "recovery: a word stored");
  claim(tryStore8(word, 0xff) && load64(word) === 0x0123_4567_89ab_cdffn, "recovery: a byte stored");
  const before = load64(textStart());
  claim(!tryStore8(textStart(), 0) && !tryStore64(textStart(), 0n), "recovery: code was written");
  claim(load64(textStart()) === before, "recovery: code changed");
  claim(!tryStore64(rodataStart(), 0n) && !tryStore8(0n, 0), "recovery: a constant was written");
}

/** Up to the byte in front of the page that is not there, from either side. */
function copies(): void {
  const edge = stackGuard(0);
  claim(tryCopy(buffer, word, 8) === 8 && load64(buffer) === load64(word), "recovery: a copy");
  claim(tryCopy(buffer, edge - 16n, 32) === 16, "recovery: a copy from the edge");
  claim(tryCopy(edge - 1n, edge - 1n, 2) === 1, "recovery: a copy over the edge");
  claim(tryCopy(buffer, edge - 13n, 32) === 13, "recovery: a copy that stops within a word");
  claim(tryCopy(ABSENT, word, 8) === 0 && tryCopy(word, ABSENT, 0) === 0, "recovery: a copy to nowhere");
}

function userCopies(): void {
  if (!hasSmap()) {
    logLine("scenario: no SMAP");
    return;
  }
  const frame = frameTake(kernelFrames());
  store64(frameBytes(frame), PATTERN);
  claim(mapPage(kernelRoot(), userPage(), frame, PTE_USER | PTE_WRITABLE | PTE_NO_EXECUTE) === OK, "recovery: no page");
  claim(tryLoad8(userPage()) === -1, "recovery: a program's page was read by accident");
  claim(tryCopy(buffer, userPage(), 8) === 0, "recovery: a program's page was copied by accident");
  claim(tryCopyUser(buffer, userPage(), 8) === 8 && load64(buffer) === PATTERN, "recovery: a copy from a program");
  claim(tryLoad8(userPage()) === -1, "recovery: the door stayed open");

  claim(tryCopyUser(buffer, userPage() + PAGE_SIZE - 8n, 16) === 8, "recovery: a copy past a program's page");
  claim(tryLoad8(userPage()) === -1, "recovery: the door stayed open after a fault");

  const target = pageAfter(DEMAND_WINDOW, 7); // absent: a page fault in the middle of the copy
  claim(tryCopyUser(target, userPage(), PAGE_BYTES) === PAGE_BYTES, "recovery: a copy with a repair in the middle");
  claim(load64(target) === PATTERN, "recovery: not what the program had", load64(target));
  claim(trapsWithAccess > 0 && !reachedInTrap, "recovery: a trap handler could reach a program's page");
  giveBack(target);
  flushNow(unmapPage(kernelRoot(), userPage()));
  frameGive(frame);
}

function calls(): void {
  claim(tryCall(nothing) === CALL_RETURNED, "recovery: a call that comes back");
  claim(tryCall(readNull) === VECTOR.PAGE_FAULT, "recovery: a call that faults");
  claim(tryCall(triesToo) === CALL_RETURNED, "recovery: a call that tries another");
  claim(tryCall(fillStack) === VECTOR.GENERAL_PROTECTION, "recovery: a call that faults deep down");
  claim(load64(callTriedAt()) === 0n, "recovery: no call is being tried any more");

  codeTake();
  const kept = load64(word);
  code("48 bb"); // mov rbx, …; then r12 to r15, rbp and rsp the same
  codeWord(PATTERN);
  code("49 89 dc 49 89 dd 49 89 de 49 89 df 48 89 dd fd 0f 0b"); // mov r12..r15, rbx; mov rbp, rbx; std; ud2
  claim(codeRun() === VECTOR.INVALID_OPCODE, "recovery: a call that spoils registers");
  claim(tryCopy(buffer, word, 8) === 8 && load64(buffer) === kept, "recovery: copies run upwards again");
  interruptsOn();
  code("fa 0f 0b"); // cli; ud2
  claim(codeRun() === VECTOR.INVALID_OPCODE, "recovery: a call that shuts interrupts out");
  code("48 b9"); // mov rcx, word; pushfq; pop rax; mov [rcx], rax
  codeWord(word);
  code("9c 58 48 89 01");
  claim(codeRun() === CALL_RETURNED, "recovery: a call that reads the flags");
  interruptsOff();
  claim((load64(word) & RFLAGS_IF) !== 0n, "recovery: interrupts stayed shut out", load64(word));
  codeGive();
}

function nothing(): void {}
function readNull(): void {
  loadVolatile8(0n);
}
function triesToo(): void {
  claim(tryCall(readNull) === VECTOR.PAGE_FAULT, "recovery: an inner call");
  claim(tryLoad8(0n) === -1, "recovery: an access in a tried call is tried by itself");
}
function fillStack(): void {
  storeVolatile64(word, BigInt(deep(100)));
}
function deep(depth: number): number {
  if (depth === 0) return loadVolatile8(NOT_CANONICAL);
  return deep(depth - 1) + (loadVolatile8(word) & 1);
}
function panics(): void {
  panic("recovery: a panic is no fault", 7n);
}

/** The report's words and the table of fixups are gone: not even its one short line can be written. */
function withoutRodata(): void {
  logLine("scenario: rodata goes");
  flushNow(unmapRange(kernelRoot(), rodataStart(), Number((rodataEnd() - rodataStart()) / PAGE_SIZE)));
  loadVolatile8(0n);
}

/** In a trap: can a program's page be reached while a copy is interrupted that may? */
export function recoveryWatch(frame: bigint): void {
  if ((TRAP_FRAME.rflags(frame) & RFLAGS_AC) === 0n) return;
  trapsWithAccess++;
  if (tryLoad8(userPage()) !== -1) reachedInTrap = true;
}

function userPage(): Page {
  return pageOf(virtAddr(USER));
}

function giveBack(page: Page): void {
  const frame: Frame = frameOf(translate(kernelRoot(), page));
  claim(flushNow(unmapPage(kernelRoot(), page)) === OK, "recovery: the page was not mapped", page);
  frameGive(frame);
}
