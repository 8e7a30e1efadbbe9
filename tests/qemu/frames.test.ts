/** Scenario `frames` on the maps of QEMU's machines: every frame that there is. `make test-long` has the large ones. */
import { expect, test } from "vitest";
import { EXIT_SUCCESS } from "./machine.ts";
import { bootAndLook } from "./outside.ts";

const LONG = process.env["LONG"] === "1";
const SECONDS = 180;

/** The machine, and MiB of memory. */
type Map = readonly [machine: string, mib: number];

const SHORT_MAPS: readonly Map[] = [
  ["pc", 128],
  ["q35", 512],
  ["pc,max-ram-below-4g=512M", 1536], // a hole of 3.5 GiB between its two ranges
];
const LONG_MAPS: readonly Map[] = [
  ["q35", 128],
  ["pc", 512],
  ["pc", 4096],
  ["q35", 4096],
  ["pc", 8192],
  ["q35", 8192],
  ["pc,max-ram-below-4g=512M", 9216],
  ["q35,max-ram-below-4g=1G", 9216],
];
const FRAMES_PER_MIB = 256;

test.each([...SHORT_MAPS, ...(LONG ? LONG_MAPS : [])])(
  "on %s with %d MiB every frame can be taken once, is usable memory, keeps what is written to it, and comes back",
  async (machine, mib) => {
    const flags = ["-machine", machine];
    const { log, status, roots, differences } = await bootAndLook(
      { kernel: "test", memory: `${mib}M`, options: "scenario=frames panic=exit", flags },
      SECONDS,
    );
    expect(status, log).toBe(EXIT_SUCCESS);
    expect([roots, differences]).toEqual([1, []]);
    expect(log).toMatch(/scenario: end frames-before=(\d+) frames-after=\1\n/);
    const [, taken, before] = /frames taken=(\d+)[^]*frames-before=(\d+)/.exec(log) ?? [];
    expect(taken).toBe(before);
    // Bitmaps and records are a little less than a hundredth of it; the kernel and what the firmware keeps, 4 MiB.
    expect(Number(taken)).toBeGreaterThan((mib * 0.99 - 4) * FRAMES_PER_MIB);
  },
  SECONDS * 1000,
);
