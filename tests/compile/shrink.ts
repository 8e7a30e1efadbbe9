/** Makes a program that fails small: takes away what it can still fail without. */
import ts from "typescript";

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}
/** What ends a loop of a random program stays: one without end would never answer. */
const LOOP_END = /^if \(\+\+k\d+ > 4\) break;$/;
const LEAVES = ["0", "1", "0n", "1n", "false", "true"];

/** `fails` is asked at most `patience` times; it must be true of `source`, and is false of what does not compile. */
export async function shrink(
  source: string,
  fails: (source: string) => Promise<boolean>,
  patience: number,
): Promise<string> {
  let smallest = source;
  let left = patience;
  for (let from = 0; ; ) {
    const edits = editsOf(smallest);
    let at = from;
    while (at < edits.length && left-- > 0 && !(await fails(applied(smallest, edits[at]!)))) at++;
    if (at < edits.length && left >= 0) {
      smallest = applied(smallest, edits[at]!);
      from = at; // those before it did not help a moment ago
    } else if (from > 0 && left > 0) {
      from = 0;
    } else {
      return smallest.replaceAll(/\n\s*\n+/g, "\n");
    }
  }
}

function applied(source: string, { start, end, text }: Edit): string {
  return source.slice(0, start) + text + source.slice(end);
}

/** The largest first; every one makes the source shorter. */
function editsOf(source: string): Edit[] {
  const file = ts.createSourceFile("shrink.ts", source, ts.ScriptTarget.ES2022, true);
  const edits: Edit[] = [];
  const visit = (node: ts.Node): void => {
    const start = node.getStart(file);
    if (LOOP_END.test(node.getText(file))) return;
    const add = (text: string): void => {
      if (text.length < node.end - start) edits.push({ start, end: node.end, text });
    };
    if (ts.isStatement(node) && !ts.isBlock(node) && !isResult(node)) add("");
    if (ts.isIfStatement(node) || ts.isIterationStatement(node, true) || ts.isLabeledStatement(node)) {
      node.forEachChild((part) => void (ts.isBlock(part) && add(part.getText(file).slice(1, -1))));
    }
    if (isCompound(node)) {
      node.forEachChild((part) => void (ts.isExpression(part) && add(part.getText(file))));
      LEAVES.forEach(add);
    }
    if (ts.isForStatement(node)) visit(node.statement);
    else node.forEachChild(visit);
  };
  file.forEachChild(visit);
  return edits.sort((a, b) => b.end - b.start - b.text.length - (a.end - a.start - a.text.length));
}

/** A function that ends without it would answer something else in every host. */
function isResult(node: ts.Statement): boolean {
  return ts.isReturnStatement(node) && ts.isFunctionDeclaration(node.parent.parent);
}

/** Without the functions that `name` neither is nor calls; of those whose names are an f and a number. */
export function onlyWith(source: string, name: string): string {
  const parts = source.split(/\n(?=export function f\d)/);
  const wanted = new Set([name]);
  for (const part of [...parts].reverse()) {
    if (wanted.has(nameOf(part))) part.match(/\bf\d+\b/g)?.forEach((called) => wanted.add(called));
  }
  return parts.filter((part, i) => i === 0 || wanted.has(nameOf(part))).join("\n");
}
function nameOf(part: string): string {
  return /^export function (f\d+)/.exec(part)?.[1] ?? "";
}

function isCompound(node: ts.Node): boolean {
  return (
    ts.isBinaryExpression(node) ||
    ts.isParenthesizedExpression(node) ||
    ts.isConditionalExpression(node) ||
    ts.isCallExpression(node) ||
    ts.isPrefixUnaryExpression(node)
  );
}
