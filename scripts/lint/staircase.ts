/** Rule: no import of a kernel file goes up the staircase of rooms, or out of the kernel. */
import type { TSESLint, TSESTree } from "@typescript-eslint/utils";
import { dirname, relative, resolve } from "node:path";
import { REPOSITORY } from "../compile/errors.ts";
import { objectionTo } from "../staircase.ts";

const inKernel = (file: string): string => relative(resolve(REPOSITORY, "kernel"), file);

export const staircase: TSESLint.RuleModule<"foreign" | "objection"> = {
  meta: {
    type: "problem",
    schema: [],
    messages: {
      foreign: "the kernel imports its own files only, by their full name",
      objection: "{{objection}}",
    },
  },
  defaultOptions: [],
  create(context) {
    const check = ({ source }: { readonly source: TSESTree.StringLiteral | null }): void => {
      if (source === null) return;
      if (!/^\.\.?\/.*\.ts$/.test(source.value)) return context.report({ node: source, messageId: "foreign" });
      const to = inKernel(resolve(dirname(context.filename), source.value));
      const objection = objectionTo({ from: inKernel(context.filename), to });
      if (objection !== null) context.report({ node: source, messageId: "objection", data: { objection } });
    };
    return { ImportDeclaration: check, ExportAllDeclaration: check, ExportNamedDeclaration: check };
  },
};
