import { beforeEach, describe, expect, test } from "vitest";
import { bootInfoClear, loaderInfoSet, moduleAdd, rangeAdd } from "../../../../kernel/dev/boot-info.ts";
import { type Frame, NOWHERE, physAddr } from "../../../../kernel/lib/addr.ts";
import { NO_MEMORY, OK } from "../../../../kernel/lib/status.ts";
import { framesBoot } from "../../../../kernel/mm/phys/frames-boot.ts";
import {
  frameIsFree,
  frameIsManaged,
  frameRangeGive,
  framesFree,
  framesLimit,
  framesTotal,
} from "../../../../kernel/mm/phys/frames.ts";
import { memoryMapBuild } from "../../../../kernel/mm/phys/memory-map.ts";
import type { Machine } from "../../../fake/machine.ts";
import { logTake, loggingMachine } from "../../dev/record.ts";

const HIGH = 0x1_0000_0000n;
const MODULE = 0x157_2000n; // GRUB put the boot information on the module's last page
const INFO = 0x157_2010n;
const MIB = 1024 * 1024;
let machine: Machine;

beforeEach(() => {
  machine = loggingMachine({ ramBytes: 32 * MIB });
  bootInfoClear();
});

const isFree = (frame: number): boolean => frameIsFree(frame as Frame);

/**
 * The map that GRUB 2.06 gives under QEMU 7.2 (measured with GRUB's lsmmap): low memory from 1 MiB to `low`, more
 * above 4 GiB.
 */
function grubMap(board: "pc" | "q35", low: bigint, highBytes: bigint): void {
  rangeAdd(0n, 0x9_fc00n, 1);
  rangeAdd(0x9_fc00n, 0x400n, 2);
  rangeAdd(0xf_0000n, 0x1_0000n, 2);
  rangeAdd(0x10_0000n, low - 0x10_0000n, 1);
  rangeAdd(low, board === "pc" ? 0x2_0000n : 0x2_1000n, 2);
  if (board === "q35") {
    rangeAdd(0xb000_0000n, 0x1000_0000n, 2);
    rangeAdd(0xfed1_c000n, 0x4000n, 2);
  }
  rangeAdd(0xfffc_0000n, 0x4_0000n, 2);
  rangeAdd(HIGH, highBytes, 1);
  rangeAdd(0xfd_0000_0000n, 0x3_0000_0000n, 2);
  moduleAdd(MODULE, INFO, NOWHERE, 0);
  loaderInfoSet(physAddr(INFO), physAddr(INFO + 0x700n));
}

/**
 * Frames expected, by hand: low memory above 1 MiB + memory above 4 GiB
 *   - 512 of the fake machine's image (0x100000..0x300000) - 1 that module and boot information share
 *   - the bitmaps: 2 bits for each frame up to the highest usable one, in 64-bit words, in whole frames.
 *
 *   pc  128M   32480           - 513 -   2      0x7fe0   frames:   512 words, 2 x   4096 bytes
 *   pc  512M  130784           - 513 -   8      0x1ffe0           2048       2 x  16384
 *   pc  4G    786144 +  262144 - 513 -  80      0x140000         20480       2 x 163840
 *   pc  8G    786144 + 1310720 - 513 - 144      0x240000         36864       2 x 294912
 *   q35 128M   32479           - 513 -   2      0x7fdf             512       2 x   4096
 *   q35 512M  130783           - 513 -   8      0x1ffdf           2048       2 x  16384
 *   q35 4G    523999 +  524288 - 513 -  96      0x180000         24576       2 x 196608
 *   q35 8G    523999 + 1572864 - 513 - 160      0x280000         40960       2 x 327680
 */
describe("the pool on QEMU's machines", () => {
  test.each([
    ["pc", "128M", 0x7fe_0000n, 0n, 31_965, 2],
    ["pc", "512M", 0x1ffe_0000n, 0n, 130_263, 8],
    ["pc", "4G", 0xbffe_0000n, 0x4000_0000n, 1_047_695, 80],
    ["pc", "8G", 0xbffe_0000n, 0x1_4000_0000n, 2_096_207, 144],
    ["q35", "128M", 0x7fd_f000n, 0n, 31_964, 2],
    ["q35", "512M", 0x1ffd_f000n, 0n, 130_262, 8],
    ["q35", "4G", 0x7ffd_f000n, 0x8000_0000n, 1_047_678, 96],
    ["q35", "8G", 0x7ffd_f000n, 0x1_8000_0000n, 2_096_190, 160],
  ] as const)("%s -m %s: all usable frames are in, all else is out", (board, _, low, highBytes, total, bitmap) => {
    grubMap(board, low, highBytes);
    expect([memoryMapBuild(), framesBoot()]).toEqual([OK, OK]);
    expect([framesTotal(), framesFree()]).toEqual([total, total]);
    expect(logTake(machine)).toContain(
      `mm/phys: frames total=${total} free=${total} bitmap=p0x300000 size=0x${(bitmap * 4096).toString(16)}\n`,
    );

    const lowEnd = Number(low >> 12n);
    const [highStart, highEnd] = [Number(HIGH >> 12n), Number((HIGH + highBytes) >> 12n)];
    const shared = Number(MODULE >> 12n);
    const edges: [number, boolean][] = [
      [0, false], [0x9e, false], [0xff, false], [0x100, false], [0x2ff, false],
      [0x300, false], [0x300 + bitmap - 1, false], [0x300 + bitmap, true],
      [shared - 1, true], [shared, false], [shared + 1, true],
      [lowEnd - 1, true], [lowEnd, false], [highStart - 1, false],
      [highStart, highBytes > 0n], [highEnd - 1, highBytes > 0n], [highEnd, false],
    ];
    expect(edges.map(([frame]) => [frame, isFree(frame)])).toEqual(edges);
  });
});

test("the bits say what the counters say", () => {
  grubMap("pc", 0x7fe_0000n, 0n);
  memoryMapBuild();
  framesBoot();
  const all = Array.from({ length: framesLimit() }, (_, frame) => frame as Frame);
  expect([all.filter(frameIsFree).length, all.filter(frameIsManaged).length]).toEqual([framesFree(), framesTotal()]);
});

test("the boot tables are handed over later, once", () => {
  grubMap("pc", 0x7fe_0000n, 0n);
  memoryMapBuild();
  framesBoot();
  const before = framesFree();
  frameRangeGive(0x100 as Frame, 9);
  expect([framesFree() - before, isFree(0x100), isFree(0x108), isFree(0x109)]).toEqual([9, true, true, false]);
  expect(() => frameRangeGive(0x108 as Frame, 1)).toThrow("frames: range is the pool's already");
});

test("64 GiB boot with bitmaps of 4 MiB, written word by word", () => {
  grubMap("q35", 0x7ffd_f000n, 0xf_8000_0000n);
  memoryMapBuild();
  expect(framesBoot()).toBe(OK);
  expect(framesTotal()).toBe(523_999 + 0xf8_0000 - 513 - (0x108_0000 / 64) * 16 / 4096);
});

test("the bitmaps take the first hole that is large enough", () => {
  grubMap("pc", 0x7fe_0000n, 0x1_0000_0000n); // 2 x 256 KiB of bitmaps
  rangeAdd(0x34_0000n, 0x1000n, 2); // the first hole has 256 KiB
  memoryMapBuild();
  expect(framesBoot()).toBe(OK);
  expect(logTake(machine)).toContain(" bitmap=p0x341000 size=0x80000\n");
});

test.each([
  ["no hole is large enough", [[0x30_0000n, 0x10_0000n], [HIGH, 0x40_0000_0000n]]],
  ["the memory is all above 4 GiB", [[HIGH, 0x1000_0000n]]],
  ["a map claims terabytes that are not there", [[0x30_0000n, 0x100_0000n], [HIGH, 0x3fff_0000_0000n]]],
] as const)("no room for the bitmaps is an answer: %s", (_, ranges) => {
  rangeAdd(0x10_0000n, 0x20_0000n, 1);
  for (const [start, length] of ranges) rangeAdd(start, length, 1);
  memoryMapBuild();
  logTake(machine);
  expect(framesBoot()).toBe(NO_MEMORY);
  expect(logTake(machine)).toMatch(/^mm\/phys: no room below 4 GiB for the frame bitmap size=0x[0-9a-f]+\n$/);
});
