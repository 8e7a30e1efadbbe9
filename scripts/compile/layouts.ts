/**
 * Records in memory: `const GATE = layout(16, { offsetLow: u16, … })` is evaluated here, and every use of it
 * (`GATE.selector(at)`, `GATE.setSelector(at, v)`, `GATE.selectorAt(at)`, `GATE.SIZE`) becomes one load, one store, one
 * addition or a constant. What `layout` means in Node is in kernel/lib/layout.ts.
 */
import type { TSESTree } from "@typescript-eslint/typescript-estree";
import ts from "typescript";
import { kindOf } from "./kinds.ts";
import { tsNode } from "./places.ts";
import { declarationOf, refuse, scopeOf, type Scope } from "./scope.ts";
import { withoutCasts, type LayoutEntity } from "./symbols.ts";

export interface Field {
  readonly name: string;
  readonly offset: number;
  readonly width: number;
  /** "word" is loaded and stored; "bytes" has only an address. */
  readonly access: "word" | "bytes";
}
export interface Layout {
  readonly name: string;
  readonly size: number;
  readonly fields: readonly Field[];
}
/** What a property of a layout stands for. */
export interface Accessor {
  readonly does: "read" | "write" | "address";
  readonly field: Field;
}

type FieldType = Omit<Field, "name" | "offset"> & { readonly packed: boolean };

/** `constantOf` folds an expression, or refuses. Throws the refusal of the first field that cannot be. */
export function layoutOf(scope: Scope, entity: LayoutEntity, constantOf: ConstantOf): Layout {
  return (entity.layout ??= evaluateLayout(scopeOf(scope, entity), entity, constantOf));
}
export type ConstantOf = (scope: Scope, node: TSESTree.Expression) => bigint;

export function accessorOf(layout: Layout, property: string): Accessor | undefined {
  for (const field of layout.fields) {
    if (property === `${field.name}At`) return { does: "address", field };
    if (field.access !== "word") continue;
    if (property === field.name) return { does: "read", field };
    if (property === setterOf(field.name)) return { does: "write", field };
  }
  return undefined;
}

function setterOf(name: string): string {
  return `set${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

function evaluateLayout(scope: Scope, entity: LayoutEntity, constantOf: ConstantOf): Layout {
  const [sizeNode, fieldsNode] = entity.init.arguments;
  if (sizeNode === undefined || sizeNode.type === "SpreadElement" || fieldsNode?.type !== "ObjectExpression") {
    throw refuse(scope, entity.init, "layout needs a constant size and a list of fields: layout(16, { low: u64, … })");
  }
  const size = Number(constantOf(scope, sizeNode));
  const fields: Field[] = [];
  const accessors = new Set(["SIZE"]);
  let offset = 0;
  for (const property of fieldsNode.properties) {
    const { name, type } = evaluateProperty(scope, property, constantOf);
    if (!type.packed && offset % type.width !== 0) {
      const where = `${name} lies at ${offset}, which its width ${type.width} does not divide`;
      throw refuse(scope, property, `${where}: reorder the fields, pad with bytes(…), or write packed(…)`);
    }
    const own = type.access === "word" ? [name, setterOf(name), `${name}At`] : [`${name}At`];
    const twice = own.find((accessor) => accessors.has(accessor));
    if (twice !== undefined) throw refuse(scope, property, `'${twice}' already means another field: rename one`);
    own.forEach((accessor) => accessors.add(accessor));
    fields.push({ name, offset, width: type.width, access: type.access });
    offset += type.width;
  }
  if (offset !== size) {
    const found = `the fields take ${offset} bytes, ${size} are stated`;
    throw refuse(scope, sizeNode, `${found}: correct the size or add bytes(…)`);
  }
  return { name: entity.name, size, fields };
}

function evaluateProperty(
  scope: Scope,
  property: TSESTree.ObjectLiteralElement,
  constantOf: ConstantOf,
): { name: string; type: FieldType } {
  if (property.type !== "Property" || property.computed || property.key.type !== "Identifier") {
    throw refuse(scope, property, "a field is written `name: type`");
  }
  const type = evaluateType(scope, property.value as TSESTree.Expression, constantOf);
  requireDeclaredType(scope, property.value, type);
  return { name: property.key.name, type };
}

/** The type of a field: u8 … u64, bytes(n), packed(type), or a const that is one of them. */
function evaluateType(scope: Scope, node: TSESTree.Expression, constantOf: ConstantOf): FieldType {
  const plain = withoutCasts(node);
  if (plain.type === "ObjectExpression" && scope.module.describesLayouts) return literalType(scope, plain, constantOf);
  const declaration = declarationOf(scope, plain.type === "CallExpression" ? plain.callee : plain);
  const module = declaration && scope.lowering.program.moduleOf(declaration.getSourceFile().fileName);
  if (plain.type === "Identifier" && module && ts.isVariableDeclaration(declaration) && declaration.initializer) {
    const init = module.services.tsNodeToESTreeNodeMap.get(declaration.initializer) as TSESTree.Expression;
    return evaluateType({ ...scope, module, fn: null }, init, constantOf);
  }
  const [argument] = plain.type === "CallExpression" ? plain.arguments : [];
  if (module?.describesLayouts && argument !== undefined && argument.type !== "SpreadElement") {
    const callee = (declaration as ts.FunctionDeclaration).name?.text;
    if (callee === "packed") return { ...evaluateType(scope, argument, constantOf), packed: true };
    if (callee === "bytes") return { width: Number(constantOf(scope, argument)), access: "bytes", packed: true };
  }
  throw refuse(scope, node, "not the type of a field: write u8, u16, u32, u64, bytes(count) or packed(type)");
}

/** `{ width: 4, access: "word", packed: false }` in the module that describes layouts. */
function literalType(scope: Scope, object: TSESTree.ObjectExpression, constantOf: ConstantOf): FieldType {
  const values = new Map<string, TSESTree.Expression>();
  for (const property of object.properties) {
    if (property.type === "Property" && property.key.type === "Identifier") {
      values.set(property.key.name, property.value as TSESTree.Expression);
    }
  }
  const width = values.get("width");
  const access = values.get("access");
  const packed = values.get("packed");
  if (!width || access?.type !== "Literal" || !packed) {
    throw refuse(scope, object, "a field has width, access and packed");
  }
  return {
    width: Number(constantOf(scope, width)),
    access: access.value === "bytes" ? "bytes" : "word",
    packed: constantOf(scope, packed) !== 0n,
  };
}

/** The TypeScript type says the same: Field<T, Width> with that width, and a T that such a word holds. */
function requireDeclaredType(scope: Scope, node: TSESTree.Node, type: FieldType): void {
  const { checker } = scope.lowering.program;
  const declared = scope.module.services.getTypeAtLocation(node);
  const property = (name: string): ts.Type | undefined => {
    const symbol = declared.getProperty(name);
    return symbol && checker.getTypeOfSymbolAtLocation(symbol, tsNode(scope.module, node));
  };
  const width = property("width");
  if (width?.isNumberLiteral() && width.value !== type.width) {
    throw refuse(scope, node, `its type says ${width.value} bytes, its value ${type.width}: make them agree`);
  }
  const valueType = property("type");
  if (type.access === "bytes" || valueType === undefined) return;
  const kind = kindOf(checker.getNonNullableType(valueType), checker);
  const wanted = type.width === 8 ? "bigint" : "number";
  if (kind !== wanted) {
    const found = typeof kind === "string" ? kind : checker.typeToString(valueType);
    const word = `a word of ${type.width} bytes is read as ${wanted}`;
    throw refuse(scope, node, `${word}, not ${found}: change its Field type`);
  }
}
