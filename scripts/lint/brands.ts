/**
 * Rule: a value becomes a branded one (`as Frame`) only in the file that declares the brand, where its promise is kept,
 * and in those that the option allows. Anywhere a module may name a constant: `const NO_TABLE = 0n as PhysAddr`.
 */
import type { TSESLint, TSESTree } from "@typescript-eslint/utils";
import { relative } from "node:path";
import { REPOSITORY } from "../compile/errors.ts";

/** By imported type: further files that may cast to it, or "anywhere". */
export type Minters = Readonly<Record<string, readonly string[] | "anywhere">>;

type Cast = TSESTree.TSAsExpression | TSESTree.TSTypeAssertion;

export const brands: TSESLint.RuleModule<"cast", [Minters]> = {
  meta: {
    type: "problem",
    schema: [{ type: "object" }],
    messages: {
      cast: "only {{home}} makes a {{brand}}: call what it exports, or name a constant at the top of this file",
    },
  },
  defaultOptions: [{}],
  create(context) {
    const [minters] = context.options;
    const file = relative(REPOSITORY, context.filename);
    const imported = new Map<string, { readonly brand: string; readonly home: string }>();
    const namespaces = new Map<string, string>();

    const checkCast = (node: Cast): void => {
      const target = brandOf(node.typeAnnotation);
      if (target === null || isNamedConstant(node)) return;
      const minting = minters[target.brand] ?? [];
      if (minting !== "anywhere" && !minting.includes(file)) context.report({ node, messageId: "cast", data: target });
    };
    const brandOf = (type: TSESTree.TypeNode): { readonly brand: string; readonly home: string } | null => {
      if (type.type !== "TSTypeReference") return null;
      const { typeName } = type;
      if (typeName.type === "Identifier") return imported.get(typeName.name) ?? null;
      if (typeName.type !== "TSQualifiedName" || typeName.left.type !== "Identifier") return null;
      const home = namespaces.get(typeName.left.name);
      return home === undefined ? null : { brand: typeName.right.name, home };
    };
    return {
      ImportDeclaration({ source, specifiers }) {
        const home = source.value.replace(/^.*\//, "");
        for (const specifier of specifiers) {
          if (specifier.type === "ImportNamespaceSpecifier") namespaces.set(specifier.local.name, home);
          if (specifier.type !== "ImportSpecifier" || specifier.imported.type !== "Identifier") continue;
          imported.set(specifier.local.name, { brand: specifier.imported.name, home });
        }
      },
      TSAsExpression: checkCast,
      TSTypeAssertion: checkCast,
    };
  },
};

/** `const X = 0n as Brand` at the top of a file: a promise that a reader can see whole. */
function isNamedConstant(cast: Cast): boolean {
  const { parent, expression } = cast;
  if (parent.type !== "VariableDeclarator" || parent.parent.kind !== "const" || !isLiteral(expression)) return false;
  const outer = parent.parent.parent;
  return outer.type === "Program" || outer.type === "ExportNamedDeclaration";
}

function isLiteral(node: TSESTree.Expression): boolean {
  return node.type === "Literal" || (node.type === "UnaryExpression" && isLiteral(node.argument));
}
