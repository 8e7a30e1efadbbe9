/**
 * The kinds of work of tests/bench/c/frame-workloads.c on the same kinds of pools, counted by rdtsc: under QEMU's
 * `-icount shift=0` its differences are instructions. Each call is measured alone, without the loop around it. The
 * machine's pool gives memory for bitmaps and records; then it is forgotten: there is one pool, and it is simulated.
 */
import { logEnd, logNumber, logText } from "../../../kernel/base/log.ts";
import { load64, rdtsc, store64 } from "../../../kernel/doors/machine.ts";
import { type Frame, frameBytes, NO_FRAME, virtAddr } from "../../../kernel/lib/addr.ts";
import { countOnes } from "../../../kernel/lib/bits.ts";
import { bitsFree, frameGive, framesFree, framesInit, frameTake } from "../../../kernel/mm/phys/frames.ts";
import { framesCountTaken } from "../../../kernel/mm/phys/open-word.ts";
import { kernelFrames } from "../../../kernel/mm/phys/owners.ts";
import { runGive, runTake } from "../../../kernel/mm/phys/runs.ts";

const TAKEN = 65536;
const RUNS = 1024;
const GIB_FRAMES = 262144;
const AREA_FRAMES = 512;
const AREA_ORDER = 9;
const PATTERNS = 4096;
const ALL = 0xffff_ffff_ffff_ffffn;

/** Orders of the runs that hold the bitmaps of 128 GiB, their records, and frames that were taken with patterns. */
const METADATA_ORDER = 12;
const RECORDS_ORDER = 18;
const SCRATCH_ORDER = 8;

let metadata = 0n;
let records = 0n;
let taken = 0n;
let patterns = 0n;
let random = 88172645463325252n;
/** Instructions between two rdtsc that follow each other, and of the call itself and its argument. */
let empty = 0n;
const CALL = 2n;
let takeCost = 0n;
let giveCost = 0n;

export function poolsMeasure(): void {
  metadata = memoryTake(METADATA_ORDER);
  records = memoryTake(RECORDS_ORDER);
  taken = memoryTake(SCRATCH_ORDER);
  patterns = taken + BigInt(TAKEN * 8);
  const start = rdtsc();
  empty = rdtsc() - start + CALL;
  for (let gib = 1; gib <= 128; gib = gib === 1 ? 16 : gib * 8) {
    fillMeasure(gib, 10);
    fillMeasure(gib, 50);
    fillMeasure(gib, 90);
    fillMeasure(gib, 99);
  }
}

function memoryTake(order: number): bigint {
  return frameBytes(runTake(order, kernelFrames()));
}

function fillMeasure(gib: number, fill: number): void {
  poolPrepare(gib, fill, false);
  bulkMeasure(false);
  say("bulk", gib, fill, TAKEN);
  bulkMeasure(true);
  say("random", gib, fill, TAKEN);
  repeatMeasure();
  say("repeat", gib, fill, TAKEN);
  poolPrepare(gib, fill, true);
  runsMeasure();
  say("run", gib, fill, RUNS);
}

function say(kind: string, gib: number, fill: number, count: number): void {
  logText("bench: ");
  logText(kind);
  logNumber(" gib=", gib);
  logNumber(" fill=", fill);
  logNumber(" calls=", count);
  logNumber(" take=", Number(takeCost));
  logNumber(" give=", Number(giveCost));
  logEnd();
  takeCost = 0n;
  giveCost = 0n;
}

// ---- pools ---------------------------------------------------------------------------------------------------
/** `fill` of a hundred frames are in use; in a fragmented pool half of the others lie in areas that are free. */
function poolPrepare(gib: number, fill: number, isFragmented: boolean): void {
  const used = isFragmented ? Math.trunc((2000 * fill) / (100 + fill)) : 10 * fill;
  for (let i = 0; i < PATTERNS; i++) store64(patterns + BigInt(i * 8), patternOf(used));
  framesInit(virtAddr(metadata), gib * GIB_FRAMES, virtAddr(records));
  const wholeShare = isFragmented ? 5 * (100 - fill) : 0;
  for (let area = 0; area < gib * 512; area++) {
    const isWhole = Math.trunc((area * wholeShare) / 1000) !== Math.trunc(((area + 1) * wholeShare) / 1000);
    for (let i = 0; i < AREA_FRAMES; i += 64) {
      const free = isWhole ? ALL : load64(patterns + BigInt(randomBelow(PATTERNS) * 8));
      if (free === 0n) continue;
      bitsFree(area * AREA_FRAMES + i, free);
      framesCountTaken(-countOnes(free));
    }
  }
}

function patternOf(used: number): bigint {
  let free = 0n;
  for (let bit = 0; bit < 64; bit++) {
    if (randomBelow(1000) >= used) free |= 1n << BigInt(bit);
  }
  return free;
}

/** Marsaglia, "Xorshift RNGs". */
function randomBelow(limit: number): number {
  random = BigInt.asUintN(64, random ^ (random << 13n));
  random ^= random >> 7n;
  random = BigInt.asUintN(64, random ^ (random << 17n));
  return Number((random >> 8n) & 0xffff_ffffn) % limit;
}

// ---- kinds ---------------------------------------------------------------------------------------------------
function takenAt(i: number): Frame {
  return Number(load64(taken + BigInt(i * 8))) as Frame;
}
function takenSet(i: number, frame: Frame): void {
  store64(taken + BigInt(i * 8), BigInt(frame));
}

function takeMeasured(): Frame {
  const owner = kernelFrames();
  const start = rdtsc();
  const frame = frameTake(owner);
  takeCost += rdtsc() - start - empty;
  return frame;
}
function giveMeasured(frame: Frame): void {
  const start = rdtsc();
  frameGive(frame);
  giveCost += rdtsc() - start - empty;
}

function bulkMeasure(isRandom: boolean): void {
  let left = TAKEN;
  while (left > 0) {
    const count = Math.min(left, framesFree());
    for (let i = 0; i < count; i++) takenSet(i, takeMeasured());
    if (isRandom) takenShuffle(count);
    for (let i = 0; i < count; i++) giveMeasured(takenAt(i));
    left -= count;
  }
}

function repeatMeasure(): void {
  for (let i = 0; i < TAKEN; i++) giveMeasured(takeMeasured());
}

function runsMeasure(): void {
  let left = RUNS;
  while (left > 0) {
    let count = 0;
    while (count < left && runTakeMeasured(count)) count++;
    takenShuffle(count);
    for (let i = 0; i < count; i++) runGiveMeasured(takenAt(i));
    left -= count;
  }
}
/** False, and nothing counted, when there is none. */
function runTakeMeasured(i: number): boolean {
  const owner = kernelFrames();
  const start = rdtsc();
  const frame = runTake(AREA_ORDER, owner);
  const cost = rdtsc() - start - empty;
  if (frame === NO_FRAME) return false;
  takeCost += cost;
  takenSet(i, frame);
  return true;
}
function runGiveMeasured(frame: Frame): void {
  const start = rdtsc();
  runGive(frame, AREA_ORDER);
  giveCost += rdtsc() - start - empty;
}

function takenShuffle(count: number): void {
  for (let i = count; i > 1; i--) {
    const other = randomBelow(i);
    const frame = takenAt(i - 1);
    takenSet(i - 1, takenAt(other));
    takenSet(other, frame);
  }
}
