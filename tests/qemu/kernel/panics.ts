/**
 * Ends in places that a report can get wrong: inlined, merged, called by address, without a frame yet, in a trap, on
 * another stack, over the boot tables. `here: NAME` marks a line that tests/qemu/panics.test.ts expects to be told.
 */
import { descriptorsInit } from "../../../kernel/arch/descriptors.ts";
import { serialInit } from "../../../kernel/arch/serial.ts";
import { panic } from "../../../kernel/base/panic.ts";
import { commandRun } from "../../../kernel/console/commands.ts";
import { wordsSet } from "../../../kernel/console/words.ts";
import { optionIs } from "../../../kernel/dev/boot-options.ts";
import { bootInfoRead } from "../../../kernel/dev/boot-read.ts";
import {
  loadVolatile64, loadVolatile8, staticBytes, store8, storeVolatile64, storeVolatile8, stringByte, stringLength,
} from "../../../kernel/doors/machine.ts";
import {
  DEMAND_WINDOW, FRAME_TABLE, frameOf, PAGE_BYTES, pageAfter, pageOf, physAddr,
} from "../../../kernel/lib/addr.ts";
import { OK } from "../../../kernel/lib/status.ts";
import { heapGive, heapTake } from "../../../kernel/mm/heap/heap.ts";
import { kernelRoot } from "../../../kernel/mm/paging/kernel-map.ts";
import { flushNow } from "../../../kernel/mm/paging/flush.ts";
import { unmapPage } from "../../../kernel/mm/paging/unmap.ts";
import { frameGive, framesAdd, framesInit, frameTake } from "../../../kernel/mm/phys/frames.ts";
import { kernelFrames } from "../../../kernel/mm/phys/owners.ts";
import { fatalInit } from "../../../kernel/trap/fatal.ts";
import { claim } from "./check.ts";

type Visitor = (at: bigint) => void;

const SCRATCH = staticBytes(64);
const BITMAP_FRAMES = 8 * PAGE_BYTES; // their bitmap is one page long

let visitor: Visitor = visitGently;

/** False when `scenario=` names none of them. */
export function panicsRun(): boolean {
  if (optionIs("scenario", "panic-inlined")) outer(0x10n); // here: inlined-caller
  else if (optionIs("scenario", "panic-merged")) either(chosen() + 2);
  else if (optionIs("scenario", "panic-divide")) divide(chosen());
  else if (optionIs("scenario", "panic-twice")) giveTwice();
  else if (optionIs("scenario", "panic-frame")) frameGiveTwice();
  else if (optionIs("scenario", "panic-header")) writeBeforeBlock();
  else if (optionIs("scenario", "panic-claim")) claim(chosen() === 1, "panics: a claim", 7n); // here: claim
  else if (optionIs("scenario", "panic-callback")) callBack();
  else if (optionIs("scenario", "panic-pointer")) follow(0xdead_beef_dead_beefn);
  else if (optionIs("scenario", "panic-overflow")) dig(1);
  else if (optionIs("scenario", "panic-last-act")) descend(chosen() + 5);
  else if (optionIs("scenario", "panic-trap")) faultInTheHandler();
  else if (optionIs("scenario", "panic-command")) command("panic");
  else return false;
  return true;
}

/** Before anything stands but the trap gates, over the boot tables. */
export function panicEarly(magic: number, info: number): void {
  if (bootInfoRead(magic, info) !== OK || !optionIs("scenario", "panic-early")) return;
  fatalInit(optionIs("panic", "exit"));
  serialInit();
  descriptorsInit();
  storeVolatile8(0xffff_9000_0000_0000n, 1); // here: early
}

function outer(at: bigint): void {
  storeVolatile64(SCRATCH, middle(at)); // here: inlined-outer
}
function middle(at: bigint): bigint {
  return inner(at) + 1n; // here: inlined-middle
}
function inner(at: bigint): bigint {
  return loadVolatile64(at); // here: inlined
}

/** Two ends that are the same but for their lines. */
function either(which: number): void {
  storeVolatile8(SCRATCH, 3);
  if (which === 1) panic("panics: the same words", 5n);
  storeVolatile8(SCRATCH, 4);
  if (which === 2) panic("panics: the same words", 5n); // here: merged
  storeVolatile8(SCRATCH, 5);
  if (which === 3) panic("panics: the same words", 5n);
}

function divide(by: number): void {
  storeVolatile8(SCRATCH + 1n, Math.trunc(100 / by)); // here: divide
}

function giveTwice(): void {
  const block = heapTake(100n);
  heapGive(block);
  heapGive(block); // here: twice
}

function frameGiveTwice(): void {
  const frame = frameTake(kernelFrames());
  frameGive(frame);
  frameGive(frame); // here: frame
}

function writeBeforeBlock(): void {
  const block = heapTake(100n);
  storeVolatile64(block - 8n, 1n);
  heapGive(block); // here: header
}

function callBack(): void {
  visitor = chosen() === 0 ? visitBadly : visitGently;
  visitor(0x20n); // here: callback-caller
  storeVolatile8(SCRATCH, 1);
}
function visitGently(at: bigint): void {
  storeVolatile64(SCRATCH, at);
}
function visitBadly(at: bigint): void {
  storeVolatile64(at, at); // here: callback
}

function follow(pointer: bigint): void {
  storeVolatile64(SCRATCH, pointer);
  storeVolatile8(loadVolatile64(SCRATCH), 1); // here: pointer
}

/** Recursion without end in sight: each call keeps something to do, so that no compiler makes a loop of it. */
function dig(depth: number): number {
  if (depth === 0) return 0;
  storeVolatile8(SCRATCH, depth & 0xff);
  return dig(depth + 1) + (loadVolatile8(SCRATCH) & 1); // here: overflow
}

/** Each call is the last act of its function: a compiler may make jumps of them, and forget who called. */
function descend(depth: number): void {
  if (depth === 0) storeVolatile8(0x30n, 1); // here: last-act
  else descend(depth - 1); // here: last-act-caller
}

/** The bitmap of free frames moves into a page that is taken away: the next page fault cannot be repaired. */
function faultInTheHandler(): void {
  const bitmap = pageAfter(pageOf(heapTake(BigInt(4 * PAGE_BYTES))), 1);
  framesInit(bitmap, BITMAP_FRAMES, FRAME_TABLE);
  framesAdd(frameOf(physAddr(0n)), BITMAP_FRAMES);
  flushNow(unmapPage(kernelRoot(), bitmap));
  storeVolatile8(DEMAND_WINDOW, 1); // here: trap
}

function command(words: string): void {
  for (let i = 0; i < stringLength(words); i++) store8(SCRATCH + BigInt(i), stringByte(words, i));
  wordsSet(SCRATCH, stringLength(words));
  commandRun(); // here: command
}

/** 0, but only this function knows. */
function chosen(): number {
  return loadVolatile8(SCRATCH);
}
