/**
 * Pipes: up to 64 KiB on their way from a writer to a reader, in a ring of 16 pages that have a frame only while bytes
 * are in them (man 7 pipe).
 *
 *   PIPE, 128 bytes, in a slab
 *   +0   | readers       | writers       |   open files that read it; that write it
 *   +8   | start         | used          |   where in the ring the oldest byte is; how many there are
 *   +16  | number        | rest          |   tells it apart, for fstat
 *   +24  | waitRead (16)                 |   queues of proc/schedule: who waits for bytes
 *   +40  | waitWrite (16)                |   who waits for room
 *   +56  | frames                        |   of the 16 pages; 0: it has none
 *
 * Nobody waits here: WOULD_BLOCK is an answer, and who gets it sleeps, or does not. Who has changed something wakes the
 * others.
 */
import { fillWords, load32, staticBytes, store32 } from "../doors/machine.ts";
import {
  type Frame, frameBytes, frameNumber, NO_FRAME, NOWHERE, PAGE_BYTES, type VirtAddr, virtAddr,
} from "../lib/addr.ts";
import { bytes, layout, u32 } from "../lib/layout.ts";
import { BAD_ADDRESS, BROKEN_PIPE, NO_MEMORY, OK, WOULD_BLOCK } from "../lib/status.ts";
import { frameGive, frameTake } from "../mm/phys/frames.ts";
import { KIND, kernelFrames, OWNER, ownerOpen } from "../mm/phys/owners.ts";
import { SLAB, slabCount, slabGive, slabInit, slabTake, slabTrim } from "../mm/slab/slab.ts";
import { copyIn, copyOut } from "../mm/user/user-copy.ts";

/** The address of a PIPE. */
export type Pipe = VirtAddr & { readonly __pipe: "Pipe" };
export const NO_PIPE = NOWHERE as Pipe;
/** What an open file says is its object. */
export function pipeAt(at: bigint): Pipe {
  return at as Pipe;
}

const PAGES = 16;
export const PIPE_BYTES = PAGES * PAGE_BYTES;
/** A write of so many bytes or fewer is never mixed with others' (man 7 pipe, "PIPE_BUF"). */
export const PIPE_ATOMIC = 4096;
const FRAMES_BYTES = 64;
export const PIPE = layout(128, {
  readers: u32, writers: u32, start: u32, used: u32, number: u32, rest: u32, waitRead: bytes(16), waitWrite: bytes(16),
  frames: bytes(FRAMES_BYTES), more: bytes(8),
});
const WORDS = 16;

const slab = staticBytes(SLAB.SIZE, 8);
const slabOwner = staticBytes(OWNER.SIZE, 8);
let lastNumber = 0;

/** There are no pipes. */
export function pipesInit(): void {
  slabInit(slab, PIPE.SIZE, ownerOpen(slabOwner, KIND.SLAB, 0n));
  lastNumber = 0;
}

/** An empty one with one reader and one writer. NO_PIPE: there is no memory. */
export function pipeTake(): Pipe {
  const pipe = slabTake(slab) as Pipe;
  if (pipe === NO_PIPE) return NO_PIPE;
  fillWords(pipe, 0n, WORDS);
  lastNumber++;
  PIPE.setNumber(pipe, lastNumber);
  PIPE.setReaders(pipe, 1);
  PIPE.setWriters(pipe, 1);
  return pipe;
}

/** A reader less, or a writer. False: that was the last of both, and there is no pipe any more. */
export function pipeClose(pipe: Pipe, isWriter: boolean): boolean {
  if (isWriter) PIPE.setWriters(pipe, PIPE.writers(pipe) - 1);
  else PIPE.setReaders(pipe, PIPE.readers(pipe) - 1);
  if (PIPE.readers(pipe) + PIPE.writers(pipe) > 0) return true;
  PIPE.setUsed(pipe, 0);
  unusedGive(pipe);
  slabGive(slab, pipe);
  return false;
}

/** Bytes that can be written now. */
export function pipeRoom(pipe: Pipe): number {
  return PIPE_BYTES - PIPE.used(pipe);
}

/**
 * The next bytes of the program's at `from`: how many were taken, all `count` of them (1 or more) if there is room.
 * WOULD_BLOCK: there is none, or not for all of what must not be divided. BROKEN_PIPE: nobody reads. NO_MEMORY,
 * BAD_ADDRESS: nothing was taken.
 */
export function pipeWrite(pipe: Pipe, from: bigint, count: number): number {
  if (PIPE.readers(pipe) === 0) return BROKEN_PIPE;
  const room = pipeRoom(pipe);
  if (room === 0 || (count > room && count <= PIPE_ATOMIC)) return WOULD_BLOCK;
  const wanted = Math.min(count, room);
  let done = 0;
  let status = OK;
  while (done < wanted) {
    const place = (PIPE.start(pipe) + PIPE.used(pipe) + done) % PIPE_BYTES;
    const here = Math.min(wanted - done, PAGE_BYTES - (place % PAGE_BYTES));
    const frame = frameReach(pipe, place);
    if (frame === NO_FRAME) status = NO_MEMORY;
    else status = copyIn(inFrame(frame, place), from + BigInt(done), here);
    if (status !== OK) break;
    done += here;
  }
  if (status !== OK && count <= PIPE_ATOMIC) done = 0;
  PIPE.setUsed(pipe, PIPE.used(pipe) + done);
  if (status === OK) return done;
  unusedGive(pipe);
  return done > 0 ? done : status;
}

/**
 * Up to `count` (1 or more) of the oldest bytes to the program's `to`: how many. 0: there are none, and nobody writes.
 * WOULD_BLOCK: there are none yet. BAD_ADDRESS: none was taken.
 */
export function pipeRead(pipe: Pipe, to: bigint, count: number): number {
  if (PIPE.used(pipe) === 0) return PIPE.writers(pipe) === 0 ? 0 : WOULD_BLOCK;
  const wanted = Math.min(count, PIPE.used(pipe));
  let done = 0;
  while (done < wanted) {
    const place = PIPE.start(pipe);
    const here = Math.min(wanted - done, PAGE_BYTES - (place % PAGE_BYTES));
    const at = inFrame(frameNumber(load32(frameAt(pipe, place))), place);
    if (copyOut(to + BigInt(done), at, here) !== OK) return done > 0 ? done : BAD_ADDRESS;
    PIPE.setStart(pipe, (place + here) % PIPE_BYTES);
    PIPE.setUsed(pipe, PIPE.used(pipe) - here);
    if (!pageHolds(pipe, place)) pageGive(pipe, place);
    done += here;
  }
  return done;
}

// ---- pages of the ring -----------------------------------------------------------------------------------------
/** The frame of the page in which the byte at `place` lies; NO_FRAME: it had none, and there is none to be had. */
function frameReach(pipe: Pipe, place: number): Frame {
  const at = frameAt(pipe, place);
  if (load32(at) !== 0) return frameNumber(load32(at));
  const frame = frameTake(kernelFrames());
  if (frame !== NO_FRAME) store32(at, frame);
  return frame;
}
/** Are bytes in the page of `place`? Only if it has the oldest one, or begins with one of the others. */
function pageHolds(pipe: Pipe, place: number): boolean {
  if (PIPE.used(pipe) === 0) return false;
  const page = Math.trunc(place / PAGE_BYTES);
  if (Math.trunc(PIPE.start(pipe) / PAGE_BYTES) === page) return true;
  return (page * PAGE_BYTES - PIPE.start(pipe) + PIPE_BYTES) % PIPE_BYTES < PIPE.used(pipe);
}
function pageGive(pipe: Pipe, place: number): void {
  const at = frameAt(pipe, place);
  frameGive(frameNumber(load32(at)));
  store32(at, 0);
}
function unusedGive(pipe: Pipe): void {
  for (let place = 0; place < PIPE_BYTES; place += PAGE_BYTES) {
    if (load32(frameAt(pipe, place)) !== 0 && !pageHolds(pipe, place)) pageGive(pipe, place);
  }
}

function frameAt(pipe: Pipe, place: number): bigint {
  return PIPE.framesAt(pipe) + BigInt(Math.trunc(place / PAGE_BYTES) * 4);
}
function inFrame(frame: Frame, place: number): VirtAddr {
  return virtAddr(frameBytes(frame) + BigInt(place % PAGE_BYTES));
}

// ---- for those who count ---------------------------------------------------------------------------------------
export function pipesSlab(): bigint {
  return slab;
}
export function pipesOut(): number {
  return slabCount(slab);
}
/** The frame that the slab keeps in reserve goes back. */
export function pipesTrim(): void {
  slabTrim(slab);
}
/** Has each page with bytes a frame, and none of the others? For audits. */
export function pipeIsSound(pipe: Pipe): boolean {
  if (PIPE.used(pipe) > PIPE_BYTES || PIPE.start(pipe) >= PIPE_BYTES) return false;
  for (let place = 0; place < PIPE_BYTES; place += PAGE_BYTES) {
    if ((load32(frameAt(pipe, place)) !== 0) !== pageHolds(pipe, place)) return false;
  }
  return true;
}
