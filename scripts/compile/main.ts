/** Command line: `main.ts ENTRY.ts -o BASE [--prefix=P] [--doors=FILE.h]`. */
import { parseArgs } from "node:util";
import { compileProgram } from "./compile.ts";
import { CompileError } from "./errors.ts";
import { writeNative } from "./native.ts";

const USAGE = "usage: main.ts ENTRY.ts -o BASE [--prefix=P] [--doors=FILE.h]";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    output: { type: "string", short: "o" },
    prefix: { type: "string", default: "" },
    doors: { type: "string", default: "boot/doors.h" },
  },
});
const [entry] = positionals;
if (entry === undefined || positionals.length > 1 || values.output === undefined) {
  console.error(USAGE);
  process.exit(2);
}
try {
  writeNative(compileProgram(entry), values.output, { doors: values.doors, prefix: values.prefix });
} catch (error) {
  if (!(error instanceof CompileError)) throw error;
  console.error(error.message);
  process.exit(1);
}
