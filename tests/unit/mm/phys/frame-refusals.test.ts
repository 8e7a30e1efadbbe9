/** Giving back what may not be given back: each time a panic, the record and the owner in the log, nothing changed. */
import { beforeEach, expect, test } from "vitest";
import { bootInfoClear, rangeAdd } from "../../../../kernel/dev/boot-info.ts";
import { NO_FRAME } from "../../../../kernel/lib/addr.ts";
import { OK } from "../../../../kernel/lib/status.ts";
import { framePageSet, frameReferenceAdd } from "../../../../kernel/mm/phys/frame-table.ts";
import { framesAudit } from "../../../../kernel/mm/phys/frames-audit.ts";
import { frameGive, framesAdd, framesFree, frameTake } from "../../../../kernel/mm/phys/frames.ts";
import { memoryMapBuild } from "../../../../kernel/mm/phys/memory-map.ts";
import { KIND, ownerClose } from "../../../../kernel/mm/phys/owners.ts";
import { runGive, runTake } from "../../../../kernel/mm/phys/runs.ts";
import type { Machine } from "../../../fake/machine.ts";
import { logTake } from "../../dev/record.ts";
import { frame, freshPool, openOwner } from "./fresh.ts";

const LIMIT = 0x2000;
const FIRST = 0x1000;
let machine: Machine;

beforeEach(() => {
  machine = freshPool(LIMIT);
  bootInfoClear();
  rangeAdd(0x10_0000n, 0x1f0_0000n, 1);
  rangeAdd(0xf0_0000n, 0x1000n, 3);
  memoryMapBuild();
  framesAdd(frame(FIRST), LIMIT - FIRST - 512);
});

/** What the panic says, and the last line of the log before its own. */
function refused(act: () => void): { panic: string; log: string } {
  const free = framesFree();
  logTake(machine);
  let panic = "none";
  try {
    act();
  } catch (stopped) {
    panic = String(stopped);
  }
  expect([framesFree(), framesAudit()]).toEqual([free, OK]);
  return { panic, log: logTake(machine).trimEnd().split("\n").at(-2) ?? "" };
}

test("one that is given back twice: as its last owner left it", () => {
  const mine = frameTake(openOwner(12));
  framePageSet(mine, 0xabc000n);
  frameGive(mine);
  const { panic, log } = refused(() => frameGive(mine));
  expect(panic).toContain("frames: given back twice");
  expect(log).toBe("mm/phys: frame 4096 p0x1000000 page=0xabc000");
});

test("one that is referenced", () => {
  const mine = frameTake(openOwner(12, KIND.SHARED));
  frameReferenceAdd(mine);
  frameReferenceAdd(mine);
  const { panic, log } = refused(() => frameGive(mine));
  expect(panic).toContain("frames: given back with references");
  expect(log).toBe("mm/phys: frame 4096 p0x1000000 SHARED references=2 order=0 owner=12");
});

test("one whose owner has gone: the log says so", () => {
  const owner = openOwner(13);
  const mine = frameTake(owner);
  ownerClose(owner);
  frameReferenceAdd(mine);
  expect(refused(() => frameGive(mine)).log).toContain(" owner=13 (gone)");
});

test("the head of a run alone", () => {
  const first = runTake(4, openOwner(12));
  const { panic, log } = refused(() => frameGive(first));
  expect(panic).toContain("frames: given back alone, but it is the head of a run");
  expect(log).toBe("mm/phys: frame 4096 p0x1000000 USER references=0 order=4 owner=12");
});

test("one within a run: the log has the run's head", () => {
  const first = runTake(4, openOwner(12));
  const { panic, log } = refused(() => frameGive(frame(first + 15)));
  expect(panic).toContain("frames: given back, but inside a run");
  expect(log).toBe("mm/phys: frame 4111 p0x100f000 is within that run");
  expect(refused(() => runGive(frame(first + 8), 3)).panic).toContain("frames: given back, but inside a run");
});

test.each([
  ["of the firmware", 0xf00, "mm/phys: frame 3840 p0xf00000 is kept by the firmware: ACPI tables"],
  ["of the image", 0x108, "mm/phys: frame 264 p0x108000 is kept by the kernel: boot code and tables"],
  ["in a hole", 0x90, "mm/phys: frame 144 p0x90000 is kept by the machine: a hole"],
  ["that never joined", LIMIT - 4, "mm/phys: frame 8188 p0x1ffc000 is kept by the pool: usable"],
])("one %s", (_, number, words) => {
  const { panic, log } = refused(() => frameGive(frame(number)));
  expect(panic).toContain("frames: given back, but never the pool's");
  expect(log).toBe(words);
});

test.each([LIMIT, -1, NO_FRAME, -(2 ** 40), 2 ** 52, 2 ** 53 - 1])("one outside memory: %d", (number) => {
  const { panic, log } = refused(() => frameGive(frame(number)));
  expect(panic).toContain("frames: given back, but outside memory");
  expect(log).toBe(`mm/phys: frame ${number} is outside memory`);
});
