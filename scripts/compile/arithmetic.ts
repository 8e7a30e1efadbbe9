/**
 * Exact arithmetic of the two kinds, folded where it is constant.
 *
 * number: JavaScript's results for integers within ±2^53; bitwise operators work on 32 bits, as Wasm i32 instructions.
 * bigint: words of 64 bits. Ring operators (+ - * & | ^ ~ <<) are exact modulo 2^64; the caller sees to the root.
 */
import type { IntrinsicName } from "./intrinsics.ts";
import { choose, intrinsic, operation, slotConstant, wordConstant, type Node } from "./nodes.ts";

/** A value on its way to Porffor. */
export interface Value {
  readonly node: Node;
  /** The exact mathematical value, not reduced to 64 bits. */
  readonly constant?: bigint;
  /** Never above this, when read as unsigned. */
  readonly max?: bigint;
  /** It is the result of a comparison, which can be inverted and branched on. */
  readonly comparison?: Comparison;
  /** It is a truth, 0 or 1, made of branches: how to make its opposite. */
  readonly inverse?: () => Value;
}

interface Comparison {
  readonly operator: string;
  readonly left: Value;
  readonly right: Value;
  readonly unsigned: boolean;
}

const DIVISION_BY_ZERO = "division by zero: the divisor is a constant, correct it";

/** Why an operation cannot be: the caller adds the place. */
export class ArithmeticError extends Error {}

export function constant(value: bigint): Value {
  return { node: slotConstant(value), constant: value };
}

export function isSafe(value: bigint): boolean {
  return value >= -9007199254740991n && value <= 9007199254740991n;
}

// ---- number --------------------------------------------------------------------------------------------------
const WORD_OPERATORS: Readonly<Record<string, IntrinsicName>> = {
  "&": "$wordAnd",
  "|": "$wordOr",
  "^": "$wordXor",
  "<<": "$wordShiftLeft",
  ">>": "$wordShiftRight",
  ">>>": "$wordShiftRightUnsigned",
};

const NUMBER_FOLDS: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "%": (a, b) => a % b,
  "&": (a, b) => a & b,
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
  "<<": (a, b) => a << b,
  ">>": (a, b) => a >> b,
  ">>>": (a, b) => a >>> b,
};

export function isNumberOperator(operator: string): boolean {
  return Object.hasOwn(NUMBER_FOLDS, operator);
}

/** The result may leave ±2^53, so that the checked build has to look at it. */
export function numberMayOverflow(operator: string): boolean {
  return operator === "+" || operator === "-" || operator === "*" || operator === "%";
}

export function numberOperation(operator: string, left: Value, right: Value): Value {
  const fold = NUMBER_FOLDS[operator];
  if (fold === undefined) throw new ArithmeticError(`operator ${operator} is not supported on number`);
  if (operator === "%" && right.constant === 0n) throw new ArithmeticError(DIVISION_BY_ZERO);
  if (left.constant !== undefined && right.constant !== undefined) {
    const result = fold(Number(left.constant), Number(right.constant));
    if (Number.isSafeInteger(result)) return constant(BigInt(result));
    const text = `${left.constant} ${operator} ${right.constant}`;
    throw new ArithmeticError(`constant ${text} is not an integer within ±2^53: use a bigint`);
  }
  const word = WORD_OPERATORS[operator];
  if (word === undefined) return { node: operation(operator, left.node, right.node) };
  const node = intrinsic(word, asWord(left), asWord(right));
  return operator === "&" ? withMax(node, smallestMask(left, right)) : { node };
}

export function numberNot(value: Value): Value {
  if (value.constant !== undefined) return constant(BigInt(~Number(value.constant)));
  return { node: intrinsic("$wordXor", asWord(value), wordConstant(-1n)) };
}

export function wordMultiply(left: Value, right: Value): Value {
  if (left.constant !== undefined && right.constant !== undefined) {
    return constant(BigInt(Math.imul(Number(left.constant), Number(right.constant))));
  }
  return { node: intrinsic("$wordMultiply", asWord(left), asWord(right)) };
}

export function wordClz(value: Value): Value {
  if (value.constant !== undefined) return constant(BigInt(Math.clz32(Number(value.constant))));
  return { node: intrinsic("$wordClz", asWord(value)), max: 32n };
}

/** Math.trunc(left / right) or Math.floor(left / right). */
export function quotient(rounding: "trunc" | "floor", left: Value, right: Value): Value {
  if (right.constant === 0n) throw new ArithmeticError(DIVISION_BY_ZERO);
  if (left.constant !== undefined && right.constant !== undefined) {
    const towardsZero = left.constant / right.constant;
    const rest = left.constant % right.constant !== 0n;
    const below = rounding === "floor" && rest && left.constant < 0n !== right.constant < 0n;
    return constant(below ? towardsZero - 1n : towardsZero);
  }
  if (rounding === "trunc") return { node: operation("/", left.node, right.node) };
  const shift = right.constant === undefined ? null : powerOfTwo(right.constant);
  if (shift !== null) return { node: operation(">>", left.node, slotConstant(shift)) };
  return { node: intrinsic("$divideFloor", left.node, right.node) };
}

export function minimum(name: "min" | "max", left: Value, right: Value): Value {
  if (left.constant !== undefined && right.constant !== undefined) {
    const leftFirst = name === "min" ? left.constant < right.constant : left.constant > right.constant;
    return leftFirst ? left : right;
  }
  return { node: intrinsic(name === "min" ? "$minimum" : "$maximum", left.node, right.node) };
}

function asWord(value: Value): Node {
  return value.constant === undefined ? intrinsic("$wrap", value.node) : wordConstant(value.constant);
}

function powerOfTwo(value: bigint): bigint | null {
  return value > 0n && (value & (value - 1n)) === 0n ? BigInt(value.toString(2).length - 1) : null;
}

// ---- bigint --------------------------------------------------------------------------------------------------
export function isRingOperator(operator: string): boolean {
  return ["+", "-", "*", "&", "|", "^", "<<"].includes(operator);
}

/** Exact modulo 2^64. The count of `<<` must be a word in its range. */
export function ringOperation(operator: string, left: Value, right: Value): Value {
  if (left.constant !== undefined && right.constant !== undefined) {
    return constant(foldRing(operator, left.constant, right.constant));
  }
  if (operator === "<<") return shift("<<", "$shiftLeft", left, right);
  const node = operation(operator, left.node, right.node);
  return operator === "&" ? withMax(node, smallestMask(left, right)) : { node };
}

function foldRing(operator: string, left: bigint, right: bigint): bigint {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "&":
      return left & right;
    case "|":
      return left | right;
    case "^":
      return left ^ right;
    case "<<":
      if (right > 4096n) throw new ArithmeticError(`constant shift by ${right}: a word has 64 bits`);
      return left << right;
    default:
      throw new ArithmeticError(`operator ${operator} is not supported on bigint`);
  }
}

/** `/ % >>`, unsigned; the operands are in range. */
export function wordOperation(operator: string, left: Value, right: Value): Value {
  if (operator !== ">>" && right.constant === 0n) throw new ArithmeticError(DIVISION_BY_ZERO);
  if (left.constant !== undefined && right.constant !== undefined) {
    if (operator === "/") return constant(left.constant / right.constant);
    if (operator === "%") return constant(left.constant % right.constant);
    return constant(right.constant >= 64n ? 0n : left.constant >> right.constant);
  }
  if (operator === "/") return { node: intrinsic("$divideUnsigned", left.node, right.node) };
  if (operator === "%") return { node: intrinsic("$remainderUnsigned", left.node, right.node) };
  return shift(">>>", "$shiftRight", left, right);
}

/** Free when the count is provably below 64. */
function shift(operator: string, wide: IntrinsicName, value: Value, count: Value): Value {
  if (count.constant !== undefined && count.constant >= 64n) {
    return { node: operation("&", value.node, slotConstant(0n)), max: 0n };
  }
  const bound = count.constant ?? count.max;
  if (bound !== undefined && bound < 64n) return { node: operation(operator, value.node, count.node) };
  return { node: intrinsic(wide, value.node, count.node) };
}

/** BigInt.asUintN(bits, value) */
export function lowBits(bits: number, value: Value): Value {
  if (value.constant !== undefined) return constant(BigInt.asUintN(bits, value.constant));
  if (bits === 64) return { node: value.node };
  const mask = (1n << BigInt(bits)) - 1n;
  return { node: operation("&", value.node, slotConstant(mask)), max: mask };
}

/** BigInt.asIntN(bits, value), modulo 2^64 */
export function signedBits(bits: number, value: Value): Value {
  if (value.constant !== undefined) return constant(BigInt.asIntN(bits, value.constant));
  if (bits === 64) return { node: value.node };
  if (bits === 8) return { node: intrinsic("$extend8", value.node) };
  if (bits === 16) return { node: intrinsic("$extend16", value.node) };
  if (bits === 32) return { node: intrinsic("$extend32", value.node) };
  const unused = slotConstant(BigInt(64 - bits));
  return { node: operation(">>", operation("<<", value.node, unused), unused) };
}

function withMax(node: Node, max: bigint | undefined): Value {
  return max === undefined ? { node } : { node, max };
}

/** x & mask is at most mask, when the mask is not negative. */
function smallestMask(left: Value, right: Value): bigint | undefined {
  const masks = [left, right].map((side) => side.constant ?? side.max);
  const known = masks.filter((mask) => mask !== undefined && mask >= 0n);
  return known.reduce((least, mask) => (least === undefined || mask! < least ? mask : least), undefined);
}

// ---- truth ---------------------------------------------------------------------------------------------------
const FOLDED_COMPARISONS: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};
const UNSIGNED: Readonly<Record<string, IntrinsicName>> = {
  "<": "$lessUnsigned",
  "<=": "$lessEqualUnsigned",
  ">": "$greaterUnsigned",
  ">=": "$greaterEqualUnsigned",
};
const OPPOSITE: Readonly<Record<string, string>> = {
  "<": ">=",
  ">=": "<",
  ">": "<=",
  "<=": ">",
  "==": "!=",
  "!=": "==",
};

/** `operator` is one of == != < <= > >=; the operands are in range. */
export function compare(operator: string, left: Value, right: Value, unsigned: boolean): Value {
  if (left.constant !== undefined && right.constant !== undefined) {
    return truth(FOLDED_COMPARISONS[operator]?.(left.constant, right.constant) ?? false);
  }
  const ordering = unsigned ? UNSIGNED[operator] : undefined;
  const node =
    ordering === undefined ? operation(operator, left.node, right.node) : intrinsic(ordering, left.node, right.node);
  return { node, max: 1n, comparison: { operator, left, right, unsigned } };
}

export function truth(value: boolean): Value {
  return constant(value ? 1n : 0n);
}

/** Does the value differ from zero? What `if` branches on. */
export function isTrue(value: Value): Value {
  if (value.constant !== undefined) return truth(value.constant !== 0n);
  if (value.comparison !== undefined || value.inverse !== undefined) return value;
  return compare("!=", value, constant(0n), false);
}

export function isFalse(value: Value): Value {
  if (value.constant !== undefined) return truth(value.constant === 0n);
  if (value.inverse !== undefined) return value.inverse();
  if (value.comparison === undefined) return compare("==", value, constant(0n), false);
  const { operator, left, right, unsigned } = value.comparison;
  return compare(OPPOSITE[operator] ?? operator, left, right, unsigned);
}

/**
 * `left && right` or `left || right`, each side 0 or 1, with a branch between them: without it LLVM evaluates both
 * sides and selects.
 */
export function shortCircuit(operator: "&&" | "||", left: Value, right: Value): Value {
  const and = operator === "&&";
  if (left.constant !== undefined) return and === (left.constant !== 0n) ? right : left;
  const test = branchTest(left);
  const node = and ? choose(test, right.node, slotConstant(0n)) : choose(test, slotConstant(1n), right.node);
  const inverse = (): Value => shortCircuit(and ? "||" : "&&", isFalse(left), isFalse(right));
  return { node, max: 1n, inverse };
}

/** A truth in the shape in which Porffor branches on it without converting it first. */
export function branchTest(value: Value): Node {
  const tested = isTrue(value);
  const plain = tested.comparison !== undefined && tested.node.type === "BinaryExpression";
  return plain ? tested.node : operation("!=", tested.node, slotConstant(0n));
}
