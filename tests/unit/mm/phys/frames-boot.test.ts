import { beforeEach, describe, expect, test } from "vitest";
import { bootInfoClear, loaderInfoSet, moduleAdd, rangeAdd } from "../../../../kernel/dev/boot-info.ts";
import { type Frame, NOWHERE, physAddr } from "../../../../kernel/lib/addr.ts";
import { NO_MEMORY, OK } from "../../../../kernel/lib/status.ts";
import { frameWindowBuild } from "../../../../kernel/mm/paging/frame-window.ts";
import { framesLimit } from "../../../../kernel/mm/phys/frame-bits.ts";
import { framesAudit, reservationsAudit } from "../../../../kernel/mm/phys/frames-audit.ts";
import { framesBoot, reservationGive } from "../../../../kernel/mm/phys/frames-boot.ts";
import { frameIsFree, framesFree, framesMetadataBytes, framesTotal } from "../../../../kernel/mm/phys/frames.ts";
import { memoryMapBuild, usableBytes } from "../../../../kernel/mm/phys/memory-map.ts";
import { REGION_BOOT, REGION_RECORDS, regionBytes } from "../../../../kernel/mm/phys/regions.ts";
import type { Machine } from "../../../fake/machine.ts";
import { logTake, loggingMachine } from "../../dev/record.ts";
import { frames } from "./fresh.ts";

const HIGH = 0x1_0000_0000n;
const MODULE = 0x157_2000n; // GRUB put the boot information on the module's last page
const INFO = 0x157_2010n;
const MIB = 1024 * 1024;
let machine: Machine;

beforeEach(() => {
  machine = loggingMachine({ ramBytes: 64 * MIB });
  bootInfoClear();
});

const isFree = (number: number): boolean => frameIsFree(number as Frame);

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
 *   - the bitmaps: for each 512 frames up to the highest usable one 128 bytes, then a set of the words and one of the
 *     areas: a bit each, one for each 64 of those, and so on at five levels, each level a word more
 *   - the records, 128 to a frame, with a ragged page at each range's end, and the tables that show them.
 *
 *   pc  128M   32480           - 513 -   3 -   259      areas   64: 8192 + (72+16+8+8+8) + (16+8+8+8+8) bytes
 *   pc  512M  130784           - 513 -   9 -  1026             256: 32768 + (264+40+8+8+8) + (40+8+8+8+8)
 *   pc  4G    786144 +  262144 - 513 -  81 -  8194            2560
 *   pc  8G    786144 + 1310720 - 513 - 146 - 16386            4608
 *   q35 128M   32479           - 513 -   3 -   259              64
 *   q35 512M  130783           - 513 -   9 -  1026             256
 *   q35 4G    523999 +  524288 - 513 -  97 -  8194            3072
 *   q35 8G    523999 + 1572864 - 513 - 162 - 16386            5120
 */
describe("the pool on QEMU's machines", () => {
  test.each([
    ["pc", "128M", 0x7fe_0000n, 0n, 31_705, 3],
    ["pc", "512M", 0x1ffe_0000n, 0n, 129_236, 9],
    ["pc", "4G", 0xbffe_0000n, 0x4000_0000n, 1_039_500, 81],
    ["pc", "8G", 0xbffe_0000n, 0x1_4000_0000n, 2_079_819, 146],
    ["q35", "128M", 0x7fd_f000n, 0n, 31_704, 3],
    ["q35", "512M", 0x1ffd_f000n, 0n, 129_235, 9],
    ["q35", "4G", 0x7ffd_f000n, 0x8000_0000n, 1_039_483, 97],
    ["q35", "8G", 0x7ffd_f000n, 0x1_8000_0000n, 2_079_802, 162],
  ] as const)("%s -m %s: all usable frames are in, all else is out", (board, _, low, highBytes, total, bitmap) => {
    grubMap(board, low, highBytes);
    expect([memoryMapBuild(), frameWindowBuild(), framesBoot()]).toEqual([OK, OK, OK]);
    expect([framesTotal(), framesFree()]).toEqual([total, total]);
    const size = (bitmap * 4096).toString(16);
    expect(logTake(machine)).toMatch(
      new RegExp(`mm/phys: frames total=${total} free=${total} bitmap=p0x[0-9a-f]+ size=0x${size}\n`),
    );

    const lowEnd = Number(low >> 12n);
    const [highStart, highEnd] = [Number(HIGH >> 12n), Number((HIGH + highBytes) >> 12n)];
    const shared = Number(MODULE >> 12n);
    const edges: [number, boolean][] = [
      [0, false], [0x9e, false], [0xff, false], [0x100, false], [0x2ff, false],
      [0x300, false], [shared - 1, true], [shared, false], [shared + 1, true],
      [lowEnd, false], [highStart - 1, false], [highStart, highBytes > 0n], [highEnd, false],
    ];
    expect(edges.map(([number]) => [number, isFree(number)])).toEqual(edges);
    expect([framesAudit(), reservationsAudit()]).toEqual([OK, OK]);
  });
});

/** Of a PC with 128 MiB. */
function boot(): void {
  grubMap("pc", 0x7fe_0000n, 0n);
  memoryMapBuild();
  frameWindowBuild();
  framesBoot();
}

test("the bits say what the counters say, and both what the map says", () => {
  boot();
  const free = frames(0, framesLimit()).filter(isFree);
  expect([free.length, BigInt(free.length) * 4096n]).toEqual([framesFree(), usableBytes()]);
});

test("the image's boot part is handed over later, once", () => {
  boot();
  const before = framesFree();
  expect(reservationGive(REGION_BOOT)).toBe(9);
  expect([framesFree() - before, isFree(0x100), isFree(0x108), isFree(0x109)]).toEqual([9, true, true, false]);
  expect([reservationGive(REGION_BOOT), framesAudit(), reservationsAudit()]).toEqual([0, OK, OK]);
  expect(usableBytes()).toBe(BigInt(framesTotal()) * 4096n);
});

test("64 GiB boot with bitmaps of 4 MiB and records of 512 MiB, of which none is written", () => {
  grubMap("q35", 0x7ffd_f000n, 0xf_8000_0000n);
  memoryMapBuild();
  frameWindowBuild();
  machine.fence([
    { start: 0x10_0000, end: 32 * MIB }, // the image, the bitmaps, the tables
  ]);
  expect(framesBoot()).toBe(OK);
  machine.fence(null);
  expect(framesTotal()).toBe(Number(usableBytes() >> 12n));
  expect(framesMetadataBytes(framesLimit()) / MIB).toBeCloseTo(4.2, 1);
  expect(Number(regionBytes(REGION_RECORDS)) / MIB).toBeCloseTo(512, -1);
});

test("the bitmaps take the first hole that is large enough", () => {
  grubMap("pc", 0x7fe_0000n, 0x1_0000_0000n);
  rangeAdd(0x34_0000n, 0x1000n, 2); // the first hole has 256 KiB, they need 512
  memoryMapBuild();
  expect(framesBoot()).toBe(OK);
  expect(logTake(machine)).toContain(" bitmap=p0x341000 size=0x");
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
