/** A pool of frames for tests of the rooms above it: the kernel's own mm/phys, over a stretch of the fake RAM. */
import { directMap, type Frame, NO_FRAME, physAddr } from "../../kernel/lib/addr.ts";
import { framesAdd, framesFree, framesInit } from "../../kernel/mm/phys/frames.ts";
import { kernelFrames } from "../../kernel/mm/phys/owners.ts";
import { runGive, runTake } from "../../kernel/mm/phys/runs.ts";

const METADATA = physAddr(0x30_0000n); // above the fake image
const RECORDS = physAddr(0x38_0000n);
const FIRST = 0x400 as Frame;
const RUN_ORDER = 11; // of the largest runs that withFrames takes

/** Frames from 4 MiB on, `count` of them, all free. Call it after fakeMachine(), while the boot tables are live. */
export function poolBoot(count: number): void {
  framesInit(directMap(METADATA), FIRST + count, directMap(RECORDS));
  framesAdd(FIRST, count);
}

/** Runs `body` with exactly `count` frames to be had; the others come back afterwards. */
export function withFrames<T>(count: number, body: () => T): T {
  if (framesFree() < count) throw new RangeError(`the pool has ${framesFree()} frames, not ${count}`);
  const taken: [Frame, number][] = [];
  for (let order = RUN_ORDER; order >= 0; order--) {
    while (framesFree() - count >= 2 ** order) {
      const run = runTake(order, kernelFrames());
      if (run === NO_FRAME) break;
      taken.push([run, order]);
    }
  }
  try {
    return body();
  } finally {
    for (const [run, order] of taken) runGive(run, order);
  }
}
