import { beforeEach, expect, test } from "vitest";
import { flushAll } from "../../../../kernel/arch/tlb.ts";
import {
  DIRECT_MAP, type Frame, frameAddr, frameBytes, IMAGE_MAP, NO_PHYS, type Page, type VirtAddr,
} from "../../../../kernel/lib/addr.ts";
import {
  ALREADY_MAPPED, EMPTY_RANGE, MISALIGNED, NO_MEMORY, NO_SUCH_FRAME, NOT_CANONICAL, NOT_MAPPED, OK, UNKNOWN_FLAG, WRAPS,
  WRITABLE_CODE, WRONG_HALF,
} from "../../../../kernel/lib/status.ts";
import { mapLargest, mapPage, mapRange } from "../../../../kernel/mm/paging/map.ts";
import {
  PTE_GLOBAL, PTE_HUGE, PTE_NO_EXECUTE, PTE_PRESENT, PTE_USER, PTE_WRITABLE,
} from "../../../../kernel/mm/paging/pte.ts";
import { tablesInit, tablesStock, tableTake } from "../../../../kernel/mm/paging/tables.ts";
import { FLUSH_PAGES_MOST, flushLater, flushNow, flushPay } from "../../../../kernel/mm/paging/flush.ts";
import { unmapPage, unmapRange } from "../../../../kernel/mm/paging/unmap.ts";
import { entryFind, entryStop, translate, translateRights } from "../../../../kernel/mm/paging/walk.ts";
import { framesAdd, framesFree, framesInit, frameTake } from "../../../../kernel/mm/phys/frames.ts";
import { kernelFrames, kernelTables } from "../../../../kernel/mm/phys/owners.ts";
import {
  fakeMachine, GIB, load8, type Machine, MIB, PageFault, store8, writeCr3, writeCr4,
} from "../../../fake/machine.ts";
import { poolBoot, withFrames } from "../../../fake/pool.ts";
import { mappings, tableCount, tablesPicture } from "../../../fake/tables.ts";

const DATA = PTE_WRITABLE | PTE_NO_EXECUTE;
const page = (va: bigint): Page => va as Page;
const frame = (n: number): Frame => n as Frame;
const HOME = page(0x4444_4444_0000n);

let machine: Machine;
let root: Frame;
beforeEach(() => {
  machine = fakeMachine({ ramBytes: 64 * MIB });
  poolBoot(2048);
  tablesInit();
  tablesStock(1, kernelTables());
  root = tableTake();
});

/** The tables become the CPU's, with what the kernel needs to go on: its direct map, and its image for the statics. */
function live(): void {
  const image = page(IMAGE_MAP + 0x14_0000n);
  expect(mapRange(root, image, frame(0x140), 0x1c0, DATA | PTE_GLOBAL)).toBe(OK);
  expect(mapLargest(root, page(DIRECT_MAP), frame(0), (64 * MIB) / 4096, DATA | PTE_GLOBAL, 2)).toBe(OK);
  writeCr4(0xa0n); // PAE, PGE
  writeCr3(frameAddr(root));
}
const rootAddr = (): bigint => frameAddr(root);

test("a mapped page translates with its offset; its neighbours do not", () => {
  expect(mapPage(root, HOME, frame(0x1234), DATA)).toBe(OK);
  expect(translate(root, (HOME + 0xabcn) as VirtAddr)).toBe(0x1234abcn);
  expect(entryStop()).toBe(1);
  expect(translate(root, (HOME - 1n) as VirtAddr)).toBe(NO_PHYS);
  expect(translate(root, (HOME + 4096n) as VirtAddr)).toBe(NO_PHYS);
});

test("the CPU sees what was mapped, and refuses what the flags refuse", () => {
  live();
  mapPage(root, HOME, frame(0x2000), PTE_NO_EXECUTE);
  machine.physWrite8(0x200_0042n, 7);
  expect(load8(HOME + 0x42n)).toBe(7);
  expect(() => store8(HOME, 1)).toThrow(PageFault);
  expect(() => machine.probe(HOME, "fetch")).toThrow(PageFault);
  expect(() => machine.probe(HOME, "read", true)).toThrow(PageFault);
});

test("the user reaches what is mapped for the user, and no slot holds pages of both", () => {
  live();
  expect(mapPage(root, HOME, frame(0x2000), DATA | PTE_USER)).toBe(OK);
  expect(machine.probe(HOME, "write", true)).toBe(0x200_0000n);
  expect(mapPage(root, page(HOME + 0x1000n), frame(0x2001), DATA)).toBe(WRONG_HALF);
  expect(mapPage(root, page(0x1000n), frame(0x2001), DATA)).toBe(OK);
  expect(mapPage(root, page(0x2000n), frame(0x2001), DATA | PTE_USER)).toBe(WRONG_HALF);
});

test("an unmapped page is gone for the CPU at once, global or not", () => {
  live();
  for (const flags of [DATA, DATA | PTE_GLOBAL]) {
    mapPage(root, HOME, frame(0x2000), flags);
    load8(HOME);
    expect(flushNow(unmapPage(root, HOME))).toBe(OK);
    expect(() => load8(HOME)).toThrow(PageFault);
  }
});

test("a table that was given back is walked no more", () => {
  live();
  mapPage(root, HOME, frame(0x2000), DATA);
  load8(HOME);
  flushNow(unmapPage(root, HOME));
  mapPage(root, page(0x41000n), frame(0x2001), DATA); // the same tables, and the same place in the lowest
  expect(() => load8(HOME + 0x1000n)).toThrow(PageFault);
});

test("rights are those of all levels together, in a large page as well; nothing may be done where nothing is", () => {
  const home = HOME as VirtAddr;
  expect(translateRights(root, home)).toBe(0n);
  mapPage(root, HOME, frame(1), DATA | PTE_USER);
  expect(translateRights(root, home)).toBe(PTE_PRESENT | DATA | PTE_USER);
  const top = entryFind(root, home, 3);
  machine.physWrite64(top, machine.physRead64(top) & ~(PTE_USER | PTE_WRITABLE));
  expect(translateRights(root, home)).toBe(PTE_PRESENT | PTE_NO_EXECUTE);
  mapLargest(root, page(0x4000_0000n), frame(0x4_0000), 2 ** 18, 0n, 3);
  expect(translateRights(root, 0x4123_4567n as VirtAddr)).toBe(PTE_PRESENT); // read and execute
  expect(translateRights(root, 0x8000_0000_0000n as VirtAddr)).toBe(0n);
});

test("nothing is mapped twice", () => {
  mapPage(root, HOME, frame(1), DATA);
  expect(mapPage(root, HOME, frame(2), DATA)).toBe(ALREADY_MAPPED);
  expect(mapRange(root, page(HOME - 0x3000n), frame(2), 4, DATA)).toBe(ALREADY_MAPPED);
  expect(translate(root, HOME)).toBe(0x1000n);
  expect(translate(root, page(HOME - 0x3000n))).toBe(NO_PHYS);
});

test("what is not mapped cannot be unmapped, and a range with a gap stays whole", () => {
  expect(flushNow(unmapPage(root, HOME))).toBe(NOT_MAPPED);
  mapPage(root, HOME, frame(1), DATA);
  expect(flushNow(unmapRange(root, HOME, 2))).toBe(NOT_MAPPED);
  expect(translate(root, HOME)).toBe(0x1000n);
});

test.each([
  ["misaligned", 0x1001n, 1, 1, DATA, MISALIGNED],
  ["not canonical", 0x8000_0000_0000n, 1, 1, DATA, NOT_CANONICAL],
  ["over the end of the lower half", 0x7fff_ffff_f000n, 1, 2, DATA, WRAPS],
  ["over the end of everything", 0xffff_ffff_ffff_f000n, 1, 2, DATA, WRAPS],
  ["longer than a half", 0x0n, 1, 2 ** 35 + 1, DATA, WRAPS],
  ["no page at all", 0x1000n, 1, 0, DATA, EMPTY_RANGE],
  ["a negative count", 0x1000n, 1, -1, DATA, EMPTY_RANGE],
  ["no frame", 0x1000n, -1, 1, DATA, NO_SUCH_FRAME],
  ["beyond physical memory", 0x1000n, 2 ** 40 - 1, 2, DATA, NO_SUCH_FRAME],
  ["writable and executable", 0x1000n, 1, 1, PTE_WRITABLE, WRITABLE_CODE],
  ["a flag that is the mapper's", 0x1000n, 1, 1, DATA | PTE_HUGE, UNKNOWN_FLAG],
  ["for the user in the kernel half", DIRECT_MAP, 1, 1, DATA | PTE_USER, WRONG_HALF],
])("mapRange refuses: %s", (_what, va, first, count, flags, status) => {
  expect(mapRange(root, page(va), frame(first), count, flags)).toBe(status);
  expect(mappings(machine, rootAddr())).toEqual([]);
});

test("the last page of each half can be mapped", () => {
  expect(mapPage(root, page(0x7fff_ffff_f000n), frame(1), DATA)).toBe(OK);
  expect(mapPage(root, page(0xffff_ffff_ffff_f000n), frame(2), DATA)).toBe(OK);
  expect(mappings(machine, rootAddr()).map(({ pa }) => pa)).toEqual([0x1000n, 0x2000n]);
});

test("mapLargest is told that no frame has such a number", () => {
  expect(mapLargest(root, HOME, frame(-1), 2, DATA, 3)).toBe(NO_SUCH_FRAME);
  expect(mapLargest(root, HOME, frame(2 ** 28 - 1), 2, DATA, 3)).toBe(NO_SUCH_FRAME);
  expect(mappings(machine, rootAddr())).toEqual([]);
});

test("mapLargest chooses the largest pages that stand on both sides' boundaries", () => {
  expect(mapLargest(root, page(0x3fff_f000n), frame(0x3_ffff), 1 + 2 ** 18 + 512 + 1, DATA, 3)).toBe(OK);
  const sizes = mappings(machine, rootAddr()).map(({ bytes }) => Number(bytes));
  expect(sizes).toEqual([4096, GIB, 2 * MIB, 4096]);
  expect(translate(root, 0x4123_4567n as VirtAddr)).toBe(0x4123_4567n);
  expect(entryStop()).toBe(3);
});

test("a large page's PAT bit is no part of its address", () => {
  mapLargest(root, page(0x4000_0000n), frame(0x4_0000), 512, DATA, 2);
  const entry = entryFind(root, 0x4000_0000n as VirtAddr, 2);
  machine.physWrite64(entry, machine.physRead64(entry) | 0x1000n);
  expect(translate(root, 0x4000_0234n as VirtAddr)).toBe(0x4000_0234n);
});

test("mapLargest uses no page of 1 GiB where the CPU has none, and none of 2 MiB out of step", () => {
  mapLargest(root, page(0x4000_0000n), frame(0x4_0000), 2 ** 18, DATA, 2);
  expect(mappings(machine, rootAddr()).every(({ bytes }) => bytes === 2n * BigInt(MIB))).toBe(true);
  mapLargest(root, page(0x1_0000_0000n), frame(1), 1024, DATA, 3);
  expect(translate(root, 0x1_0020_0000n as VirtAddr)).toBe(0x20_1000n);
  expect(entryStop()).toBe(1);
});

test("a larger page is split when part of it is unmapped, and the rest stays what it was", () => {
  mapLargest(root, page(0x4000_0000n), frame(0x4_0000), 1024, DATA, 2);
  expect(mapPage(root, page(0x4010_0000n), frame(1), DATA)).toBe(ALREADY_MAPPED);
  expect(flushNow(unmapRange(root, page(0x4010_0000n), 512))).toBe(OK);
  const left = mappings(machine, rootAddr());
  expect(left).toHaveLength(512);
  const flags = DATA | PTE_PRESENT;
  expect(left.every((each) => each.pa === each.va && each.bytes === 4096n && each.flags === flags)).toBe(true);
  expect(flushNow(unmapRange(root, page(0x4000_0000n), 256))).toBe(OK);
  expect(flushNow(unmapRange(root, page(0x4030_0000n), 256))).toBe(OK);
  expect(mappings(machine, rootAddr())).toEqual([]);
  expect(tableCount(machine, rootAddr())).toBe(1);
});

test("a page of 1 GiB is split as far as it must be", () => {
  mapLargest(root, page(0x4000_0000n), frame(0x4_0000), 2 ** 18, DATA, 3);
  expect(flushNow(unmapPage(root, page(0x4020_1000n)))).toBe(OK);
  const sizes = mappings(machine, rootAddr()).map(({ bytes }) => Number(bytes));
  const countOf = (bytes: number): number => sizes.filter((size) => size === bytes).length;
  expect([countOf(4096), countOf(2 * MIB)]).toEqual([511, 511]);
});

test("tables come back when they are empty, but a kernel slot keeps its table of level 3", () => {
  const free = framesFree();
  mapRange(root, page(0x3fff_f000n), frame(1), 2, DATA);
  expect(tableCount(machine, rootAddr())).toBe(1 + 5);
  flushNow(unmapRange(root, page(0x3fff_f000n), 2));
  expect(framesFree()).toBe(free);
  mapPage(root, page(DIRECT_MAP), frame(1), DATA);
  flushNow(unmapPage(root, page(DIRECT_MAP)));
  expect(tableCount(machine, rootAddr())).toBe(1 + 1);
  expect(framesFree()).toBe(free - 1);
});

test("without a frame for its k-th table a mapping changes nothing and keeps nothing, for every k", () => {
  mapPage(root, HOME, frame(9), DATA);
  const attempts = [
    () => mapPage(root, page(0x1000n), frame(1), DATA),
    () => mapRange(root, page(HOME - 0x1000n), frame(1), 1, DATA),
    () => mapRange(root, page(0x7f_ffff_f000n), frame(1), 2, DATA),
    () => mapRange(root, page(0x20_0000n), frame(1), 5 * 512, DATA),
    () => mapLargest(root, page(0x1f_f000n), frame(0x1ff), 1 + 512 + 1, DATA, 3),
  ];
  const before = tablesPicture(machine, rootAddr());
  const free = framesFree();
  for (const attempt of attempts) {
    let needed = 0;
    while (withFrames(needed, attempt) === NO_MEMORY) {
      expect(tablesPicture(machine, rootAddr())).toBe(before);
      expect(framesFree()).toBe(free);
      needed++;
    }
    expect(framesFree()).toBe(free - needed); // exactly what it asked for was used
    expect(tablesPicture(machine, rootAddr())).not.toBe(before);
    for (const { va, bytes } of mappings(machine, rootAddr())) {
      if (va !== HOME) flushNow(unmapRange(root, page(va), Number(bytes) / 4096));
    }
    expect(tablesPicture(machine, rootAddr())).toBe(before);
    expect(framesFree()).toBe(free);
  }
});

test("fresh tables are empty though RAM is junk", () => {
  mapPage(root, HOME, frame(5), DATA);
  expect(mappings(machine, rootAddr())).toEqual([{ va: HOME, pa: 0x5000n, bytes: 4096n, flags: DATA | PTE_PRESENT }]);
});

test("a frame above 4 GiB is no table while the boot tables are live", () => {
  machine = fakeMachine({ ramBytes: 16 * MIB, moreRam: [{ start: 4 * GIB, end: 4 * GIB + 16 * MIB }] });
  const records = (DIRECT_MAP + 0xc0_0000n - (2n ** 20n * 32n)) as VirtAddr; // of the 16 frames alone
  framesInit((DIRECT_MAP + 0x80_0000n) as VirtAddr, 2 ** 20 + 16, records);
  framesAdd(frame(2 ** 20), 16);
  expect(tablesStock(1, kernelTables())).toBe(false);
  expect(framesFree()).toBe(16);
});

test("flushAll drops global translations too", () => {
  live();
  mapPage(root, HOME, frame(0x2000), DATA | PTE_GLOBAL);
  load8(HOME);
  const entry = Number(machine.physRead64(rootAddr() + 136n * 8n) & 0xf_ffff_f000n);
  expect(entry).not.toBe(0);
  machine.physWrite64(rootAddr() + 136n * 8n, 0n);
  expect(load8(HOME)).toBeTypeOf("number");
  flushAll();
  expect(() => load8(HOME)).toThrow(PageFault);
  expect(load8(frameBytes(root))).toBeTypeOf("number");
});

test("where so many pages go that all is flushed, global ones go too, alone or in a batch with others", () => {
  live();
  const many = FLUSH_PAGES_MOST + 8;
  const pageAt = (i: number): Page => page(HOME + BigInt(i) * 4096n);
  const mapMany = (flags: (i: number) => bigint): void => {
    for (let i = 0; i < many; i++) {
      mapPage(root, pageAt(i), frame(0x2000), flags(i));
      load8(pageAt(i)); // the TLB knows it
    }
  };
  const allFault = (): void => {
    for (let i = 0; i < many; i++) expect(() => load8(pageAt(i))).toThrow(PageFault);
  };
  mapMany(() => DATA | PTE_GLOBAL);
  expect(flushNow(unmapRange(root, HOME, many))).toBe(OK);
  allFault();

  mapMany((i) => (i === 3 ? DATA | PTE_GLOBAL : DATA));
  for (let i = 0; i < many; i++) expect(flushLater(unmapPage(root, pageAt(i)))).toBe(OK);
  flushPay();
  allFault();
});

test("where nothing global goes, however much it is, global translations stay in the TLB", () => {
  live();
  const other = page(HOME + 0x10_0000n);
  mapPage(root, other, frame(0x2000), DATA | PTE_GLOBAL);
  load8(other);
  machine.physWrite64(entryFind(root, other, 1), 0n); // behind everybody's back: only the TLB knows it now
  for (let i = 0; i <= FLUSH_PAGES_MOST; i++) mapPage(root, page(HOME + BigInt(i) * 4096n), frame(0x2000), DATA);
  load8(HOME);
  expect(flushNow(unmapRange(root, HOME, FLUSH_PAGES_MOST + 1))).toBe(OK);
  expect(() => load8(HOME)).toThrow(PageFault);
  expect(load8(other)).toBeTypeOf("number");
});

test("no cursor leads to a table that went out of use: not in its own space, and not in one that shared it", () => {
  const other = tableFrom(root); // the kernel half is the same in both
  const sameIndex = (slot: bigint, third: bigint): Page =>
    page(BigInt.asUintN(64, BigInt.asIntN(48, (slot << 39n) | (third << 30n) | (7n << 21n) | (7n << 12n))));
  for (const slot of [7n, 288n]) { // the user's, where three tables go, and the kernel's, where two do
    const gone = sameIndex(slot, 7n);
    for (let skipped = 0; skipped < 4; skipped++) { // each table becomes each of the next ones
      mapPage(root, gone, frame(0x2000), DATA);
      machine.physWrite64(frameAddr(other) + slot * 8n, machine.physRead64(rootAddr() + slot * 8n));
      expect([translate(root, gone), translate(other, gone)]).toEqual([0x200_0000n, 0x200_0000n]);
      flushNow(unmapPage(root, gone));
      machine.physWrite64(frameAddr(other) + slot * 8n, machine.physRead64(rootAddr() + slot * 8n));
      for (let i = 0; i < skipped; i++) frameTake(kernelFrames());
      mapPage(root, sameIndex(slot, 9n), frame(0x2002), DATA);
      expect([translate(root, gone), translate(other, gone)]).toEqual([NO_PHYS, NO_PHYS]);
      flushNow(unmapPage(root, sameIndex(slot, 9n)));
    }
  }
});

function tableFrom(like: Frame): Frame {
  if (!tablesStock(1, kernelTables())) throw new Error("no frame");
  const table = tableTake();
  for (let i = 256n; i < 512n; i++) {
    machine.physWrite64(frameAddr(table) + i * 8n, machine.physRead64(frameAddr(like) + i * 8n));
  }
  return table;
}
