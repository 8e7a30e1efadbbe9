/**
 * ELF: is a file a program for this kernel, and what is to be mapped where? Nothing of the file is believed; what does
 * not make sense is refused with a sentence.
 *
 * System V ABI, "Object Files", "Program Loading"; AMD64 supplement. Little-endian, 64 bits, x86-64, static: ET_EXEC at
 * any address from 0 up, or ET_DYN (static PIE) at an address of the kernel's choice.
 */
import { alignDown, alignUp, NOWHERE, PAGE_SIZE, type VirtAddr, virtAddr } from "../lib/addr.ts";
import { bytes, layout, u16, u32, u64 } from "../lib/layout.ts";
import { isUserRange } from "../mm/space/user-range.ts";

const HEADER = layout(64, {
  magic: u32, class: u16, version8: u16, padding: bytes(8), type: u16, machine: u16, version: u32, entry: u64,
  phoff: u64, shoff: u64, flags: u32, ehsize: u16, phentsize: u16, phnum: u16, shentsize: u16, shnum: u16,
  shstrndx: u16,
});
const SEGMENT = layout(56, {
  type: u32, flags: u32, offset: u64, vaddr: u64, paddr: u64, filesz: u64, memsz: u64, align: u64,
});
const MAGIC = 0x464c_457f;
const CLASS_64_LITTLE = 0x0102;
const TYPE = { EXEC: 2, DYN: 3 } as const;
const MACHINE_X86_64 = 62;
const PT = { LOAD: 1, INTERP: 3 } as const;
export const SEGMENT_FLAG = { EXECUTE: 1, WRITE: 2, READ: 4 } as const;
/** Program headers that a file may have: Linux stops at 64 KiB of them, no linker writes more than a dozen. */
const SEGMENTS_MOST = 64;
/** Where Linux puts a static PIE, without the random part. */
const PIE_BASE = 0x5555_5555_4000n;

/** What can be wrong with a file. */
const WRONG = {
  NOTHING: 0, SHORT: 1, NO_ELF: 2, CLASS: 3, MACHINE: 4, TYPE: 5, NO_HEADERS: 6, MANY_HEADERS: 7, HEADER_SIZE: 8,
  HEADERS_OUTSIDE: 9, DYNAMIC: 10, NO_SEGMENT: 11, ENTRY: 12, FILE_LARGER: 13, OUTSIDE: 14, ADDRESS: 15, PLACE: 16,
  OVERLAP: 17, WRITABLE_CODE: 18,
} as const;

let file = NOWHERE;
let size = 0n;
let base = 0n;
let count = 0;
let end = 0n;
let programHeaders = 0n;
let wrong = WRONG.NOTHING as number;

/**
 * Looks at the `byteCount` bytes at `at`, which stay where they are as long as the others below are asked. False, and
 * elfError() says why, if this is no program for this kernel.
 */
export function elfOpen(at: VirtAddr, byteCount: bigint): boolean {
  file = at;
  size = byteCount;
  base = 0n;
  count = 0;
  end = 0n;
  programHeaders = 0n;
  wrong = WRONG.NOTHING;
  return headerIsGood() && segmentsAreGood();
}
/** Why the last elfOpen said no. */
export function elfError(): string {
  switch (wrong) {
    case WRONG.SHORT:
      return "it is shorter than an ELF header";
    case WRONG.NO_ELF:
      return "it is no ELF file";
    case WRONG.CLASS:
      return "it is not for 64 bits, little-endian";
    case WRONG.MACHINE:
      return "it is for another machine than x86-64";
    case WRONG.TYPE:
      return "it is neither an executable nor a static PIE";
    case WRONG.NO_HEADERS:
      return "it has no program headers";
    case WRONG.MANY_HEADERS:
      return "it has more than 64 program headers";
    case WRONG.HEADER_SIZE:
      return "its program headers have the wrong size";
    case WRONG.HEADERS_OUTSIDE:
      return "its program headers are not in the file";
    case WRONG.DYNAMIC:
      return "it wants a dynamic linker: link it with -static";
    case WRONG.NO_SEGMENT:
      return "it has no segment to load";
    case WRONG.ENTRY:
      return "it begins at an address that is in none of its segments";
    case WRONG.FILE_LARGER:
      return "a segment is larger in the file than in memory";
    case WRONG.OUTSIDE:
      return "a segment is not in the file";
    case WRONG.ADDRESS:
      return "a segment is not at a program's addresses";
    case WRONG.PLACE:
      return "a segment's place in a page differs from that in the file";
    case WRONG.OVERLAP:
      return "its segments overlap, or are not in order";
    case WRONG.WRITABLE_CODE:
      return "a segment is to be written and executed";
    default:
      return "nothing is wrong with it";
  }
}

// ---- what is to be done with it --------------------------------------------------------------------------------
/** Where it begins. */
export function elfEntry(): bigint {
  return base + HEADER.entry(file);
}
/** Where its program headers are in the program's memory; 0: nowhere. And how many. */
export function elfHeaders(): bigint {
  return programHeaders;
}
export function elfHeaderCount(): number {
  return HEADER.phnum(file);
}
export const ELF_HEADER_BYTES = SEGMENT.SIZE;
/** First page after its last segment: where the heap that brk gives begins. */
export function elfEnd(): bigint {
  return end;
}

/** The segments that have memory, elfLoadNext(-1) to -1, in the order of their addresses, which do not overlap. */
export function elfLoadNext(index: number): number {
  for (let at = index + 1; at < count; at++) {
    const segment = segmentAt(at);
    if (SEGMENT.type(segment) === PT.LOAD && SEGMENT.memsz(segment) !== 0n) return at;
  }
  return -1;
}
export function loadAddress(index: number): bigint {
  return base + SEGMENT.vaddr(segmentAt(index));
}
/** Its bytes in memory; those behind the first loadFileBytes() are zero. */
export function loadBytes(index: number): bigint {
  return SEGMENT.memsz(segmentAt(index));
}
export function loadFileBytes(index: number): bigint {
  return SEGMENT.filesz(segmentAt(index));
}
/** Where in the file they are: as far from a page as loadAddress is. */
export function loadOffset(index: number): bigint {
  return SEGMENT.offset(segmentAt(index));
}
/** SEGMENT_FLAG, added up. */
export function loadFlags(index: number): number {
  return SEGMENT.flags(segmentAt(index)) & 7;
}

// ---- does it make sense? ---------------------------------------------------------------------------------------
function headerIsGood(): boolean {
  if (size < BigInt(HEADER.SIZE)) return refuse(WRONG.SHORT);
  if (HEADER.magic(file) !== MAGIC) return refuse(WRONG.NO_ELF);
  if (HEADER.class(file) !== CLASS_64_LITTLE) return refuse(WRONG.CLASS);
  if (HEADER.machine(file) !== MACHINE_X86_64) return refuse(WRONG.MACHINE);
  const type = HEADER.type(file);
  if (type !== TYPE.EXEC && type !== TYPE.DYN) return refuse(WRONG.TYPE);
  if (type === TYPE.DYN) base = PIE_BASE;

  count = HEADER.phnum(file);
  if (count === 0) return refuse(WRONG.NO_HEADERS);
  if (count > SEGMENTS_MOST) return refuse(WRONG.MANY_HEADERS);
  if (HEADER.phentsize(file) !== SEGMENT.SIZE) return refuse(WRONG.HEADER_SIZE);
  if (!isInFile(HEADER.phoff(file), BigInt(count * SEGMENT.SIZE))) {
    return refuse(WRONG.HEADERS_OUTSIDE);
  }
  return true;
}

function segmentsAreGood(): boolean {
  for (let at = 0; at < count; at++) {
    const type = SEGMENT.type(segmentAt(at));
    if (type === PT.INTERP) return refuse(WRONG.DYNAMIC);
    if (type === PT.LOAD && !segmentIsGood(segmentAt(at))) return false;
  }
  if (end === 0n) return refuse(WRONG.NO_SEGMENT);
  if (!isLoaded(elfEntry())) return refuse(WRONG.ENTRY);
  return true;
}

/** Of a PT_LOAD: `end` is where the one before it ends. */
function segmentIsGood(segment: bigint): boolean {
  const bytesInFile = SEGMENT.filesz(segment);
  const bytesInMemory = SEGMENT.memsz(segment);
  const offset = SEGMENT.offset(segment);
  if (bytesInMemory === 0n) return bytesInFile === 0n || refuse(WRONG.FILE_LARGER);
  if (bytesInFile > bytesInMemory) return refuse(WRONG.FILE_LARGER);
  if (!isInFile(offset, bytesInFile)) return refuse(WRONG.OUTSIDE);
  const vaddr = SEGMENT.vaddr(segment);
  if (vaddr >= 1n << 47n) return refuse(WRONG.ADDRESS);
  const start = alignDown(base + vaddr, PAGE_SIZE);
  const within = base + vaddr - start;
  if (bytesInMemory >= 1n << 47n || !isUserRange(start, alignUp(within + bytesInMemory, PAGE_SIZE))) {
    return refuse(WRONG.ADDRESS);
  }
  if (bytesInFile !== 0n && (offset & (PAGE_SIZE - 1n)) !== within) {
    return refuse(WRONG.PLACE);
  }
  if (start < end) return refuse(WRONG.OVERLAP);
  const flags = SEGMENT.flags(segment);
  if ((flags & SEGMENT_FLAG.WRITE) !== 0 && (flags & SEGMENT_FLAG.EXECUTE) !== 0) {
    return refuse(WRONG.WRITABLE_CODE);
  }
  end = alignUp(base + vaddr + bytesInMemory, PAGE_SIZE);
  if (HEADER.phoff(file) >= offset && HEADER.phoff(file) - offset < bytesInFile) {
    programHeaders = base + vaddr + HEADER.phoff(file) - offset;
  }
  return true;
}

function isLoaded(va: bigint): boolean {
  for (let at = elfLoadNext(-1); at >= 0; at = elfLoadNext(at)) {
    if (va >= loadAddress(at) && va - loadAddress(at) < loadBytes(at)) return true;
  }
  return false;
}

function isInFile(offset: bigint, bytes: bigint): boolean {
  return offset <= size && bytes <= size - offset;
}

function segmentAt(index: number): VirtAddr {
  return virtAddr(file + HEADER.phoff(file) + BigInt(index * SEGMENT.SIZE));
}

function refuse(what: number): boolean {
  wrong = what;
  return false;
}
