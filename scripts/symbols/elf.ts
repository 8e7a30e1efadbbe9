/** The symbols that the linker wrote into a kernel. */
import { readFileSync } from "node:fs";

const SECTION_HEADER = 64;
const SYMBOL = 24;
const SYMBOL_TABLE = 2; // SHT_SYMTAB

/** Every named symbol of the 64-bit ELF file at `path`, with its value. System V gABI, "Symbol Table". */
export function elfSymbols(path: string): Map<string, bigint> {
  const file = readFileSync(path);
  const sections = Number(file.readBigUInt64LE(40));
  const count = file.readUInt16LE(60);
  const symbols = new Map<string, bigint>();
  for (let i = 0; i < count; i++) {
    const header = sections + i * SECTION_HEADER;
    if (file.readUInt32LE(header + 4) !== SYMBOL_TABLE) continue;
    const names = sectionOffset(file, sections + file.readUInt32LE(header + 40) * SECTION_HEADER);
    const start = sectionOffset(file, header);
    const end = start + Number(file.readBigUInt64LE(header + 32));
    for (let at = start; at < end; at += SYMBOL) {
      const name = names + file.readUInt32LE(at);
      symbols.set(file.toString("latin1", name, file.indexOf(0, name)), file.readBigUInt64LE(at + 8));
    }
  }
  return symbols;
}

function sectionOffset(file: Buffer, header: number): number {
  return Number(file.readBigUInt64LE(header + 24));
}
