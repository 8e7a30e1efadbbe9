/**
 * What single frames are taken from: a word of the bitmap, and the open area, which is the word's; and how many frames
 * are free. Those who take frames, look for a word, or take runs all change it.
 */
import { staticBytes } from "../../doors/machine.ts";
import { type VirtAddr, virtAddr } from "../../lib/addr.ts";
import { NO_MEMBER } from "../../lib/bit-tree.ts";
import { areaClose } from "./areas.ts";
import { areaIsFree, PAIR, pairArea, pairAreaStart, pairOfWord, pairWord } from "./frame-bits.ts";

/** A pair without a free frame, for when there is no word to take from. */
const nothing = staticBytes(PAIR.SIZE, 128);

/**
 * The pair from which frames are taken, as far from `nothing` as it lies, so that before there is a pool there is one
 * without a frame. Its area is the open one; its word may be empty and still be offered.
 */
let current = 0n;
let freeCount = 0;

/** There is no word to take from, and no frame is free. */
export function openWordInit(): void {
  current = 0n;
  freeCount = 0;
}

/** How far from `nothing` the pair lies that is taken from; 0n: none. */
export function openFrom(): bigint {
  return current;
}
/** So many bytes from now on: openFrom's or wordFrom's answer. */
export function openFromSet(from: bigint): void {
  current = from;
}
/** The pair that lies so far away: for 0n one without a free frame. */
export function pairFrom(from: bigint): VirtAddr {
  return virtAddr(BigInt.asUintN(64, nothing + from));
}
/** How far away the pair of `word` lies. */
export function wordFrom(word: number): bigint {
  return BigInt.asUintN(64, pairOfWord(word) - nothing);
}
/** From now on frames come from the word `word`, which has some; with NO_MEMBER, from none. */
export function wordTakeFrom(word: number): void {
  current = word === NO_MEMBER ? 0n : wordFrom(word);
}
/** From which word they come, or NO_MEMBER. */
export function wordTakenFrom(): number {
  return current === 0n ? NO_MEMBER : pairWord(pairFrom(current));
}

/** The first pair of the area that is out of step (frame-bits.ts); nobody's if no word is being taken from. */
export function areaOpened(): VirtAddr {
  return pairAreaStart(pairFrom(current));
}
/** If the open area is free from end to end, it is whole again, and the next frame comes from elsewhere: true. */
export function areaOpenedClose(): boolean {
  if (current === 0n) return false;
  const start = areaOpened();
  if (!areaIsFree(start)) return false;
  current = 0n;
  areaClose(pairArea(start));
  return true;
}

/** Frames that the pool owns and has not handed out. */
export function framesFree(): number {
  return freeCount;
}
/** `count` frames were handed out (or came back, if it is negative). */
export function framesCountTaken(count: number): void {
  freeCount -= count;
}
