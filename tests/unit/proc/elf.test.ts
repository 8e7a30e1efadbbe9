import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { directMap, physAddr } from "../../../kernel/lib/addr.ts";
import { OK } from "../../../kernel/lib/status.ts";
import { heapBoot } from "../../../kernel/mm/heap/heap-boot.ts";
import { spacesInit } from "../../../kernel/mm/space/space.ts";
import { isUserRange } from "../../../kernel/mm/space/user-range.ts";
import {
  elfEnd, elfEntry, elfError, elfHeaderCount, elfHeaders, elfLoadNext, elfOpen, loadAddress, loadBytes, loadFileBytes,
  loadFlags, loadOffset,
} from "../../../kernel/proc/elf.ts";
import { bootPaging } from "../../fake/booted.ts";
import { store8 } from "../../fake/machine.ts";
import { CODE, DATA, elfFile, type ElfOf } from "./elf-file.ts";

const AT = directMap(physAddr(0x100_0000n));
beforeEach(() => {
  bootPaging();
  expect(heapBoot()).toBe(OK); // its slot is no program's
  spacesInit();
});

function open(file: Uint8Array): boolean {
  file.forEach((byte, i) => store8(AT + BigInt(i), byte));
  return elfOpen(AT, BigInt(file.length));
}
interface Load {
  readonly at: bigint;
  readonly bytes: bigint;
  readonly fileBytes: bigint;
  readonly offset: bigint;
  readonly flags: number;
}
function loads(): Load[] {
  const found: Load[] = [];
  for (let i = elfLoadNext(-1); i >= 0; i = elfLoadNext(i)) {
    const [at, bytes, fileBytes] = [loadAddress(i), loadBytes(i), loadFileBytes(i)];
    found.push({ at, bytes, fileBytes, offset: loadOffset(i), flags: loadFlags(i) });
  }
  return found;
}

test("a static executable says what is to be mapped where", () => {
  expect(open(elfFile())).toBe(true);
  expect(loads()).toEqual([
    { at: 0x40_0000n, bytes: 0x1200n, fileBytes: 0x1200n, offset: 0n, flags: 5 },
    { at: 0x60_2200n, bytes: 0x2000n, fileBytes: 0x300n, offset: 0x1200n, flags: 6 },
  ]);
  expect([elfEntry(), elfHeaders(), elfHeaderCount(), elfEnd()]).toEqual([0x40_0100n, 0x40_0040n, 2, 0x60_5000n]);
});

test("a program may begin at address zero", () => {
  expect(open(elfFile({ entry: 0x100n, segments: [{ ...CODE, vaddr: 0n }] }))).toBe(true);
  expect(loads()[0]?.at).toBe(0n);
});

test("a static PIE goes where Linux puts it", () => {
  expect(open(elfFile({ type: 3, entry: 0x100n, segments: [{ ...CODE, vaddr: 0n }] }))).toBe(true);
  expect([loads()[0]?.at, elfEntry(), elfHeaders()]).toEqual([0x5555_5555_4000n, 0x5555_5555_4100n, 0x5555_5555_4040n]);
});

test("a segment without memory is none, whatever else it says", () => {
  expect(open(elfFile({ segments: [CODE, { vaddr: 77n, memsz: 0 }] }))).toBe(true);
  expect(loads().length).toBe(1);
});

const HUGE = 2 ** 50;
test.each<[string, ElfOf]>([
  ["it is shorter than an ELF header", { size: 63 }],
  ["it is for another machine than x86-64", { machine: 183 }],
  ["it is neither an executable nor a static PIE", { type: 1 }],
  ["it has no program headers", { phnum: 0 }],
  ["it has more than 64 program headers", { phnum: 65 }],
  ["it has more than 64 program headers", { phnum: 65535 }],
  ["its program headers have the wrong size", { phentsize: 32 }],
  ["its program headers are not in the file", { phoff: 0x14a0 }],
  ["its program headers are not in the file", { phnum: 64, size: 0x500 }],
  ["it wants a dynamic linker: link it with -static", { segments: [CODE, { type: 3 }] }],
  ["it has no segment to load", { segments: [{ type: 4 }] }],
  ["it begins at an address that is in none of its segments", { entry: 0x40_1200n }],
  ["it begins at an address that is in none of its segments", { entry: 2n ** 64n - 1n }],
  ["a segment is larger in the file than in memory", { segments: [{ ...CODE, memsz: 0x11ff }] }],
  ["a segment is larger in the file than in memory", { segments: [{ ...CODE, memsz: 0 }] }],
  ["a segment is not in the file", { size: 0x14ff }],
  ["a segment is not in the file", { segments: [{ ...CODE, offset: HUGE }] }],
  ["a segment is not at a program's addresses", { segments: [{ ...CODE, vaddr: 2n ** 63n }] }],
  ["a segment is not at a program's addresses", { segments: [{ ...CODE, vaddr: 2n ** 64n - 0x1000n }] }],
  ["a segment is not at a program's addresses", { segments: [{ ...CODE, vaddr: 0x7fff_ffff_d000n }] }],
  ["a segment is not at a program's addresses", { segments: [{ ...CODE, vaddr: 0x4444_4444_0000n }] }],
  ["a segment is not at a program's addresses", { segments: [{ ...CODE, memsz: HUGE }] }],
  ["a segment's place in a page differs from that in the file", { segments: [{ ...CODE, vaddr: 0x40_0010n }] }],
  ["its segments overlap, or are not in order", { segments: [DATA, CODE] }],
  ["its segments overlap, or are not in order", { segments: [CODE, { ...DATA, vaddr: 0x40_1200n }] }],
  ["a segment is to be written and executed", { segments: [{ ...CODE, flags: 7 }] }],
])("%s", (sentence, of) => {
  expect(open(elfFile(of))).toBe(false);
  expect(elfError()).toBe(sentence);
});

test("what is no ELF file, or for 32 bits or the other byte order, is told", () => {
  for (const [at, sentence] of [[1, "no ELF file"], [4, "64 bits, little"], [5, "64 bits, little"]] as const) {
    const file = elfFile();
    file[at] = 7;
    expect(open(file)).toBe(false);
    expect(elfError()).toContain(sentence);
  }
});

const FILES = 100_000;
/** Bytes of the two headers, where what is changed matters most, and words that have broken loaders before. */
const places = fc.oneof({ weight: 3, arbitrary: fc.nat(64 + 2 * 56 - 1) }, { weight: 1, arbitrary: fc.nat(0x14ff) });
const words = fc.oneof(
  fc.bigInt(0n, 2n ** 64n - 1n),
  fc.constantFrom(0n, 1n, 0xfffn, 0x1000n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 47n, 2n ** 63n, 2n ** 64n - 1n),
);

test(`of ${FILES} files that are spoilt none is loaded but what lies in the file and at a program's addresses`, () => {
  const EACH = 100;
  const good = elfFile();
  expect(open(good)).toBe(true);
  const changes = fc.array(fc.tuple(places, words, fc.constantFrom(1, 2, 4, 8)), { minLength: 1, maxLength: 4 });
  let opened = 0;
  fc.assert(
    fc.property(fc.array(changes, { minLength: EACH, maxLength: EACH }), (files) => {
      for (const file of files) {
        for (const [at, word, width] of file) {
          for (let i = 0; i < width; i++) store8(AT + BigInt(at + i), Number((word >> BigInt(8 * i)) & 0xffn));
        }
        if (elfOpen(AT, BigInt(good.length))) {
          opened++;
          expectSound(good.length);
        } else if (elfError().startsWith("nothing")) {
          throw new Error("refused, and nobody knows why");
        }
        for (const [at, , width] of file) {
          for (let i = at; i < at + width; i++) store8(AT + BigInt(i), good[i] ?? 0);
        }
      }
    }),
    { numRuns: FILES / EACH },
  );
  expect(opened).toBeGreaterThan(FILES / 100); // not all that is changed is spoilt
});

function expectSound(size: number): void {
  let end = 0n;
  for (const { at, bytes, fileBytes, offset, flags } of loads()) {
    if (!isUserRange(at, bytes) || at < end) throw new Error(`a segment of 0x${bytes.toString(16)} at ${at}`);
    if (fileBytes > bytes || (fileBytes > 0n && offset + fileBytes > BigInt(size))) throw new Error("not in the file");
    if (fileBytes > 0n && offset % 4096n !== at % 4096n) throw new Error("elsewhere in its page");
    if ((flags & 3) === 3) throw new Error("writable code");
    end = (at + bytes + 4095n) & ~4095n;
  }
}
