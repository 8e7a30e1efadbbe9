import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  directMap, frameAddr, frameOf, NO_FRAME, type Page, physAddr, type VirtAddr,
} from "../../../../kernel/lib/addr.ts";
import { DAMAGED, OK } from "../../../../kernel/lib/status.ts";
import {
  ACCESS_EXECUTE, ACCESS_READ, ACCESS_WRITE, FAULT_FORBIDDEN, FAULT_NO_BACKING, FAULT_NO_MEMORY, FAULT_NO_REGION,
  FAULT_REPAIRED,
} from "../../../../kernel/mm/fault/answers.ts";
import { faultResolve } from "../../../../kernel/mm/fault/resolve.ts";
import { STACK_BYTES } from "../../../../kernel/mm/fault/stack.ts";
import { heapBoot } from "../../../../kernel/mm/heap/heap-boot.ts";
import { entryFind, translate, translateRights } from "../../../../kernel/mm/paging/walk.ts";
import { FRAME, frameKind, frameRecord, frameReferences } from "../../../../kernel/mm/phys/frame-table.ts";
import { framesFailAt } from "../../../../kernel/mm/phys/freed-pattern.ts";
import { framesFree } from "../../../../kernel/mm/phys/frames.ts";
import { KIND } from "../../../../kernel/mm/phys/owners.ts";
import {
  objectOfMemory, objectOfModule, objectPageFind, objectReferenceDrop, objectsOut, type SpaceObject,
} from "../../../../kernel/mm/space/object.ts";
import { slotHighest } from "../../../../kernel/mm/space/memory-spaces.ts";
import { BACKING, PERMISSION } from "../../../../kernel/mm/space/region.ts";
import {
  type Space, spaceCreate, spaceDestroy, spacePageCount, spaceRoot, spacesInit, spacesTrim,
} from "../../../../kernel/mm/space/space.ts";
import { spaceFork } from "../../../../kernel/mm/space/space-fork.ts";
import { pagesForget, spaceProtect, spaceReserve, spaceUnmap } from "../../../../kernel/mm/space/space-map.ts";
import { spacesAudit } from "../../../../kernel/mm/space/spaces-audit.ts";
import { SLOT_BYTES, USER_TOP } from "../../../../kernel/mm/space/user-range.ts";
import { zeroPage, zeroPageInit } from "../../../../kernel/mm/space/zero-page.ts";
import { bootPaging } from "../../../fake/booted.ts";
import { load64, store64 } from "../../../fake/machine.ts";

vi.mock("../../../../kernel/base/checking.ts", () => ({ CHECKING: true })); // framesFailAt works

const { READ, WRITE, EXECUTE, USER } = PERMISSION;
const HOME = 0x40_0000n;
const FILE = 0x100_0000n; // physical
const P = 1n, W = 2n, U = 4n, NX = 1n << 63n;

let free = 0;
let space: Space;
beforeEach(() => {
  bootPaging();
  expect(heapBoot()).toBe(OK);
  spacesInit();
  expect(zeroPageInit()).toBe(OK);
  free = framesFree();
  space = spaceCreate();
});
function allGone(...spaces: Space[]): void {
  for (const each of [space, ...spaces]) expect(spaceDestroy(each)).toBe(OK);
  spacesTrim();
  expect([framesFree(), spacesAudit(), objectsOut()]).toEqual([free, OK, 0]);
}

const page = (va: bigint): Page => va as Page;
function reserve(
  at: bigint, count: number, permissions: number, kind: number = BACKING.ANONYMOUS, backing = 0n,
): void {
  const offset = kind === BACKING.OBJECT || kind === BACKING.SHARED ? 0n : at;
  expect(spaceReserve(space, page(at), count, permissions | USER, kind, backing, offset)).toBe(OK);
}
const touch = (va: bigint, access: number, of: Space = space): number => faultResolve(of, va as VirtAddr, access);
const rights = (va: bigint, of: Space = space): bigint => translateRights(spaceRoot(of), va as VirtAddr);
const where = (va: bigint, of: Space = space): bigint => translate(spaceRoot(of), va as VirtAddr);
const wordAt = (va: bigint, of: Space = space): bigint => load64(directMap(physAddr(where(va, of))));
const put = (va: bigint, word: bigint, of: Space = space): void => store64(directMap(physAddr(where(va, of))), word);

describe("anonymous memory", () => {
  test("that is read shows the zero page, for one frame's worth of tables; what is written gets a frame", () => {
    reserve(HOME, 4, READ | WRITE);
    expect(touch(HOME + 5n, ACCESS_READ)).toBe(FAULT_REPAIRED);
    expect([where(HOME), rights(HOME)]).toEqual([frameAddr(zeroPage()), P | U | NX]);
    expect(touch(HOME + 0x1008n, ACCESS_WRITE)).toBe(FAULT_REPAIRED);
    expect(rights(HOME + 0x1000n)).toBe(P | W | U | NX);
    expect(where(HOME + 0x1000n)).not.toBe(where(HOME));
    for (let i = 0n; i < 4096n; i += 8n) expect(wordAt(HOME + 0x1000n + i)).toBe(0n);
    expect(where(HOME + 0x2000n)).toBe(2n ** 64n - 1n);
    allGone();
  });
  test("that was read and is written leaves the zero page as it was", () => {
    reserve(HOME, 1, READ | WRITE);
    touch(HOME, ACCESS_READ);
    expect(touch(HOME, ACCESS_WRITE)).toBe(FAULT_REPAIRED);
    put(HOME, 7n);
    expect(load64(directMap(frameAddr(zeroPage())))).toBe(0n);
    allGone();
  });
  test("may be reached as its region allows, and in no other way", () => {
    reserve(HOME, 1, READ);
    reserve(HOME + 0x1000n, 1, READ | EXECUTE);
    reserve(HOME + 0x2000n, 1, 0);
    expect(touch(HOME, ACCESS_WRITE)).toBe(FAULT_FORBIDDEN);
    expect(touch(HOME, ACCESS_EXECUTE)).toBe(FAULT_FORBIDDEN);
    expect(touch(HOME + 0x1000n, ACCESS_EXECUTE)).toBe(FAULT_REPAIRED);
    expect(rights(HOME + 0x1000n)).toBe(P | U);
    for (const access of [ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE]) {
      expect(touch(HOME + 0x2000n, access)).toBe(FAULT_FORBIDDEN);
    }
    expect(touch(HOME + 0x3000n, ACCESS_READ)).toBe(FAULT_NO_REGION);
    expect(touch(HOME - 1n, ACCESS_READ)).toBe(FAULT_NO_REGION);
    allGone();
  });
  test("without a frame for the page or a table says so, and can be had later", () => {
    reserve(HOME, 1, READ | WRITE);
    const before = framesFree();
    let failures = 0;
    for (let answer = FAULT_NO_MEMORY as number, n = 1; answer !== FAULT_REPAIRED; n++) {
      framesFailAt(n);
      answer = touch(HOME, ACCESS_WRITE);
      framesFailAt(0);
      if (answer !== FAULT_REPAIRED) expect([answer, where(HOME)]).toEqual([FAULT_NO_MEMORY, 2n ** 64n - 1n]);
      failures = n - 1;
    }
    expect([failures, before - framesFree()]).toEqual([4, 4]); // three tables and the page
    allGone();
  });
});

describe("a file that the loader brought", () => {
  beforeEach(() => {
    for (let i = 0n; i < 0x3000n; i += 8n) store64(directMap(physAddr(FILE + i)), i + 1n);
    const object = objectOfModule(physAddr(FILE), 0x2010n);
    reserve(HOME, 4, READ | WRITE, BACKING.OBJECT, object);
    objectReferenceDrop(object); // the region has its own
  });
  test("is shown as it lies in memory until it is written, and then it is a copy", () => {
    expect(touch(HOME + 0x1000n, ACCESS_READ)).toBe(FAULT_REPAIRED);
    expect([where(HOME + 0x1000n), rights(HOME + 0x1000n)]).toEqual([FILE + 0x1000n, P | U | NX]);
    expect(touch(HOME + 0x1000n, ACCESS_WRITE)).toBe(FAULT_REPAIRED);
    expect(wordAt(HOME + 0x1ff8n)).toBe(0x1ff9n);
    put(HOME + 0x1ff8n, 0n);
    expect(load64(directMap(physAddr(FILE + 0x1ff8n)))).toBe(0x1ff9n);
    allGone();
  });
  test("ends where it ends: what lies behind it is not shown, and a page without a byte of it is none", () => {
    expect(touch(HOME + 0x2000n, ACCESS_READ)).toBe(FAULT_REPAIRED);
    expect([wordAt(HOME + 0x2008n), wordAt(HOME + 0x2010n), wordAt(HOME + 0x2ff8n)]).toEqual([0x2009n, 0n, 0n]);
    expect(touch(HOME + 0x3000n, ACCESS_READ)).toBe(FAULT_NO_BACKING);
    allGone();
  });
});

describe("the neighbours of a file's page", () => {
  const at = (n: number): bigint => HOME + BigInt(n) * 0x1000n;
  const there = (): number[] => Array.from({ length: 40 }, (_, n) => n).filter((n) => where(at(n)) !== 2n ** 64n - 1n);
  let object: SpaceObject;
  beforeEach(() => {
    object = objectOfModule(physAddr(FILE), 0x1_8010n); // 24 pages, and part of one
  });
  afterEach(() => {
    objectReferenceDrop(object);
    allGone();
  });
  const show = (first: number, count: number, offset: bigint): void => {
    expect(spaceReserve(space, page(at(first)), count, READ | WRITE | USER, BACKING.OBJECT, object, offset)).toBe(OK);
  };
  test("come with it, read-only, as far as 64 KiB that begin so and the whole pages of the file go", () => {
    show(0, 30, 0n);
    expect([touch(at(5), ACCESS_READ), there()]).toEqual([FAULT_REPAIRED, Array.from({ length: 16 }, (_, n) => n)]);
    expect([where(at(0)), where(at(15)), rights(at(15))]).toEqual([FILE, FILE + 0xf000n, P | U | NX]);
    expect([touch(at(16), ACCESS_READ), there().length, there().at(-1)]).toEqual([FAULT_REPAIRED, 24, 23]);
    expect([touch(at(24), ACCESS_READ), spacesAudit()]).toEqual([FAULT_REPAIRED, OK]);
    expect(where(at(24))).not.toBe(FILE + 0x1_8000n); // a copy: what lies behind the file is not shown
    expect(touch(at(25), ACCESS_READ)).toBe(FAULT_NO_BACKING);
  });
  test("come as far as the region goes, from where it begins in the file, and not over what is there", () => {
    show(3, 9, 0x2000n);
    reserve(at(12), 1, READ | WRITE);
    expect(touch(at(4), ACCESS_WRITE)).toBe(FAULT_REPAIRED);
    const copy = where(at(4));
    expect([touch(at(7), ACCESS_READ), there()]).toEqual([FAULT_REPAIRED, [3, 4, 5, 6, 7, 8, 9, 10, 11]]);
    expect([where(at(3)), where(at(4)), where(at(11))]).toEqual([FILE + 0x2000n, copy, FILE + 0xa000n]);
    expect(spacesAudit()).toBe(OK);
  });
});

describe("copy-on-write", () => {
  test("both see the same frame until one writes; the last who has it writes it as it is", () => {
    reserve(HOME, 2, READ | WRITE);
    touch(HOME, ACCESS_WRITE);
    put(HOME, 5n);
    const fork = spaceFork(space);
    const frame = where(HOME);
    expect([where(HOME, fork), rights(HOME), rights(HOME, fork)]).toEqual([frame, P | U | NX, P | U | NX]);
    expect(spacesAudit()).toBe(OK);
    expect(touch(HOME, ACCESS_WRITE, fork)).toBe(FAULT_REPAIRED);
    put(HOME, 6n, fork);
    expect([wordAt(HOME), where(HOME), where(HOME, fork) !== frame]).toEqual([5n, frame, true]);
    expect(touch(HOME, ACCESS_WRITE)).toBe(FAULT_REPAIRED);
    expect([where(HOME), rights(HOME)]).toEqual([frame, P | W | U | NX]);
    expect(spacesAudit()).toBe(OK);
    allGone(fork);
  });
  test("a right that is given back does not make a shared page writable", () => {
    reserve(HOME, 2, READ | WRITE);
    touch(HOME, ACCESS_WRITE);
    touch(HOME + 0x1000n, ACCESS_READ);
    const fork = spaceFork(space);
    for (const each of [READ | USER, READ | WRITE | USER]) {
      expect(spaceProtect(space, page(HOME), 2, each)).toBe(OK);
      expect([rights(HOME), rights(HOME + 0x1000n)]).toEqual([P | U | NX, P | U | NX]);
    }
    expect(spaceDestroy(fork)).toBe(OK);
    expect(spaceProtect(space, page(HOME), 2, READ | WRITE | USER)).toBe(OK);
    expect([rights(HOME), rights(HOME + 0x1000n)]).toEqual([P | W | U | NX, P | U | NX]); // the other is the zero page
    allGone();
  });
  test("whoever ends first, the frames of a family are there as long as somebody shows them", () => {
    reserve(HOME, 3, READ | WRITE);
    for (let i = 0n; i < 3n; i++) touch(HOME + i * 0x1000n, ACCESS_WRITE);
    put(HOME, 9n);
    const child = spaceFork(space);
    const grandchild = spaceFork(child);
    expect(spaceDestroy(space)).toBe(OK);
    space = grandchild;
    expect([wordAt(HOME), wordAt(HOME, child), spacesAudit()]).toEqual([9n, 9n, OK]);
    expect(spaceUnmap(child, page(HOME), 3)).toBe(OK);
    expect([wordAt(HOME), spacesAudit()]).toEqual([9n, OK]);
    allGone(child);
  });
  test("a fork without a frame for it, at each frame in turn, leaves nothing behind", () => {
    reserve(HOME, 2, READ | WRITE);
    reserve(HOME + (1n << 30n), 2, READ | WRITE);
    touch(HOME, ACCESS_WRITE);
    touch(HOME + (1n << 30n), ACCESS_WRITE);
    for (let n = 1, done = false; !done; n++) {
      const before = framesFree();
      framesFailAt(n);
      const fork = spaceFork(space);
      framesFailAt(0);
      done = fork !== 0n;
      if (done) expect(spaceDestroy(fork)).toBe(OK);
      spacesTrim();
      expect([framesFree(), spacesAudit()]).toEqual([before, OK]);
    }
    allGone();
  });
});

describe("the audit finds", () => {
  const leaf = (va: bigint): bigint => directMap(entryFind(spaceRoot(space), va as VirtAddr, 1));
  const writable = (va: bigint): void => store64(leaf(va), load64(leaf(va)) | W);
  const record = (va: bigint): bigint => frameRecord(frameOf(physAddr(where(va))));

  test.each<[string, () => void, () => void]>([
    ["the zero page where it can be written", () => touch(HOME, ACCESS_READ), () => writable(HOME)],
    ["a page of a fork's where it can be written", () => {
      touch(HOME, ACCESS_WRITE);
      spaceFork(space);
    }, () => writable(HOME)],
    ["a frame that counts one page too few, while another counts one too many", () => {
      for (const va of [HOME, HOME + 4096n]) touch(va, ACCESS_WRITE);
      spaceFork(space);
    }, () => {
      FRAME.setReferences(record(HOME), 1);
      FRAME.setReferences(record(HOME + 4096n), 3);
    }],
  ])("%s", (_, before, damage) => {
    reserve(HOME, 2, READ | WRITE);
    before();
    expect(spacesAudit()).toBe(OK);
    damage();
    expect(spacesAudit()).toBe(DAMAGED);
  });
});

describe("an object with memory of its own", () => {
  let object: SpaceObject;
  const { SHARED, OBJECT } = BACKING;
  beforeEach(() => {
    object = objectOfMemory(0x2800n);
    reserve(HOME, 4, READ | WRITE, SHARED, object);
    expect(spaceReserve(space, page(HOME + 0x10000n), 4, READ | WRITE | USER, OBJECT, object, 0n)).toBe(OK);
    objectReferenceDrop(object);
  });
  test("is one frame wherever it is shared, over a fork as well, and whoever writes writes it", () => {
    expect(touch(HOME, ACCESS_READ)).toBe(FAULT_REPAIRED);
    expect([rights(HOME), frameKind(frameOf(physAddr(where(HOME))))]).toEqual([P | W | U | NX, KIND.SHARED]);
    put(HOME, 5n);
    const fork = spaceFork(space);
    expect([where(HOME, fork), rights(HOME)]).toEqual([where(HOME), P | W | U | NX]);
    expect(rights(HOME, fork)).toBe(P | W | U | NX);
    expect(touch(HOME + 0x1000n, ACCESS_WRITE, fork)).toBe(FAULT_REPAIRED);
    put(HOME + 0x1000n, 6n, fork);
    expect(touch(HOME + 0x1000n, ACCESS_READ)).toBe(FAULT_REPAIRED);
    expect([wordAt(HOME, fork), wordAt(HOME + 0x1000n), spacesAudit()]).toEqual([5n, 6n, OK]);
    const frame = frameOf(physAddr(where(HOME)));
    expect(frameReferences(frame)).toBe(2);
    expect(spaceDestroy(fork)).toBe(OK);
    expect([frameReferences(frame), wordAt(HOME), spacesAudit()]).toEqual([1, 5n, OK]);
    allGone();
  });
  test("is copied where it is private and written: before that its changes are seen, and afterwards not", () => {
    const own = HOME + 0x10000n;
    expect(touch(own, ACCESS_READ)).toBe(FAULT_REPAIRED);
    touch(HOME, ACCESS_WRITE);
    put(HOME, 5n);
    expect([wordAt(own), rights(own), where(own)]).toEqual([5n, P | U | NX, where(HOME)]);
    const fork = spaceFork(space);
    expect(touch(own, ACCESS_WRITE)).toBe(FAULT_REPAIRED);
    put(own, 6n);
    put(HOME, 7n);
    expect([wordAt(own), wordAt(own, fork), spacesAudit()]).toEqual([6n, 7n, OK]);
    expect(touch(own + 0x1000n, ACCESS_WRITE)).toBe(FAULT_REPAIRED); // a hole: the object gets no frame for it
    expect([wordAt(own + 0x1000n), objectPageFind(object, 0x1000n)]).toEqual([0n, NO_FRAME]);
    expect(spacesAudit()).toBe(OK);
    allGone(fork);
  });
  test("ends with the page of its last byte", () => {
    expect([touch(HOME + 0x2fffn, ACCESS_WRITE), touch(HOME + 0x3000n, ACCESS_READ)]).toEqual(
      [FAULT_REPAIRED, FAULT_NO_BACKING],
    );
    allGone();
  });
  test("without a frame at each in turn has lost nothing, tables that were begun included", () => {
    for (const [va, access, wanted] of [[HOME, ACCESS_WRITE, 4], [HOME + 0x11000n, ACCESS_WRITE, 4],
      [HOME + 0x12000n, ACCESS_READ, 5]] as const) {
      const before = framesFree();
      let failures = 0;
      for (;; failures++) {
        framesFailAt(failures + 1);
        const answer = touch(va, access);
        framesFailAt(0);
        if (answer === FAULT_REPAIRED) break;
        expect([answer, framesFree(), spacesAudit()]).toEqual([FAULT_NO_MEMORY, before, OK]);
      }
      expect(failures).toBe(wanted);
      expect(spaceUnmap(space, page(HOME), 1)).toBe(OK);
      pagesForget(space, page(HOME + 0x10000n), HOME + 0x14000n);
    }
    allGone();
  });
  test("the audit finds a frame that is shown more often than it knows", () => {
    touch(HOME, ACCESS_READ);
    const frame = frameOf(physAddr(where(HOME)));
    const record = frameRecord(frame);
    touch(HOME + 0x10000n, ACCESS_READ);
    FRAME.setReferences(record, 1);
    expect(spacesAudit()).toBe(DAMAGED);
    FRAME.setReferences(record, 2);
    allGone();
  });
});

describe("a stack", () => {
  const PAGES = 4n;
  const start = USER_TOP - PAGES * 0x1000n;
  beforeEach(() => reserve(start, Number(PAGES), READ | WRITE, BACKING.STACK));

  test("grows down to where it is touched, and no further than its limit", () => {
    expect(touch(start - 0x5000n, ACCESS_WRITE)).toBe(FAULT_REPAIRED);
    expect(touch(start - 0x3000n, ACCESS_WRITE)).toBe(FAULT_REPAIRED);
    expect(touch(USER_TOP - STACK_BYTES, ACCESS_WRITE)).toBe(FAULT_REPAIRED);
    expect(touch(USER_TOP - STACK_BYTES - 1n, ACCESS_WRITE)).toBe(FAULT_NO_REGION);
    allGone();
  });
  test("stays as it is where the page may not be reached so, or there is no memory for it", () => {
    const pages = spacePageCount(space);
    expect(touch(start - 0x5000n, ACCESS_EXECUTE)).toBe(FAULT_FORBIDDEN);
    framesFailAt(1);
    expect(touch(start - 0x5000n, ACCESS_WRITE)).toBe(FAULT_NO_MEMORY);
    framesFailAt(0);
    expect([spacePageCount(space), spacesAudit()]).toEqual([pages, OK]);
    allGone();
  });
  test("that has grown into the next lower slot is above nothing that is allocated there afterwards", () => {
    reserve(SLOT_BYTES, 1, READ | WRITE, BACKING.STACK);
    expect(touch(SLOT_BYTES - 0x3000n, ACCESS_WRITE)).toBe(FAULT_REPAIRED);
    expect(slotHighest(space, 0)).toBe(SLOT_BYTES);
    allGone();
  });
  test("keeps its distance from what lies below", () => {
    const below = start - 0x101n * 0x1000n - 0x1000n;
    reserve(below, 1, READ);
    expect(touch(start - 0x1000n, ACCESS_WRITE)).toBe(FAULT_REPAIRED);
    expect(touch(start - 0x2000n, ACCESS_WRITE)).toBe(FAULT_NO_REGION);
    expect(touch(below, ACCESS_READ)).toBe(FAULT_REPAIRED);
    allGone();
  });
});
