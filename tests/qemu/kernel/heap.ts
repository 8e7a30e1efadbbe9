/** The heap on the machine: short and long lives mixed, filled to the brim, and whole again at the end. */
import { logEnd, logNumber, logText } from "../../../kernel/base/log.ts";
import { load64, store64 } from "../../../kernel/doors/machine.ts";
import { NOWHERE, type VirtAddr } from "../../../kernel/lib/addr.ts";
import { OK } from "../../../kernel/lib/status.ts";
import { heapAudit } from "../../../kernel/mm/heap/heap-audit.ts";
import { heapFree, heapLargest, heapUsed } from "../../../kernel/mm/heap/heap-counts.ts";
import { heapGive, heapSettle, heapTake } from "../../../kernel/mm/heap/heap.ts";
import { claim, scenarioBegin, scenarioEnd } from "./check.ts";

const SMALLEST = 16n;

export function heapScenario(): void {
  heapSettle();
  scenarioBegin("heap");
  const used = heapUsed();
  const largest = heapLargest();

  fewBoxes();
  growingList(1000);
  asManyBoxesAsTheHeapHasBytes(NOWHERE);
  withOneLongLivedBox();
  logText("scenario: heap filled");
  logNumber(" boxes=", fillUp());
  logEnd();

  heapSettle();
  claim(heapAudit() === OK, "heap: the audit finds damage");
  claim(heapUsed() === used, "heap: bytes were lost", BigInt(heapUsed()));
  claim(heapLargest() === largest, "heap: the free blocks did not merge into one", BigInt(heapLargest()));
  scenarioEnd();
}

function fewBoxes(): void {
  const first = box(41n);
  const second = box(13n);
  claim(load64(first) === 41n && load64(second) === 13n, "heap: two boxes share bytes");
  heapGive(first);
  heapGive(second);
}

/** A list that outgrows its place again and again, as a growing array does. */
function growingList(count: number): void {
  let capacity = 4;
  let list = take(BigInt(capacity * 8));
  for (let i = 0; i < count; i++) {
    if (i === capacity) {
      list = doubled(list, capacity);
      capacity *= 2;
    }
    store64(list + BigInt(i * 8), BigInt(i));
  }
  for (let i = 0; i < count; i++) claim(load64(list + BigInt(i * 8)) === BigInt(i), "heap: the list forgot", BigInt(i));
  heapGive(list);
}

function doubled(list: VirtAddr, capacity: number): VirtAddr {
  const larger = take(BigInt(capacity * 16));
  for (let i = 0; i < capacity; i++) store64(larger + BigInt(i * 8), load64(list + BigInt(i * 8)));
  heapGive(list);
  return larger;
}

function asManyBoxesAsTheHeapHasBytes(longLived: VirtAddr): void {
  const count = heapFree();
  for (let i = 0; i < count; i++) {
    const one = box(BigInt(i));
    claim(one !== longLived && load64(one) === BigInt(i), "heap: a box forgot", BigInt(i));
    heapGive(one);
  }
}

function withOneLongLivedBox(): void {
  const old = box(1n);
  asManyBoxesAsTheHeapHasBytes(old);
  claim(load64(old) === 1n, "heap: the long-lived box forgot");
  heapGive(old);
}

/** Takes smallest blocks until there are none, then gives them back: first every other one, so that all is holes. */
function fillUp(): number {
  let chain: bigint = 0n;
  let count = 0;
  for (let one = heapTake(SMALLEST); one !== NOWHERE; one = heapTake(SMALLEST)) {
    store64(one, chain);
    chain = one;
    count++;
  }
  claim(heapAudit() === OK, "heap: damaged when full");
  let kept: bigint = 0n;
  let odd = false;
  while (chain !== 0n) {
    const next = load64(chain);
    if (odd) {
      heapGive(chain as VirtAddr);
    } else {
      store64(chain, kept);
      kept = chain;
    }
    odd = !odd;
    chain = next;
  }
  claim(heapAudit() === OK, "heap: damaged when full of holes");
  while (kept !== 0n) {
    const next = load64(kept);
    heapGive(kept as VirtAddr);
    kept = next;
  }
  return count;
}

function box(value: bigint): VirtAddr {
  const place = take(8n);
  store64(place, value);
  return place;
}

function take(sizeBytes: bigint): VirtAddr {
  const place = heapTake(sizeBytes);
  claim(place !== NOWHERE, "heap: out of memory too early", sizeBytes);
  return place;
}
