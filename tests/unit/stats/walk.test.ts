import { beforeEach, expect, test } from "vitest";
import { serialInit } from "../../../kernel/arch/serial.ts";
import type { Frame, VirtAddr } from "../../../kernel/lib/addr.ts";
import { framesInit, framesAdd, frameTake } from "../../../kernel/mm/phys/frames.ts";
import { kernelFrames } from "../../../kernel/mm/phys/owners.ts";
import { walkShow } from "../../../kernel/stats/walk.ts";
import { fakeMachine, MIB, type Machine } from "../../fake/machine.ts";

const DIRECT = 0xffff_8000_0000_0000n;
const P = 1n, W = 2n, U = 4n, A = 0x20n, D = 0x40n, PS = 0x80n, G = 0x100n, XD = 1n << 63n;

let machine: Machine;
let root: Frame;
beforeEach(() => {
  machine = fakeMachine({ ramBytes: 16 * MIB });
  serialInit();
  framesInit((DIRECT + 0x30_0000n) as VirtAddr, 4096, (DIRECT + 0x38_0000n) as VirtAddr);
  framesAdd(1024 as Frame, 64);
  root = table();
});

/** An empty table in a frame of the pool. The pool hands out frames 0x400, 0x401, 0x402, … */
function table(): Frame {
  const frame = frameTake(kernelFrames());
  for (let i = 0; i < 512; i++) entry(frame, i, 0n);
  return frame;
}
function entry(frame: Frame, index: number, value: bigint): void {
  machine.physWrite64(BigInt(frame) * 4096n + BigInt(index * 8), value);
}
function to(frame: number): bigint {
  return BigInt(frame) * 4096n;
}
function walk(va: bigint): string[] {
  machine.serialTake();
  walkShow(root, va as VirtAddr);
  const lines = machine.serialTake().split("\r\n");
  expect(lines.pop()).toBe("");
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  return lines;
}
/** An address by its four indices and its offset. */
function address(i4: number, i3: number, i2: number, i1: number, offset: number): bigint {
  const low = (BigInt(i4) << 39n) | (BigInt(i3) << 30n) | (BigInt(i2) << 21n) | (BigInt(i1) << 12n) | BigInt(offset);
  return i4 >= 256 ? low | 0xffff_0000_0000_0000n : low;
}

test("a page of 4 KiB shows four entries with their flags, and the physical address", () => {
  const [l3, l2, l1] = [table(), table(), table()];
  entry(root, 136, to(l3) | P | W | U | A);
  entry(l3, 273, to(l2) | P | W | A);
  entry(l2, 34, to(l1) | P | W);
  entry(l1, 66, 0x40_2000n | P | W | A | D | G | XD);
  expect(walk(address(136, 273, 34, 66, 0x123))).toEqual([
    "walk of v0x444444442123 from p0x400000",
    "  level 4  [136]  0x0000000000401027  P W U A",
    "  level 3  [273]  0x0000000000402023  P W A",
    "  level 2  [ 34]  0x0000000000403003  P W",
    "  level 1  [ 66]  0x8000000000402163  P W A D G XD",
    "  p0x402123, in a page of 4 KiB",
  ]);
});

test("larger pages end the walk early and keep more of the address", () => {
  const [l3, l2] = [table(), table()];
  entry(root, 256, to(l3) | P | W);
  entry(l3, 0, to(l2) | P | W);
  entry(l2, 3, 0x60_0000n | P | PS | W | D);
  entry(l3, 1, 0x4000_0000n | P | PS);
  expect(walk(address(256, 0, 3, 5, 0x678)).slice(3)).toEqual([
    "  level 2  [  3]  0x00000000006000c3  P W D PS",
    "  p0x605678, in a page of 2 MiB",
  ]);
  expect(walk(address(256, 1, 2, 3, 4)).slice(2)).toEqual([
    "  level 3  [  1]  0x0000000040000081  P PS",
    "  p0x40403004, in a page of 1 GiB",
  ]);
});

test("the walk says at which level nothing is mapped, and reads no flag out of an absent entry", () => {
  const l3 = table();
  entry(root, 511, to(l3) | P | W);
  entry(l3, 510, 0xdead_beef_0000n | W | G);
  expect(walk(address(511, 510, 0, 0, 0))).toEqual([
    "walk of v0xffffffff80000000 from p0x400000",
    "  level 4  [511]  0x0000000000401003  P W",
    "  level 3  [510]  0x0000deadbeef0102  -",
    "  not mapped: the entry of level 3 is not present",
  ]);
  expect(walk(0n)).toHaveLength(3);
});

test("an address that is not canonical is not walked", () => {
  expect(walk(0x8000_0000_0000n)).toEqual([
    "walk of v0x800000000000 from p0x400000",
    "  no walk: the address is not canonical (bits 47 to 63 differ)",
  ]);
});

test("an entry that leads out of memory is shown and not followed", () => {
  entry(root, 0, (0xf_ffff_ffff_f000n) | P);
  // The log's ring, the bitmaps and the pool; anything else would be a wild read.
  machine.fence([{ start: 0x14_0000, end: 0x44_0000 }]);
  expect(walk(0n)).toEqual([
    "walk of v0x0 from p0x400000",
    "  level 4  [  0]  0x000ffffffffff001  P",
    "  stopped: no table of level 3 can be at p0xffffffffff000",
  ]);
  entry(root, 0, 0xa_0000n | P); // a device
  expect(walk(0n).at(-1)).toBe("  stopped: no table of level 3 can be at p0xa0000");
});

test("tables inside the kernel's image, as the boot tables are, are followed", () => {
  machine.physWrite64(0x10_1000n, 0n);
  entry(root, 0, 0x10_1000n | P);
  expect(walk(0n)).toHaveLength(4);
});
