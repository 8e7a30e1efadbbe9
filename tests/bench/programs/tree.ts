/**
 * A red-black tree of 64-bit keys (Cormen et al., "Red-Black Trees"), its nodes in memory that the caller gives.
 * The leaves are one black node, `NIL`; the root's parent is NIL too. Mirror images are one case: `side` is 0 or 1.
 *
 *   node   left | right | parent | key | red      a free node is linked through its parent field
 */
import { load64, staticBytes, store64 } from "../../../kernel/doors/machine.ts";
import { bytes, layout, u64 } from "../../../kernel/lib/layout.ts";

const NODE = layout(40, { children: bytes(16), parent: u64, key: u64, red: u64 });
const NIL = staticBytes(40, 8);

let root = 0n;
let free = 0n;

/** An empty tree with room for `count` nodes of 40 bytes at `nodes`. */
export function treeInit(nodes: bigint, count: number): void {
  NODE.setRed(NIL, 0n);
  root = NIL;
  free = NIL;
  for (let i = count - 1; i >= 0; i--) nodeGive(nodes + BigInt(i * NODE.SIZE));
}

/** Is `key` in the tree? */
export function treeFind(key: bigint): boolean {
  return nodeFind(key) !== NIL;
}

/** False if `key` is in the tree already or no node is free. */
export function treeInsert(key: bigint): boolean {
  let parent = NIL;
  let side = 0;
  for (let node = root; node !== NIL; node = child(node, side)) {
    if (NODE.key(node) === key) return false;
    parent = node;
    side = key < NODE.key(node) ? 0 : 1;
  }
  const node = nodeTake();
  if (node === NIL) return false;
  setChild(node, 0, NIL);
  setChild(node, 1, NIL);
  NODE.setKey(node, key);
  NODE.setRed(node, 1n);
  NODE.setParent(node, parent);
  if (parent === NIL) root = node;
  else setChild(parent, side, node);
  insertRepair(node);
  return true;
}

/** False if `key` is not in the tree. */
export function treeRemove(key: bigint): boolean {
  const node = nodeFind(key);
  if (node === NIL) return false;
  let gone = node; // the node that leaves its place: it has at most one child
  if (child(node, 0) !== NIL && child(node, 1) !== NIL) {
    gone = child(node, 1);
    while (child(gone, 0) !== NIL) gone = child(gone, 0);
    NODE.setKey(node, NODE.key(gone));
  }
  const heir = child(gone, child(gone, 0) === NIL ? 1 : 0);
  replace(gone, heir);
  if (NODE.red(gone) === 0n) removeRepair(heir);
  nodeGive(gone);
  return true;
}

/** `node` is red; so may its parent be. */
function insertRepair(start: bigint): void {
  let node = start;
  while (NODE.red(NODE.parent(node)) !== 0n) {
    let parent = NODE.parent(node);
    const grandparent = NODE.parent(parent);
    const side = sideOf(grandparent, parent);
    const uncle = child(grandparent, 1 - side);
    if (NODE.red(uncle) !== 0n) {
      NODE.setRed(parent, 0n);
      NODE.setRed(uncle, 0n);
      NODE.setRed(grandparent, 1n);
      node = grandparent;
      continue;
    }
    if (child(parent, 1 - side) === node) {
      rotate(parent, side);
      parent = node;
    }
    NODE.setRed(parent, 0n);
    NODE.setRed(grandparent, 1n);
    rotate(grandparent, 1 - side);
    break;
  }
  NODE.setRed(root, 0n);
}

/** The paths through `node` are one black node short. */
function removeRepair(start: bigint): void {
  let node = start;
  while (node !== root && NODE.red(node) === 0n) {
    const parent = NODE.parent(node);
    const side = sideOf(parent, node);
    let sibling = child(parent, 1 - side);
    if (NODE.red(sibling) !== 0n) {
      NODE.setRed(sibling, 0n);
      NODE.setRed(parent, 1n);
      rotate(parent, side);
      sibling = child(parent, 1 - side);
    }
    if (NODE.red(child(sibling, 0)) === 0n && NODE.red(child(sibling, 1)) === 0n) {
      NODE.setRed(sibling, 1n);
      node = parent;
      continue;
    }
    if (NODE.red(child(sibling, 1 - side)) === 0n) {
      NODE.setRed(child(sibling, side), 0n);
      NODE.setRed(sibling, 1n);
      rotate(sibling, 1 - side);
      sibling = child(parent, 1 - side);
    }
    NODE.setRed(sibling, NODE.red(parent));
    NODE.setRed(parent, 0n);
    NODE.setRed(child(sibling, 1 - side), 0n);
    rotate(parent, side);
    node = root;
  }
  NODE.setRed(node, 0n);
}

/** `node` goes down to `side`, its child on the other side takes its place. */
function rotate(node: bigint, side: number): void {
  const up = child(node, 1 - side);
  const inner = child(up, side);
  setChild(node, 1 - side, inner);
  if (inner !== NIL) NODE.setParent(inner, node);
  replace(node, up);
  setChild(up, side, node);
  NODE.setParent(node, up);
}

/** `heir`, which may be NIL, takes the place of `node` under its parent. */
function replace(node: bigint, heir: bigint): void {
  const parent = NODE.parent(node);
  NODE.setParent(heir, parent);
  if (parent === NIL) root = heir;
  else setChild(parent, sideOf(parent, node), heir);
}

function nodeFind(key: bigint): bigint {
  let node = root;
  while (node !== NIL && NODE.key(node) !== key) node = child(node, key < NODE.key(node) ? 0 : 1);
  return node;
}
function child(node: bigint, side: number): bigint {
  return load64(NODE.childrenAt(node) + BigInt(side * 8));
}
function setChild(node: bigint, side: number, to: bigint): void {
  store64(NODE.childrenAt(node) + BigInt(side * 8), to);
}
function sideOf(parent: bigint, node: bigint): number {
  return child(parent, 0) === node ? 0 : 1;
}

function nodeTake(): bigint {
  const node = free;
  if (node !== NIL) free = NODE.parent(node);
  return node;
}
function nodeGive(node: bigint): void {
  NODE.setParent(node, free);
  free = node;
}
