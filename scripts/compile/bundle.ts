/**
 * The compiler as one JavaScript file, so that starting it costs nothing that it does not need: no TypeScript to strip,
 * and no scan of the TypeScript compiler's nine megabytes for what they export, which an `import` of them would cost.
 * The CommonJS packages go to a script of their own, of which V8 keeps what it compiled (code-cache.ts).
 *
 *   bundle.ts OUT.mjs      OUT.mjs must lie as deep in the repository as this file: both find it from where they are.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { build, type BuildOptions, type Plugin } from "esbuild";

const PACKAGES = ["typescript", "@typescript-eslint/typescript-estree"];
const COMMON: BuildOptions = {
  bundle: true,
  platform: "node",
  target: "node18",
  logLevel: "warning",
};

const [outfile] = process.argv.slice(2);
if (outfile === undefined) throw new Error("usage: bundle.ts OUT.mjs");
const packages = resolve(outfile.replace(/\.mjs$/, ".packages.cjs"));

/** Each of typescript-estree's files would copy all that TypeScript exports, if that did not look like a module. */
const AS_MODULE = `const ts = require("typescript");
Object.defineProperties(ts, { __esModule: { value: true }, default: { value: ts } });`;
const exported = PACKAGES.map((name) => `exports[${JSON.stringify(name)}] = require(${JSON.stringify(name)});`);

await build({
  ...COMMON,
  stdin: {
    contents: [AS_MODULE, ...exported].join("\n"),
    resolveDir: resolve("."),
  },
  outfile: packages,
  format: "cjs",
  minifyWhitespace: true,
  legalComments: "none",
});
const id = createHash("sha256").update(readFileSync(packages)).digest("hex");

const fromCache: Plugin = {
  name: "from-cache",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^(${PACKAGES.join("|")})$`) }, ({ path }) => ({ path, namespace: "from-cache" }));
    onLoad({ filter: /./, namespace: "from-cache" }, ({ path }) => ({
      resolveDir: resolve("scripts/compile"),
      contents: `const { loadCached } = require("./code-cache.ts");
        module.exports = loadCached(${JSON.stringify(packages)}, "${id}")[${JSON.stringify(path)}];`,
    }));
  },
};

await build({
  ...COMMON,
  entryPoints: ["scripts/compile/main.ts"],
  outfile,
  format: "esm",
  packages: "external",
  plugins: [fromCache],
});
