/**
 * The shared zero page: what a page of anonymous memory shows until it is written. One frame, read-only wherever it is
 * mapped, of a kind of its own; its mappings are not counted, because it is never given back.
 */
import { fillWords, staticBytes } from "../../doors/machine.ts";
import { type Frame, frameBytes, NO_FRAME } from "../../lib/addr.ts";
import { NO_MEMORY, OK, type Status } from "../../lib/status.ts";
import { frameTake } from "../phys/frames.ts";
import { KIND, OWNER, ownerOpen } from "../phys/owners.ts";

const WORDS_PER_PAGE = 512;
const owner = staticBytes(OWNER.SIZE, 8);
let frame: Frame = NO_FRAME;

/** Takes the frame. NO_MEMORY. */
export function zeroPageInit(): Status {
  frame = frameTake(ownerOpen(owner, KIND.ZERO, 0n));
  if (frame === NO_FRAME) return NO_MEMORY;
  fillWords(frameBytes(frame), 0n, WORDS_PER_PAGE);
  return OK;
}

/** NO_FRAME before zeroPageInit. */
export function zeroPage(): Frame {
  return frame;
}
