/** What the hosted library has: every public function of every room that can live without a machine. */
import { readFileSync } from "node:fs";
import { posix, resolve } from "node:path";
import ts from "typescript";
import { REPOSITORY } from "../compile/errors.ts";
import { kernelFiles } from "../staircase.ts";

/** Rooms and files of kernel/ that stay behind, and why. All others are in the library, new ones too. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  "main.ts": "starts the machine",
  doors: "they are what the host supplies",
  "lib/layout.ts": "means something to the compiler alone",
  "arch/debug-exit.ts": "ends QEMU",
  "arch/descriptors.ts": "loads the CPU's descriptor tables",
  "arch/vga-text.ts": "writes to a device's memory",
  "base/refuse.ts": "halts the machine",
  "base/symbols.ts": "reads a table of the machine's image",
  "stats/backtrace.ts": "asks that table, and reads the machine's stacks",
  "console/trap-commands.ts": "shows what it says",
  "console/console.ts": "waits for a person",
  "console/commands.ts": "ends the machine if it is told to",
  "console/address-commands.ts": "touches any address that it is given",
  "arch/user-mode.ts": "enters programs",
  ipc: "is for programs",
  "proc/schedule.ts": "changes stacks and spaces",
  "proc/exec.ts": "stands on it",
  "proc/exit.ts": "stands on it",
  "proc/files.ts": "stands on it",
  "proc/file-table.ts": "stands on it",
  "proc/files-audit.ts": "stands on it",
  "proc/fork.ts": "stands on it",
  "proc/spawn.ts": "stands on it",
  "stats/audit.ts": "asks processes, too",
  "console/process-commands.ts": "waits for processes",
  "console/foreground.ts": "waits for processes",
  "console/frame-commands.ts": "asks the audit of all",
  syscall: "answers programs",
  trap: "the CPU enters it",
};

/** A file of the library: its path in kernel/ and its public functions. */
export interface HostedFile {
  readonly path: string;
  readonly source: ts.SourceFile;
  readonly functions: readonly ts.FunctionDeclaration[];
}

/** In the order of the staircase's drawing: by path. */
export function hostedFiles(): HostedFile[] {
  return kernelFiles().filter(isHosted).map(hostedFile);
}

/** Neither the file nor a folder that it is in is left out. */
export function isHosted(path: string): boolean {
  return !(path in LEFT_OUT) && (path === "." || isHosted(posix.dirname(path)));
}

function hostedFile(path: string): HostedFile {
  const text = readFileSync(resolve(REPOSITORY, "kernel", path), "utf8");
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const functions = source.statements.filter(ts.isFunctionDeclaration).filter(isExported);
  return { path, source, functions };
}

export function isExported(node: ts.Statement): boolean {
  const modifiers = ts.canHaveModifiers(node) ? ts.getModifiers(node) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
}

/** A module that exports all of it, as if it lay in this folder. */
export function entryText(files: readonly HostedFile[]): string {
  return files.flatMap(exportsOf).join("\n");
}

/** What stands for one opcode is no function yet: it gets one around it. */
function exportsOf({ path, source, functions }: HostedFile): string[] {
  const opcodes = functions.filter(isOpcode);
  const names = functions.filter((fn) => !isOpcode(fn)).map(nameOf);
  const module = JSON.stringify(posix.join("../../kernel", path));
  const imports = opcodes.map((fn) => `${nameOf(fn)} as opcode_${nameOf(fn)}`);
  return [
    ...(names.length > 0 ? [`export { ${names.join(", ")} } from ${module};`] : []),
    ...(imports.length > 0 ? [`import { ${imports.join(", ")} } from ${module};`] : []),
    ...opcodes.map((fn) => {
      const params = fn.parameters.map((each) => each.name.getText(source)).join(", ");
      const head = `${fn.parameters.map((each) => each.getText(source)).join(", ")}): ${fn.type?.getText(source)}`;
      return `export function ${nameOf(fn)}(${head} {\n  return opcode_${nameOf(fn)}(${params});\n}`;
    }),
  ];
}

function isOpcode({ body }: ts.FunctionDeclaration): boolean {
  const first = body?.statements[0];
  return first !== undefined && ts.isExpressionStatement(first) && ts.isStringLiteral(first.expression);
}

export function nameOf(fn: ts.FunctionDeclaration): string {
  return fn.name?.text ?? "";
}
