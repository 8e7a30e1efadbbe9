/** Rule: what the compiler refuses, at the place and in the words of the compiler. */
import type { TSESLint } from "@typescript-eslint/utils";
import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { REPOSITORY } from "../compile/errors.ts";
import { refusalsIn } from "./verdict.ts";

const kernels = (): string[] => ["kernel", "tests/qemu/kernel"].flatMap((directory) => {
  const names = readdirSync(resolve(REPOSITORY, directory), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".ts")).map((name) => resolve(REPOSITORY, directory, name));
});

export const compiler: TSESLint.RuleModule<"refused"> = {
  meta: { type: "problem", schema: [], messages: { refused: "{{reason}}" } },
  defaultOptions: [],
  create(context) {
    return {
      Program() {
        for (const { place, reason } of refusalsIn(context.filename, context.sourceCode.text, kernels)) {
          const loc = { line: place?.line ?? 1, column: (place?.column ?? 1) - 1 };
          context.report({ loc, messageId: "refused", data: { reason } });
        }
      },
    };
  },
};
