/**
 * The checking build's watch over blocks. Behind an owner's bytes lies a canary, and at the block's end how many bytes
 * they are; a block that is given back is filled with a pattern and waits in a queue, so that who still writes to it is
 * found before it is handed out again. No cost in the product: there nothing calls this.
 *
 *   | what the owner asked for | canary, 8 bytes or more … | how much that was, 8 bytes |
 */
"compiler: cold";
import { logEnd, logNumber, logVirt } from "../../base/log.ts";
import { panic } from "../../base/panic.ts";
import { load64, load8, poison, staticBytes, store64, store8, unpoison } from "../../doors/machine.ts";
import { NOWHERE, type VirtAddr, virtAddr } from "../../lib/addr.ts";
import { blockOfPayload, WORD_BYTES, wordIsOfUsed, wordRead, wordSize, wordTry } from "./block.ts";
import { giveRefuse, surroundings } from "./heap-refuse.ts";
import { zoneOf } from "./zone.ts";

const CANARY = 0xc5;
const GIVEN = 0xee;
/** So that a size that was overwritten is no size. */
const SIZE_KEY = 0x5a5a_0000_0000_0000n;
const QUEUE = 32;

const queue = staticBytes(256, 8);
let queueAt = 0;

/** What a block has besides what its owner asked for. */
export const CHECK_BYTES = 16n;

/** Nothing waits any more. */
export function checkReset(): void {
  for (let i = 0; i < QUEUE; i++) store64(slotAt(i), NOWHERE);
}

/** The block at `va`, which has room for `room` bytes, is handed out for `sizeBytes`. */
export function checkTaken(va: VirtAddr, room: bigint, sizeBytes: bigint): void {
  unpoison(va, Number(room));
  for (let at = sizeBytes; at < room - 8n; at++) store8(va + at, CANARY);
  store64(va + room - 8n, sizeBytes ^ SIZE_KEY);
  poison(va, Number(room));
  unpoison(va, Number(sizeBytes));
}

/** What the owner asked for; panics if a byte behind that was written to. */
export function checkIntact(va: VirtAddr): bigint {
  const room = wordSize(wordRead(blockOfPayload(va))) - WORD_BYTES;
  unpoison(va, Number(room));
  const sizeBytes = load64(va + room - 8n) ^ SIZE_KEY;
  if (sizeBytes > room - 8n) overrun(va, room);
  for (let at = sizeBytes; at < room - 8n; at++) {
    if (load8(va + at) !== CANARY) overrun(va, sizeBytes);
  }
  poison(va, Number(room));
  unpoison(va, Number(sizeBytes));
  return sizeBytes;
}

/** The block at `va` is given back: it waits. The one that has waited longest is to go now, if there are so many. */
export function checkGiven(va: VirtAddr): VirtAddr {
  const block = blockOfPayload(va);
  if (zoneOf(block) === 0n || (va & 7n) !== 0n) giveRefuse(va);
  const word = wordTry(block);
  if (!wordIsOfUsed(word)) giveRefuse(va);
  for (let i = 0; i < QUEUE; i++) {
    if (load64(slotAt(i)) !== va) continue;
    surroundings(zoneOf(block), block);
    panic("heap: given back twice", va);
  }
  checkIntact(va);
  const room = wordSize(word) - WORD_BYTES;
  unpoison(va, Number(room));
  for (let at = 0n; at < room; at++) store8(va + at, GIVEN);
  poison(va, Number(room));

  const oldest = virtAddr(load64(slotAt(queueAt)));
  store64(slotAt(queueAt), va);
  queueAt = (queueAt + 1) % QUEUE;
  if (oldest !== NOWHERE) untouchedCheck(oldest);
  return oldest;
}
/** One that waits, in turn, to go now; NOWHERE when none does. */
export function checkNext(): VirtAddr {
  for (let i = 0; i < QUEUE; i++) {
    const waiting = virtAddr(load64(slotAt(i)));
    if (waiting === NOWHERE) continue;
    store64(slotAt(i), NOWHERE);
    untouchedCheck(waiting);
    return waiting;
  }
  return NOWHERE;
}

function untouchedCheck(va: VirtAddr): void {
  const room = wordSize(wordRead(blockOfPayload(va))) - WORD_BYTES;
  unpoison(va, Number(room));
  for (let at = 0n; at < room; at++) {
    if (load8(va + at) !== GIVEN) panic("heap: a block was used after it was given back", virtAddr(va + at));
  }
  poison(va, Number(room));
}
function overrun(va: VirtAddr, sizeBytes: bigint): never {
  logVirt("mm/heap: written behind the end of the block at=", va);
  logNumber(" bytes=", Number(sizeBytes));
  logEnd();
  panic("heap: overrun", va);
}
function slotAt(index: number): bigint {
  return queue + BigInt(index * 8);
}
