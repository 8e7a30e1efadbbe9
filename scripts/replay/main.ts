/** Command line: `main.ts DIRECTORY` writes all traces of traces.ts there, NAME.rep each. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TRACES, traceText } from "./traces.ts";

const [directory] = process.argv.slice(2);
if (directory === undefined) {
  console.error("usage: main.ts DIRECTORY");
  process.exit(2);
}
mkdirSync(directory, { recursive: true });
for (const name of Object.keys(TRACES)) writeFileSync(join(directory, `${name}.rep`), traceText(name) ?? "");
