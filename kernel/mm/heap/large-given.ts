/**
 * The last large blocks that were given back. Their words went with their pages: this is what is left to say of one
 * that is given back again.
 *
 *   | its payload, 8 bytes | size, 8 bytes | tag, 8 bytes |     16 of them, the oldest is replaced
 */
"compiler: cold";
import { logEnd, logNumber, logText, logVirt } from "../../base/log.ts";
import { staticBytes } from "../../doors/machine.ts";
import type { VirtAddr } from "../../lib/addr.ts";
import { type Field, layout, u64 } from "../../lib/layout.ts";
import { classOf } from "./classes.ts";
import { tagLog } from "./heap-tags.ts";

const GIVEN = layout(24, { va: u64 as Field<VirtAddr, 8>, size: u64, tag: u64 });
const GIVEN_COUNT = 16;
const given = staticBytes(384, 8);
let next = 0;

export function largeGiven(va: VirtAddr, size: bigint, tag: number): void {
  const at = given + BigInt(next * GIVEN.SIZE);
  GIVEN.setVa(at, va);
  GIVEN.setSize(at, size);
  GIVEN.setTag(at, BigInt(tag));
  next = (next + 1) % GIVEN_COUNT;
}

/** Was the block at `va` one of them? Then there is a line about it. */
export function givenLog(va: VirtAddr): boolean {
  for (let i = 1; i <= GIVEN_COUNT; i++) {
    const at = given + BigInt(((next + GIVEN_COUNT - i) % GIVEN_COUNT) * GIVEN.SIZE);
    if (va === 0n || GIVEN.va(at) !== va) continue;
    logVirt("mm/heap: given back before: block ", va);
    logNumber(" bytes=", Number(GIVEN.size(at)));
    logNumber(" class=", Number(classOf(GIVEN.size(at))));
    logText(" used by ");
    tagLog(Number(GIVEN.tag(at)));
    logEnd();
    return true;
  }
  return false;
}
