/**
 * Few rules. What the type checker reports is not repeated here. What the kernel's dialect cannot say is refused by the
 * compiler, and its own verdict is a rule here (scripts/lint), so that an editor shows it while one types.
 */
import parser from "@typescript-eslint/parser";
import { tsImport } from "tsx/esm/api";

const { default: palimpsest } = await tsImport("./scripts/lint/plugin.ts", import.meta.url);

/** What the dialect has and the kernel does not want. */
const NOT_IN_THE_KERNEL = {
  TSEnumDeclaration: "write `const X = { … } as const`: an enum is one way more to say the same",
  "CallExpression[callee.name=/^(load|store)(Volatile)?[0-9]+$/] > BinaryExpression[operator='+'] > Literal.right":
    "an offset is a field of a record: describe the record with a layout",
};

/** Who casts to a brand besides the file that declares it. */
const MINTERS = {
  Field: "anywhere", // no brand: it gives a word of a layout its type, and the compiler compares the two
  Frame: [
    "kernel/mm/phys/frames.ts", // the bitmap's own numbering
    "kernel/mm/paging/tables.ts", // its stock is a list through the frames themselves
  ],
  Page: ["kernel/arch/image.ts"], // linker.ld aligns the symbols
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
    files: ["kernel/**/*.ts", "tests/qemu/kernel/*.ts"],
    plugins: { palimpsest },
    rules: { "palimpsest/compiler": "error" },
  },
  {
    files: ["kernel/**/*.ts"],
    // It runs in Node only: the compiler puts the machine's own loads and stores in the place of each call.
    ignores: ["kernel/lib/layout.ts"],
    rules: {
      "palimpsest/brands": ["error", MINTERS],
      "palimpsest/staircase": "error",
      "no-restricted-syntax": [
        "error",
        ...Object.entries(NOT_IN_THE_KERNEL).map(([selector, message]) => ({ selector, message })),
      ],
    },
  },
];
