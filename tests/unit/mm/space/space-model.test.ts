/** Random sequences of operations on two spaces with real tables, some out of memory, against arrays of pages. */
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { type Frame, frameAddr, type Page } from "../../../../kernel/lib/addr.ts";
import { NO_MEMORY, NO_REGION_THERE, OK, OVERLAPS } from "../../../../kernel/lib/status.ts";
import { heapBoot } from "../../../../kernel/mm/heap/heap-boot.ts";
import { kernelRoot } from "../../../../kernel/mm/paging/kernel-map.ts";
import { framesFailAt } from "../../../../kernel/mm/phys/freed-pattern.ts";
import { framesFree } from "../../../../kernel/mm/phys/frames.ts";
import { BACKING, PERMISSION } from "../../../../kernel/mm/space/region.ts";
import { spaceClone } from "../../../../kernel/mm/space/space-clone.ts";
import { spaceMap, spaceMapFrames, spaceProtect, spaceUnmap } from "../../../../kernel/mm/space/space-map.ts";
import {
  NO_SPACE, type Space, spaceCreate, spaceDestroy, spaceRoot, spacesInit,
  spacesTrim,
} from "../../../../kernel/mm/space/space.ts";
import { spacesAudit } from "../../../../kernel/mm/space/spaces-audit.ts";
import { bootPaging } from "../../../fake/booted.ts";
import { type Machine, writeCr3 } from "../../../fake/machine.ts";

vi.mock("../../../../kernel/base/checking.ts", () => ({ CHECKING: true }));

const HOME = 0x3f_0000n; // 16 pages below a boundary of 2 MiB
const PAGES = 40;
const GIVEN = 0x500; // frames of somebody else
const RIGHTS = [PERMISSION.READ, PERMISSION.READ | PERMISSION.WRITE, PERMISSION.READ | PERMISSION.EXECUTE] as const;

interface ModelPage {
  readonly rights: number;
  /** What program wrote there; of memory of others: which frame it is. */
  readonly stamp: bigint;
  readonly given: number | null;
}
interface Pair {
  space: Space;
  pages: (ModelPage | null)[];
}

const pageAt = (n: number): Page => (HOME + BigInt(n) * 4096n) as Page;
let machine: Machine;
let stamps = 0n;

/** One operation, spelled by a random word; every fourth finds no memory somewhere. */
function step(spaces: Pair[], word: number): void {
  const pair = spaces[word & 1]!;
  const [what, rights, first] = [(word >>> 1) & 7, RIGHTS[(word >>> 4) % 3]!, (word >>> 6) % PAGES];
  const count = Math.min(1 + ((word >>> 12) & 7), PAGES - first);
  const fails = ((word >>> 15) & 3) === 0 ? 1 + ((word >>> 17) & 7) : 0;
  const range = pair.pages.slice(first, first + count);
  const permissions = rights | PERMISSION.USER;
  const settle = (status: number, wanted: number, change: (page: ModelPage | null, n: number) => ModelPage | null) => {
    framesFailAt(0);
    if (wanted !== OK || fails === 0 || status !== NO_MEMORY) expect(status).toBe(wanted);
    if (status !== OK) return;
    for (let n = first; n < first + count; n++) pair.pages[n] = change(pair.pages[n]!, n);
  };
  const isFree = range.every((page) => page === null) ? OK : OVERLAPS;
  framesFailAt(fails);
  switch (what) {
    case 0:
    case 1:
      settle(spaceMap(pair.space, pageAt(first), count, permissions), isFree, () => {
        return { rights, stamp: 0n, given: null };
      });
      break;
    case 2: {
      const frame = (GIVEN + first) as Frame;
      const status = spaceMapFrames(pair.space, pageAt(first), count, permissions, BACKING.FIXED, frame);
      settle(status, isFree, (_page, n) => ({ rights, stamp: 0n, given: GIVEN + n }));
      break;
    }
    case 3:
      settle(spaceUnmap(pair.space, pageAt(first), count), OK, () => null);
      break;
    case 4:
    case 5: {
      const isWhole = range.every((page) => page !== null) ? OK : NO_REGION_THERE;
      settle(spaceProtect(pair.space, pageAt(first), count, permissions), isWhole, (page) => {
        return page && { ...page, rights };
      });
      break;
    }
    case 6: {
      framesFailAt(0);
      const page = pair.pages[first];
      if (page?.given !== null || (page.rights & PERMISSION.WRITE) === 0) break;
      writeCr3(frameAddr(spaceRoot(pair.space)));
      machine.physWrite64(machine.probe(pageAt(first), "write", true), ++stamps);
      pair.pages[first] = { ...page, stamp: stamps };
      break;
    }
    default: {
      if (word % 5 !== 0) break;
      const other = spaces[1 - (word & 1)]!;
      const clone = spaceClone(pair.space);
      framesFailAt(0);
      if (clone === NO_SPACE) return expect(fails).toBeGreaterThan(0);
      writeCr3(frameAddr(kernelRoot()));
      expect(spaceDestroy(other.space)).toBe(OK);
      other.space = clone;
      other.pages = [...pair.pages];
    }
  }
  framesFailAt(0);
}

/** What programs may do with each page, and what they find there. */
function seen({ space, pages }: Pair): string[] {
  writeCr3(frameAddr(spaceRoot(space)));
  const can = (n: number, access: "read" | "write" | "fetch"): bigint | null => {
    try {
      return machine.probe(pageAt(n), access, true);
    } catch {
      return null;
    }
  };
  return pages.map((page, n) => {
    const pa = can(n, "read");
    if (pa === null) return "";
    const found = page?.given === null ? `holds ${machine.physRead64(pa)}` : `is ${pa >> 12n}`;
    return `${found}${can(n, "write") === null ? "" : " w"}${can(n, "fetch") === null ? "" : " x"}`;
  });
}
function wanted({ pages }: Pair): string[] {
  return pages.map((page) => {
    if (page === null) return "";
    const found = page.given === null ? `holds ${page.stamp}` : `is ${page.given}`;
    const may = (right: number, letter: string): string => ((page.rights & right) !== 0 ? letter : "");
    return `${found}${may(PERMISSION.WRITE, " w")}${may(PERMISSION.EXECUTE, " x")}`;
  });
}

test("sequences of 512 operations, every fourth short of memory, leave what arrays of pages say", () => {
  machine = bootPaging();
  expect(heapBoot()).toBe(OK);
  spacesInit();
  const free = framesFree();
  fc.assert(
    fc.property(fc.uint32Array({ minLength: 512, maxLength: 512 }), (words) => {
      const spaces = [0, 1].map((): Pair => ({ space: spaceCreate(), pages: new Array<null>(PAGES).fill(null) }));
      for (const word of words) step(spaces, word);
      for (const pair of spaces) expect(seen(pair)).toEqual(wanted(pair));
      expect(spacesAudit()).toBe(OK);
      writeCr3(frameAddr(kernelRoot()));
      for (const { space } of spaces) expect(spaceDestroy(space)).toBe(OK);
      spacesTrim();
      expect(framesFree()).toBe(free);
    }),
    { numRuns: 12 },
  );
});
