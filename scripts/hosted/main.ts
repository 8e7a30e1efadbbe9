/** Command line: `main.ts DIRECTORY` writes the hosted library's C and its header, palimpsest.h. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileProgram } from "../compile/compile.ts";
import { CompileError } from "../compile/errors.ts";
import { writeNative } from "../compile/native.ts";
import { header, PREFIX } from "./header.ts";
import { entryText, hostedFiles } from "./rooms.ts";

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const ENTRY = here("entry.ts"); // exists only as a text for the compiler

const [directory] = process.argv.slice(2);
if (directory === undefined) {
  console.error("usage: main.ts DIRECTORY");
  process.exit(2);
}
try {
  const compiled = compileProgram(ENTRY, { texts: new Map([[ENTRY, entryText(hostedFiles())]]) });
  mkdirSync(directory, { recursive: true });
  writeNative(compiled, join(directory, "library"), { doors: here("doors.h"), prefix: PREFIX });
  writeFileSync(join(directory, "palimpsest.h"), header(compiled, readFileSync(here("host.h"), "utf8")));
} catch (error) {
  if (!(error instanceof CompileError)) throw error;
  console.error(error.message);
  process.exit(1);
}
