/** What to write instead of what the dialect does not have. */
import type { TSESTree } from "@typescript-eslint/typescript-estree";

const CLOSURES = "closures are not supported on kernel paths; pass the state as arguments";

const EXPRESSIONS: Readonly<Record<string, string>> = {
  ArrowFunctionExpression: CLOSURES,
  FunctionExpression: CLOSURES,
  ArrayExpression: "arrays are not supported: keep the elements in memory and use the load and store doors",
  ObjectExpression: "objects are not supported on kernel paths: use a layout over memory, or a variable for each part",
  NewExpression: "nothing is constructed at run time: use staticBytes or memory that an allocator gives",
  ClassExpression: "classes are not supported: write functions and module variables",
  ThisExpression: "`this` is not supported: pass the state as arguments",
  AwaitExpression: "async functions are not supported: return, and be called again",
  YieldExpression: "generators are not supported: keep the state in variables",
  TaggedTemplateExpression: "strings cannot be built at run time: pass the parts to the log functions one by one",
  ChainExpression: "?. is not supported: nothing is null; compare with the value that means none",
  ImportExpression: "import() is not supported: import at the top of the file",
};

const OPERATORS: Readonly<Record<string, string>> = {
  typeof: "typeof is not supported: the type is known here",
  void: "void is not supported: make the call a statement of its own",
  delete: "delete is not supported: nothing has properties",
  in: "`in` is not supported: nothing has properties",
  instanceof: "`instanceof` is not supported: the type is known here",
};

const STATEMENTS: Readonly<Record<string, string>> = {
  ThrowStatement: "exceptions are not supported: return a Status, or panic",
  TryStatement: "exceptions are not supported: ask a function that returns a Status",
  ForOfStatement: "for-of is not supported: count with a for loop",
  ForInStatement: "for-in is not supported: count with a for loop",
  FunctionDeclaration: `nested functions are not supported: move it to the top level and pass the state as arguments`,
  ClassDeclaration: "classes are not supported: write functions and module variables",
  DebuggerStatement: "debugger is not supported: set a breakpoint in gdb",
};

/** Null for an expression that the dialect has. */
export function foreignHint(node: TSESTree.Node): string | null {
  if (node.type === "UnaryExpression" || node.type === "BinaryExpression") return OPERATORS[node.operator] ?? null;
  return EXPRESSIONS[node.type] ?? null;
}

export function expressionHint(node: TSESTree.Node): string {
  return foreignHint(node) ?? `${node.type} is not supported: write it with functions and variables`;
}

export function statementHint(node: TSESTree.Node): string {
  return STATEMENTS[node.type] ?? `${node.type} is not supported: write it with if, for, while and switch`;
}
