/** Between a node of the syntax tree, its place in the source and its twin in the TypeScript compiler. */
import type { TSESTree } from "@typescript-eslint/typescript-estree";
import type ts from "typescript";
import { ArithmeticError } from "./arithmetic.ts";
import { Refusal, type Place } from "./errors.ts";
import type { Module } from "./program.ts";

export function placeOf(module: Module, node: TSESTree.Node): Place {
  return { file: module.file, line: node.loc.start.line, column: node.loc.start.column + 1 };
}

/**
 * The refusal for `cause`: a sentence, or whatever lowering `node` threw. A refusal keeps the place that it has; an
 * error of the compiler itself passes through.
 */
export function refusalAt(module: Module, node: TSESTree.Node, cause: unknown): Refusal {
  if (cause instanceof Refusal) return cause;
  if (cause instanceof ArithmeticError) return new Refusal(placeOf(module, node), cause.message);
  if (typeof cause === "string") return new Refusal(placeOf(module, node), cause);
  throw cause;
}

/** A constant that cannot be is met by everybody who uses it, and refused once. */
export function addRefusal(module: Module, refusal: Refusal): void {
  if (module.refusals.every(({ message }) => message !== refusal.message)) module.refusals.push(refusal);
}

export function tsNode(module: Module, node: TSESTree.Node): ts.Node {
  return module.services.esTreeNodeToTSNodeMap.get(node);
}
