/** Calls of a program's exports with arguments that lie on the edges, and what a host answers to each. */
import { Panicked } from "./doors.ts";
import type { Exports, HostValue } from "../../scripts/compile/hosts.ts";
import type { Kind } from "../../scripts/compile/kinds.ts";
import type { ExportInfo } from "../../scripts/compile/lower.ts";

const M = 2 ** 53 - 1;
const NUMBERS = [
  0, 1, -1, 2, 7, -7, 8, -8, 31, 32, 33, 255, 4096, 0x7fff_ffff, 0x8000_0000, -0x8000_0000, 0xffff_ffff,
  2 ** 40 + 5, -(2 ** 40) - 5, M, -M,
];
const WORDS = [
  0n, 1n, 7n, 63n, 64n, 65n, 255n, 0x8000n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n,
  0x0020_0000_0000_0001n, 0xffff_8000_0000_0000n, 0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_ffffn,
];
const EDGES: Readonly<Record<string, readonly HostValue[]>> = {
  number: NUMBERS,
  bigint: WORDS,
  boolean: [false, true],
};

export interface Case {
  readonly fn: ExportInfo;
  readonly args: readonly HostValue[];
}

/** All pairs of edges; of three and more parameters, every third edge. */
export function casesOf(exports: readonly ExportInfo[]): Case[] {
  return exports.flatMap((fn) => {
    const stride = fn.params.length > 2 ? 3 : 1;
    const edges = fn.params.map((kind) => (EDGES[kind] ?? []).filter((_, i) => i % stride === 0));
    const rows = edges.reduce<HostValue[][]>((all, some) => all.flatMap((row) => some.map((x) => [...row, x])), [[]]);
    return rows.map((args) => ({ fn, args }));
  });
}

/**
 * What a host answers: a value, or how it failed. "left" is a value outside its domain, which only the checked build
 * notices; "trap" is a division by zero or the end of a function that never returns.
 */
export type Answer = string;

export function answerOf(exports: Exports, { fn, args }: Case): Answer {
  try {
    return showValue(exports[fn.name]!(...args));
  } catch (error) {
    return failure(error);
  }
}

export function showValue(value: HostValue | void): Answer {
  if (typeof value === "boolean") return String(value);
  return typeof value === "bigint" ? `${value}n` : String(value);
}

/** The slot that a native host returned, as a value of that kind. */
export function showSlot(kind: Kind, slot: bigint): Answer {
  if (kind === "number") return String(BigInt.asIntN(64, slot));
  if (kind === "bigint") return `${slot}n`;
  return kind === "boolean" ? String(slot !== 0n) : "undefined";
}

function failure(error: unknown): Answer {
  if (error instanceof Panicked) return "trap";
  if (!(error instanceof Error)) throw error;
  if (error.constructor.name === "RuntimeError") return "trap"; // WebAssembly's
  if (!(error instanceof RangeError)) throw error;
  if (/Division by zero|number out of range: (Infinity|-Infinity|NaN)/.test(error.message)) return "trap";
  if (/out of range|BigInt/.test(error.message)) return "left";
  throw error;
}

export function describeCase({ fn, args }: Case): string {
  return `${fn.name}(${args.map((arg) => showValue(arg)).join(", ")})`;
}
