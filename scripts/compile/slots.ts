/**
 * Step 4: Porffor's f64 code becomes i64 code, one value slot to one value slot.
 *
 * Porffor passes every JavaScript value as a pair (value, type). All types are known here, so the type half of each
 * argument and parameter is dropped, with the instruction that made it.
 */
import { INTRINSICS } from "./intrinsics.ts";
import { arity, F64, I32, I64, NO_RESULT, Op } from "./opcodes.ts";
import { isVoid } from "./kinds.ts";
import { peephole } from "./peephole.ts";
import type { Generated, Import, PorfforFunction } from "./porffor.ts";
import type { Door } from "./scope.ts";
import { ROOTS } from "./lower.ts";

export type Callee = { readonly door: Door } | { readonly fn: number };

/** One instruction. */
export type Op64 =
  | { readonly op: number; readonly value?: undefined }
  | { readonly op: typeof Op.i32Const; readonly value: number }
  | { readonly op: typeof Op.i64Const; readonly value: bigint }
  | { readonly op: typeof Op.call; readonly value: Callee }
  /** local.*: the local's number; global.*: the symbol; blocks: the result type; branches: the depth. */
  | { readonly op: number; readonly value: number | string }
  /** Not an instruction: what follows comes from this line of the line table. */
  | { readonly op: "line"; readonly value: number };

export interface WasmLocal {
  readonly name: string;
  readonly type: number;
}
export interface WasmFunction {
  readonly index: number;
  readonly symbol: string;
  readonly paramCount: number;
  readonly hasResult: boolean;
  /** Parameters first. */
  readonly locals: readonly WasmLocal[];
  readonly code: readonly Op64[];
}
export interface WasmModule {
  readonly functions: readonly WasmFunction[];
  /** Symbols of the module variables that the code uses. */
  readonly variables: readonly string[];
}

/** f64 instructions and their i64 twins; conversions between i32 and f64 become those between i32 and i64. */
const TWINS: ReadonlyMap<number, number> = new Map([
  [Op.f64Eq, Op.i64Eq],
  [Op.f64Ne, Op.i64Ne],
  [Op.f64Lt, Op.i64LtS],
  [Op.f64Gt, Op.i64GtS],
  [Op.f64Le, Op.i64LeS],
  [Op.f64Ge, Op.i64GeS],
  [Op.f64Add, Op.i64Add],
  [Op.f64Sub, Op.i64Sub],
  [Op.f64Mul, Op.i64Mul],
  [Op.f64ConvertI32S, Op.i64ExtendI32S],
  [Op.f64ConvertI32U, Op.i64ExtendI32U],
]);
/** i32.trunc_sat_f64_s and _u, behind the prefix 0xfc */
const TRUNCATIONS = [2, 3];

export function lowerSlots({ module, imports }: Generated): WasmModule {
  const own = module.funcs.filter((fn) => fn.name !== "#main" && fn.name !== ROOTS && !fn.indirect);
  for (const fn of own) {
    if (fn.internal) throw new Error(`a construct pulled in Porffor's run-time function '${fn.name}'`);
  }
  const byIndex = new Map(own.map((fn) => [fn.index, fn]));
  const globals = new Map(Object.entries(module.globals).map(([name, { idx }]) => [idx, name]));
  const used = new Set<string>();
  const functions = own.map((fn) => {
    const step = new SlotLowering(fn, imports, byIndex, globals);
    const lowered = step.run();
    for (const op of lowered.code) {
      if (op.op === Op.globalGet || op.op === Op.globalSet) used.add(op.value as string);
    }
    return lowered;
  });
  return { functions, variables: [...used] };
}

/** Lowers one function. */
class SlotLowering {
  readonly #fn: PorfforFunction;
  readonly #imports: readonly Import[];
  readonly #byIndex: ReadonlyMap<number, PorfforFunction>;
  readonly #globals: ReadonlyMap<number, string>;
  readonly #locals: { readonly idx: number; readonly name: string; readonly type: number }[];

  constructor(
    fn: PorfforFunction,
    imports: readonly Import[],
    byIndex: ReadonlyMap<number, PorfforFunction>,
    globals: ReadonlyMap<number, string>,
  ) {
    this.#fn = fn;
    this.#imports = imports;
    this.#byIndex = byIndex;
    this.#globals = globals;
    this.#locals = Object.entries(fn.locals).map(([name, { idx, type }]) => ({ name, idx, type }));
    this.#locals.sort((a, b) => a.idx - b.idx);
  }

  run(): WasmFunction {
    const { name, params, returns, index } = this.#fn;
    if (returns.length > 1) throw this.#broken("an untyped return");
    const translated = this.#translate();
    const code = peephole(this.#withoutTypes(translated));
    const { locals, renumbered } = this.#renumberLocals(code);
    return {
      index,
      symbol: name.slice(1),
      paramCount: params.length / 2,
      hasResult: returns.length === 1,
      locals,
      code: renumbered,
    };
  }

  #broken(what: string): Error {
    return new Error(`${this.#fn.name}: ${what}: the kernel dialect must not produce this (a bug of the compiler)`);
  }

  // ---- instruction by instruction ----------------------------------------------------------------------------
  #translate(): Op64[] {
    const source = this.#fn.wasm;
    const out: Op64[] = [];
    for (let i = 0; i < source.length; i++) {
      const [opcode, ...operands] = source[i]!;
      // Porffor's test of a number for truth: abs(x) > 0
      if (opcode === Op.f64Abs && source[i + 1]?.[0] === Op.f64Const && source[i + 2]?.[0] === Op.f64Gt) {
        out.push({ op: Op.i64Const, value: 0n }, { op: Op.i64Ne });
        i += 2;
      } else if (typeof opcode === "number") {
        out.push(...this.#translateOne(opcode, operands));
      } else if (opcode === "line") {
        out.push({ op: "line", value: operands[0] as number });
      } else if (opcode === "i32") {
        out.push({ op: Op.i32Const, value: operands[0] as number });
      } else {
        throw this.#broken(`pseudo instruction ${opcode}`);
      }
    }
    return out;
  }

  #translateOne(opcode: number, operands: readonly unknown[]): Op64[] {
    const [first] = operands;
    const twin = TWINS.get(opcode);
    if (twin !== undefined) return [{ op: twin }];
    switch (opcode) {
      case Op.f64Const:
        return [{ op: Op.i64Const, value: this.#integer(first) }];
      case Op.i32Const:
        return [{ op: Op.i32Const, value: Number(first) }];
      case Op.prefixed:
        if (TRUNCATIONS.includes(first as number)) return [{ op: Op.i32WrapI64 }];
        throw this.#broken(`instruction 0xfc ${String(first)}`);
      case Op.block:
      case Op.loop:
      case Op.if:
        return [{ op: opcode, value: first === NO_RESULT ? NO_RESULT : this.#slotType(first as number) }];
      case Op.br:
      case Op.brIf:
        return [{ op: opcode, value: unsignedLeb(operands as number[]) }];
      case Op.call:
        return this.#translateCall(first as number);
      case Op.globalGet:
      case Op.globalSet:
        return [{ op: opcode, value: this.#global(first as number) }];
      case Op.localGet:
      case Op.localSet:
      case Op.localTee:
        return [{ op: opcode, value: unsignedLeb(operands as number[]) }];
      case Op.else:
      case Op.end:
      case Op.return:
      case Op.unreachable:
        return [{ op: opcode }];
      default:
        if (arity(opcode) !== null && operands.length === 0) return [{ op: opcode }];
        throw this.#broken(`instruction 0x${opcode.toString(16)} ${operands.join(" ")}`);
    }
  }

  #translateCall(index: number): Op64[] {
    const imported = this.#imports[index];
    if (imported?.is === "door") return [{ op: Op.call, value: { door: imported.door } }];
    if (imported?.is === "intrinsic") {
      return INTRINSICS[imported.name].code.map(([op, operand]): Op64 => {
        if (operand === undefined) return { op };
        if (typeof operand === "bigint") return { op: Op.i64Const, value: operand };
        return { op, value: this.#scratch(operand[1]) };
      });
    }
    if (!this.#byIndex.has(index)) throw this.#broken(`call of unknown function ${index}`);
    return [{ op: Op.call, value: { fn: index } }];
  }

  #integer(value: unknown): bigint {
    if (typeof value === "bigint") return BigInt.asIntN(64, value);
    if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
    throw this.#broken(`constant ${String(value)}`);
  }

  #slotType(type: number): number {
    if (type === F64) return I64;
    if (type === I32) return I32;
    throw this.#broken(`value type 0x${type.toString(16)}`);
  }

  #global(index: number): string {
    const name = this.#globals.get(index);
    if (name === undefined || !name.startsWith(":")) throw this.#broken(`global ${name ?? index}`);
    return name.slice(1);
  }

  /** A local for the intrinsics' own use: their operands are on the stack before they begin, so two are enough. */
  #scratch(number: number): number {
    const name = `scratch${number}`;
    const known = this.#locals.find((local) => local.name === name);
    if (known) return known.idx;
    const idx = Math.max(-1, ...this.#locals.map((local) => local.idx)) + 1;
    this.#locals.push({ name, idx, type: F64 });
    return idx;
  }

  // ---- types and dead code -----------------------------------------------------------------------------------
  /** Follows the stack: drops the type of every argument, and what cannot be reached. */
  #withoutTypes(code: readonly Op64[]): Op64[] {
    const dropped = new Set<number>();
    /** Where each value on the stack was pushed, if by a single instruction without operands. */
    const stack: (number | null)[] = [];
    const blocks = [{ height: 0, results: this.#fn.returns.length }];
    const pop = (count: number): (number | null)[] => {
      if (stack.length - count < (blocks.at(-1)?.height ?? 0)) throw this.#broken("stack underflow");
      return stack.splice(stack.length - count, count);
    };
    const close = (): void => {
      const block = blocks.pop();
      stack.length = block?.height ?? 0;
      if (block?.results) stack.push(null);
    };
    let unreachable = 0; // depth of blocks in unreachable code, 0 when reachable
    code.forEach(({ op, value }, i) => {
      if (unreachable > 0) {
        if (op === Op.block || op === Op.loop || op === Op.if) unreachable++;
        if (op === Op.end) unreachable--;
        const closes = (op === Op.end && unreachable === 0) || (op === Op.else && unreachable === 1);
        if (!closes) dropped.add(i);
        else if (op === Op.end) close();
        else {
          unreachable = 0;
          stack.length = blocks.at(-1)?.height ?? 0;
        }
        return;
      }
      switch (op) {
        case "line":
          return;
        case Op.block:
        case Op.loop:
        case Op.if:
          if (op === Op.if) pop(1);
          blocks.push({ height: stack.length, results: value === NO_RESULT ? 0 : 1 });
          return;
        case Op.else:
          stack.length = blocks.at(-1)?.height ?? 0;
          return;
        case Op.end: {
          const block = blocks.at(-1);
          if (block && stack.length !== block.height + block.results) throw this.#broken("unbalanced block");
          close();
          return;
        }
        case Op.br:
        case Op.return:
        case Op.unreachable:
          unreachable = 1;
          return;
        case Op.brIf:
          pop(1);
          return;
        case Op.call:
          if (this.#dropTypeArguments(value as Callee, pop, dropped)) stack.push(null);
          return;
        default: {
          const [pops, pushes] = arity(op) ?? [0, 0];
          pop(pops);
          if (pushes > 0) stack.push(pops === 0 ? i : null);
        }
      }
    });
    return code.filter((_, i) => !dropped.has(i));
  }

  /** Does the call push a result? */
  #dropTypeArguments(callee: Callee, pop: (count: number) => (number | null)[], dropped: Set<number>): boolean {
    if ("door" in callee) {
      pop(callee.door.params.length);
      return !isVoid(callee.door.result);
    }
    const target = this.#byIndex.get(callee.fn)!;
    pop(target.params.length).forEach((origin, i) => {
      if (i % 2 === 0) return;
      if (origin === null) throw this.#broken(`a computed type argument for ${target.name}`);
      dropped.add(origin);
    });
    return target.returns.length > 0;
  }

  // ---- locals ------------------------------------------------------------------------------------------------
  /** Value parameters first, then the locals that are still used. */
  #renumberLocals(code: readonly Op64[]): { locals: WasmLocal[]; renumbered: Op64[] } {
    const paramSlots = this.#fn.params.length;
    const isLocal = (op: Op64): boolean => op.op === Op.localGet || op.op === Op.localSet || op.op === Op.localTee;
    const used = new Set(code.filter(isLocal).map((op) => op.value));
    const kept = this.#locals.filter(({ idx }) => (idx < paramSlots ? idx % 2 === 0 : used.has(idx)));
    const numbers = new Map(kept.map(({ idx }, number) => [idx, number]));
    const renumbered = code.map((op): Op64 => {
      if (!isLocal(op)) return op;
      const value = numbers.get(op.value as number);
      if (value === undefined) throw this.#broken("a read of a type");
      return { op: op.op as number, value };
    });
    const locals = kept.map(({ name, type }) => ({ name: localSymbol(name), type: this.#slotType(type) }));
    return { locals, renumbered };
  }
}

/** Ours begin with a point; Porffor's temporaries may hold any sign. */
function localSymbol(name: string): string {
  return name.startsWith(".") ? name.slice(1) : `tmp_${name.replaceAll(/\W/g, "")}`;
}

function unsignedLeb(bytes: readonly number[]): number {
  return bytes.reduce((sum, byte, i) => sum | ((byte & 0x7f) << (7 * i)), 0);
}
