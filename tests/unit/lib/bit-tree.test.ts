import fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { staticBytes, store64 } from "../../../kernel/doors/machine.ts";
import { directMap, physAddr } from "../../../kernel/lib/addr.ts";
import {
  BIT_TREE, BIT_TREE_LIMIT, bitTreeAdd, bitTreeBytes, bitTreeHas, bitTreeInit, bitTreeIsSound, bitTreeNext,
  bitTreeNextAt, bitTreeRemove, bitTreeRemoveFar, bitTreeRemoveNear, bitTreeWord, NO_MEMBER,
} from "../../../kernel/lib/bit-tree.ts";
import { accessesOf } from "../../fake/counted.ts";
import { fakeMachine, GIB } from "../../fake/machine.ts";

vi.mock("../../fake/machine.ts", async (original) => {
  return (await import("../../fake/counted.ts")).counted(await original());
});

const TREE = staticBytes(BIT_TREE.SIZE, 8);
const AT = 0x40_0000;
const MEMORY = directMap(physAddr(BigInt(AT)));
const ALL = 0xffff_ffff_ffff_ffffn;

beforeEach(() => void fakeMachine({ ramBytes: GIB }));

const next = (members: ReadonlySet<number>, from: number): number => {
  return [...members].filter((each) => each >= from).reduce((low, each) => Math.min(low, each), Infinity);
};
const nextOrNone = (members: ReadonlySet<number>, from: number): number => {
  const found = next(members, from);
  return found === Infinity ? NO_MEMBER : found;
};

test("a new set is empty, whatever junk was in memory", () => {
  bitTreeInit(TREE, MEMORY, 5000);
  expect(bitTreeNext(TREE, 0)).toBe(NO_MEMBER);
  expect(bitTreeIsSound(TREE, 5000)).toBe(true);
});

test("it does what a Set does, for adds, removals and questions in any order", () => {
  const limits = fc.constantFrom(1, 63, 64, 65, 4095, 4096, 4097, 262_143, 262_144, 300_000);
  const steps = fc.array(fc.tuple(fc.constantFrom("add", "remove"), fc.nat(), fc.nat(), fc.bigInt(1n, ALL)), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(limits, steps, (limit, all) => {
      const members = new Set<number>();
      bitTreeInit(TREE, MEMORY, limit);
      for (const [what, place, from, bits] of all) {
        const first = place % limit;
        const room = BigInt(Math.min(64 - (first % 64), limit - first));
        const mask = (bits & ((1n << room) - 1n)) | 1n;
        if (what === "add") bitTreeAdd(TREE, first, mask);
        else bitTreeRemove(TREE, first, mask);
        for (let bit = 0; bit < Number(room); bit++) {
          if (((mask >> BigInt(bit)) & 1n) === 0n) continue;
          if (what === "add") members.add(first + bit);
          else members.delete(first + bit);
        }
        const at = from % (limit + 1);
        expect(bitTreeNext(TREE, at)).toBe(nextOrNone(members, at));
        expect(bitTreeHas(TREE, first)).toBe(members.has(first));
        expect(bitTreeIsSound(TREE, limit)).toBe(true);
      }
      const words = new Set([...members].map((each) => Math.floor(each / 64)));
      expect(bitTreeNextAt(TREE, 1, 0)).toBe(nextOrNone(words, 0));
    }),
    { numRuns: 60 },
  );
});

test("taking out and asking for the next is taking out, then asking: near in its word, far above it", () => {
  const sets = fc.tuple(fc.constantFrom(1, 64, 65, 4097, 300_000), fc.array(fc.nat(), { minLength: 1, maxLength: 40 }));
  fc.assert(
    fc.property(sets, fc.boolean(), fc.boolean(), ([limit, places], isDense, isMember) => {
      const members = new Set(places.map((place) => (isDense ? place % 130 : place) % limit));
      bitTreeInit(TREE, MEMORY, limit);
      for (const each of members) bitTreeAdd(TREE, each, 1n);
      const all = [...members].sort((a, b) => a - b);
      const [member = 0] = isMember ? all : [Math.floor(limit / 2)];
      const wordEnd = member - (member % 64) + 64;
      const above = nextOrNone(members, member + 1);
      const near = above < wordEnd ? above : NO_MEMBER;

      expect(bitTreeRemoveNear(TREE, member)).toBe(near);
      expect(bitTreeHas(TREE, member)).toBe(near === NO_MEMBER && members.has(member)); // nothing near: nothing changed
      if (near !== NO_MEMBER) bitTreeAdd(TREE, member, 1n);
      members.delete(member);
      expect(bitTreeRemoveFar(TREE, member)).toBe(nextOrNone(members, wordEnd));
      expect(all.filter((each) => bitTreeHas(TREE, each))).toEqual(all.filter((each) => each !== member));
      expect(bitTreeIsSound(TREE, limit)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test.each([1, 64, 4096, 4097, 262_144, 300_000])("a set of %d stays within the bytes that were asked for", (limit) => {
  const machine = fakeMachine({ ramBytes: GIB });
  machine.fence([{ start: AT, end: AT + bitTreeBytes(limit) }, { start: 0x10_0000, end: 0x30_0000 }]);
  bitTreeInit(TREE, MEMORY, limit);
  bitTreeAdd(TREE, limit - 1, 1n);
  expect(bitTreeNext(TREE, 0)).toBe(limit - 1);
  expect(bitTreeNext(TREE, limit)).toBe(NO_MEMBER);
  bitTreeRemove(TREE, limit - 1, 1n);
  expect(() => machine.physRead8(BigInt(AT + bitTreeBytes(limit)))).toThrow(); // the fence stands
});

test("a word of the lowest level is 64 members", () => {
  bitTreeInit(TREE, MEMORY, 1000);
  bitTreeAdd(TREE, 640, 0x8000_0000_0000_0001n);
  expect([bitTreeWord(TREE, 640), bitTreeWord(TREE, 703), bitTreeWord(TREE, 704)]).toEqual([
    0x8000_0000_0000_0001n, 0x8000_0000_0000_0001n, 0n,
  ]);
});

test("taking out what is no member changes nothing", () => {
  bitTreeInit(TREE, MEMORY, 1000);
  bitTreeAdd(TREE, 70, 0b101n);
  bitTreeRemove(TREE, 71, 1n);
  bitTreeRemove(TREE, 900, 1n);
  expect([bitTreeNext(TREE, 0), bitTreeNext(TREE, 71), bitTreeIsSound(TREE, 1000)]).toEqual([70, 72, true]);
});

test.each([
  ["a word with members that the level above does not know", 0n, 5n],
  ["a word without members that the level above knows", 1n, 0n],
])("%s is found", (_, member, damage) => {
  bitTreeInit(TREE, MEMORY, 1000);
  if (member !== 0n) bitTreeAdd(TREE, 0, member);
  store64(MEMORY, damage);
  expect(bitTreeIsSound(TREE, 1000)).toBe(false);
});

describe("2^29 members, the most there can be", () => {
  beforeEach(() => bitTreeInit(TREE, MEMORY, BIT_TREE_LIMIT));

  test("the last is found from the first on, in twenty accesses: ten words and where they lie", () => {
    bitTreeAdd(TREE, BIT_TREE_LIMIT - 1, 1n);
    let found = 0;
    expect(accessesOf(() => (found = bitTreeNext(TREE, 0)))).toBeLessThanOrEqual(20);
    expect(found).toBe(BIT_TREE_LIMIT - 1);
    expect(bitTreeNext(TREE, BIT_TREE_LIMIT)).toBe(NO_MEMBER);
  });

  test("adding the first and removing the last change five words each", () => {
    expect(accessesOf(() => bitTreeAdd(TREE, 123_456_789, 1n))).toBe(15); // each level: where it lies, a load, a store
    expect(accessesOf(() => bitTreeAdd(TREE, 123_456_790, 1n))).toBe(3);
    expect(accessesOf(() => bitTreeRemove(TREE, 123_456_790, 1n))).toBe(3);
    expect(accessesOf(() => bitTreeRemove(TREE, 123_456_789, 1n))).toBe(15);
  });
});
