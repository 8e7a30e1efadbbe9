/** The sentences in the compiler's own source with which it refuses: found, not listed, so that none is forgotten. */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import ts from "typescript";
import { REPOSITORY } from "../../scripts/compile/errors.ts";

const DIRECTORY = resolve(REPOSITORY, "scripts/compile");
/** The files that speak to a person who wrote kernel code; the others only speak to us. */
const SPEAKING = /^(arithmetic|hints|kinds|layouts|lower.*|polling|scope|symbols)\.ts$/;
/** What only the compiler's authors could read. */
const INTERNAL = /^(a program needs an entry|.*\$t.*)$/;

/** The fixed parts of every sentence, from `${…}` to `${…}`. */
export function messagePieces(): string[] {
  const pieces = new Set<string>();
  const collect = (node: ts.Node): void => {
    const parts = partsOf(node);
    if (parts.join(" … ").split(/\s+/).length > 2 && !INTERNAL.test(parts.join(""))) {
      parts.map((part) => part.trim()).filter((part) => part.includes(" ")).forEach((part) => pieces.add(part));
    }
    if (parts.length === 0 || ts.isTemplateExpression(node)) ts.forEachChild(node, collect);
  };
  for (const name of readdirSync(DIRECTORY).filter((each) => SPEAKING.test(each))) {
    const text = readFileSync(resolve(DIRECTORY, name), "utf8");
    ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true).statements.forEach(collect);
  }
  return [...pieces];
}

function partsOf(node: ts.Node): string[] {
  if (ts.isImportDeclaration(node)) return [""];
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text];
  if (ts.isTemplateExpression(node)) return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
  return [];
}
