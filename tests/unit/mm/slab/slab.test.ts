import { beforeEach, describe, expect, test, vi } from "vitest";
import { staticBytes } from "../../../../kernel/doors/machine.ts";
import { directMap, type Frame, NOWHERE, physAddr, type VirtAddr } from "../../../../kernel/lib/addr.ts";
import { DAMAGED, OK } from "../../../../kernel/lib/status.ts";
import { FRAME, frameKind, frameRecord } from "../../../../kernel/mm/phys/frame-table.ts";
import { framesAudit } from "../../../../kernel/mm/phys/frames-audit.ts";
import { framesFree, frameTake } from "../../../../kernel/mm/phys/frames.ts";
import { framesFailAt } from "../../../../kernel/mm/phys/freed-pattern.ts";
import { KIND, OWNER, type Owner, ownerFrames, ownerOpen } from "../../../../kernel/mm/phys/owners.ts";
import { slabAudit } from "../../../../kernel/mm/slab/slab-audit.ts";
import {
  SLAB, slabCount, slabFrames, slabGive, slabInit, slabTake, slabTrim,
} from "../../../../kernel/mm/slab/slab.ts";
import { fillWords, load8, type Machine, PoisonedAccess, store64, store8 } from "../../../fake/machine.ts";
import { poolBoot, withFrames } from "../../../fake/pool.ts";
import { logTake, loggingMachine } from "../../dev/record.ts";

vi.mock("../../../../kernel/base/checking.ts", () => ({ CHECKING: true }));

const slab = staticBytes(SLAB.SIZE, 8);
const other = staticBytes(SLAB.SIZE, 8);
const ownerAt = staticBytes(OWNER.SIZE, 8);
const SIZES = [8, 9, 16, 24, 40, 64, 96, 100, 128, 192, 240, 241, 248, 256, 512, 700, 1000, 1024, 1366, 2047, 2048];
let machine: Machine;
let owner: Owner;

beforeEach(() => {
  machine = loggingMachine();
  poolBoot(300);
  owner = ownerOpen(ownerAt, KIND.SLAB, 7n);
  slabInit(slab, 64, owner);
});

const plus = (va: bigint, bytes: number): VirtAddr => (va + BigInt(bytes)) as VirtAddr;
const many = (count: number): VirtAddr[] => Array.from({ length: count }, () => slabTake(slab));
const frameOf = (va: VirtAddr): Frame => Number((va - directMap(physAddr(0n))) >> 12n) as Frame;

/** Takes until another frame would be needed. */
function frameful(): VirtAddr[] {
  const first = slabTake(slab);
  return [first, ...withFrames(0, () => {
    const rest: VirtAddr[] = [];
    for (let at = slabTake(slab); at !== NOWHERE; at = slabTake(slab)) rest.push(at);
    return rest;
  })];
}

test.each(SIZES)("objects of %i bytes are aligned, lie apart, in one frame, and fill it", (size) => {
  slabInit(slab, size, owner);
  const objects = frameful();
  const stride = Math.ceil(size / 8) * 8;
  const align = (stride & (stride - 1)) === 0 ? stride : 8;
  const sorted = objects.map((at) => Number(at & 4095n)).sort((a, b) => a - b);
  expect(objects.filter((at) => at % BigInt(align) !== 0n)).toEqual([]);
  expect(new Set(objects.map(frameOf)).size).toBe(1);
  for (let i = 1; i < sorted.length; i++) expect(sorted[i]! - sorted[i - 1]!).toBeGreaterThanOrEqual(stride);
  expect(4096 - objects.length * stride).toBeLessThan(stride + 64);
  expect([slabCount(slab), slabFrames(slab), ownerFrames(owner)]).toEqual([objects.length, 1, 1]);
  expect(frameKind(frameOf(objects[0]!))).toBe(KIND.SLAB);
  expect(slabAudit(slab)).toBe(OK);
});

test.each([0, 7, -8, 2049, 2 ** 52])("%i bytes are refused", (size) => {
  expect(() => slabInit(slab, size, owner)).toThrow("slab: no objects of this size");
});

test("an object given back is taken again, also from a frame that was full", () => {
  const objects = frameful();
  for (const at of [objects[0]!, objects[objects.length >> 1]!, objects.at(-1)!]) {
    slabGive(slab, at);
    expect(withFrames(0, () => slabTake(slab))).toBe(at);
  }
  expect(slabAudit(slab)).toBe(OK);
});

test("of empty frames one is kept, and slabTrim gives it back", () => {
  const free = framesFree();
  const objects = many(63 * 5);
  expect(slabFrames(slab)).toBe(5);
  for (const at of objects) slabGive(slab, at);
  expect([slabFrames(slab), slabCount(slab), framesFree(), slabAudit(slab)]).toEqual([1, 0, free - 1, OK]);
  slabTrim(slab);
  slabTrim(slab);
  expect([slabFrames(slab), framesFree(), framesAudit(), slabAudit(slab)]).toEqual([0, free, OK, OK]);
});

test("one object taken and given back in turn takes no second frame", () => {
  const free = framesFree();
  for (let i = 0; i < 1000; i++) slabGive(slab, slabTake(slab));
  expect(framesFree()).toBe(free - 1);
});

describe("a pointer that is no object of the slab's panics:", () => {
  const cases: [string, () => VirtAddr, string][] = [
    ["a double give", () => given(), "slab: given back twice"],
    ["a double give in a frame in use", () => (slabTake(slab), given()), "slab: given back twice"],
    ["into an object", () => plus(slabTake(slab), 8), "slab: given back, but inside an object"],
    ["one byte in", () => plus(slabTake(slab), 1), "slab: given back, but inside an object"],
    ["the bits at the frame's end", () => plus(slabTake(slab), 63 * 64), "slab: given back, but inside an object"],
    ["another slab's", () => (slabInit(other, 64, owner), slabTake(other)), "not an object of this slab"],
    ["another owner's frame", () => directMap(physAddr(BigInt(frameTake(owner)) << 12n)), "not an object of this slab"],
    ["a frame that went back", () => (given(), slabTrim(slab), lastGiven), "not an object of this slab"],
    ["NOWHERE", () => NOWHERE, "not an object of this slab"],
    ["the heap's", () => 0x4444_4444_0010n as VirtAddr, "not an object of this slab"],
    ["a static", () => slab as VirtAddr, "not an object of this slab"],
    ["all ones", () => (2n ** 64n - 1n) as VirtAddr, "not an object of this slab"],
  ];
  let lastGiven: VirtAddr;
  function given(): VirtAddr {
    lastGiven = slabTake(slab);
    slabGive(slab, lastGiven);
    return lastGiven;
  }

  test.each(cases)("%s", (_, pointer, message) => {
    const at = pointer();
    const before = [slabCount(slab), slabFrames(slab), framesFree()];
    expect(() => slabGive(slab, at)).toThrow(message);
    expect([slabCount(slab), slabFrames(slab), framesFree()]).toEqual(before);
    expect(slabAudit(slab)).toBe(OK);
  });

  test("and the log says which object it is inside, whose frame, in 80 columns", () => {
    const at = slabTake(slab);
    logTake(machine);
    expect(() => slabGive(slab, plus(at, 24))).toThrow();
    const log = logTake(machine);
    for (const line of log.match(/^mm.slab.*/gm)!) expect(line.length).toBeLessThanOrEqual(80);
    expect(log).toContain(`bytes=24 into the object at=v0x${at.toString(16)}`);
    expect(log).toContain("SLAB references=1");
  });
});

test.each(SIZES)("%i bytes can be touched while they are out, and nothing beside them", (size) => {
  slabInit(slab, size, owner);
  const [at, neighbour] = many(2) as [VirtAddr, VirtAddr];
  for (let i = 0; i < size; i++) store8(plus(at, i), i & 255);
  slabGive(slab, neighbour);
  expect(() => load8(plus(at, size))).toThrow(PoisonedAccess);
  expect(() => load8(neighbour)).toThrow(PoisonedAccess);
  expect(() => store8(plus(at, 4095 - Number(at & 4095n)), 0)).toThrow(PoisonedAccess);
  slabGive(slab, at);
  expect(() => load8(at)).toThrow(PoisonedAccess);
});

test.each([0, 3, 7])("the checking build finds a write to word %i of a free object when it is taken again", (word) => {
  const at = slabTake(slab);
  slabTake(slab);
  slabGive(slab, at);
  machine.unwatched(() => store64(plus(at, word * 8), 0n));
  expect(() => slabTake(slab)).toThrow("slab: an object was used after it was given back");
});

test("without a frame there is no object, and nothing has changed: at each call in turn", () => {
  for (let failing = 1; failing <= 4; failing++) {
    framesFailAt(failing);
    const before = framesFree();
    const objects = many(63 * 4);
    const missing = objects.filter((at) => at === NOWHERE).length;
    expect(missing).toBe(1);
    expect(slabAudit(slab)).toBe(OK);
    for (const at of objects) if (at !== NOWHERE) slabGive(slab, at);
    slabTrim(slab);
    expect([framesFree(), slabCount(slab), slabAudit(slab)]).toEqual([before, 0, OK]);
  }
});

test.each([
  ["the count", () => SLAB.setCount(slab, 5n)],
  ["the frames", () => SLAB.setFrames(slab, 5n)],
  ["the list", () => SLAB.setPartial(slab, 0 as Frame)],
  ["a frame's count", (at: VirtAddr) => FRAME.setReferences(frameRecord(frameOf(at)), 3)],
  ["a frame's places", (at: VirtAddr) => FRAME.setPage(frameRecord(frameOf(at)), BigInt.asUintN(64, slab << 16n) | 2n)],
  ["a frame's bits", (at: VirtAddr) => machine.unwatched(() => store64(plus(at, 4088), 0n))],
  ["a link back", (at: VirtAddr) => FRAME.setPrevious(frameRecord(frameOf(at)), 9)],
])("the audit finds damage to %s", (_, damage) => {
  const at = slabTake(slab);
  slabTake(slab);
  expect(slabAudit(slab)).toBe(OK);
  damage(at);
  expect(slabAudit(slab)).toBe(DAMAGED);
});

test.each([8, 48, 248, 1024])("12,000 random steps with objects of %i bytes agree with a Map", (size) => {
  slabInit(slab, size, owner);
  slabInit(other, 32, owner); // shares the owner, and must not be confused with it
  const out = new Map<VirtAddr, bigint>();
  const keys: VirtAddr[] = [];
  let state = size;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let step = 0; step < 12_000; step++) {
    const wantsToTake = random(1000) < (step % 4000 < 2000 ? 550 : 450);
    if (wantsToTake) {
      const at = slabTake(slab);
      if (at === NOWHERE) continue;
      if (out.has(at)) expect.unreachable(`${at} is out already`);
      fillWords(at, BigInt(step), size / 8);
      out.set(at, BigInt(step));
      keys.push(at);
    } else if (keys.length > 0) {
      const i = random(keys.length);
      const at = keys[i]!;
      keys[i] = keys.at(-1)!;
      keys.pop();
      const view = machine.physGet(at - directMap(physAddr(0n)), size);
      const words = new BigUint64Array(view.buffer);
      if (words.some((word) => word !== out.get(at))) expect.unreachable(`${at} was written to`);
      out.delete(at);
      slabGive(slab, at);
    }
    if (step % 1000 === 0) expect([slabAudit(slab), slabCount(slab)]).toEqual([OK, out.size]);
  }
  for (const at of keys) slabGive(slab, at);
  slabTrim(slab);
  expect([slabAudit(slab), slabAudit(other), framesAudit(), framesFree()]).toEqual([OK, OK, OK, 300]);
});
