/** Step 1: the TypeScript compiler checks the program; every module becomes an ESTree whose nodes know their types. */
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import {
  parseAndGenerateServices,
  type ParserServicesWithTypeInformation,
  type TSESTree,
} from "@typescript-eslint/typescript-estree";
import ts from "typescript";
import { Refusal } from "./errors.ts";

/** An insertion that the checked build makes in the source: `open` before the range, `close` after it. */
export interface Check {
  readonly start: number;
  readonly end: number;
  readonly open: string;
  readonly close: string;
}

export interface Module {
  readonly file: string;
  readonly text: string;
  readonly ast: TSESTree.Program;
  readonly services: ParserServicesWithTypeInformation;
  /** It begins with the directive LAYOUT_MODULE: it describes records to the compiler and is not itself compiled. */
  readonly describesLayouts: boolean;
  /** It begins with the directive COLD_MODULE: its functions are called rarely, each is there once and small. */
  readonly isCold: boolean;
  /** Filled while the module is lowered. */
  readonly checks: Check[];
  readonly refusals: Refusal[];
}

export interface SourceProgram {
  readonly checker: ts.TypeChecker;
  /** Entries first, in the order given; then what they import. */
  readonly modules: readonly Module[];
  /** Refusals that belong to no module. */
  readonly refusals: readonly Refusal[];
  moduleOf(file: string): Module | undefined;
  /** Has the TypeScript compiler nothing against it, or against `files` of it? For who loaded it without asking. */
  typesAreRight(files?: readonly string[]): boolean;
}

export interface LoadOptions {
  /** Texts that stand for files, by absolute path; they need not exist on disk. */
  readonly texts?: ReadonlyMap<string, string>;
  /** False: the caller knows that types are right or asks `typesAreRight` later. Until then anything can be thrown. */
  readonly checksTypes?: boolean;
}

/** The directive at the top of the one module that `layout` comes from (kernel/lib/layout.ts). */
export const LAYOUT_MODULE = "compiler: layouts";
/** The directive at the top of a module like the log's: inlined into all that logs, it was half of the kernel. */
export const COLD_MODULE = "compiler: cold";

const OPTIONS: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2022.d.ts"],
  types: [], // a kernel has no Node around it
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  allowImportingTsExtensions: true,
  isolatedModules: true,
  noUncheckedIndexedAccess: true,
  noFallthroughCasesInSwitch: true,
  skipLibCheck: true,
};

/** Never throws for what is in the source: errors of the TypeScript compiler are in the `refusals` of their module. */
export function loadProgram(entries: readonly string[], options: LoadOptions = {}): SourceProgram {
  const roots = entries.map((entry) => resolve(entry));
  const program = ts.createProgram(roots, OPTIONS, hostWith(options.texts ?? new Map()));
  const known = {
    checker: program.getTypeChecker(),
    typesAreRight: (files: readonly (string | undefined)[] = [undefined]) => files.every((file) => {
      return ts.getPreEmitDiagnostics(program, file === undefined ? file : program.getSourceFile(file)).length === 0;
    }),
  };
  const syntax = program.getSyntacticDiagnostics(); // a file with any of these has no tree to look at
  if (syntax.length > 0) return { ...known, modules: [], refusals: syntax.map(refusalOf), moduleOf: () => undefined };
  const sources = program.getSourceFiles().filter((source) => !program.isSourceFileDefaultLibrary(source));
  const modules = sources.map((source) => parseModule(source, program));
  modules.sort((a, b) => rank(roots, a) - rank(roots, b));

  const byFile = new Map(modules.map((module) => [module.file, module]));
  const homeless: Refusal[] = [];
  const diagnostics = options.checksTypes === false ? [] : ts.getPreEmitDiagnostics(program);
  for (const diagnostic of diagnostics) {
    const home = diagnostic.file && byFile.get(diagnostic.file.fileName);
    (home?.refusals ?? homeless).push(refusalOf(diagnostic));
  }
  return { ...known, modules, refusals: homeless, moduleOf: (file) => byFile.get(file) };
}

function parseModule(source: ts.SourceFile, program: ts.Program): Module {
  let parsed: ReturnType<typeof parseAndGenerateServices> | undefined;
  const parse = () => (parsed ??= parseAndGenerateServices(source.text, {
    filePath: source.fileName,
    programs: [program],
    loc: true,
    range: true,
    suppressDeprecatedPropertyWarnings: true,
  }));
  const [first] = source.statements;
  const isText = first !== undefined && ts.isExpressionStatement(first) && ts.isStringLiteral(first.expression);
  const directive = isText ? (first.expression as ts.StringLiteral).text : undefined;
  return {
    file: source.fileName,
    text: source.text,
    get ast() { // made when somebody looks: of most modules that did not change nobody does
      return parse().ast;
    },
    get services() {
      return parse().services as ParserServicesWithTypeInformation; // `programs` was given
    },
    describesLayouts: directive === LAYOUT_MODULE,
    isCold: directive === COLD_MODULE,
    checks: [],
    refusals: [],
  };
}

function rank(roots: readonly string[], module: Module): number {
  const at = roots.indexOf(module.file);
  return at < 0 ? roots.length : at;
}

/** TypeScript itself looks for it beside where its own code is, which may be a bundle. */
const LIBRARY = dirname(createRequire(import.meta.url).resolve("typescript"));
/** The standard library is parsed once a process: it is most of the work of a small program. */
const libraryFiles = new Map<string, ts.SourceFile | undefined>();

function hostWith(texts: ReadonlyMap<string, string>): ts.CompilerHost {
  const host = ts.createCompilerHost(OPTIONS, true);
  const { getSourceFile, fileExists, readFile } = host;
  const library = LIBRARY;
  host.getDefaultLibLocation = () => LIBRARY;
  host.jsDocParsingMode = ts.JSDocParsingMode.ParseNone; // most of the standard library is comments
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  host.readFile = (file) => texts.get(file) ?? readFile(file);
  host.getSourceFile = (file, languageVersion, onError, always) => {
    const text = texts.get(file);
    if (text !== undefined) return ts.createSourceFile(file, text, languageVersion, true);
    if (!file.startsWith(library)) return getSourceFile(file, languageVersion, onError, always);
    if (!libraryFiles.has(file)) libraryFiles.set(file, getSourceFile(file, languageVersion, onError, always));
    return libraryFiles.get(file);
  };
  return host;
}

function refusalOf(diagnostic: ts.Diagnostic): Refusal {
  const reason = ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n  ");
  if (!diagnostic.file) return new Refusal(null, reason);
  const { line, character } = diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start ?? 0);
  return new Refusal({ file: diagnostic.file.fileName, line: line + 1, column: character + 1 }, reason);
}
