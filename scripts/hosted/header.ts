/** palimpsest.h: the public functions as C sees them, with the words that stand above them in TypeScript. */
import type { TSESTree } from "@typescript-eslint/typescript-estree";
import ts from "typescript";
import type { Compiled } from "../compile/compile.ts";
import type { Kind, Signature } from "../compile/kinds.ts";
import { kindAt } from "../compile/scope.ts";
import { hostedFiles, isExported, nameOf, type HostedFile } from "./rooms.ts";

export const PREFIX = "pal_";

type Signatures = ReadonlyMap<string, Signature>;

const C_TYPES: Readonly<Record<Kind, string>> = {
  number: "int64_t",
  bigint: "uint64_t",
  boolean: "bool",
  string: "const struct pal_text *",
  function: "uint64_t",
  void: "void",
  never: "_Noreturn void",
};
/** Kinds that the dialect writes as one word; any other annotation is a brand, which becomes a typedef. */
const PLAIN = new Set(["number", "bigint", "boolean", "string", "void", "never"]);
const C_WORDS = new Set(["auto", "char", "double", "float", "int", "long", "register", "short", "signed", "unsigned"]);

/** `fixed` is what the host itself offers: host.h. */
export function header(compiled: Compiled, fixed: string): string {
  const files = hostedFiles();
  const signatures = new Map(compiled.exports.map((each) => [each.name, each]));
  const body = files.flatMap((file) => [...constantsOf(compiled, file), ...functionsOf(file, signatures)]);
  return [
    "/* Generated from the kernel's TypeScript: what it means is said there. */",
    "#ifndef PALIMPSEST_H",
    "#define PALIMPSEST_H",
    fixed.trim(),
    "",
    "/* ---- kinds of value, which TypeScript keeps apart and C does not ---- */",
    ...brandsOf(files, signatures),
    ...body,
    "",
    "#ifdef __cplusplus",
    "}",
    "#endif",
    "#endif",
    "",
  ].join("\n");
}

// ---- functions ---------------------------------------------------------------------------------------------------
function functionsOf(file: HostedFile, signatures: Signatures): string[] {
  if (file.functions.length === 0) return [];
  const [first] = file.source.statements;
  const about = first === undefined ? [] : commentsBefore(file.source, first).slice(0, 1);
  const title = `/* ==== kernel/${file.path} ==== */`;
  return ["", title, ...about, "", ...file.functions.flatMap((fn) => functionOf(file, fn, signatures))];
}

function functionOf(file: HostedFile, fn: ts.FunctionDeclaration, signatures: Signatures): string[] {
  const signature = signatures.get(nameOf(fn));
  if (signature === undefined) throw new Error(`kernel/${file.path}: ${nameOf(fn)} is public, and is not compiled`);
  const params = fn.parameters.map((param, i) => {
    const name = param.name.getText(file.source);
    const kind = signature.params[i] ?? "bigint";
    if (kind === "boolean") throw new Error(`kernel/${file.path}: ${nameOf(fn)} takes a boolean: C would leave junk`);
    return declared(typeOf(file, param.type, kind), C_WORDS.has(name) ? `${name}_` : name);
  });
  const result = typeOf(file, fn.type, signature.result);
  const head = declared(result, `${PREFIX}${nameOf(fn)}`);
  return [...docOf(file.source, fn), `${head}(${params.join(", ") || "void"});`];
}

function declared(type: string, name: string): string {
  return type.endsWith("*") ? `${type}${name}` : `${type} ${name}`;
}

function typeOf(file: HostedFile, type: ts.TypeNode | undefined, kind: Kind): string {
  const brand = brandOf(file, type);
  return brand === undefined ? C_TYPES[kind] : `${PREFIX}${brand}`;
}

function brandOf(file: HostedFile, type: ts.TypeNode | undefined): string | undefined {
  const text = type?.getText(file.source) ?? "bigint";
  return PLAIN.has(text) || !/^[A-Z]\w*$/.test(text) ? undefined : text;
}

// ---- brands ------------------------------------------------------------------------------------------------------
function brandsOf(files: readonly HostedFile[], signatures: Signatures): string[] {
  const kinds = new Map<string, Kind>();
  for (const file of files) {
    for (const fn of file.functions) {
      const signature = signatures.get(nameOf(fn));
      if (signature === undefined) continue;
      const types = [...fn.parameters.map(({ type }) => type), fn.type];
      [...signature.params, signature.result].forEach((kind, i) => {
        const brand = brandOf(file, types[i]);
        if (brand !== undefined) kinds.set(brand, kind);
      });
    }
  }
  const docs = new Map(files.flatMap(({ source }) => {
    const aliases = source.statements.filter(ts.isTypeAliasDeclaration);
    return aliases.map((alias) => [alias.name.text, docOf(source, alias)] as const);
  }));
  return [...kinds].sort().flatMap(([brand, kind]) => {
    return [...(docs.get(brand) ?? []), `typedef ${C_TYPES[kind]} ${PREFIX}${brand};`];
  });
}

// ---- constants ---------------------------------------------------------------------------------------------------
/** Numbers and words that are public: `PAL_PAGE_SIZE`. */
function constantsOf(compiled: Compiled, { path, source }: HostedFile): string[] {
  const module = compiled.source.modules.find(({ file }) => file.endsWith(`/kernel/${path}`));
  const values = new Map<string, string>();
  for (const entity of compiled.lowering.entities.values()) {
    if (entity.module !== module || entity.kind !== "constant" || entity.value?.constant === undefined) continue;
    const scope = { lowering: compiled.lowering, module: entity.module, fn: null };
    const kind = kindAt(scope, (entity.node as TSESTree.VariableDeclarator).id);
    values.set(entity.name, literal(entity.value.constant, kind));
  }
  const lines = source.statements.filter(ts.isVariableStatement).filter(isExported).flatMap((statement) => {
    return statement.declarationList.declarations.flatMap((each) => {
      const name = each.name.getText(source);
      const value = values.get(name);
      return value === undefined ? [] : [...docOf(source, statement), `#define PAL_${name} ${value}`];
    });
  });
  return lines.length === 0 ? [] : ["", `/* ---- constants of kernel/${path} ---- */`, ...lines];
}

function literal(value: bigint, kind: Kind): string {
  if (kind === "bigint") return `UINT64_C(0x${value.toString(16)})`;
  return value < 0n ? `(-INT64_C(${-value}))` : `INT64_C(${value})`;
}

// ---- words -------------------------------------------------------------------------------------------------------
/** The comment that ends right above the node, as C's. */
function docOf(source: ts.SourceFile, node: ts.Node): string[] {
  return commentsBefore(source, node).slice(-1).filter((text) => text.startsWith("/*"));
}

function commentsBefore(source: ts.SourceFile, node: ts.Node): string[] {
  const ranges = ts.getLeadingCommentRanges(source.text, node.pos) ?? [];
  return ranges.flatMap(({ pos, end, kind }) => {
    if (kind !== ts.SyntaxKind.MultiLineCommentTrivia) return [];
    return [source.text.slice(pos, end).replace(/^\/\*\*/, "/*")];
  });
}

