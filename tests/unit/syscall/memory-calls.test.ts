/** The system calls about memory, from inside: without memory at each point, and with addresses that are nobody's. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { BAD_ADDRESS, NO_MEMORY, OK } from "../../../kernel/lib/status.ts";
import { framesFailAt, framesHaveFailed } from "../../../kernel/mm/phys/freed-pattern.ts";
import { translate } from "../../../kernel/mm/paging/walk.ts";
import { spaceFork } from "../../../kernel/mm/space/space-fork.ts";
import { spaceRoot } from "../../../kernel/mm/space/space.ts";
import { spacesAudit } from "../../../kernel/mm/space/spaces-audit.ts";
import { callMadvise, callMincore, callMsync } from "../../../kernel/syscall/advice-calls.ts";
import { callMlock, callMlockall, callMunlock, callMunlockall } from "../../../kernel/syscall/lock-calls.ts";
import { callBrk, callMmap, callMprotect, callMunmap } from "../../../kernel/syscall/memory-calls.ts";
import {
  callFtruncate, callMemfd, callPread, callPwrite, callSeek,
} from "../../../kernel/syscall/memory-file-calls.ts";
import { callMremap } from "../../../kernel/syscall/remap-calls.ts";
import { callShmat, callShmctl, callShmdt, callShmget } from "../../../kernel/syscall/shared-memory-calls.ts";
import type { VirtAddr } from "../../../kernel/lib/addr.ts";
import { BRK, callerBoot, callerEnd, peek, picture, poke, space } from "./caller.ts";

vi.mock("../../../kernel/base/checking.ts", () => ({ CHECKING: true }));

/** Objects of slabs can be refused as frames can. */
const slab = vi.hoisted(() => ({ failAt: 0, failed: false }));
vi.mock("../../../kernel/mm/slab/slab.ts", async (original) => {
  const real = await original<typeof import("../../../kernel/mm/slab/slab.ts")>();
  const slabTake = (at: bigint): VirtAddr => {
    if (slab.failAt === 0 || --slab.failAt > 0) return real.slabTake(at);
    slab.failed = true;
    return 0n as VirtAddr;
  };
  return { ...real, slabTake };
});

const [NONE, READ, BOTH, RUN, WX] = [0n, 1n, 3n, 5n, 7n];
const [PRIVATE, SHARED, FIXED, POPULATE] = [0x22n, 0x21n, 0x10n, 0x8000n];
const [MAYMOVE, TO, DONTUNMAP] = [1n, 2n, 4n];
const PAGE = 4096n;
/** Four regions with pages on both sides of a table's end; and one elsewhere, of which the first half is there. */
const HOME = 0x5f_c000n;
const AWAY = 0x4000_0000n;
const FAR = 0x10_0000_0000n;

beforeEach(() => {
  callerBoot();
  slab.failAt = 0;
  expect(callMmap(HOME, 8n * PAGE, BOTH, PRIVATE | FIXED, 0n, 0n)).toBe(Number(HOME));
  expect(callMmap(AWAY, 8n * PAGE, BOTH, PRIVATE | FIXED, 0n, 0n)).toBe(Number(AWAY));
  for (let i = 0n; i < 8n; i++) expect(poke(HOME + i * PAGE, i + 1n)).toBe(true);
  for (let i = 0n; i < 4n; i++) expect(poke(AWAY + i * PAGE, i + 100n)).toBe(true);
});

afterEach(() => framesFailAt(0));

describe("without a frame, or an object of a slab, at each point in turn", () => {
  /** Runs it with the 1st, 2nd, … thing refused until nothing is: how often it failed. */
  function failing(act: () => number, failAt: (n: number) => void, hasFailed: () => boolean): number {
    for (let n = 1; ; n++) {
      const before = picture();
      failAt(n);
      const answer = act();
      const failed = hasFailed();
      failAt(0);
      expect(answer < 0).toBe(failed);
      expect(spacesAudit()).toBe(OK);
      if (!failed) return n - 1;
      expect(answer).toBe(NO_MEMORY);
      expect(picture()).toBe(before);
    }
  }
  const framesFailing = (act: () => number): number => failing(act, framesFailAt, framesHaveFailed);
  const objectsFailing = (act: () => number): number => {
    return failing(act, (n) => {
      slab.failAt = n;
      if (n > 0) slab.failed = false;
    }, () => slab.failed);
  };
  const mmap = (...words: bigint[]): number => callMmap(words[0]!, words[1]!, words[2]!, words[3]!, 0n, 0n);

  test.each<[string, number, () => number]>([
    ["mmap", 1, () => mmap(FAR, PAGE, READ, PRIVATE)],
    ["mmap of shared memory", 2, () => mmap(FAR, PAGE, READ, SHARED)],
    ["mmap in the midst of a region", 3, () => mmap(HOME + 2n * PAGE, 4n * PAGE, READ, PRIVATE | FIXED)],
    ["mmap of shared memory there", 4, () => mmap(HOME + 2n * PAGE, 4n * PAGE, READ, SHARED | FIXED)],
    ["munmap in the midst of a region", 2, () => callMunmap(HOME + 2n * PAGE, 4n * PAGE)],
    ["mprotect", 2, () => callMprotect(HOME + 2n * PAGE, 4n * PAGE, READ)],
    ["mprotect that hides", 2, () => callMprotect(HOME + 2n * PAGE, 4n * PAGE, NONE)],
    ["mremap that shrinks", 1, () => callMremap(HOME, 8n * PAGE, 3n * PAGE, 0n, 0n)],
    ["mremap elsewhere", 3, () => callMremap(HOME + 2n * PAGE, 4n * PAGE, 9n * PAGE, MAYMOVE, 0n)],
    ["mremap into the midst of another", 5, () => {
      return callMremap(HOME + 2n * PAGE, 4n * PAGE, 3n * PAGE, MAYMOVE | TO, AWAY + 2n * PAGE);
    }],
    ["mremap that keeps the place", 1, () => callMremap(HOME, 8n * PAGE, 8n * PAGE, MAYMOVE | DONTUNMAP, FAR)],
    ["madvise", 2, () => callMadvise(HOME + 2n * PAGE, 4n * PAGE, 10n)],
    ["mlock", 2, () => callMlock(HOME + 2n * PAGE, 4n * PAGE, 0n)],
    ["memfd_create", 2, () => callMemfd(HOME, 0n)],
    ["shmget", 1, () => callShmget(5n, PAGE, 0o1600n)],
    ["brk", 1, () => (callBrk(BRK + 5n * PAGE) === BRK ? NO_MEMORY : OK)],
  ])("of a slab: %s is all or nothing, %d times", (_, failures, act) => {
    expect(objectsFailing(act)).toBe(failures);
  });

  test.each<[string, number, () => number]>([
    ["mremap over the ends of tables", 4, () => callMremap(HOME, 8n * PAGE, 8n * PAGE, MAYMOVE | TO, FAR - 4n * PAGE)],
    ["mremap into the midst of another", 1, () => {
      return callMremap(HOME + 2n * PAGE, 4n * PAGE, 3n * PAGE, MAYMOVE | TO, 0x3fff_f000n);
    }],
  ])("a frame: %s is all or nothing, %d times", (_, failures, act) => {
    expect(framesFailing(act)).toBe(failures);
  });

  test("pwrite far behind the end has its page and the nodes to it, or nothing", () => {
    const file = BigInt(callMemfd(HOME, 0n));
    expect(framesFailing(() => callPwrite(file, HOME, 8n, 0x1000_0000n))).toBe(3);
    callerEnd();
  });
  test("shmat has a region or none", () => {
    const id = BigInt(callShmget(5n, PAGE, 0o1600n));
    expect(objectsFailing(() => callShmat(id, 0n, 0n))).toBe(1);
    expect(callShmctl(id, 0n, 0n)).toBe(OK);
    callerEnd();
  });
  test("pages that were to come have come as far as there was memory, and all is sound", () => {
    expect(mmap(FAR, 3n * PAGE, BOTH, PRIVATE)).toBe(Number(FAR));
    for (let n = 1; n <= 5; n++) { // two tables, three pages
      framesFailAt(n);
      expect(callMadvise(FAR, 3n * PAGE, 23n)).toBe(NO_MEMORY);
      framesFailAt(0);
      expect([callMadvise(FAR, 3n * PAGE, 4n), spacesAudit()]).toEqual([OK, OK]);
    }
    framesFailAt(5);
    expect(mmap(FAR + 3n * PAGE, 3n * PAGE, BOTH, PRIVATE | POPULATE)).toBe(Number(FAR + 3n * PAGE));
    framesFailAt(0);
    callerEnd();
  });
});

describe("addresses that are nobody's", () => {
  const HEAP = 0x4444_4444_0000n;
  const HEAP_SLOT = HEAP & ~((1n << 39n) - 1n);
  const ENDS = [
    HEAP, HEAP_SLOT, HEAP_SLOT + (1n << 39n) - PAGE, 0x7fff_ffff_e000n, 0x7fff_ffff_f000n, 1n << 47n,
    0xffff_8000_0000_0000n, 0xffff_ffff_8010_0000n, 0xffff_ffff_ffff_f000n,
  ];
  test.each(ENDS.map((at) => [`0x${at.toString(16)}`, at] as const))("%s is refused by every call", (_, at) => {
    const file = BigInt(callMemfd(HOME, 0n));
    const id = BigInt(callShmget(5n, 2n * PAGE, 0o1600n));
    expect(callPwrite(file, HOME, 8n, 0n)).toBe(8);
    const before = picture();
    const answers = [PAGE, 2n * PAGE, 1n << 30n].flatMap((size) => [
      callMmap(at, size, BOTH, PRIVATE | FIXED, 0n, 0n), callMmap(at, size, BOTH, SHARED | 0x10_0000n, 0n, 0n),
      callMmap(at, size, BOTH, 0x12n, file, 0n),
      callMunmap(at, size), callMprotect(at, size, READ), callMprotect(at, size, NONE),
      callMremap(at, size, size, MAYMOVE, 0n), callMremap(at, 0n, size, MAYMOVE, 0n),
      callMremap(HOME, PAGE, size, MAYMOVE | TO, at), callMremap(HOME, PAGE, PAGE, MAYMOVE | TO, at),
      callMadvise(at, size, 4n), callMadvise(at, size, 23n), callMadvise(at, size, 10n),
      callMincore(at, size, HOME), callMincore(HOME, 8n * PAGE, at), callMsync(at, size, 4n),
      callMlock(at, size, 0n), callMunlock(at, size),
      callShmat(id, at, 0n), callShmat(id, at, 0o40000n), callShmdt(at), callShmctl(id, 2n, at),
      callMemfd(at, 0n), callPread(file, at, 8n, 0n), callPwrite(file, at, 8n, 0n),
    ]);
    expect(answers.filter((answer) => answer >= 0)).toEqual([]);
    expect(callBrk(at)).toBe(BRK);
    expect([picture(), spacesAudit()]).toEqual([before, OK]);
    callShmctl(id, 0n, 0n);
    callerEnd();
  });
  test("a range that begins well and ends badly is, too", () => {
    const before = picture();
    for (const [at, size] of [[HEAP_SLOT - PAGE, 2n * PAGE], [0x7fff_ffff_d000n, 2n * PAGE], [HOME, 1n << 47n],
      [HOME, (1n << 64n) - PAGE], [HOME, (1n << 64n) - HOME]] as const) {
      const answers = [
        callMmap(at, size, BOTH, PRIVATE | FIXED, 0n, 0n), callMunmap(at, size), callMprotect(at, size, READ),
        callMadvise(at, size, 4n), callMincore(at, size, HOME), callMsync(at, size, 0n), callMlock(at, size, 0n),
        callMremap(at, size, PAGE, 0n, 0n),
      ];
      expect(answers.filter((answer) => answer >= 0)).toEqual([]);
    }
    expect(picture()).toBe(before);
    callerEnd();
  });
  test("nothing becomes writable and executable in any way", () => {
    const id = BigInt(callShmget(5n, PAGE, 0o1600n));
    const before = picture();
    const EACCES = -13 & 0xff;
    const answers = [
      callMmap(0n, PAGE, WX, PRIVATE, 0n, 0n), callMmap(0n, PAGE, 6n, SHARED, 0n, 0n),
      callMmap(HOME, PAGE, WX, PRIVATE | FIXED, 0n, 0n), callMprotect(HOME, PAGE, WX), callMprotect(HOME, PAGE, 6n),
      callShmat(id, 0n, 0o100000n),
    ];
    expect(answers.map((answer) => answer & 0xff)).toEqual(answers.map(() => EACCES));
    expect(picture()).toBe(before);
    expect([callMprotect(HOME, PAGE, RUN), poke(HOME, 1n)]).toEqual([OK, false]);
    callShmctl(id, 0n, 0n);
    callerEnd();
  });
});

describe("mremap", () => {
  test("takes the frames along, over tables' ends, and what a fork shares stays shared until it is written", () => {
    const where = (va: bigint, of = space): bigint => translate(spaceRoot(of), va as VirtAddr);
    const frames = [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n].map((i) => where(HOME + i * PAGE));
    const fork = spaceFork(space);
    const to = FAR - 3n * PAGE;
    expect(callMremap(HOME, 8n * PAGE, 8n * PAGE, MAYMOVE | TO, to)).toBe(Number(to));
    expect([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n].map((i) => where(to + i * PAGE))).toEqual(frames);
    expect([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n].map((i) => where(HOME + i * PAGE, fork))).toEqual(frames);
    expect([peek(HOME), poke(to, 77n), peek(to), peek(HOME, fork), spacesAudit()]).toEqual([null, true, 77n, 1n, OK]);
    callerEnd(fork);
  });
  test("takes hidden pages along, too", () => {
    expect(callMprotect(HOME, 8n * PAGE, NONE)).toBe(OK);
    expect(callMremap(HOME, 8n * PAGE, 8n * PAGE, MAYMOVE | TO, FAR)).toBe(Number(FAR));
    expect([peek(FAR), spacesAudit(), callMprotect(FAR, 8n * PAGE, READ)]).toEqual([null, OK, OK]);
    expect([0n, 3n, 7n].map((i) => peek(FAR + i * PAGE))).toEqual([1n, 4n, 8n]);
    callerEnd();
  });
});

describe("locks and files", () => {
  test("what is locked counts as far as 8 MiB, and what is unlocked not any more", () => {
    expect(callMmap(FAR, 2048n * PAGE, READ, PRIVATE | FIXED, 0n, 0n)).toBe(Number(FAR));
    expect([callMlock(HOME, PAGE, 1n), callMlock(FAR, 2048n * PAGE, 1n)]).toEqual([OK, NO_MEMORY]);
    expect([callMlock(FAR, 2047n * PAGE, 1n), callMlock(FAR, 2047n * PAGE, 1n)]).toEqual([OK, OK]);
    expect([callMunlock(HOME, PAGE), callMlock(FAR, 2048n * PAGE, 1n), callMunlockall()]).toEqual([OK, OK, OK]);
    expect([callMlock(HOME, PAGE, 0n), callMlockall(2n), callMunlockall()]).toEqual([OK, OK, OK]);
    callerEnd();
  });
  test("a file that gets shorter forgets what was behind its end, in the midst of a page as well", () => {
    const file = BigInt(callMemfd(HOME, 0n));
    poke(HOME, 0x1111_2222_3333_4444n);
    expect([callPwrite(file, HOME, 8n, 8188n), callSeek(file, 0n, 2n)]).toEqual([8, 8196]);
    expect([callFtruncate(file, 8190n), callFtruncate(file, 3n * PAGE)]).toEqual([OK, OK]);
    expect([callPread(file, HOME, 8n, 8188n), peek(HOME)]).toEqual([8, 0x4444n]);
    expect(spacesAudit()).toBe(OK);
    callerEnd();
  });
  test("what cannot be read is not written, and nothing comes behind the end of the file", () => {
    const file = BigInt(callMemfd(HOME, 0n));
    const before = picture();
    expect([callPwrite(file, FAR, 8n, 0x5000n), callSeek(file, 0n, 2n)]).toEqual([BAD_ADDRESS, 0]);
    expect([picture(), spacesAudit()]).toEqual([before, OK]);
    callerEnd();
  });
});
