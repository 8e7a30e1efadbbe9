import { beforeEach, describe, expect, test, vi } from "vitest";
import {
  type Frame, frameAddr, frameBytes, NO_FRAME, NOWHERE, type Page, type VirtAddr,
} from "../../../../kernel/lib/addr.ts";
import {
  BAD_ADDRESS, BUSY, DAMAGED, EMPTY_RANGE, INVALID, MISALIGNED, NO_MEMORY, NO_REGION_THERE, NO_SUCH_FRAME, OK, OVERLAPS,
  UNKNOWN_FLAG, WRITABLE_CODE,
} from "../../../../kernel/lib/status.ts";
import { heapBoot } from "../../../../kernel/mm/heap/heap-boot.ts";
import { heapTake } from "../../../../kernel/mm/heap/heap.ts";
import { kernelRoot } from "../../../../kernel/mm/paging/kernel-map.ts";
import { entryFind, translate } from "../../../../kernel/mm/paging/walk.ts";
import { frameOwner, frameReferenceAdd, frameReferenceDrop } from "../../../../kernel/mm/phys/frame-table.ts";
import { framesFailAt, framesHaveFailed } from "../../../../kernel/mm/phys/freed-pattern.ts";
import { frameGive, framesFree, frameTake } from "../../../../kernel/mm/phys/frames.ts";
import { kernelFrames, leakCount, ownerFrames } from "../../../../kernel/mm/phys/owners.ts";
import { rangeFind, slotHighest, slotRangeFind } from "../../../../kernel/mm/space/memory-spaces.ts";
import { BACKING, NO_REGION, PERMISSION, REGION } from "../../../../kernel/mm/space/region.ts";
import { regionAt, regionFirst, regionNext, regionResize } from "../../../../kernel/mm/space/region-tree.ts";
import { spaceClone } from "../../../../kernel/mm/space/space-clone.ts";
import {
  spaceMap, spaceMapFrames, spaceProtect, spaceReserve, spaceUnmap,
} from "../../../../kernel/mm/space/space-map.ts";
import { spaceMove } from "../../../../kernel/mm/space/space-move.ts";
import {
  NO_SPACE, type Space, spaceCreate, spaceDestroy, spaceFirst, spaceId, spaceNext, spacePageCount, spacePages,
  spaceRegionCount, spaceRegions, spaceRoot, spacesInit, spaceTables,
  spacesTrim,
} from "../../../../kernel/mm/space/space.ts";
import { spacesAudit } from "../../../../kernel/mm/space/spaces-audit.ts";
import { isUserRange, SLOT_BYTES, USER_TOP } from "../../../../kernel/mm/space/user-range.ts";
import { bootPaging } from "../../../fake/booted.ts";
import { load64, type Machine, PageFault, store64, writeCr3 } from "../../../fake/machine.ts";
import { withFrames } from "../../../fake/pool.ts";
import { tablesPicture } from "../../../fake/tables.ts";

vi.mock("../../../../kernel/base/checking.ts", () => ({ CHECKING: true }));

const { READ, WRITE, EXECUTE, USER } = PERMISSION;
const DATA = READ | WRITE | USER;
const HOME = 0x40_0000n;
const HEAP_SLOT = 0x4444_4444_0000n & ~(SLOT_BYTES - 1n);
const PAGE = 4096n;

let machine: Machine;
let free: number;
beforeEach(() => {
  machine = bootPaging();
  expect(heapBoot()).toBe(OK);
  spacesInit();
  free = framesFree();
  machine.serialTake();
});

const page = (va: bigint): Page => va as Page;
const enter = (space: Space): void => writeCr3(frameAddr(spaceRoot(space)));
const leave = (): void => writeCr3(frameAddr(kernelRoot()));
const create = (): Space => {
  const space = spaceCreate();
  expect(space).not.toBe(NO_SPACE);
  return space;
};
/** What programs see: their byte at `va` is at this physical address, or a page fault. */
const seen = (space: Space, va: bigint, access: "read" | "write" | "fetch" = "read"): bigint => {
  enter(space);
  try {
    return machine.probe(va, access, true);
  } finally {
    leave();
  }
};
const faults = (space: Space, va: bigint, access: "read" | "write" | "fetch" = "read"): boolean => {
  try {
    seen(space, va, access);
    return false;
  } catch (error) {
    if (error instanceof PageFault) return true;
    throw error;
  }
};
/** Regions, tables and counts, to be the same before and after what fails. */
const picture = (space: Space): string => {
  const regions: string[] = [];
  for (let at = regionFirst(spaceRegions(space)); at !== NO_REGION; at = regionNext(at)) {
    regions.push([REGION.start(at), REGION.end(at), REGION.permissions(at), REGION.kind(at), REGION.offset(at)].join());
  }
  const owned = [ownerFrames(spacePages(space)), ownerFrames(spaceTables(space))];
  return [...regions, owned.join(), tablesPicture(machine, frameAddr(spaceRoot(space)))].join("\n");
};
/** After every test: no space is left, and no frame is lost. */
function allGone(): void {
  leave();
  while (spaceFirst() !== NO_SPACE) expect(spaceDestroy(spaceFirst())).toBe(OK);
  spacesTrim();
  expect([framesFree(), leakCount(), spacesAudit()]).toEqual([free, 0, OK]);
}

describe("what a user address is", () => {
  test("everything below the last page but one of the lower half, page zero included", () => {
    expect(USER_TOP).toBe(0x7fff_ffff_e000n);
    for (const [start, size] of [[0n, 1n], [0n, HEAP_SLOT], [USER_TOP - 1n, 1n]] as const) {
      expect(isUserRange(start, size)).toBe(true);
    }
    for (const start of [USER_TOP, USER_TOP - 1n, 1n << 47n, 0xffff_8000_0000_0000n, 0xffff_ffff_ffff_f000n]) {
      expect(isUserRange(start, 2n)).toBe(false);
    }
    expect([isUserRange(0n, 0n), isUserRange(PAGE, 0xffff_ffff_ffff_ffffn)]).toEqual([false, false]);
  });
  test("but no byte of the heap's slot, wherever the range begins", () => {
    expect(isUserRange(HEAP_SLOT - 1n, 1n)).toBe(true);
    expect(isUserRange(HEAP_SLOT + SLOT_BYTES, 1n)).toBe(true);
    for (const [start, size] of [[HEAP_SLOT - 1n, 2n], [HEAP_SLOT, 1n], [HEAP_SLOT + SLOT_BYTES - 1n, 1n]] as const) {
      expect(isUserRange(start, size)).toBe(false);
    }
    expect(isUserRange(0n, USER_TOP)).toBe(false);
    expect(isUserRange(0x4444_4444_0000n, 16n)).toBe(false);
  });
  test("wherever the boot option has put the heap", () => {
    machine = bootPaging(32 * 1024 * 1024, "heap.base=0x5000_0000_0000");
    heapBoot();
    spacesInit();
    expect([isUserRange(0x5000_0000_0000n, 1n), isUserRange(0x4444_4444_0000n, 1n)]).toEqual([false, true]);
  });
});

describe("a space", () => {
  test("has an id, a root of its own, and every frame counted for it", () => {
    const [one, two] = [create(), create()];
    expect([spaceId(one), spaceId(two)]).toEqual([1, 2]);
    expect([spaceFirst(), spaceNext(two), spaceNext(one)]).toEqual([two, one, NO_SPACE]);
    expect(spaceRoot(one)).not.toBe(spaceRoot(two));
    expect([ownerFrames(spaceTables(one)), ownerFrames(spacePages(one))]).toEqual([1, 0]);
    spaceMap(one, page(HOME), 3, DATA);
    expect([ownerFrames(spaceTables(one)), ownerFrames(spacePages(one))]).toEqual([4, 3]);
    expect(frameOwner(spaceRoot(one))).toBe(spaceTables(one));
    expect(spacesAudit()).toBe(OK);
    allGone();
  });
  test("is the kernel's in every slot of the kernel, the heap's too, also for what is mapped there later", () => {
    const block = heapTake(64n);
    store64(block, 77n);
    const space = create();
    enter(space);
    expect(load64(block)).toBe(77n);
    const later = heapTake(4096n);
    store64(later, 78n);
    leave();
    expect([load64(later), spacesAudit()]).toEqual([78n, OK]);
    expect(() => seen(space, block)).toThrow(PageFault); // but not the program's
    allGone();
  });
  test("shows a program what is mapped in it, and nothing of another", () => {
    const [one, two] = [create(), create()];
    expect([spaceMap(one, page(HOME), 2, DATA), spaceMap(two, page(HOME), 1, DATA)]).toEqual([OK, OK]);
    expect(seen(one, HOME)).not.toBe(seen(two, HOME));
    machine.physWrite64(seen(one, HOME + 8n), 1n);
    expect(machine.physRead64(seen(two, HOME + 8n))).toBe(0n); // zeroed, whatever was there
    expect([faults(one, HOME + PAGE), faults(two, HOME + PAGE)]).toEqual([false, true]);
    allGone();
  });
  test("is not destroyed while the CPU uses it", () => {
    const space = create();
    spaceMap(space, page(HOME), 1, DATA);
    enter(space);
    expect([spaceDestroy(space), faults(space, HOME)]).toEqual([BUSY, false]);
    allGone();
  });
  test("waits in the list for a frame that somebody has pinned, which is a leak until then", () => {
    const space = create();
    spaceMap(space, page(HOME), 2, DATA);
    const pinned = Number(seen(space, HOME) >> 12n) as Frame;
    frameReferenceAdd(pinned);
    expect([spaceDestroy(space), leakCount(), spaceFirst(), spacesAudit()]).toEqual([BUSY, 1, space, DAMAGED]);
    frameReferenceDrop(pinned);
    frameGive(pinned);
    expect([spaceDestroy(space), spaceFirst()]).toEqual([OK, NO_SPACE]);
    allGone();
  });
});

describe("mapping", () => {
  let space: Space;
  beforeEach(() => {
    space = create();
  });

  test("refuses what is not a program's, each mistake with its own status, and changes nothing", () => {
    const before = picture(space);
    const heap = page(0x4444_4444_0000n);
    const requests: [Page, number, number, number][] = [
      [page(HOME), 0, DATA, EMPTY_RANGE], [page(HOME), -1, DATA, EMPTY_RANGE], [page(HOME + 1n), 1, DATA, MISALIGNED],
      [heap, 1, DATA, BAD_ADDRESS], [page(HEAP_SLOT - PAGE), 2, DATA, BAD_ADDRESS],
      [page(USER_TOP), 1, DATA, BAD_ADDRESS],
      [page(0xffff_8000_0000_0000n), 1, DATA, BAD_ADDRESS], [page(0xffff_ffff_ffff_f000n), 2, DATA, BAD_ADDRESS],
      [page(HOME), 2 ** 53 - 1, DATA, BAD_ADDRESS], [page(HOME), 1, DATA | EXECUTE, WRITABLE_CODE],
      [page(HOME), 1, 16, UNKNOWN_FLAG], [page(HOME), 1, WRITE | USER, INVALID],
      [page(HOME), 1, EXECUTE | USER, INVALID], [page(HOME), 1, READ | WRITE, INVALID],
    ];
    for (const [at, count, permissions, status] of requests) {
      expect(spaceMap(space, at, count, permissions)).toBe(status);
      expect(spaceReserve(space, at, count, permissions, BACKING.ANONYMOUS, 0n, at)).toBe(status);
      expect(spaceMapFrames(space, at, count, permissions, BACKING.FIXED, 0x500 as Frame)).toBe(status);
      expect(spaceProtect(space, at, count, permissions)).toBe(status);
    }
    for (const [at, count, , status] of requests.slice(0, 9)) expect(spaceUnmap(space, at, count)).toBe(status);
    expect(spaceMap(space, page(HOME), 1, USER)).toBe(INVALID);
    expect(spaceMapFrames(space, page(HOME), 1, DATA, BACKING.OBJECT, 0x500 as Frame)).toBe(INVALID);
    expect(spaceMapFrames(space, page(HOME), 1, DATA, BACKING.FIXED, NO_FRAME)).toBe(NO_SUCH_FRAME);
    expect(picture(space)).toBe(before);
    allGone();
  });

  test("page zero is a program's if it asks for it", () => {
    expect(spaceMap(space, page(0n), 1, DATA)).toBe(OK);
    expect(faults(space, 0n, "write")).toBe(false);
    expect(() => load64(0n)).toThrow(PageFault); // never the kernel's
    allGone();
  });

  test("over a region is refused, whether it has pages or not", () => {
    spaceMap(space, page(HOME), 4, DATA);
    spaceReserve(space, page(HOME + 8n * PAGE), 4, DATA, BACKING.ANONYMOUS, 0n, HOME + 8n * PAGE);
    const before = picture(space);
    for (const at of [HOME + 3n * PAGE, HOME + 7n * PAGE]) {
      expect(spaceMap(space, page(at), 2, DATA)).toBe(OVERLAPS);
      expect(spaceReserve(space, page(at), 2, DATA, BACKING.ANONYMOUS, 0n, at)).toBe(OVERLAPS);
      expect(spaceMapFrames(space, page(at), 2, DATA, BACKING.FIXED, 0x500 as Frame)).toBe(OVERLAPS);
    }
    expect(picture(space)).toBe(before);
    allGone();
  });

  test("a program may do what the region says, and no more, and after protect what that says", () => {
    const at = (n: number): bigint => HOME + BigInt(n) * PAGE;
    spaceMap(space, page(at(0)), 3, READ | USER);
    spaceMap(space, page(at(3)), 3, DATA);
    spaceMap(space, page(at(6)), 3, READ | EXECUTE | USER);
    const rights = (n: number): string =>
      (["read", "write", "fetch"] as const).map((access) => (faults(space, at(n), access) ? "-" : access[0])).join("");
    expect([0, 3, 6].map(rights)).toEqual(["r--", "rw-", "r-f"]);
    expect(spaceProtect(space, page(at(1)), 7, DATA)).toBe(OK);
    expect([0, 1, 2, 3, 4, 5, 6, 7, 8].map(rights)).toEqual(
      ["r--", "rw-", "rw-", "rw-", "rw-", "rw-", "rw-", "rw-", "r-f"],
    );
    expect([spaceRegionCount(space), spacesAudit()]).toEqual([3, OK]);
    expect(spaceProtect(space, page(at(0)), 10, READ | USER)).toBe(NO_REGION_THERE);
    allGone();
  });

  test("what nobody may read is kept, and is as it was when it may be read again", () => {
    spaceMap(space, page(HOME), 3, DATA);
    machine.physWrite64(seen(space, HOME + PAGE), 7n);
    const frame = seen(space, HOME + PAGE);
    enter(space);
    for (let i = 0n; i < 3n; i++) machine.probe(HOME + i * PAGE, "read", true); // the TLB knows them
    expect(spaceProtect(space, page(HOME), 3, USER)).toBe(OK);
    for (let i = 0n; i < 3n; i++) expect(() => machine.probe(HOME + i * PAGE, "read", true)).toThrow(PageFault);
    leave();
    expect([translate(spaceRoot(space), HOME as VirtAddr), spacesAudit()]).toEqual([2n ** 64n - 1n, OK]);
    const clone = spaceClone(space);
    expect([faults(clone, HOME), spacesAudit()]).toEqual([true, OK]);
    expect(spaceUnmap(space, page(HOME), 1)).toBe(OK);
    expect([ownerFrames(spacePages(space)), ownerFrames(spacePages(clone))]).toEqual([2, 3]);
    expect(spaceProtect(space, page(HOME + PAGE), 2, DATA)).toBe(OK);
    expect(spaceProtect(clone, page(HOME), 3, READ | USER)).toBe(OK);
    expect([seen(space, HOME + PAGE, "write"), machine.physRead64(frame)]).toEqual([frame, 7n]);
    expect([machine.physRead64(seen(clone, HOME + PAGE)), spacesAudit()]).toEqual([7n, OK]);
    allGone();
  });

  test("rights that are taken away are gone at once in the space that runs", () => {
    spaceMap(space, page(HOME), 40, DATA);
    enter(space);
    for (let i = 0; i < 40; i++) machine.probe(HOME + BigInt(i) * PAGE, "write", true);
    spaceProtect(space, page(HOME), 40, READ | USER);
    for (let i = 0; i < 40; i++) expect(() => machine.probe(HOME + BigInt(i) * PAGE, "write", true)).toThrow(PageFault);
    spaceUnmap(space, page(HOME + PAGE), 2);
    expect(() => machine.probe(HOME + PAGE, "read", true)).toThrow(PageFault);
    expect(machine.probe(HOME, "read", true)).toBeGreaterThan(0n);
    allGone();
  });

  test.each<[string, (space: Space) => number]>([
    ["unmapped", (space) => spaceUnmap(space, page(HOME), 3)],
    ["moved", (space) => spaceMove(space, page(HOME), 3, page(SLOT_BYTES), 3, 0)],
  ])("hidden pages that are touched and then %s leave the CPU no way to their table, which is free", (_, act) => {
    spaceMap(space, page(HOME), 3, DATA);
    spaceProtect(space, page(HOME), 3, USER);
    enter(space);
    expect(() => machine.probe(HOME, "read", true)).toThrow(PageFault); // through all tables but to no page
    expect(act(space)).toBe(OK);
    expect(machine.stale()).toEqual([]);
    allGone();
  });

  test("what is unmapped is nobody's, its frames come back, and holes do no harm", () => {
    spaceMap(space, page(HOME), 1000, DATA); // over two tables
    spaceMap(space, page(HOME + 2000n * PAGE), 10, DATA);
    const full = framesFree();
    expect(spaceUnmap(space, page(HOME + 5n * PAGE), 1999)).toBe(OK);
    expect([spacePageCount(space), ownerFrames(spacePages(space)), spaceRegionCount(space)]).toEqual([11, 11, 2]);
    expect(framesFree()).toBeGreaterThanOrEqual(full + 999);
    expect([faults(space, HOME + 4n * PAGE), faults(space, HOME + 5n * PAGE)]).toEqual([false, true]);
    expect([spaceUnmap(space, page(HOME + 100n * PAGE), 5), spacesAudit()]).toEqual([OK, OK]);
    allGone();
  });

  test("given frames are shown as they are, and stay their keeper's; a device's are not cached", () => {
    const frame = frameTake(kernelFrames());
    store64(frameBytes(frame), 0x1234n);
    expect(spaceMapFrames(space, page(HOME), 1, READ | USER, BACKING.FIXED, frame)).toBe(OK);
    expect(seen(space, HOME)).toBe(frameAddr(frame));
    expect(spaceMapFrames(space, page(HOME + PAGE), 4, DATA, BACKING.DEVICE, 0xfee00 as Frame)).toBe(OK);
    expect(tablesPicture(machine, frameAddr(spaceRoot(space)))).toMatch(/fee0001f/); // PCD, PWT, U, W, P
    expect([translate(spaceRoot(space), (HOME + PAGE) as VirtAddr), spacesAudit()]).toEqual([0xfee0_0000n, OK]);
    spaceUnmap(space, page(HOME), 2);
    expect(load64(frameBytes(frame))).toBe(0x1234n);
    frameGive(frame);
    allGone();
  });

  test("a clone has the same bytes in frames of its own, the same regions, and the memory of others itself", () => {
    spaceMap(space, page(HOME), 3, DATA);
    spaceProtect(space, page(HOME + PAGE), 1, READ | USER);
    spaceReserve(space, page(HOME + 100n * PAGE), 50, DATA, BACKING.FIXED, 7n, 0n);
    spaceMapFrames(space, page(HOME + 200n * PAGE), 2, DATA, BACKING.FIXED, 0x500 as Frame);
    machine.physWrite64(seen(space, HOME), 42n);
    const clone = spaceClone(space);
    expect([spaceRegionCount(clone), spacePageCount(clone), spacesAudit()]).toEqual([5, 55, OK]);
    expect(machine.physRead64(seen(clone, HOME))).toBe(42n);
    machine.physWrite64(seen(clone, HOME), 43n);
    expect(machine.physRead64(seen(space, HOME))).toBe(42n);
    expect([faults(clone, HOME + PAGE, "write"), seen(clone, HOME + 201n * PAGE)]).toEqual([true, 0x50_1000n]);
    expect(slotHighest(clone, 0)).toBe(slotHighest(space, 0));
    spaceDestroy(space);
    expect(machine.physRead64(seen(clone, HOME))).toBe(43n);
    allGone();
  });
});

describe("memory spaces", () => {
  let space: Space;
  const pages = (bytes: bigint): number => Number(bytes / PAGE);
  const reserve = (at: bigint, count: number): number =>
    spaceReserve(space, page(at), count, DATA, BACKING.ANONYMOUS, 0n, at);
  beforeEach(() => {
    space = create();
  });

  test("an allocation goes above the highest of its slot, although there is room below", () => {
    expect(slotRangeFind(space, 0, 1, PAGE)).toBe(PAGE); // page zero only by its address
    reserve(HOME, 4);
    expect([slotHighest(space, 0), slotRangeFind(space, 0, 1, PAGE)]).toEqual([HOME + 4n * PAGE, HOME + 4n * PAGE]);
    spaceUnmap(space, page(HOME), 4);
    expect([slotHighest(space, 0), rangeFind(space, 9, PAGE)]).toEqual([HOME + 4n * PAGE, HOME + 4n * PAGE]);
    reserve(3n * SLOT_BYTES, 1);
    expect(slotRangeFind(space, 3, 2, 0x20_0000n)).toBe(3n * SLOT_BYTES + 0x20_0000n);
    expect(slotRangeFind(space, 2, 2, PAGE)).toBe(2n * SLOT_BYTES);
    allGone();
  });

  test("when 512 GiB are used up, what was freed is used again, without a look at any page-table entry", () => {
    const slot = 5n * SLOT_BYTES;
    reserve(slot, pages(SLOT_BYTES));
    expect(slotRangeFind(space, 5, 1, PAGE)).toBe(NOWHERE);
    spaceUnmap(space, page(slot + 0x7000n), 3);
    spaceUnmap(space, page(slot + 0x40_1000n), 0x400);
    machine.fence([{ start: 0, end: 32 * 1024 * 1024 }]);
    const found = [1, 3, 4, 0x400, 0x401].map((count) => slotRangeFind(space, 5, count, PAGE));
    expect(found).toEqual([slot + 0x7000n, slot + 0x7000n, slot + 0x40_1000n, slot + 0x40_1000n, NOWHERE]);
    expect(slotRangeFind(space, 5, 2, 0x20_0000n)).toBe(slot + 0x60_0000n);
    expect(rangeFind(space, 1, PAGE)).toBe(PAGE);
    allGone();
  });

  test("the first slot with room is taken, the heap's is never, nor is there room above the last", () => {
    for (let slot = 0n; slot < 256n; slot++) {
      if (slot === 136n) continue;
      const start = slot * SLOT_BYTES + (slot === 0n ? PAGE : 0n);
      expect(rangeFind(space, 1, PAGE)).toBe(start);
      expect(reserve(start, pages((slot === 255n ? USER_TOP : (slot + 1n) * SLOT_BYTES) - start))).toBe(OK);
    }
    expect(rangeFind(space, 1, PAGE)).toBe(NOWHERE);
    spaceUnmap(space, page(USER_TOP - PAGE), 1);
    expect([rangeFind(space, 1, PAGE), rangeFind(space, 2, PAGE)]).toEqual([USER_TOP - PAGE, NOWHERE]);
    expect([136, 256, -1].map((slot) => slotRangeFind(space, slot, 1, PAGE))).toEqual([NOWHERE, NOWHERE, NOWHERE]);
    expect([slotRangeFind(space, 1, 0, PAGE), slotRangeFind(space, 1, 2 ** 40, PAGE)]).toEqual([NOWHERE, NOWHERE]);
    allGone();
  });
});

describe("out of memory at every allocation", () => {
  /** Fails at the first, second, third … allocation of `action` until it succeeds: how often it failed. */
  function failing(state: () => string, action: () => boolean): number {
    for (let n = 1; ; n++) {
      const before = [framesFree(), state()];
      framesFailAt(n);
      const succeeded = action();
      const hasFailed = framesHaveFailed();
      framesFailAt(0);
      expect(succeeded).toBe(!hasFailed);
      if (succeeded) return n - 1;
      spacesTrim();
      expect([framesFree(), state()]).toEqual(before);
      expect(spacesAudit()).toBe(OK);
    }
  }

  test("nothing is left of a space that was not created", () => {
    expect(failing(() => "", () => spaceCreate() !== NO_SPACE)).toBe(3);
    allGone();
  });
  test("of pages, frames and regions", () => {
    const space = create();
    const state = (): string => picture(space);
    expect(failing(state, () => spaceMap(space, page(HOME + 510n * PAGE), 4, DATA) === OK)).toBe(9);
    const given = (): number => spaceMapFrames(space, page(SLOT_BYTES), 2, DATA, BACKING.FIXED, 5 as Frame);
    expect(failing(state, () => given() === OK)).toBe(3);
    allGone();
  });
  test("of a clone", () => {
    const space = create();
    spaceMap(space, page(HOME), 3, DATA);
    spaceMapFrames(space, page(SLOT_BYTES), 2, DATA, BACKING.FIXED, 5 as Frame);
    expect(failing(() => picture(space), () => spaceClone(space) !== NO_SPACE)).toBe(11);
    allGone();
  });
  test("of a cut, for unmap and for protect", () => {
    const space = create();
    spaceMap(space, page(HOME), 9, DATA);
    const at = (n: number): Page => page(HOME + BigInt(50 + 2 * n) * PAGE);
    withFrames(0, () => {
      for (let n = 0; spaceReserve(space, at(n), 1, DATA, BACKING.FIXED, 0n, 0n) === OK; n++);
      for (const room of [0, 1]) {
        const before = picture(space);
        expect(spaceUnmap(space, page(HOME + 3n * PAGE), 2)).toBe(NO_MEMORY);
        expect(spaceProtect(space, page(HOME + 3n * PAGE), 2, READ | USER)).toBe(NO_MEMORY);
        expect(picture(space)).toBe(before);
        expect(spaceUnmap(space, at(room), 1)).toBe(OK);
      }
      expect(spaceUnmap(space, page(HOME + 3n * PAGE), 2)).toBe(OK);
    });
    allGone();
  });
});

describe("the audit finds", () => {
  let space: Space;
  beforeEach(() => {
    space = create();
    spaceMap(space, page(HOME), 3, READ | USER);
  });
  const way = (level: number): bigint => entryFind(spaceRoot(space), HOME as VirtAddr, level);
  const leaf = (): bigint => way(1);
  const change = (pa: bigint, value: (old: bigint) => bigint): void => {
    machine.physWrite64(pa, value(machine.physRead64(pa)));
  };
  const region = (): bigint => regionAt(spaceRegions(space), HOME as VirtAddr);

  test.each<[string, RegExp, () => void]>([
    ["a page that allows more", /allows more/, () => change(leaf(), (old) => old | 2n)],
    ["a page in no region", /in no region/, () => change(leaf() + 80n, () => machine.physRead64(leaf()))],
    ["a page that is somebody else's", /somebody else's/, () => change(leaf(), (old) => old + 0x10_0000n)],
    ["a page that is gone", /pages are not as many/, () => change(leaf(), () => 0n)],
    ["a table that counts wrong", /entries are not as many/, () => change(leaf() + 80n, () => 2n)],
    ["a page of another memory type", /memory type/, () => change(leaf(), (old) => old | 0x18n)],
    ["a page that is global", /or global/, () => change(leaf(), (old) => old | 0x100n)],
    ["a table that allows less than its pages", /rights of its own/, () => change(way(3), (old) => old & ~4n)],
    ["a table of which nothing is executed", /rights of its own/, () => change(way(4), (old) => old | (1n << 63n))],
    ["a kernel that is not present", /kernel is elsewhere/, () => {
      change(frameAddr(spaceRoot(space)) + 256n * 8n, (old) => old & ~1n);
    }],
    ["another kernel", /kernel is elsewhere/, () => change(frameAddr(spaceRoot(space)) + 256n * 8n, () => 0n)],
    ["a region that is the kernel's", /not a program's/, () => {
      spaceReserve(space, page(HEAP_SLOT - PAGE), 1, DATA, BACKING.FIXED, 0n, 0n);
      const last = regionAt(spaceRegions(space), (HEAP_SLOT - PAGE) as VirtAddr);
      regionResize(spaceRegions(space), last, HEAP_SLOT, HEAP_SLOT + PAGE);
    }],
    ["a broken tree", /largest hole/, () => REGION.setHole(region(), 4096n)],
  ])("%s", (_what, words, damage) => {
    expect(spacesAudit()).toBe(OK);
    damage();
    expect(spacesAudit()).toBe(DAMAGED);
    expect(machine.serialTake()).toMatch(words);
  });
});
