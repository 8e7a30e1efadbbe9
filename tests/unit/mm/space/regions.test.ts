import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { serialInit } from "../../../../kernel/arch/serial.ts";
import { directMap, physAddr, type VirtAddr } from "../../../../kernel/lib/addr.ts";
import {
  DAMAGED, EMPTY_RANGE, MISALIGNED, NO_MEMORY, NO_REGION_THERE, OK, OVERLAPS,
} from "../../../../kernel/lib/status.ts";
import { framesFree } from "../../../../kernel/mm/phys/frames.ts";
import {
  BACKING, NO_REGION, PERMISSION, REGION, regionSlabInit, regionSlabTrim, regionsOut,
} from "../../../../kernel/mm/space/region.ts";
import { holeFind, NO_HOLE } from "../../../../kernel/mm/space/region-holes.ts";
import {
  regionAt, regionFirst, regionFrom, regionNext, regionPrevious, REGIONS, type Regions, regionsEmpty,
} from "../../../../kernel/mm/space/region-tree.ts";
import { regionInsert, regionsProtect, regionsRemove } from "../../../../kernel/mm/space/regions.ts";
import { regionsAudit } from "../../../../kernel/mm/space/regions-audit.ts";
import { fakeMachine, type Machine, MIB } from "../../../fake/machine.ts";
import { poolBoot, withFrames } from "../../../fake/pool.ts";

const { READ, WRITE } = PERMISSION;
/** Of the random sequences, in all. */
const OPERATIONS = process.env["LONG"] === "1" ? 2_000_000 : 30_000;

let machine: Machine;
let regions: Regions;
beforeEach(() => {
  machine = fakeMachine({ ramBytes: 64 * MIB });
  serialInit();
  poolBoot(8192);
  regionSlabInit();
  regions = regionsEmpty(directMap(physAddr(0x2f_0000n)));
});

const page = (n: number): bigint => BigInt(n) * 4096n;
const at = (n: number): VirtAddr => page(n) as VirtAddr;
/** Anonymous pages first..end-1. */
const insert = (first: number, end: number, permissions: number = READ): number =>
  regionInsert(regions, page(first), page(end), permissions, BACKING.ANONYMOUS, 0n, page(first));
const remove = (first: number, end: number): number => regionsRemove(regions, page(first), page(end));
const protect = (first: number, end: number, permissions: number): number =>
  regionsProtect(regions, page(first), page(end), permissions);

/** Each region as its first page, its end and its permissions. */
function list(): [number, number, number][] {
  const found: [number, number, number][] = [];
  for (let region = regionFirst(regions); region !== NO_REGION; region = regionNext(region)) {
    found.push([Number(REGION.start(region) >> 12n), Number(REGION.end(region) >> 12n), REGION.permissions(region)]);
  }
  return found;
}

test("a region is found by every address in it, and by none beside it", () => {
  insert(3, 5);
  for (const va of [page(3), page(3) + 1n, page(5) - 1n]) {
    expect(REGION.start(regionAt(regions, va as VirtAddr))).toBe(page(3));
  }
  for (const va of [0n, page(3) - 1n, page(5), page(500)]) expect(regionAt(regions, va as VirtAddr)).toBe(NO_REGION);
});

test("what was found last is not found any more when it is gone, shorter or elsewhere", () => {
  insert(3, 9);
  regionAt(regions, at(8));
  remove(7, 9);
  expect(regionAt(regions, at(8))).toBe(NO_REGION);
  regionAt(regions, at(3));
  remove(0, 100);
  expect(regionAt(regions, at(3))).toBe(NO_REGION);
});

test("a region over any part of another is refused, and one that touches it is not", () => {
  insert(10, 20);
  for (const [first, end] of [[10, 20], [5, 11], [19, 30], [12, 13], [5, 30]] as const) {
    expect([first, end, insert(first, end, WRITE)]).toEqual([first, end, OVERLAPS]);
  }
  expect([insert(5, 10, WRITE), insert(20, 21, WRITE)]).toEqual([OK, OK]);
  expect(list()).toEqual([[5, 10, WRITE], [10, 20, READ], [20, 21, WRITE]]);
});

test("no page, part of a page and less than nothing are refused, each with its own status", () => {
  const ranges = [[5n, 5n], [page(2), page(1)], [1n, page(1)], [0n, 4095n]] as const;
  const statuses = [EMPTY_RANGE, EMPTY_RANGE, MISALIGNED, MISALIGNED];
  const inserted = ranges.map(([start, end]) => regionInsert(regions, start, end, READ, BACKING.ANONYMOUS, 0n, 0n));
  expect(inserted).toEqual(statuses);
  expect(ranges.map(([start, end]) => regionsRemove(regions, start, end))).toEqual(statuses);
  expect(ranges.map(([start, end]) => regionsProtect(regions, start, end, READ))).toEqual(statuses);
});

describe("neighbours become one", () => {
  test("when they are alike and continue each other, on either side and on both", () => {
    insert(0, 1);
    insert(2, 3);
    expect(list()).toHaveLength(2);
    insert(1, 2);
    expect(list()).toEqual([[0, 3, READ]]);
  });
  test("not when one thing differs", () => {
    insert(0, 1);
    const next = (permissions: number, kind: number, backing: bigint, offset: bigint): number => {
      regionInsert(regions, page(1), page(2), permissions, kind, backing, offset);
      const { length } = list();
      remove(1, 2);
      return length;
    };
    expect(next(READ, BACKING.ANONYMOUS, 0n, page(1))).toBe(1);
    expect(next(WRITE, BACKING.ANONYMOUS, 0n, page(1))).toBe(2);
    expect(next(READ, BACKING.FIXED, 0n, page(1))).toBe(2);
    expect(next(READ, BACKING.ANONYMOUS, 1n, page(1))).toBe(2);
    expect(next(READ, BACKING.ANONYMOUS, 0n, page(7))).toBe(2);
  });
  test("when they become alike, all that the change touched", () => {
    insert(0, 1);
    insert(1, 2, WRITE);
    insert(2, 3);
    expect(protect(1, 2, READ)).toBe(OK);
    expect(list()).toEqual([[0, 3, READ]]);
  });
});

test("permissions of a part split a region, and its offsets go on where they were", () => {
  regionInsert(regions, page(10), page(20), READ, BACKING.FIXED, 77n, page(100));
  expect(protect(13, 15, WRITE)).toBe(OK);
  expect(list()).toEqual([[10, 13, READ], [13, 15, WRITE], [15, 20, READ]]);
  const offsets = [10, 13, 15].map((n) => REGION.offset(regionAt(regions, at(n))));
  expect(offsets).toEqual([page(100), page(103), page(105)]);
  expect(regionsAudit(regions)).toBe(OK);
});

test("permissions of what is nobody's are not changed, not even in part", () => {
  insert(0, 4);
  insert(5, 8);
  for (const [first, end] of [[0, 8], [3, 5], [4, 5], [7, 9], [20, 21]] as const) {
    expect(protect(first, end, WRITE)).toBe(NO_REGION_THERE);
  }
  expect(list()).toEqual([[0, 4, READ], [5, 8, READ]]);
});

test("a removal cuts at both ends, and takes what lies between, holes and all", () => {
  for (let i = 0; i < 10; i++) insert(i * 4, i * 4 + 3);
  expect(remove(1, 34)).toBe(OK);
  expect(list()).toEqual([[0, 1, READ], [34, 35, READ], [36, 39, READ]]);
  expect(remove(37, 38)).toBe(OK);
  expect(list().slice(-2)).toEqual([[36, 37, READ], [38, 39, READ]]);
});

test("the next from an address, and neighbours both ways", () => {
  insert(10, 12);
  insert(20, 22);
  const starts = [0, 11, 12, 21].map((n) => REGION.start(regionFrom(regions, page(n))));
  expect(starts).toEqual([page(10), page(10), page(20), page(20)]);
  expect(regionFrom(regions, page(22))).toBe(NO_REGION);
  const [first, second] = [regionAt(regions, at(10)), regionAt(regions, at(20))];
  expect([regionPrevious(first), regionNext(first), regionPrevious(second), regionNext(second)])
    .toEqual([NO_REGION, second, first, NO_REGION]);
});

describe("the next free range", () => {
  const find = (pages: number, align: number, low: number, high: number): number | null => {
    const found = holeFind(regions, page(pages), page(align), page(low), page(high));
    return found === NO_HOLE ? null : Number(found >> 12n);
  };
  beforeEach(() => {
    insert(2, 4);
    insert(5, 8);
    insert(16, 20);
  });
  test("is the lowest that is large enough", () => {
    expect([1, 2, 3, 8, 9].map((pages) => find(pages, 1, 0, 100))).toEqual([0, 0, 8, 8, 20]);
  });
  test("lies between the bounds", () => {
    expect([find(1, 1, 3, 100), find(2, 1, 3, 100), find(2, 1, 9, 11), find(3, 1, 9, 11), find(1, 1, 99, 100)])
      .toEqual([4, 8, 9, null, 99]);
    expect([find(1, 1, 5, 8), find(1, 1, 50, 40), find(0, 1, 0, 100)]).toEqual([null, null, null]);
  });
  test("lies where it is told to", () => {
    expect([find(2, 4, 1, 100), find(4, 8, 0, 100), find(9, 8, 0, 100), find(1, 64, 1, 64), find(1, 64, 1, 65)])
      .toEqual([8, 8, 24, null, 64]);
  });
  test("is anywhere when nothing is there", () => {
    remove(0, 100);
    expect([find(100, 1, 0, 100), find(101, 1, 0, 100)]).toEqual([0, null]);
  });
});

test("out of memory, each operation leaves the regions as they were", () => {
  for (let i = 0; i < 42; i++) insert(i * 2, i * 2 + 1);
  insert(100, 110);
  withFrames(0, () => {
    for (let n = 200; insert(n, n + 1) === OK; n += 2);
    const before = list();
    expect([insert(300, 301), remove(101, 102), protect(101, 102, WRITE)]).toEqual([NO_MEMORY, NO_MEMORY, NO_MEMORY]);
    remove(0, 1); // room for one: enough for a cut at one end
    expect([remove(101, 102), list()]).toEqual([NO_MEMORY, before.slice(1)]);
    expect([protect(100, 102, WRITE), regionsAudit(regions)]).toEqual([OK, OK]);
  });
});

test("what is damaged is found", () => {
  for (let i = 0; i < 50; i++) insert(i * 3, i * 3 + 2);
  const victim = regionAt(regions, at(60));
  const damages: [(value: number) => void, number, RegExp][] = [
    [(value) => REGION.setHeight(victim, value), REGION.height(victim), /height|balance/],
    [(value) => REGION.setHole(victim, page(value)), Number(REGION.hole(victim) >> 12n), /hole/],
    [(value) => REGION.setLow(victim, page(value)), Number(REGION.low(victim) >> 12n), /begins/],
    [(value) => REGION.setHigh(victim, page(value)), Number(REGION.high(victim) >> 12n), /ends/],
    [(value) => REGIONS.setPages(regions, BigInt(value)), Number(REGIONS.pages(regions)), /pages/],
    [(value) => REGIONS.setCount(regions, BigInt(value)), Number(REGIONS.count(regions)), /regions were lost/],
  ];
  for (const [set, right, words] of damages) {
    set(right + 1);
    machine.serialTake();
    expect(regionsAudit(regions)).toBe(DAMAGED);
    expect(machine.serialTake()).toMatch(words);
    set(right);
  }
  expect(regionsAudit(regions)).toBe(OK);
});

test("a tree with a circle is found, and so are neighbours that could be one", () => {
  for (let i = 0; i < 50; i++) insert(i * 2, i * 2 + 2, i % 2 === 0 ? READ : READ | WRITE);
  const victim = regionAt(regions, at(60));
  const left = REGION.left(victim);
  REGION.setLeft(victim, REGIONS.root(regions));
  machine.serialTake();
  expect([regionsAudit(regions), machine.serialTake()]).toEqual([DAMAGED, expect.stringMatching(/does not know it/)]);
  REGION.setLeft(victim, left);
  expect(regionsAudit(regions)).toBe(OK);
  REGION.setPermissions(victim, READ | WRITE);
  expect([regionsAudit(regions), machine.serialTake()]).toEqual([DAMAGED, expect.stringMatching(/could be one/)]);
});

const COUNT = 1500;
test.each([
  ["upwards", (i: number) => i],
  ["downwards", (i: number) => COUNT - i],
  ["mixed", (i: number) => (i * 7919) % 3001],
])("1,500 regions inserted %s, half of them removed: balanced, all found, all frames back", (_order, nth) => {
  const free = framesFree();
  let statuses = 0;
  for (let i = 0; i < COUNT; i++) statuses += insert(nth(i) * 2, nth(i) * 2 + 1);
  expect([statuses, regionsAudit(regions), REGIONS.count(regions)]).toEqual([OK, OK, BigInt(COUNT)]);
  expect(REGION.height(REGIONS.root(regions))).toBeLessThanOrEqual(16); // 1.44 log2 3,000
  for (let i = 0; i < COUNT; i += 2) remove(nth(i) * 2, nth(i) * 2 + 1);
  expect(regionsAudit(regions)).toBe(OK);
  const wrong = Array.from({ length: COUNT }, (_, i) => i).filter((i) => {
    const isThere = regionAt(regions, at(nth(i) * 2)) !== NO_REGION;
    return isThere !== (i % 2 === 1) || regionAt(regions, at(nth(i) * 2 + 1)) !== NO_REGION;
  });
  expect(wrong).toEqual([]);
  remove(0, 50000);
  regionSlabTrim();
  expect([regionsOut(), framesFree()]).toEqual([0, free]);
});

// ---- against a model -----------------------------------------------------------------------------------------
const PAGES = 96;
/** What a page of the model is: permissions, backing, and where its bytes would begin if it were page 0. */
type ModelPage = readonly [permissions: number, backing: number, base: number];

/** The same with an array of pages. */
class Model {
  readonly pages: (ModelPage | null)[] = new Array<ModelPage | null>(PAGES).fill(null);
  list(): string[] {
    const key = (n: number): string | null => this.pages[n]?.join() ?? null;
    const found: string[] = [];
    for (let n = 0, end; n < PAGES; n = end) {
      for (end = n + 1; end < PAGES && key(end) === key(n); ) end++;
      if (key(n) !== null) found.push(`${n}-${end} ${key(n)}`);
    }
    return found;
  }
  free(size: number, align: number, low: number, high: number): number | null {
    for (let n = Math.ceil(low / align) * align; n + size <= high; n += align) {
      if (size > 0 && this.pages.slice(n, n + size).every((each) => each === null)) return n;
    }
    return null;
  }
}

/** One operation, spelled by a random word. */
function modelStep(model: Model, word: number): void {
  const [what, kind] = [word & 3, (word >>> 2) & 3];
  const [first, pages] = [(word >>> 4) % PAGES, 1 + ((word >>> 20) % 12)];
  const end = Math.min(first + pages, PAGES);
  const range = model.pages.slice(first, end);
  let status: number = OK;
  let wanted: number = OK;
  let change: ((page: ModelPage | null) => ModelPage | null) | null = null;
  switch (what) {
    case 0: {
      const permissions = 1 + (kind & 1);
      const backing = kind >> 1;
      status = regionInsert(regions, page(first), page(end), permissions, BACKING.FIXED, BigInt(backing), page(first));
      if (range.some((each) => each !== null)) wanted = OVERLAPS;
      change = () => [permissions, backing, 0];
      break;
    }
    case 1:
      status = remove(first, end);
      change = () => null;
      break;
    case 2:
      status = protect(first, end, 1 + (kind & 1));
      if (range.some((each) => each === null)) wanted = NO_REGION_THERE;
      change = (each) => each && [1 + (kind & 1), each[1], each[2]];
      break;
    default: {
      const align = 1 << (kind & 3);
      const found = holeFind(regions, page(pages), page(align), page(first), page(PAGES));
      same(found === NO_HOLE ? null : Number(found >> 12n), model.free(pages, align, first, PAGES));
      same(regionAt(regions, at(first)) !== NO_REGION, model.pages[first] !== null);
    }
  }
  same(status, wanted);
  if (status === OK && change !== null) for (let n = first; n < end; n++) model.pages[n] = change(model.pages[n]!);
}

/** expect(a).toBe(b), where its own time would be most of the test's. */
function same(a: unknown, b: unknown): void {
  if (a !== b) expect(a).toBe(b);
}

function listAsModel(): string[] {
  const found: string[] = [];
  for (let region = regionFirst(regions); region !== NO_REGION; region = regionNext(region)) {
    const base = Number((REGION.offset(region) - REGION.start(region)) >> 12n);
    const what = [REGION.permissions(region), Number(REGION.backing(region)), base].join();
    found.push(`${REGION.start(region) >> 12n}-${REGION.end(region) >> 12n} ${what}`);
  }
  return found;
}

test(`${OPERATIONS} random operations do what an array of pages does`, () => {
  const words = fc.uint32Array({ minLength: 400, maxLength: 600, size: "max" });
  let count = 0;
  fc.assert(
    fc.property(words, (ops) => {
      regionsEmpty(regions);
      const model = new Model();
      for (const each of ops) modelStep(model, each);
      count += ops.length;
      expect(listAsModel()).toEqual(model.list());
      expect(regionsAudit(regions)).toBe(OK);
      remove(0, PAGES);
      expect(regionsOut()).toBe(0);
    }),
    { numRuns: OPERATIONS / 400 },
  );
  expect(count).toBeGreaterThanOrEqual(OPERATIONS);
}, 2_000_000);
