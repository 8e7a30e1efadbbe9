/** What is folded: constants of other modules, records, enums, re-exports, namespaces, modules in a circle. */
import { DIRECT_MAP, PAGE_BYTES, PAGE_SIZE, type VirtAddr } from "../../../kernel/lib/addr.ts";
import { FIRST, below, evenFromHere } from "./circle.ts";
import * as circle from "./circle.ts";
export { renamed as exportedUnderAnotherName, stateOfCircle } from "./circle.ts";

enum State {
  Ready,
  Running,
  Blocked = 10,
  Zombie,
  Next = Blocked * 2 + 1,
}
const FLAG = { PRESENT: 1n << 0n, WRITE: 1n << 1n, NO_EXECUTE: 1n << 63n, "quoted-name": 5n } as const;
export const RIGHTS = { ALL: FLAG.PRESENT | FLAG.WRITE, COUNT: Math.trunc(PAGE_BYTES / 4096) === 1 ? 3 : 4 } as const;
const BY_NAME = { FLAG_COUNT: 4, PAGE_BYTES } as const;
const LAST = (DIRECT_MAP + (PAGE_SIZE << 4n) - 1n) as VirtAddr;
const MASK = ~(PAGE_SIZE - 1n) & 0xffff_ffffn;
const ALL_ONES = BigInt.asUintN(64, -1n);
const HALVES = Math.floor(-7 / 2) * 100 + Math.trunc(-7 / 2);
const THIRDS = HALVES + (5 % 3) + (-1 >>> 28) + Math.clz32(1) + Math.max(2, 9, 4);
const LATER = FIRST + 1;

export function enumsFold(a: number): number {
  switch (a) {
    case State.Ready:
      return 1;
    case State.Running:
      return 2;
    case State.Blocked:
      return 3;
    default:
      return State.Zombie * 100 + State.Next;
  }
}
export function recordsFold(a: bigint): boolean {
  return (a & FLAG.NO_EXECUTE) !== 0n && (a & RIGHTS.ALL) === RIGHTS.ALL;
}
export function constantsFold(): bigint {
  return LAST ^ MASK ^ BigInt(RIGHTS.COUNT + BY_NAME.PAGE_BYTES * BY_NAME.FLAG_COUNT);
}
export function allOnes(): bigint {
  return ALL_ONES;
}
export function numbersFold(): number {
  return THIRDS;
}
export function aroundTheCircle(a: number): number {
  return below(a & 0xff) + circle.below(3) + circle.FIRST + LATER + Number(evenFromHere(a));
}
export function evenFromThere(a: number): boolean {
  return (a & 15) === 0 || evenFromHere((a & 15) - 1);
}
export function writesThroughNamespace(a: number): number {
  circle.remember(a & 0xff);
  return circle.memory * 2;
}
