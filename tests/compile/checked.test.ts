import { resolve } from "node:path";
import { expect, test } from "vitest";
import { toJavaScript } from "../../scripts/compile/checked.ts";
import { compileProgram } from "../../scripts/compile/compile.ts";
import { REPOSITORY } from "../../scripts/compile/errors.ts";
import { runSource, type Exports } from "../../scripts/compile/hosts.ts";
import { testDoors } from "./doors.ts";

const FILE = resolve(REPOSITORY, "tests/compile/checked-example.ts");

function compile(source: string) {
  return compileProgram(FILE, { texts: new Map([[FILE, source]]) });
}
function run(source: string): Exports {
  return runSource(compile(source), testDoors());
}
const TOP = 0xffff_ffff_ffff_ffffn;

test("a bigint that leaves its 64 bits is reported where it is made", () => {
  const { f } = run("export function f(a: bigint, b: bigint): bigint { return a + b; }");
  expect(f!(TOP, 0n)).toBe(TOP);
  expect(() => f!(TOP, 1n)).toThrow("bigint out of range: 18446744073709551616");
});

test("inside a ring expression the value may leave and come back", () => {
  const { f } = run("export function f(a: bigint): bigint { return (a * a - 5n) & 0xffn; }");
  expect(f!(TOP)).toBe(0xfcn);
});

test("a number beyond 2^53 is reported, in every way to make one", () => {
  const exports = run(`
    export function sum(a: number): number { return a + 1; }
    export function step(a: number): number { let x = a; x++; return x; }
    export function added(a: number): number { let x = a; x += 1; return x; }
    export function product(a: number): number { return a * a; }
    export function converted(a: bigint): number { return Number(a); }
    export function quotient(a: number, b: number): number { return Math.trunc(a / b); }
    export function rest(a: number, b: number): number { return a % b; }`);
  const top = 2 ** 53 - 1;
  for (const name of ["sum", "step", "added", "product"]) {
    expect(() => exports[name]!(top), name).toThrow("number out of range");
  }
  expect(() => exports["converted"]!(2n ** 53n)).toThrow("number out of range");
  expect(() => exports["quotient"]!(1, 0)).toThrow("number out of range: Infinity");
  expect(() => exports["rest"]!(1, 0)).toThrow("number out of range: NaN");
});

test("a word that counts below zero is reported", () => {
  const { f } = run("let left = 0n;\nexport function f(): void { left--; }");
  expect(() => f!()).toThrow("bigint out of range: -1");
});

test("-0 is 0", () => {
  const { f } = run("export function f(a: number, b: number): number { return Math.trunc(a / b); }");
  expect(Object.is(f!(-1, 2), 0)).toBe(true);
});

test("the arguments of exported functions are tested, of functions and of arrows", () => {
  const exports = run(`
    export function f(a: number, b: bigint, c: boolean): void { if (c && b > 1n && a > 1) return; }
    export const g = (a: bigint): bigint => (a | 1n);
    export function h(a: number = 3): number { return a; }`);
  expect(() => exports["f"]!(0.5, 0n, true)).toThrow("number out of range: 0.5");
  expect(() => exports["f"]!(1, -1n, true)).toThrow("bigint out of range: -1");
  expect(() => exports["f"]!(1, 1n, 1)).toThrow("boolean out of range: 1");
  expect(() => exports["f"]!(1, 1, true)).toThrow("bigint out of range: 1");
  expect(() => exports["g"]!(TOP + 1n)).toThrow("bigint out of range");
  expect(exports["g"]!(4n)).toBe(5n);
  expect(exports["h"]!()).toBe(3);
});

test("every statement keeps its line", () => {
  const source = [
    "/** Words. */",
    "type Word = bigint;",
    "export function f(",
    "  a: Word,",
    "): Word {",
    "  // a comment",
    "  return a + 1n;",
    "}",
  ].join("\n");
  const { lowering, source: program } = compile(source);
  const { map, code } = toJavaScript(lowering, program.modules[0]!);
  const { sources, mappings } = JSON.parse(map) as { sources: string[]; mappings: string };
  expect(sources).toHaveLength(1);
  // the first field of the first segment of each line of JavaScript counts lines of the source from the line before
  const lineOfReturn = code.split("\n").findIndex((line) => line.includes("return $u(a + 1n)"));
  expect(lineOfReturn).toBeGreaterThan(0);
  expect(sourceLine(mappings, lineOfReturn)).toBe(7);
});

/** The source line, from 1, of the first segment of a line of output (source map revision 3, base64 VLQ). */
function sourceLine(mappings: string, line: number): number {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  let at = 0;
  let found = 0;
  mappings.split(";").slice(0, line + 1).forEach((segments) => {
    segments.split(",").forEach((segment, i) => {
      const fields: number[] = [];
      let value = 0;
      let shift = 0;
      for (const digit of segment) {
        const bits = digits.indexOf(digit);
        value |= (bits & 31) << shift;
        shift += 5;
        if (bits & 32) continue;
        fields.push(value & 1 ? -(value >> 1) : value >> 1);
        value = shift = 0;
      }
      at += fields[2] ?? 0;
      if (i === 0) found = at;
    });
  });
  return found + 1;
}
