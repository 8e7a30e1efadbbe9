/** ELF files, made for tests. */

export interface SegmentOf {
  readonly type?: number;
  /** 4 read, 2 write, 1 execute. */
  readonly flags?: number;
  readonly offset?: number;
  readonly vaddr?: bigint;
  readonly filesz?: number;
  readonly memsz?: number;
}
export interface ElfOf {
  readonly type?: number;
  readonly machine?: number;
  readonly entry?: bigint;
  readonly phentsize?: number;
  readonly phoff?: number;
  readonly phnum?: number;
  readonly size?: number;
  readonly segments?: readonly SegmentOf[];
}

export const CODE: SegmentOf = { flags: 5, offset: 0, vaddr: 0x40_0000n, filesz: 0x1200 };
export const DATA: SegmentOf = { flags: 6, offset: 0x1200, vaddr: 0x60_2200n, filesz: 0x300, memsz: 0x2000 };
const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;

/** A good one with two segments, but for what is said otherwise. What is no header is bytes 1, 2, 3, … */
export function elfFile(of: ElfOf = {}): Uint8Array {
  const { type = 2, machine = 62, entry = 0x40_0100n, phentsize = PROGRAM_HEADER_BYTES, size = 0x1500 } = of;
  const { segments = [CODE, DATA], phoff = HEADER_BYTES, phnum = segments.length } = of;
  const room = Math.max(size, phoff + segments.length * PROGRAM_HEADER_BYTES, HEADER_BYTES);
  const file = Uint8Array.from({ length: room }, (_, i) => i);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]);
  view.setUint16(16, type, true);
  view.setUint16(18, machine, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, entry, true);
  view.setBigUint64(32, BigInt(phoff), true);
  view.setUint16(54, phentsize, true);
  view.setUint16(56, phnum, true);
  segments.forEach((segment, i) => {
    const { type: kind = 1, flags = 4, offset = 0, vaddr = 0n, filesz = 0, memsz = filesz } = segment;
    const at = phoff + i * PROGRAM_HEADER_BYTES;
    view.setUint32(at, kind, true);
    view.setUint32(at + 4, flags, true);
    view.setBigUint64(at + 8, BigInt(offset), true);
    view.setBigUint64(at + 16, vaddr, true);
    view.setBigUint64(at + 32, BigInt(filesz), true);
    view.setBigUint64(at + 40, BigInt(memsz), true);
  });
  return file.subarray(0, size);
}
