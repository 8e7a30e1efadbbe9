/**
 * Last step: the debug information of an object gets the TypeScript names.
 *
 * In C a local is `var_NAME`, and the kinds have underscores, so that none of them can be taken for another thing of
 * the program. In the object the names are strings that nothing but a debugger reads: each is written over in place,
 * and zeros fill what is left of it, empty strings to which nothing refers. (clang writes each name once, no name in
 * the tail of another.)
 *
 * The labels of wasm2c's C, which gdb lists among the variables, become something that debuggers pass over.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { elfSections } from "./elf.ts";
import type { FunctionInfo } from "./lower.ts";

const NAMES_SECTION = ".debug_str";
const SHAPES_SECTION = ".debug_abbrev";
const COMPRESSED = 0x800n; // SHF_COMPRESSED
// DWARF 5, "Abbreviations Tables" and the lists of tags and forms.
const TAG_LABEL = 0x0a;
const TAG_DWARF_PROCEDURE = 0x36;
const FORM_IMPLICIT_CONST = 0x21;

/** From names in C to names in the source, as far as they differ. */
export function sourceNames(functions: readonly Pick<FunctionInfo, "symbol" | "locals">[]): Map<string, string> {
  const words = ["number", "bigint", "boolean", "string", "function", "false", "true"];
  const names = new Map(words.map((word) => [`__${word}`, word])); // rt/kinds.h
  for (const { symbol } of functions.flatMap(({ locals }) => locals)) names.set(`var_${symbol}`, symbol);
  for (const { symbol } of functions) names.delete(symbol);
  return names;
}

/** Renames in the object at `path`. Leaves a file alone that is no object, or has no debug information. */
export function renameInObject(path: string, names: ReadonlyMap<string, string>): void {
  const file = readFileSync(path);
  const strings = sectionNamed(file, NAMES_SECTION);
  const shapes = sectionNamed(file, SHAPES_SECTION);
  if (strings === null || shapes === null) return;
  const before = Buffer.concat([strings, shapes]);
  renameStrings(strings, names);
  hideLabels(shapes);
  if (!Buffer.concat([strings, shapes]).equals(before)) writeFileSync(path, file); // else it keeps its time
}

/** `strings` end with a zero each. None gets longer. */
export function renameStrings(strings: Buffer, names: ReadonlyMap<string, string>): void {
  for (let start = 0; start < strings.length; ) {
    const end = strings.indexOf(0, start);
    const name = names.get(strings.toString("latin1", start, end));
    if (name !== undefined) {
      if (name.length > end - start) throw new Error(`${name} is longer than its name in C`);
      strings.fill(0, start, end);
      strings.write(name, start, "latin1");
    }
    start = end + 1;
  }
}

/** `shapes`: tables of a code, a tag, a byte and pairs of attribute and form, which end with a zero each. */
function hideLabels(shapes: Buffer): void {
  let at = 0;
  const skip = (): number => {
    const start = at;
    while (shapes[at]! >= 0x80) at++; // LEB128
    return shapes[at++]! === 0 && at === start + 1 ? 0 : shapes[start]!;
  };
  while (at < shapes.length) {
    if (skip() === 0) continue;
    if (shapes[at] === TAG_LABEL) shapes[at] = TAG_DWARF_PROCEDURE;
    skip();
    at++; // whether it has children
    for (let ended = false; !ended; ) {
      const attribute = skip();
      const form = skip();
      if (form === FORM_IMPLICIT_CONST) skip();
      ended = attribute === 0 && form === 0;
    }
  }
}

/** The bytes of a section of the file, to be read and written. */
function sectionNamed(file: Buffer, name: string): Buffer | null {
  const section = elfSections(file).find((each) => each.name === name);
  if (section === undefined) return null;
  if ((section.flags & COMPRESSED) !== 0n) throw new Error(`${name} is compressed`);
  return section.bytes;
}
