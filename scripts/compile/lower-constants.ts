/** What is known before the kernel runs: constants, constant records, string literals, static bytes. */
import { createHash } from "node:crypto";
import type { TSESTree } from "@typescript-eslint/typescript-estree";
import type { Value } from "./arithmetic.ts";
import { constantOf, lowerExpression } from "./lower-expressions.ts";
import { call, doorName } from "./nodes.ts";
import { entityOf, kindAt, refuse, scopeOf, type Door, type Scope } from "./scope.ts";
import { withoutCasts, type ConstantEntity, type RecordEntity, type StaticEntity } from "./symbols.ts";
import { codeAddress } from "./lower-calls.ts";

/** The value of a module-level const, from whichever module. */
export function constantValue(scope: Scope, entity: ConstantEntity): Value {
  const own = scopeOf(scope, entity);
  const kind = kindAt(own, (entity.node as TSESTree.VariableDeclarator).id);
  if (kind === "function") {
    const fn = entityOf(own, withoutCasts(entity.init));
    if (fn?.kind === "function") return codeAddress(scope, entity.init, fn);
    if (fn?.kind === "constant" && !entity.busy) return whileBusy(entity, () => constantValue(scope, fn));
    throw refuse(own, entity.init, "a const function is the name of a function");
  }
  if (entity.value !== undefined) return entity.value;
  if (entity.busy) throw refuse(own, entity.node, `'${entity.name}' depends on itself: break the circle`);
  const value = whileBusy(entity, () => lowerExpression(own, entity.init));
  if (value.constant === undefined && kind !== "string") {
    const found = `the initialiser of const '${entity.name}' is not constant`;
    throw refuse(own, entity.node, `${found}: assign it in a function`);
  }
  entity.value = value;
  return value;
}

function whileBusy(entity: ConstantEntity, work: () => Value): Value {
  entity.busy = true;
  try {
    return work();
  } finally {
    entity.busy = false;
  }
}

/** `RECORD.name` */
export function recordMember(scope: Scope, node: TSESTree.Node, record: RecordEntity, name: string): Value {
  for (const property of record.object.properties) {
    if (property.type !== "Property" || property.computed) continue;
    const { key } = property;
    const text = key.type === "Identifier" ? key.name : String((key as TSESTree.Literal).value);
    if (text === name) return recordProperty(scope, record, property);
  }
  throw refuse(scope, node, `'${record.name}' has no constant '${name}'`);
}

export function recordProperty(scope: Scope, record: RecordEntity, property: TSESTree.ObjectLiteralElement): Value {
  const own = scopeOf(scope, record);
  if (property.type !== "Property" || property.computed || property.method) {
    throw refuse(own, property, "a record has only constants: write functions at the top level");
  }
  if (property.value.type === "ObjectExpression") {
    throw refuse(own, property, "a record in a record is not supported: give each a name of its own at the top level");
  }
  const value = lowerExpression(own, property.value as TSESTree.Expression);
  if (value.constant !== undefined) return value;
  throw refuse(own, property, "the members of a record must be constants: use a layout for a record in memory");
}

const STRING_DIGITS = 16;

// ---- addresses -----------------------------------------------------------------------------------------------
/** The address of the literal: `struct { u32 length; u8 bytes[]; }` in .rodata. Its door has one name everywhere. */
export function stringAddress(scope: Scope, text: string): Value {
  const { strings } = scope.lowering;
  const known = strings.indexOf(text);
  const index = known >= 0 ? known : strings.push(text) - 1;
  const name = `ts_string_${createHash("sha256").update(text).digest("hex").slice(0, STRING_DIGITS)}`;
  return address(scope, { name, params: [], result: "string", role: { of: "string", index, text } });
}

/** The address of `staticBytes(size, align)` in .bss. */
export function staticAddress(scope: Scope, entity: StaticEntity): Value {
  const { symbol } = entity;
  const { statics } = scope.lowering;
  if (!statics.has(symbol)) {
    const own = scopeOf(scope, entity);
    const [size, align] = entity.init.arguments as TSESTree.Expression[];
    if (size === undefined) throw refuse(own, entity.init, "staticBytes needs a constant size");
    const alignment = align === undefined ? 1n : constantOf(own, align);
    if (alignment <= 0n || (alignment & (alignment - 1n)) !== 0n) {
      throw refuse(own, entity.init, `alignment ${alignment} is not a power of two`);
    }
    statics.set(symbol, { symbol, size: Number(constantOf(own, size)), align: Number(alignment) });
  }
  return address(scope, { name: `ts_static_${symbol}`, params: [], result: "bigint", role: { of: "static", symbol } });
}

export function address(scope: Scope, door: Door): Value {
  scope.lowering.doors.set(door.name, door);
  return { node: call(doorName(door.name), []) };
}
