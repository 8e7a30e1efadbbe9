/** Functions, defaults, recursion, function values, the order in which things happen, names that C has too. */
type Handler = (count: number, x: bigint) => bigint;
type PhysAddr = bigint & { readonly __brand: "PhysAddr" };

const increase = (count: number, x: bigint): bigint => BigInt.asUintN(64, x + BigInt(count));
const scale: Handler = multiply;
function multiply(count: number, x: bigint): bigint {
  return BigInt.asUintN(64, x * BigInt(count));
}
let handler: Handler = increase;
let seen = 0;
const note = (count: number): void => {
  seen = count & 0xffff;
};
let notify: (count: number) => void = note;

export function throughValues(which: number, x: bigint): bigint {
  handler = which > 0 ? scale : increase;
  notify(which);
  notify = note;
  return BigInt.asUintN(64, handler(3, x) + apply(increase, x) + BigInt(seen));
}
function apply(given: Handler, x: bigint): bigint {
  return given(100, x);
}
/** JavaScript takes the function first, then evaluates the arguments. */
export function calleeFirst(x: bigint): bigint {
  handler = increase;
  return handler(5, swap(x));
}
const swap = (x: bigint): bigint => {
  handler = multiply;
  return x;
};

const bump = (): number => {
  seen += 7;
  return seen;
};
export function leftFirst(a: number): number {
  seen = a & 0xff;
  return seen + bump() * 3 + seen;
}
export function compoundReadsFirst(a: number): number {
  seen = a & 0xff;
  seen += bump();
  return seen;
}
export function argumentsInOrder(a: number): number {
  seen = a & 0xff;
  return three(bump(), seen, bump());
}
function three(a: number, b: number, c: number): number {
  return a * 10000 + b * 100 + c;
}
export function assignmentIsAValue(a: number): number {
  let x = 0;
  let y = 0;
  x = y = a & 0xff;
  return x * 1000 + (y += 2) + (seen = y);
}
export function sequenceIsItsLast(a: number): number {
  return ((seen = a & 7), seen++, seen + 1);
}

const BASE = 40;
export function withDefault(a: number, b: number = BASE + 2, scaled: boolean = false): number {
  return scaled ? a * 2 + b : a + b;
}
export function defaultsFilledIn(a: number): number {
  return withDefault(a) + withDefault(a, 1) + withDefault(a, 1, true);
}
export function factorial(a: number): number {
  const n = a & 15;
  return n < 2 ? 1 : n * factorial(n - 1);
}
export function isEven(a: number): boolean {
  const n = a & 31;
  return n === 0 || isOdd(n - 1);
}
function isOdd(a: number): boolean {
  return a !== 0 && isEven(a - 1);
}
function pick<T extends bigint>(first: boolean, a: T, b: T): T {
  return first ? a : b;
}
export function generic(a: bigint, b: bigint): bigint {
  return pick(a < b, a, b) | pick(a > b, 1n, 2n);
}
export function branded(a: PhysAddr): PhysAddr {
  return (a + 4096n) as PhysAddr;
}
/** The flag's declared type counts, not what flow analysis narrows it to. */
export function narrowedByFlow(a: number): number {
  let found = false;
  found = false;
  for (let i = 0; i < 10; i++) {
    if (found) return i;
    found = i === (a & 7);
  }
  return -1;
}

// ---- names that C, wasm2c, libc or Porffor have for themselves
export function int(char: number, long: number): number {
  const register = char & 0xff;
  const instance = long & 0xff;
  return struct(register, instance);
}
function struct(name: number, i0: number): number {
  const print = name + i0;
  const arguments_ = print * 2;
  const $dollar = arguments_ + 1;
  const __double__ = $dollar + 1;
  return main(__double__) + memcpy(i0) + t0(name) + env_load8(i0);
}
function main(Map: number): number {
  return Map + Math.min(Map, 3);
}
function memcpy(var_i0: number): number {
  return var_i0 + 1;
}
function t0(undefined_: number): number {
  return undefined_ + 2;
}
function env_load8(x: number): number {
  return x + kernel_state;
}
const kernel_t0 = 9;
let kernel_state = kernel_t0;
let print = 1;
let Array_ = 2;
export function parseInt(isNaN: number): number {
  print = isNaN & 3;
  Array_ += print;
  kernel_state = 9;
  return print * 10 + (Array_ & 0);
}
