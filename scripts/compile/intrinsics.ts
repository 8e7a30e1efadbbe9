/**
 * Operations that JavaScript has no operator for. To Porffor each is an imported function; slots.ts puts the
 * instructions in the place of the call, where the operands are on the stack.
 */
import { Op } from "./opcodes.ts";

/** An instruction; a scratch local is written ["scratch", n]. */
export type Instruction = readonly [opcode: number, operand?: bigint | readonly ["scratch", number]];

interface Intrinsic {
  readonly operands: number;
  readonly results: 0 | 1;
  readonly code: readonly Instruction[];
}

const A = ["scratch", 0] as const;
const B = ["scratch", 1] as const;

function unary(...opcodes: number[]): Intrinsic {
  return { operands: 1, results: 1, code: opcodes.map((opcode) => [opcode] as const) };
}
function binary(...opcodes: number[]): Intrinsic {
  return { operands: 2, results: 1, code: opcodes.map((opcode) => [opcode] as const) };
}

/** JavaScript shifts everything out from count 64 on; the machine masks the count. */
function wideShift(shift: number): Intrinsic {
  return {
    operands: 2,
    results: 1,
    code: [
      [Op.localTee, B], [shift], [Op.i64Const, 0n],
      [Op.localGet, B], [Op.i64Const, 64n], [Op.i64LtU],
      [Op.select],
    ],
  };
}

/** The one of two that `comparison` prefers. */
function smaller(comparison: number): Intrinsic {
  return {
    operands: 2,
    results: 1,
    code: [
      [Op.localSet, B], [Op.localTee, A], [Op.localGet, B],
      [Op.localGet, A], [Op.localGet, B], [comparison],
      [Op.select],
    ],
  };
}

/** Rounds towards minus infinity: one less than the machine's quotient when there is a rest and the signs differ. */
const FLOOR_DIVISION: Intrinsic = {
  operands: 2,
  results: 1,
  code: [
    [Op.localSet, B], [Op.localTee, A], [Op.localGet, B], [Op.i64DivS],
    [Op.localGet, A], [Op.localGet, B], [Op.i64RemS], [Op.i64Const, 0n], [Op.i64Ne],
    [Op.localGet, A], [Op.localGet, B], [Op.i64Xor], [Op.i64Const, 0n], [Op.i64LtS],
    [Op.i32And], [Op.i64ExtendI32U], [Op.i64Sub],
  ],
};

export const INTRINSICS = {
  $lessUnsigned: binary(Op.i64LtU, Op.i64ExtendI32U),
  $greaterUnsigned: binary(Op.i64GtU, Op.i64ExtendI32U),
  $lessEqualUnsigned: binary(Op.i64LeU, Op.i64ExtendI32U),
  $greaterEqualUnsigned: binary(Op.i64GeU, Op.i64ExtendI32U),
  $divideUnsigned: binary(Op.i64DivU),
  $remainderUnsigned: binary(Op.i64RemU),
  $divideFloor: FLOOR_DIVISION,
  $shiftLeft: wideShift(Op.i64Shl),
  $shiftRight: wideShift(Op.i64ShrU),
  $minimum: smaller(Op.i64LtS),
  $maximum: smaller(Op.i64GtS),
  $clz: unary(Op.i64Clz),
  $ctz: unary(Op.i64Ctz),
  $popcnt: unary(Op.i64Popcnt),
  $rotl: binary(Op.i64Rotl),
  $rotr: binary(Op.i64Rotr),
  $extend8: unary(Op.i64Extend8S),
  $extend16: unary(Op.i64Extend16S),
  $extend32: unary(Op.i64Extend32S),
  $wrap: unary(Op.i32WrapI64),
  // these take what $wrap leaves
  $wordAnd: binary(Op.i32And, Op.i64ExtendI32S),
  $wordOr: binary(Op.i32Or, Op.i64ExtendI32S),
  $wordXor: binary(Op.i32Xor, Op.i64ExtendI32S),
  $wordMultiply: binary(Op.i32Mul, Op.i64ExtendI32S),
  $wordShiftLeft: binary(Op.i32Shl, Op.i64ExtendI32S),
  $wordShiftRight: binary(Op.i32ShrS, Op.i64ExtendI32S),
  $wordShiftRightUnsigned: binary(Op.i32ShrU, Op.i64ExtendI32U),
  $wordClz: unary(Op.i32Clz, Op.i64ExtendI32U),
  $unreachable: { operands: 0, results: 0, code: [[Op.unreachable]] } as Intrinsic,
} as const;

export type IntrinsicName = keyof typeof INTRINSICS;

export function isIntrinsic(name: string): name is IntrinsicName {
  return Object.hasOwn(INTRINSICS, name);
}

/** What a function's first directive may name, `"wasm i64.ctz"`: the opcode stands for its calls. */
export const DIRECTIVES: Readonly<Record<string, IntrinsicName>> = {
  "i64.ctz": "$ctz",
  "i64.clz": "$clz",
  "i64.popcnt": "$popcnt",
  "i64.rotl": "$rotl",
  "i64.rotr": "$rotr",
};
