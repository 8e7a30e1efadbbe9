/**
 * Frames by their number in something that is mostly holes: a radix tree of nodes, each a frame with 512 words. A hole
 * costs nothing, however large it is; a lookup is a load for each level, and there are no more levels than the highest
 * number that is there needs: none for a single frame, one below 512, two below 2^18.
 *
 *   FRAME_TREE, 16 bytes, in memory of the owner's
 *   +0   | root          | height | rest |   the topmost node's frame, or the only frame; 0: empty. Levels of nodes
 *
 * A word of a node is the number of the frame below it, 0 for none; the record of a node counts those that are not 0.
 */
import { fillWords, load64, store64 } from "../../doors/machine.ts";
import { type Frame, frameBytes, frameNumber, NO_FRAME, PAGE_SHIFT } from "../../lib/addr.ts";
import { layout, u32, u64 } from "../../lib/layout.ts";
import {
  frameNext, frameNextSet, framePageSet, frameReferenceAdd, frameReferenceDrop, frameReferences,
} from "../phys/frame-table.ts";
import { frameGive, frameTake } from "../phys/frames.ts";
import type { Owner } from "../phys/owners.ts";

export const FRAME_TREE = layout(16, { root: u64, height: u32, rest: u32 });

const NODE_WORDS = 512;
const INDEX_BITS = 9n;
const INDEX_MASK = 511n;
const NONE = 0n;

/** The frame with this number, NO_FRAME: there is none. Cost: a load for each level. */
export function treeFind(tree: bigint, index: bigint): Frame {
  const height = FRAME_TREE.height(tree);
  if (index >= numbersUnder(height)) return NO_FRAME;
  let at = FRAME_TREE.root(tree);
  for (let level = height; level > 0 && at !== NONE; level--) at = load64(wordFor(at, index, level));
  return at === NONE ? NO_FRAME : frameNumber(Number(at));
}

/**
 * The same; where there was none, a new one of `owner`'s, zeroed, whose record knows its byte. NO_FRAME: there is no
 * memory for it or for a node, and nothing has changed. Cost: a frame cleared, and one for each node that is missing.
 */
export function treeReach(tree: bigint, owner: Owner, index: bigint): Frame {
  const found = treeFind(tree, index);
  if (found !== NO_FRAME) return found;
  if (!stockTake(owner, framesMissing(tree, index))) return NO_FRAME;

  const needed = levelsFor(index);
  if (FRAME_TREE.root(tree) === NONE) FRAME_TREE.setHeight(tree, needed);
  while (FRAME_TREE.height(tree) < needed) treeRaise(tree);
  let at = FRAME_TREE.rootAt(tree);
  let parent = NO_FRAME;
  for (let level = FRAME_TREE.height(tree); ; level--) {
    if (load64(at) === NONE) {
      store64(at, BigInt(stockPop()));
      if (parent !== NO_FRAME) frameReferenceAdd(parent);
    }
    const frame = frameNumber(Number(load64(at)));
    if (level === 0) {
      framePageSet(frame, index << PAGE_SHIFT);
      return frame;
    }
    parent = frame;
    at = wordFor(load64(at), index, level);
  }
}

/** Gives back all frames with numbers from `index` on, which nobody shows, and nodes that are empty then. */
export function treeCut(tree: bigint, index: bigint): void {
  if (FRAME_TREE.root(tree) !== NONE) wordCut(FRAME_TREE.rootAt(tree), FRAME_TREE.height(tree), 0n, index);
}

// ---- what an audit asks ----------------------------------------------------------------------------------------
let framesSeen = 0;
let shownSeen = 0;
let isSound = true;

/** Looks at all of it. False: a node counts otherwise than it is filled, or there is a frame from number `end` on. */
export function treeLook(tree: bigint, end: bigint): boolean {
  framesSeen = 0;
  shownSeen = 0;
  isSound = true;
  if (FRAME_TREE.root(tree) !== NONE) lookUnder(FRAME_TREE.root(tree), FRAME_TREE.height(tree), 0n, end);
  return isSound;
}
/** Frames that were seen, nodes among them; and how often those that are no nodes are shown, all together. */
export function treeFramesSeen(): number {
  return framesSeen;
}
export function treeShownSeen(): number {
  return shownSeen;
}

function lookUnder(at: bigint, level: number, base: bigint, end: bigint): void {
  const frame = frameNumber(Number(at));
  framesSeen++;
  if (level === 0) {
    shownSeen += frameReferences(frame);
    if (base >= end) isSound = false;
    return;
  }
  let count = 0;
  for (let i = 0n; i < BigInt(NODE_WORDS); i++) {
    const below = load64(wordAt(at, i));
    if (below === NONE) continue;
    count++;
    lookUnder(below, level - 1, base + i * numbersUnder(level - 1), end);
  }
  if (count !== frameReferences(frame)) isSound = false;
}

// ---- nodes -----------------------------------------------------------------------------------------------------
/** The word at `at` leads to the frames from number `base` on. */
function wordCut(at: bigint, level: number, base: bigint, from: bigint): void {
  const below = load64(at);
  const frame = frameNumber(Number(below));
  if (level > 0) {
    const span = numbersUnder(level - 1);
    for (let i = 0n; i < BigInt(NODE_WORDS); i++) {
      const word = wordAt(below, i);
      if (load64(word) === NONE || base + (i + 1n) * span <= from) continue;
      wordCut(word, level - 1, base + i * span, from);
      if (load64(word) === NONE) frameReferenceDrop(frame);
    }
    if (frameReferences(frame) > 0) return;
  }
  store64(at, NONE);
  frameGive(frame);
}

/** One level more; what was there is under its first word. */
function treeRaise(tree: bigint): void {
  const node = stockPop();
  store64(frameBytes(node), FRAME_TREE.root(tree));
  frameReferenceAdd(node);
  FRAME_TREE.setRoot(tree, BigInt(node));
  FRAME_TREE.setHeight(tree, FRAME_TREE.height(tree) + 1);
}

/** How many frames a new one with this number takes: itself, and nodes. */
function framesMissing(tree: bigint, index: bigint): number {
  const needed = levelsFor(index);
  const height = FRAME_TREE.height(tree);
  let at = FRAME_TREE.root(tree);
  if (at === NONE) return needed + 1;
  if (needed > height) return needed - height + needed; // new tops, all nodes under the topmost, itself
  let level = height;
  while (at !== NONE) {
    at = load64(wordFor(at, index, level));
    level--;
  }
  return level + 1;
}

/** How many levels of nodes a tree with this number has. */
function levelsFor(index: bigint): number {
  let levels = 0;
  while (index >= numbersUnder(levels)) levels++;
  return levels;
}
function numbersUnder(levels: number): bigint {
  return 1n << (INDEX_BITS * BigInt(levels));
}

function wordFor(node: bigint, index: bigint, level: number): bigint {
  return wordAt(node, (index >> (INDEX_BITS * BigInt(level - 1))) & INDEX_MASK);
}
function wordAt(node: bigint, i: bigint): bigint {
  return frameBytes(frameNumber(Number(node))) + i * 8n;
}

// ---- frames put aside, so that what has begun cannot stop ------------------------------------------------------
let stock: Frame = NO_FRAME;

function stockTake(owner: Owner, count: number): boolean {
  for (let i = 0; i < count; i++) {
    const frame = frameTake(owner);
    if (frame === NO_FRAME) {
      while (stock !== NO_FRAME) stockGive();
      return false;
    }
    frameNextSet(frame, stock);
    stock = frame;
  }
  return true;
}
/** One of them, zeroed. */
function stockPop(): Frame {
  const frame = stock;
  stock = frameNext(frame);
  fillWords(frameBytes(frame), 0n, NODE_WORDS);
  return frame;
}
function stockGive(): void {
  const frame = stock;
  stock = frameNext(frame);
  frameGive(frame);
}
