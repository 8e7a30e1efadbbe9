/**
 * The checking build's watch over free frames: each that comes back is filled with a pattern, and nobody may have
 * written to it when it is handed out again. And the lever that makes the allocator fail. No cost in the product: there
 * nothing calls this.
 */
"compiler: cold";
import { logEnd, logHex, logNumber, logText } from "../../base/log.ts";
import { panic } from "../../base/panic.ts";
import { fillWords, load64, store64 } from "../../doors/machine.ts";
import { type Frame, frameNumber, frameBytes } from "../../lib/addr.ts";
import { frameLog } from "./frame-log.ts";
import { FRAME, frameRecord } from "./frame-table.ts";
import { OWNER } from "./owners.ts";

/** What free frames are full of: not canonical, so that whoever takes it for a pointer gets a #GP. */
export const FREED = 0xf4ee_f4ee_f4ee_f4een;
const WORDS = 512;

let takesUntilFailure = 0; // 0: none is to fail

/** The records of frames that the pool has just got: nothing was ever written to these frames. */
export function framesMarkNew(first: Frame, count: number): void {
  for (let i = 0; i < count; i++) FRAME.setPage(frameRecord(frameNumber(first + i)), 0n);
}

/** `count` frames are given back: from now on they are full of the pattern. The first one's record keeps its owner. */
export function framesFreed(first: Frame, count: number): void {
  fillWords(frameBytes(first), FREED, count * WORDS);
  for (let i = 0; i < count; i++) {
    const record = frameRecord(frameNumber(first + i));
    const owner = FRAME.owner(frameRecord(first));
    store64(record, OWNER.header(owner));
    FRAME.setOwner(record, owner);
    FRAME.setPage(record, FREED);
  }
}

/** They are handed out: panics if one was given back once and written to since. */
export function framesUntouched(first: Frame, count: number): void {
  for (let i = 0; i < count; i++) frameUntouched(frameNumber(first + i));
}

function frameUntouched(frame: Frame): void {
  const record = frameRecord(frame);
  if (FRAME.page(record) !== FREED) return;
  FRAME.setPage(record, 0n);
  for (let i = 0; i < WORDS; i++) {
    const word = load64(frameBytes(frame) + BigInt(i * 8));
    if (word === FREED) continue;
    frameLog(frame);
    logNumber("mm/phys: used after free: offset=", i * 8);
    logHex(" word=", word);
    logText(", last owner above");
    logEnd();
    panic("frames: used after free", BigInt(frame));
  }
}

/**
 * The n-th time from now on that somebody wants frames, there are none, and then again as many as there are; 0: never.
 */
export function framesFailAt(n: number): void {
  takesUntilFailure = n;
}
/** Has that time come? */
export function framesHaveFailed(): boolean {
  return takesUntilFailure === 0;
}
export function takeIsToFail(): boolean {
  if (takesUntilFailure === 0) return false;
  takesUntilFailure--;
  return takesUntilFailure === 0;
}
/** The one that was asked about goes on elsewhere, and asks again: it is still one. */
export function takeGoesOn(): void {
  if (takesUntilFailure > 0) takesUntilFailure++;
}
