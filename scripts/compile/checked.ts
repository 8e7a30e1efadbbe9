/**
 * The same source for Node: types stripped, and every value that could leave its domain tested where it is made.
 * Without this, a bigint beyond 64 bits or a number beyond ±2^53 would be one thing in Node and another on the machine.
 */
import type { TSESTree } from "@typescript-eslint/typescript-estree";
import ts from "typescript";
import { kindAt, type Lowering } from "./scope.ts";
import type { FunctionNode } from "./symbols.ts";
import type { Module } from "./program.ts";

export interface JavaScript {
  readonly code: string;
  /** A source map, version 3. */
  readonly map: string;
}

/** `+ 0` makes 0 of -0. */
const TESTS = `const $leave = (kind, value) => { throw new RangeError(kind + " out of range: " + String(value)); };
const $n = (x) => Number.isSafeInteger(x) ? x + 0 : $leave("number", x);
const $u = (x) => typeof x === "bigint" && x >= 0n && x <= 0xffff_ffff_ffff_ffffn ? x : $leave("bigint", x);
const $b = (x) => typeof x === "boolean" ? x : $leave("boolean", x);
let $t;`.replaceAll("\n", " ");

const ARGUMENT_TESTS: Readonly<Record<string, string>> = { number: "$n", bigint: "$u", boolean: "$b" };

export interface JavaScriptOptions {
  /** Only take the types away. */
  readonly unchecked?: boolean;
  readonly commonJs?: boolean;
}

/** What runs in Node. */
export function toJavaScript(lowering: Lowering, module: Module, options: JavaScriptOptions = {}): JavaScript {
  const isPlain = options.unchecked === true || module.describesLayouts;
  const { outputText, sourceMapText } = ts.transpileModule(isPlain ? module.text : withTests(lowering, module), {
    fileName: module.file,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: options.commonJs ? ts.ModuleKind.CommonJS : ts.ModuleKind.ESNext,
      sourceMap: true,
    },
  });
  const code = outputText.replace(/\/\/# sourceMappingURL.*\s*$/, "");
  // the tests stand on the first line, so line numbers stay those of the .ts file
  return { code: isPlain ? code : `${TESTS} ${code}`, map: sourceMapText ?? "" };
}

/** Longer than any source. */
const LONGEST = 1e9;
const OUTERMOST_OPEN = 0;
const OUTERMOST_CLOSE = -1;

interface Insertion {
  readonly at: number;
  readonly text: string;
  /** Before others at the same place: closing ones first, and among them the inner ones. */
  readonly rank: number;
}

function withTests(lowering: Lowering, module: Module): string {
  const insertions: Insertion[] = module.checks.flatMap(({ start, end, open, close }) => [
    { at: start, text: open, rank: LONGEST - (end - start) },
    { at: end, text: close, rank: end - start - LONGEST },
  ]);
  insertions.push(...argumentTests(lowering, module));
  insertions.sort((a, b) => a.at - b.at || a.rank - b.rank);
  let out = "";
  let from = 0;
  for (const { at, text } of insertions) {
    out += module.text.slice(from, at) + text;
    from = at;
  }
  return out + module.text.slice(from);
}

/** Exported functions also look at what a test hands them. */
function argumentTests(lowering: Lowering, module: Module): Insertion[] {
  return module.ast.body.flatMap((statement): Insertion[] => {
    if (statement.type !== "ExportNamedDeclaration") return [];
    return functionsOf(statement).flatMap((fn): Insertion[] => {
      const tests = fn.params.flatMap((param) => testOf(lowering, module, param)).join("");
      if (tests === "") return [];
      if (fn.body.type === "BlockStatement") {
        const directives = fn.body.body.filter((each) => each.type === "ExpressionStatement" && each.directive);
        const at = directives.at(-1)?.range[1] ?? fn.body.range[0] + 1;
        return [{ at, text: ` ${tests}`, rank: 0 }];
      }
      const [start, end] = fn.body.range;
      return [
        { at: start, text: `(${tests.replaceAll(";", ",")} `, rank: OUTERMOST_OPEN },
        { at: end, text: ")", rank: OUTERMOST_CLOSE },
      ];
    });
  });
}

function functionsOf(statement: TSESTree.ExportNamedDeclaration): FunctionNode[] {
  const { declaration } = statement;
  if (declaration?.type === "FunctionDeclaration") return [declaration as FunctionNode];
  if (declaration?.type !== "VariableDeclaration") return [];
  return declaration.declarations.flatMap(({ init }) => (init?.type === "ArrowFunctionExpression" ? [init] : []));
}

function testOf(lowering: Lowering, module: Module, param: TSESTree.Parameter): string[] {
  const name = param.type === "AssignmentPattern" ? param.left : param;
  if (name.type !== "Identifier") return [];
  const test = ARGUMENT_TESTS[kindAt({ lowering, module, fn: null }, name)];
  return test === undefined ? [] : [`${test}(${name.name});`];
}
