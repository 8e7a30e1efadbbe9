/** The kinds of value that a kernel has. Natively each is one 64-bit slot. */
import ts from "typescript";

export type Kind = "number" | "bigint" | "boolean" | "string" | "function" | "void" | "never";

/** Why a type is none of them. */
export interface NoKind {
  readonly reason: string;
}

/** The domain of each kind, as the wasm hosts and debuggers read a slot of it. */
export type Signature = { readonly params: readonly Kind[]; readonly result: Kind };

/** Nothing comes back: no slot. */
export function isVoid(kind: Kind): boolean {
  return kind === "void" || kind === "never";
}

export function kindOf(type: ts.Type, checker: ts.TypeChecker): Kind | NoKind {
  const has = (flags: ts.TypeFlags): boolean => (type.flags & flags) !== 0;
  if (has(ts.TypeFlags.Any)) return { reason: "type 'any' is not allowed: say what it is" };
  if (has(ts.TypeFlags.Unknown)) return { reason: "type 'unknown' is not allowed: say what it is" };
  if (has(ts.TypeFlags.BooleanLike)) return "boolean";
  if (has(ts.TypeFlags.NumberLike)) return "number";
  if (has(ts.TypeFlags.BigIntLike)) return "bigint";
  if (has(ts.TypeFlags.StringLike)) return "string";
  if (has(ts.TypeFlags.Void | ts.TypeFlags.Undefined)) return "void";
  if (has(ts.TypeFlags.Never)) return "never";
  if (has(ts.TypeFlags.TypeParameter)) {
    const constraint = checker.getBaseConstraintOfType(type);
    return constraint === undefined || constraint === type || (constraint.flags & ts.TypeFlags.Unknown) !== 0
      ? { reason: "a type parameter needs a constraint that is a kernel value: write <T extends bigint>" }
      : kindOf(constraint, checker);
  }
  if (type.isIntersection()) {
    // a brand: primitive & { readonly __brand: … }
    const primitive = type.types.find((part) => (part.flags & ts.TypeFlags.Object) === 0);
    return primitive === undefined ? notAValue(type, checker) : kindOf(primitive, checker);
  }
  if (type.isUnion()) return kindOfUnion(type, checker);
  if (has(ts.TypeFlags.Object) && type.getCallSignatures().length === 1) return "function";
  return notAValue(type, checker);
}

function kindOfUnion(union: ts.UnionType, checker: ts.TypeChecker): Kind | NoKind {
  const kinds = new Set(union.types.map((member) => kindOf(member, checker)));
  const [first] = kinds;
  if (kinds.size === 1 && first !== undefined) return first;
  const name = checker.typeToString(union);
  return { reason: `type '${name}' mixes kinds: use a value of the type itself that means "none", like NO_FRAME` };
}

function notAValue(type: ts.Type, checker: ts.TypeChecker): NoKind {
  const name = checker.typeToString(type);
  return { reason: `type '${name}' is not a kernel value: use number, bigint, boolean or a record in memory (layout)` };
}
