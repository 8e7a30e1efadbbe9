/** Removes what Porffor's dynamic typing leaves behind: conversions there and back, dropped values, unread locals. */
import { isComparison, Op } from "./opcodes.ts";
import type { Op64 } from "./slots.ts";

/** Rewrites until nothing changes. */
export function peephole(code: readonly Op64[]): Op64[] {
  let current = [...code];
  for (;;) {
    const next = pass(current);
    if (next === null) return withoutLastReturn(current);
    current = next;
  }
}

/** Null when there was nothing to do. */
function pass(code: readonly Op64[]): Op64[] | null {
  const read = new Set(code.filter(({ op }) => op === Op.localGet).map(({ value }) => value));
  const out: Op64[] = [];
  let changed = false;
  for (const op of code) {
    const shorter = combine(out, op, read);
    if (shorter === null) {
      out.push(op);
    } else {
      out.splice(out.length - shorter.takes, shorter.takes, ...shorter.puts);
      changed = true;
    }
  }
  return changed ? out : null;
}

interface Rewrite {
  /** How many of the instructions before are replaced. */
  readonly takes: number;
  readonly puts: readonly Op64[];
}

/** What the end of `before` followed by `op` can be replaced with. */
function combine(before: readonly Op64[], op: Op64, read: ReadonlySet<unknown>): Rewrite | null {
  const last = before.at(-1);
  const secondLast = before.at(-2);
  if ((op.op === Op.localSet || op.op === Op.localTee) && !read.has(op.value)) {
    return { takes: 0, puts: op.op === Op.localSet ? [{ op: Op.drop }] : [] };
  }
  if (last === undefined) return null;
  if (op.op === Op.drop && isPure(last)) return { takes: 1, puts: [] };
  if (op.op === Op.drop && last.op === Op.localTee) return { takes: 1, puts: [{ op: Op.localSet, value: last.value }] };
  if (op.op === Op.i32WrapI64 && isExtension(last)) return { takes: 1, puts: [] };
  if (op.op === Op.localGet && last.op === Op.localSet && last.value === op.value) {
    return { takes: 1, puts: [{ op: Op.localTee, value: op.value }] };
  }
  if (secondLast === undefined) return null;
  // extend(comparison) != 0 and comparison != 0 are the comparison
  if (op.op === Op.i64Ne && isZero(last) && isExtension(secondLast) && isTruth(before.at(-3))) {
    return { takes: 2, puts: [] };
  }
  if (op.op === Op.i32Ne && isZero(last) && isTruth(secondLast)) return { takes: 1, puts: [] };
  return null;
}

function isPure({ op }: Op64): boolean {
  return op === Op.i32Const || op === Op.i64Const || op === Op.localGet || op === Op.globalGet;
}
function isExtension({ op }: Op64): boolean {
  return op === Op.i64ExtendI32S || op === Op.i64ExtendI32U;
}
function isZero({ op, value }: Op64): boolean {
  return (op === Op.i32Const || op === Op.i64Const) && (value === 0 || value === 0n);
}
function isTruth(op: Op64 | undefined): boolean {
  return typeof op?.op === "number" && isComparison(op.op);
}

/** The end of a function returns what is on the stack. */
function withoutLastReturn(code: Op64[]): Op64[] {
  return code.at(-1)?.op === Op.return ? code.slice(0, -1) : code;
}
