/** Truth, branches, loops, switches and jumps. */
let trace = 0;

function step(digit: number, answer: boolean): boolean {
  trace = (trace * 10 + digit) % 1_000_000_007;
  return answer;
}
/** Which operands ran, and what came out. */
export function shortCircuits(a: number, b: number, c: number): number {
  trace = 0;
  const or = step(1, a > 0) || (step(2, b > 0) && step(3, c > 0));
  const and = step(4, a < b) && (step(5, b < c) || step(6, a === c)) && !(step(7, a === 0) && step(8, b === 0));
  if (!(step(1, a > b) || step(2, b > c))) trace++;
  return trace * 4 + Number(or) * 2 + Number(and);
}
export function truthOfNumbers(a: number, b: bigint): number {
  let sum = 0;
  if (a) sum += 1;
  if (b) sum += 2;
  if (!a) sum += 4;
  if (!b) sum += 8;
  if (a && b) sum += 16;
  if (a || b) sum += 32;
  if (!(a && !b)) sum += 64;
  return sum + (a ? 128 : 256) + (b ? 512 : 1024);
}
export function equalTruths(a: number, b: number): boolean {
  const x = a < b;
  const y = a > 0;
  return (x === y) !== (x !== !y);
}
export function between(a: bigint, low: bigint, high: bigint): boolean {
  return (low <= a && a < high) || (low > high && !(high <= a && a < low));
}
export function constantConditions(a: number): number {
  if (true as boolean) trace = a & 0xff;
  if (PAGES > 3 && a > 0) return 1;
  if (PAGES < 3 || a > 5) return 2;
  return PAGES === 4 ? 3 : 4;
}
const PAGES = 2 + 2;

export function nestedConditional(a: number, b: number): number {
  return a < b ? (a < 0 ? 1 : a === 0 ? 2 : 3) : b < 0 ? 4 : a === b ? 5 : 6;
}
export function switchOnNumber(a: number): number {
  let out = 0;
  switch (a & 7) {
    case 0:
    case 1:
      out += 1;
      break;
    case 2: {
      const twice = a & 3;
      out += twice * 10;
      break;
    }
    case 3:
      return 33;
    case 4:
    default:
      out += 4;
  }
  return out;
}
export function switchOnWord(a: bigint): number {
  switch (a) {
    case 0n:
      return 1;
    case 0xffff_ffff_ffff_ffffn:
      return 2;
    case 255n:
      break;
    default:
      return 3;
  }
  return 4;
}
export function switchWithoutMatch(a: number): number {
  let out = 7;
  switch (a) {
    case -1:
      out = 8;
      break;
    case 255:
      out = 9;
  }
  return out;
}
export function continueInsideSwitch(a: number): number {
  let sum = 0;
  for (let i = 0; i < 12; i++) {
    switch ((i + a) & 3) {
      case 0:
        continue;
      case 1:
        if (i > 8) break;
        sum += 100;
        continue;
      case 2:
        sum += 10;
        break;
      default:
        sum += 1;
    }
    sum += 1000;
  }
  return sum;
}
export function labelledJumps(a: number): number {
  let sum = 0;
  outer: for (let i = 0; i < 6; i++) {
    inner: for (let j = 0; j < 6; j++) {
      if (((i * j + a) & 7) === 3) continue outer;
      if (((i + j + a) & 15) === 9) break inner;
      if (i * j > 15) break outer;
      switch (j) {
        case 2:
          continue inner;
        case 4:
          break inner;
        default:
          sum += i * 10 + j;
      }
    }
    sum += 1000;
  }
  return sum;
}
export function whileLoops(a: number): number {
  let left = a & 31;
  let turns = 0;
  while (left > 0) {
    left -= 3;
    if (left === 5) continue;
    turns++;
    if (turns > 6) break;
  }
  do {
    turns += 10;
    left++;
    if (left === 2) continue;
  } while (left < 3);
  for (;;) {
    if (turns % 7 === 0) return turns;
    turns++;
  }
}
export function countsDownWords(a: bigint): number {
  let turns = 0;
  for (let left = a & 15n; left; left--) turns++;
  return turns;
}
export function twoCounters(a: number): number {
  let meet = 0;
  for (let low = 0, high = a & 63; low < high; low++, high--) meet = low * 100 + high;
  return meet;
}
export function siblingScopes(a: number): number {
  let sum = 0;
  for (let i = 0; i < 3; i++) {
    const x = i + (a & 3);
    sum += x;
  }
  for (let i = 10n; i < 13n; i++) {
    const x = i * 2n;
    sum += Number(x);
  }
  {
    const x = sum > 50;
    if (x) sum++;
  }
  return sum;
}
export function freshInEveryTurn(a: number): number {
  let out = 0;
  for (let i = 0; i < 4; i++) {
    let seen = 0;
    if (i === (a & 3)) seen = 5;
    out = out * 10 + seen;
  }
  return out;
}
export function returnsEarly(a: number): void {
  trace = 1;
  if (a > 0) return;
  trace = 2;
}
export function traceAfter(a: number): number {
  returnsEarly(a);
  return trace;
}
