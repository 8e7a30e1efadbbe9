/** Machine code that no compiler would make: written down byte by byte, and called. */
import { store8, stringByte, stringLength, tryCallAt } from "../../../kernel/doors/machine.ts";
import { type Frame, frameBytes, NO_FRAME, type Page, pageOf, virtAddr } from "../../../kernel/lib/addr.ts";
import { OK } from "../../../kernel/lib/status.ts";
import { kernelRoot } from "../../../kernel/mm/paging/kernel-map.ts";
import { mapPage } from "../../../kernel/mm/paging/map.ts";
import { flushNow } from "../../../kernel/mm/paging/flush.ts";
import { unmapPage } from "../../../kernel/mm/paging/unmap.ts";
import { frameGive, frameTake } from "../../../kernel/mm/phys/frames.ts";
import { kernelFrames } from "../../../kernel/mm/phys/owners.ts";
import { claim } from "./check.ts";

/** In the heap's slot, far from the heap. The code is executed here, and written through the direct map. */
const CODE = 0x0000_4440_0000_0000n;
const RET = 0xc3;
const DIGIT_0 = 0x30;
const LETTER_A = 0x61;
const SPACE = 0x20;

let frame: Frame = NO_FRAME;
let end = 0n; // where the next byte goes, in the direct map

/** To be called first; `codeGive` is its end. */
export function codeTake(): void {
  frame = frameTake(kernelFrames());
  claim(frame !== NO_FRAME, "code: no frame");
  claim(mapPage(kernelRoot(), codePage(), frame, 0n) === OK, "code: not mapped");
  codeBegin();
}
export function codeGive(): void {
  flushNow(unmapPage(kernelRoot(), codePage()));
  frameGive(frame);
}
function codePage(): Page {
  return pageOf(virtAddr(CODE));
}

/** What follows stands at the beginning of the page. */
export function codeBegin(): void {
  end = frameBytes(frame);
}
/** Bytes as the manual has them: "0f 0b". */
export function code(bytes: string): void {
  for (let i = 0; i < stringLength(bytes); i++) {
    if (stringByte(bytes, i) === SPACE) continue;
    codeByte(digit(stringByte(bytes, i)) * 16 + digit(stringByte(bytes, i + 1)));
    i++;
  }
}
export function codeByte(value: number): void {
  store8(end, value);
  end += 1n;
}
/** A 64-bit immediate. */
export function codeWord(value: bigint): void {
  for (let i = 0; i < 8; i++) codeByte(Number((value >> BigInt(i * 8)) & 0xffn));
}
/** Calls what was written since codeBegin: CALL_RETURNED, or the vector that ended it. Then the page is empty again. */
export function codeRun(): number {
  codeByte(RET);
  const answer = tryCallAt(CODE);
  codeBegin();
  return answer;
}

function digit(letter: number): number {
  return letter >= LETTER_A ? letter - LETTER_A + 10 : letter - DIGIT_0;
}
