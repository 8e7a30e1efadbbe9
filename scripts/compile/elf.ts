/** ELF-64 files, little-endian, as clang and lld write them. System V gABI, "Sections", "Symbol Table". */
import { readFileSync } from "node:fs";

const ELF_64 = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
const FILE = { SECTIONS: 40, SECTION_COUNT: 60, NAMES_INDEX: 62 } as const; // fields of the file's header
const SECTION_BYTES = 64;
const SECTION = { NAME: 0, TYPE: 4, FLAGS: 8, OFFSET: 24, SIZE: 32, LINK: 40 } as const;
const NOTHING_IN_FILE = 8; // SHT_NOBITS
const SYMBOL_TABLE = 2; // SHT_SYMTAB
const SYMBOL_BYTES = 24;
const SYMBOL_VALUE = 8;

export interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: bigint;
  /** Another section, by its index: a symbol table's names. */
  readonly link: number;
  /** Part of the file's own bytes. */
  readonly bytes: Buffer;
}

/** By their index; none of what is no such file. */
export function elfSections(file: Buffer): Section[] {
  if (!file.subarray(0, ELF_64.length).equals(ELF_64)) return [];
  const headers = Number(file.readBigUInt64LE(FILE.SECTIONS));
  const sections = Array.from({ length: file.readUInt16LE(FILE.SECTION_COUNT) }, (_, index) => {
    const at = headers + index * SECTION_BYTES;
    const type = file.readUInt32LE(at + SECTION.TYPE);
    const offset = Number(file.readBigUInt64LE(at + SECTION.OFFSET));
    const size = type === NOTHING_IN_FILE ? 0 : Number(file.readBigUInt64LE(at + SECTION.SIZE));
    return {
      nameAt: file.readUInt32LE(at + SECTION.NAME),
      type,
      flags: file.readBigUInt64LE(at + SECTION.FLAGS),
      link: file.readUInt32LE(at + SECTION.LINK),
      bytes: file.subarray(offset, offset + size),
    };
  });
  const names = sections[file.readUInt16LE(FILE.NAMES_INDEX)]?.bytes ?? Buffer.alloc(0);
  return sections.map(({ nameAt, ...section }) => ({ name: textAt(names, nameAt), ...section }));
}

/** Every named symbol of the file at `path`, with its value. */
export function elfSymbols(path: string): Map<string, bigint> {
  const sections = elfSections(readFileSync(path));
  const symbols = new Map<string, bigint>();
  for (const { type, link, bytes } of sections) {
    const names = sections[link]?.bytes;
    if (type !== SYMBOL_TABLE || names === undefined) continue;
    for (let at = 0; at < bytes.length; at += SYMBOL_BYTES) {
      symbols.set(textAt(names, bytes.readUInt32LE(at)), bytes.readBigUInt64LE(at + SYMBOL_VALUE));
    }
  }
  return symbols;
}

/** It ends with a zero. */
function textAt(names: Buffer, at: number): string {
  return names.toString("latin1", at, names.indexOf(0, at));
}
