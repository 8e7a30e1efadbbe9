/** Compilers that are wrong on purpose: what the fuzzer must find. Each changes the code of a module after slots.ts. */
import { encode } from "../../scripts/compile/encode.ts";
import type { Compiled } from "../../scripts/compile/compile.ts";
import { I64, Op } from "../../scripts/compile/opcodes.ts";
import type { Op64 } from "../../scripts/compile/slots.ts";

export const MUTANTS: Readonly<Record<string, (code: readonly Op64[]) => Op64[]>> = {
  "a shift that keeps the sign": (code) => replaced(code, Op.i64ShrU, Op.i64ShrS),
  "a comparison that is signed": (code) => replaced(code, Op.i64LtU, Op.i64LtS),
  "an && that evaluates both sides": bothSides,
};

/** The program as that compiler would make it. */
export function mutated(compiled: Compiled, mutate: (code: readonly Op64[]) => Op64[]): Compiled {
  const module = {
    ...compiled.module,
    functions: compiled.module.functions.map((fn) => ({ ...fn, code: mutate(fn.code) })),
  };
  const hostWasm = encode(compiled, module, { exports: true, lines: false });
  return { ...compiled, module, hostWasm };
}

function replaced(code: readonly Op64[], from: number, to: number): Op64[] {
  return code.map((op): Op64 => (op.op === from ? { op: to } : op));
}

/** `test if R else 0 end` becomes `test R and`. */
function bothSides(code: readonly Op64[]): Op64[] {
  const out = [...code];
  for (let end = 2; end < out.length; end++) {
    const isAnd =
      out[end]?.op === Op.end && out[end - 1]?.value === 0n && out[end - 2]?.op === Op.else && isTruth(out[end - 3]);
    const start = isAnd ? openingOf(out, end) : -1;
    if (start < 0 || out[start]?.op !== Op.if || out[start]?.value !== I64) continue;
    out.splice(end - 2, 3, { op: Op.i64And });
    out.splice(start, 1, { op: Op.i64ExtendI32U });
    end -= 2;
  }
  return out;
}

/** As far as one sees it: another kind of conditional expression ends otherwise. */
function isTruth(last: Op64 | undefined): boolean {
  return last?.op === Op.i64ExtendI32S || last?.op === Op.i64ExtendI32U || last?.op === Op.end;
}

function openingOf(code: readonly Op64[], end: number): number {
  let depth = 0;
  for (let i = end; i >= 0; i--) {
    const { op } = code[i]!;
    if (op === Op.end) depth++;
    if (op === Op.if || op === Op.block || op === Op.loop) depth--;
    if (depth === 0) return i;
  }
  return -1;
}
