/** A pool of frames for tests of the rooms above it: the kernel's own mm/phys, over a stretch of the fake RAM. */
import { directMap, type Frame, NO_FRAME, physAddr } from "../../kernel/lib/addr.ts";
import { frameGive, framesAdd, framesInit, frameTake } from "../../kernel/mm/phys/frames.ts";
import { kernelFrames } from "../../kernel/mm/phys/owners.ts";

const METADATA = physAddr(0x30_0000n); // above the fake image
const RECORDS = physAddr(0x38_0000n);
const FIRST = 0x400 as Frame;

/** Frames from 4 MiB on, `count` of them, all free. Call it after fakeMachine(), while the boot tables are live. */
export function poolBoot(count: number): void {
  framesInit(directMap(METADATA), FIRST + count, directMap(RECORDS));
  framesAdd(FIRST, count);
}

/** Runs `body` with exactly `count` frames to be had; the others come back afterwards. */
export function withFrames<T>(count: number, body: () => T): T {
  const taken: Frame[] = [];
  for (let frame = frameTake(kernelFrames()); frame !== NO_FRAME; frame = frameTake(kernelFrames())) taken.push(frame);
  if (taken.length < count) throw new RangeError(`the pool has ${taken.length} frames, not ${count}`);
  for (let i = 0; i < count; i++) frameGive(taken.pop()!);
  try {
    return body();
  } finally {
    for (const frame of taken) frameGive(frame);
  }
}
