/**
 * Few rules. What the type checker reports is not repeated here, and what the kernel's dialect cannot say is refused by
 * the compiler, with types and reasons; the rules for kernel/ are the part of that which an editor can show at once.
 */
import parser from "@typescript-eslint/parser";

const NOT_IN_THE_KERNEL = {
  TSAnyKeyword: "`any` has no machine type; write number, bigint, boolean or a brand",
  TSEnumDeclaration: "enums are not in the dialect; write `const X = { … } as const`",
  "ClassDeclaration, ClassExpression": "no classes in the kernel; write functions over an address",
  "ThrowStatement, TryStatement": "no exceptions in the kernel; return a Status, or panic on the impossible",
  "NewExpression, AwaitExpression, YieldExpression": "there is no garbage collector and nothing to wait with",
  "FunctionExpression, ArrowFunctionExpression": "closures are not in the dialect; pass the state as arguments",
  ":function :function": "functions do not nest in the kernel; move it to the top level of the file",
  ArrayExpression: "no arrays in the kernel; describe the bytes with a layout",
  "TemplateLiteral, TaggedTemplateExpression": "strings are not built at run time; log the parts one by one",
  "RestElement, SpreadElement": "a function has a fixed number of arguments",
  "ForInStatement, ForOfStatement": "there is nothing to iterate over but numbers; write for (let i = 0; …)",
  "UnaryExpression[operator=/^(delete|typeof|void)$/]": "types are known when the kernel is compiled",
  "CallExpression[callee.name=/^(load|store)(Volatile)?[0-9]+$/] > BinaryExpression[operator='+'] > Literal.right":
    "an offset is a field of a record: describe the record with a layout",
  "ImportDeclaration[source.value!=/^\\.\\.?\\/.*\\.ts$/]": "the kernel imports its own files only, by their full name",
};

export default [
  { ignores: ["build/", "node_modules/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.{ts,js}"],
    languageOptions: { parser },
    rules: {
      "default-case-last": "error",
      eqeqeq: "error",
      "max-len": ["error", { code: 120 }],
      "no-cond-assign": "error",
      "no-constant-condition": ["error", { checkLoops: false }],
      "no-else-return": "error",
      "no-empty": "error",
      "no-self-assign": "error",
      "no-self-compare": "error",
      "no-unreachable": "error",
      "no-useless-return": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      quotes: ["error", "double", { avoidEscape: true, allowTemplateLiterals: true }],
      semi: "error",
    },
  },
  {
    files: ["kernel/**/*.ts"],
    // It runs in Node only: the compiler puts the machine's own loads and stores in the place of each call.
    ignores: ["kernel/lib/layout.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        ...Object.entries(NOT_IN_THE_KERNEL).map(([selector, message]) => ({ selector, message })),
      ],
    },
  },
];
