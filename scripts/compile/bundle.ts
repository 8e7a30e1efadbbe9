/**
 * The compiler as one JavaScript file, so that starting it costs nothing that it does not need: no TypeScript to strip,
 * and no scan of the TypeScript compiler's nine megabytes for what they export, which an `import` of them would cost.
 *
 *   bundle.ts OUT.mjs      OUT.mjs must lie as deep in the repository as this file: both find it from where they are.
 */
import { build, type Plugin } from "esbuild";

/** CommonJS packages that are imported by name. */
const BY_REQUIRE = /^(typescript|@typescript-eslint\/typescript-estree)$/;

const byRequire: Plugin = {
  name: "by-require",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: BY_REQUIRE }, ({ path, namespace }) => {
      return namespace === "by-require" ? { external: true } : { path, namespace: "by-require" };
    });
    onLoad({ filter: /./, namespace: "by-require" }, ({ path }) => {
      return { contents: `module.exports = require(${JSON.stringify(path)});` };
    });
  },
};

/** Node 22 keeps what it compiled of the packages. */
const BANNER = `import module from "node:module";
module.enableCompileCache?.();
const require = module.createRequire(import.meta.url);`;

const [outfile] = process.argv.slice(2);
if (outfile === undefined) throw new Error("usage: bundle.ts OUT.mjs");
await build({
  entryPoints: ["scripts/compile/main.ts"],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node18",
  packages: "external",
  plugins: [byRequire],
  banner: { js: BANNER },
  logLevel: "warning",
});
