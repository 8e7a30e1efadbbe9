/**
 * Random operations on the pool against a Map of what is handed out and a Set of what is free. In Node, where numbers
 * are checked; tests/hosted/frames-model.c does many more of them.
 */
import { expect, test } from "vitest";
import { type Frame, NO_FRAME } from "../../../../kernel/lib/addr.ts";
import { BUSY, INVALID, OK } from "../../../../kernel/lib/status.ts";
import { framesAudit } from "../../../../kernel/mm/phys/frames-audit.ts";
import { frameGive, framesAdd, framesFree, frameTake } from "../../../../kernel/mm/phys/frames.ts";
import { kernelFrames, type Owner, ownerFrames } from "../../../../kernel/mm/phys/owners.ts";
import { rangeClaim, rangeGive, rangeTake } from "../../../../kernel/mm/phys/ranges.ts";
import { runGive, runSplit, runTake } from "../../../../kernel/mm/phys/runs.ts";
import { frame, frames, freshPool, generator, openOwner } from "./fresh.ts";

const OPERATIONS = 60_000; // the hosted model does a million
const BETWEEN_AUDITS = 1000;
const LIMIT = 5500;

let free: Set<number>;
let runs: Map<number, { order: number; owner: Owner }>; // by head
let heads: number[]; // of the runs, in no order

function handedOut(first: number, order: number, owner: Owner): void {
  for (const each of frames(first, 2 ** order)) if (!free.delete(each)) throw new Error(`frame ${each} was not free`);
  runs.set(first, { order, owner });
  heads.push(first);
}
function back(at: number): void {
  const first = heads[at]!;
  const { order } = runs.get(first)!;
  heads[at] = heads.at(-1)!;
  heads.pop();
  runs.delete(first);
  for (const each of frames(first, 2 ** order)) free.add(each);
}
/** The longest runs that fit, from its start on. */
function rangeHandedOut(first: number, count: number, owner: Owner): void {
  for (let at = first; at < first + count; ) {
    let order = 0;
    while (at % 2 ** (order + 1) === 0 && at + 2 ** (order + 1) <= first + count) order++;
    handedOut(at, order, owner);
    at += 2 ** order;
  }
}
/** The lowest multiple of `align` with `count` free frames from there on. */
function lowestFree(count: number, align: number): number {
  for (let first = 0; first + count <= LIMIT; first += align) {
    let length = 0;
    while (length < count && free.has(first + length)) length++;
    if (length === count) return first;
  }
  return NO_FRAME;
}

test(`${OPERATIONS} operations agree with a Set, and the audit after every thousand`, () => {
  freshPool(LIMIT);
  const owners = [kernelFrames(), openOwner(1), openOwner(2)];
  free = new Set([...frames(3, 300), ...frames(512, 700), ...frames(3000, 2500)]);
  runs = new Map();
  heads = [];
  framesAdd(frame(3), 300);
  framesAdd(frame(512), 700);
  framesAdd(frame(3000), 2500);
  const total = free.size;
  const random = generator(42);
  let emptied = 0;

  for (let step = 1; step <= OPERATIONS; step++) {
    const owner = owners[random(3)]!;
    const choice = random(100);
    if (random(100) < (step % 20_000 < 10_000 ? 65 : 35)) {
      if (choice < 70) one(owner);
      else if (choice < 90) some(random(10), owner);
      else if (choice < 97) range(1 + random(60), 2 ** random(6), owner);
      else claim(random(LIMIT + 10), random(40), owner);
    } else if (heads.length > 0) {
      const at = random(heads.length);
      const first = frame(heads[at]!);
      const { order } = runs.get(first)!;
      if (choice < 10) split(at, first, order);
      else if (choice < 20) rangeGive(first, 2 ** order);
      else if (choice < 60 && order === 0) frameGive(first);
      else runGive(first, order);
      if (choice >= 10) back(at);
    }
    if (framesFree() !== free.size) expect(framesFree()).toBe(free.size);
    if (free.size === 0) emptied++;
    if (step % BETWEEN_AUDITS === 0) {
      expect(framesAudit()).toBe(OK);
      const counts = owners.map(ownerFrames);
      expect(counts.reduce((sum, each) => sum + each, 0)).toBe(total - free.size);
    }
  }
  expect(emptied).toBeGreaterThan(100);
});

function one(owner: Owner): void {
  const got = frameTake(owner);
  if (got === NO_FRAME) expect(free.size).toBe(0);
  else handedOut(got, 0, owner);
}
function some(order: number, owner: Owner): void {
  const got = runTake(order, owner);
  if (got === NO_FRAME) expect(lowestFree(2 ** order, 2 ** order)).toBe(NO_FRAME);
  else {
    if (got % 2 ** order !== 0) throw new Error(`a run of order ${order} at ${got}`);
    handedOut(got, order, owner);
  }
}
function range(count: number, align: number, owner: Owner): void {
  const got = rangeTake(count, align, LIMIT, owner);
  expect(got).toBe(lowestFree(count, align));
  if (got !== NO_FRAME) rangeHandedOut(got, count, owner);
}
function claim(first: number, count: number, owner: Owner): void {
  const status = rangeClaim(first as Frame, count, owner);
  if (count < 1 || first + count > LIMIT) expect(status).toBe(INVALID);
  else if (!frames(first, count).every((each) => free.has(each))) expect(status).toBe(BUSY);
  else {
    expect(status).toBe(OK);
    rangeHandedOut(first, count, owner);
  }
}
function split(at: number, first: Frame, order: number): void {
  runSplit(first, order);
  const { owner } = runs.get(first)!;
  back(at);
  for (const each of frames(first, 2 ** order)) handedOut(each, 0, owner);
}
