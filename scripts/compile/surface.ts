/**
 * What others see of a module: its text without comments, and without the bodies of functions that say what they
 * return. Whoever imports it is compiled the same as long as this is the same, and with this in its place.
 */
import { createHash } from "node:crypto";
import ts from "typescript";

export interface Surface {
  readonly text: string;
  /** The files that it imports, as it names them: from its own folder. A checkout may be moved. */
  readonly imports: readonly string[];
  /** It declares doors: any layout of any module may need them. */
  readonly hasDoors: boolean;
}

export function digest(...parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest("hex");
}

/** Null for what only the whole program can tell: syntax errors, scripts without exports, imports of packages. */
export function surfaceOf(file: string, text: string): Surface | null {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const { parseDiagnostics } = source as ts.SourceFile & { readonly parseDiagnostics: readonly unknown[] };
  if (parseDiagnostics.length > 0 || !ts.isExternalModule(source)) return null;
  const imports: string[] = [];
  for (const statement of source.statements) {
    if (ts.isModuleDeclaration(statement) || ts.isImportEqualsDeclaration(statement)) return null;
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) continue;
    const from = statement.moduleSpecifier;
    if (from === undefined) continue;
    if (!ts.isStringLiteral(from) || !/^\.\.?\/.*\.ts$/.test(from.text)) return null;
    imports.push(from.text);
  }
  if (/\bimport\s*\(/.test(text)) return null; // of a type, too
  const visible = source.statements.map((statement) => visibleText(source, statement));
  return { text: visible.join("\n"), imports, hasDoors: source.statements.some(isDoor) };
}

function isDoor(statement: ts.Statement): boolean {
  return ts.isFunctionDeclaration(statement) && statement.body === undefined;
}

function visibleText(source: ts.SourceFile, statement: ts.Statement): string {
  const start = statement.getStart(source);
  const body = ts.isFunctionDeclaration(statement) && statement.type !== undefined ? statement.body : undefined;
  const first = body?.statements[0];
  const isDirective = first !== undefined && ts.isExpressionStatement(first) && ts.isStringLiteral(first.expression);
  if (body === undefined || isDirective) return source.text.slice(start, statement.end);
  return `${source.text.slice(start, body.getStart(source))}{}`;
}
