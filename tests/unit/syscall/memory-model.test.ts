/** Random calls about memory in two spaces that fork from each other, some out of memory, against arrays of pages. */
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { NO_MEMORY, OK } from "../../../kernel/lib/status.ts";
import { framesFailAt } from "../../../kernel/mm/phys/freed-pattern.ts";
import { NO_SPACE, type Space, spaceDestroy } from "../../../kernel/mm/space/space.ts";
import { spaceFork } from "../../../kernel/mm/space/space-fork.ts";
import { spacesAudit } from "../../../kernel/mm/space/spaces-audit.ts";
import { callMadvise } from "../../../kernel/syscall/advice-calls.ts";
import { callMmap, callMprotect, callMunmap } from "../../../kernel/syscall/memory-calls.ts";
import { callMremap } from "../../../kernel/syscall/remap-calls.ts";
import { callerBoot, callerEnd, callersSpaceSet, peek, poke, space } from "./caller.ts";

vi.mock("../../../kernel/base/checking.ts", () => ({ CHECKING: true }));

const HOME = 0x5f_8000n; // eight pages below the end of a table
const PAGES = 20;
const RIGHTS = [0, 1, 3, 3, 5] as const;
const [PRIVATE, SHARED] = [0x32n, 0x31n]; // and fixed
const [READ, WRITE] = [1, 2];

/** What a page holds; shared by all pages that show the same. */
interface Cell {
  value: bigint;
  readonly isShared: boolean;
}
interface Shown {
  readonly rights: number;
  readonly cell: Cell;
}
interface Side {
  space: Space;
  pages: (Shown | null)[];
}
const at = (n: number): bigint => HOME + BigInt(n) * 4096n;
const bytes = (count: number): bigint => BigInt(count) * 4096n;

let stamps = 0n;
let moved = 0;
let refused = 0;

/** One call, spelled by a random word. */
function step(sides: Side[], word: number): void {
  const [what, rights] = [word % 12, RIGHTS[(word >>> 4) % 5]!];
  const fails = (word >>> 7) % 4 === 0 ? 1 + ((word >>> 9) & 7) : 0;
  const first = (word >>> 12) % PAGES;
  const count = Math.min(1 + ((word >>> 17) & 7), PAGES - first);
  const to = (word >>> 20) % (PAGES - count + 1);
  const side = sides[0]!;
  const range = side.pages.slice(first, first + count);
  const settle = (answer: number, wanted: number, change: (page: Shown | null, n: number) => Shown | null): void => {
    framesFailAt(0);
    if (answer < 0) refused++;
    if (fails === 0 || answer !== NO_MEMORY) expect(answer < 0 ? answer : OK).toBe(wanted);
    if (answer < 0) return;
    range.forEach((page, i) => void (side.pages[first + i] = change(page, first + i)));
  };
  const isWhole = range.every((page) => page !== null) ? OK : NO_MEMORY;
  framesFailAt(fails);
  switch (what) {
    case 0:
    case 1:
    case 2: {
      const isShared = what === 2;
      settle(callMmap(at(first), bytes(count), BigInt(rights), isShared ? SHARED : PRIVATE, 0n, 0n), OK, () => {
        return { rights, cell: { value: 0n, isShared } };
      });
      break;
    }
    case 3:
      settle(callMunmap(at(first), bytes(count)), OK, () => null);
      break;
    case 4:
    case 5:
      settle(callMprotect(at(first), bytes(count), BigInt(rights)), isWhole, (page) => page && { ...page, rights });
      break;
    case 6: {
      settle(callMadvise(at(first), bytes(count), 4n), isWhole, (page) => page && forgotten(page));
      if (isWhole !== OK) range.forEach((page, i) => void (side.pages[first + i] = page && forgotten(page)));
      break;
    }
    case 7:
    case 8: {
      const keeps = what === 8;
      const few = range.slice(0, 2); // more are seldom one region
      const answer = callMremap(at(first), bytes(few.length), bytes(few.length), keeps ? 7n : 3n, at(to));
      framesFailAt(0);
      if (answer < 0) return void refused++;
      expect([answer, few.every((page) => page !== null)]).toEqual([Number(at(to)), true]);
      moved++;
      few.forEach((page, i) => void (side.pages[first + i] = keeps ? forgotten(page!) : null));
      few.forEach((page, i) => void (side.pages[to + i] = page));
      break;
    }
    case 9: {
      const fork = spaceFork(side.space);
      framesFailAt(0);
      if (fork === NO_SPACE) return expect(fails).toBeGreaterThan(0);
      expect(spaceDestroy(sides[1]!.space)).toBe(OK);
      const pages = side.pages.map((page) => page && (page.cell.isShared ? page : { ...page, cell: { ...page.cell } }));
      sides[1] = { space: fork, pages };
      break;
    }
    case 10:
      framesFailAt(0);
      sides.reverse();
      callersSpaceSet(sides[0]!.space);
      break;
    default: {
      framesFailAt(0);
      const page = side.pages[first] ?? null;
      const isWritable = page !== null && (page.rights & WRITE) !== 0;
      expect(poke(at(first), ++stamps)).toBe(isWritable);
      if (isWritable) page.cell.value = stamps;
    }
  }
}
const forgotten = (page: Shown): Shown => {
  return page.cell.isShared ? page : { ...page, cell: { value: 0n, isShared: false } };
};

const seen = ({ space: of }: Side): (bigint | null)[] => Array.from({ length: PAGES }, (_, n) => peek(at(n), of));
const wanted = ({ pages }: Side): (bigint | null)[] => {
  return pages.map((page) => (page === null || (page.rights & READ) === 0 ? null : page.cell.value));
};

test("sequences of 400 calls, every fourth short of memory, leave what arrays of pages say", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 0xffff_ffff }), { minLength: 400, maxLength: 400 }), (words) => {
      callerBoot();
      const sides: Side[] = [{ space, pages: new Array<null>(PAGES).fill(null) }];
      sides.push({ space: spaceFork(space), pages: new Array<null>(PAGES).fill(null) });
      words.forEach((word, i) => {
        step(sides, word);
        if (i % 16 !== 0) return;
        for (const side of sides) expect(seen(side)).toEqual(wanted(side));
      });
      for (const side of sides) expect(seen(side)).toEqual(wanted(side));
      expect(spacesAudit()).toBe(OK);
      callerEnd(sides[1]!.space);
    }),
    { numRuns: 8, endOnFailure: true },
  );
  expect(moved).toBeGreaterThan(40);
  expect(refused).toBeGreaterThan(100);
});
