/** Functions that do not come back, and values of which tsc thinks that they cannot be. */
import { panicTrap } from "../../../kernel/doors/machine.ts";

let entered = 0;

function stop(value: number): never {
  entered = value;
  panicTrap("stopped", BigInt(value & 0xff));
}
function stopUnless(good: boolean): void {
  if (!good) stop(3);
}
export function positiveOnly(a: number): number {
  if (a > 0) return a & 0xff;
  stop(1);
}
export function returnsNever(a: number): number {
  switch (a) {
    case 0:
      return 1;
    case 1:
      return 2;
    default:
      return stop(2);
  }
}
export function afterwards(a: number): number {
  stopUnless(a !== 7);
  return entered & 1;
}
export function divides(a: number, b: number): number {
  return Math.trunc(a / b);
}
export function dividesWord(a: bigint, b: bigint): bigint {
  return a % b;
}

let raised = false;
function lower(): boolean {
  raised = false;
  return raised;
}
/** To tsc `raised` is still true after the call, and `never` after the test. */
export function narrowedToNever(a: boolean): number {
  raised = true;
  lower();
  if (raised) return 1;
  let copy = a;
  const either = (a ? raised : raised) === a;
  const both = (raised && raised) !== a;
  const last = (lower(), raised) === a;
  const assigned = (copy = raised) === a;
  return Number(either) + 2 * Number(both) + 4 * Number(last) + 8 * Number(assigned) + 16 * Number(copy || raised);
}
