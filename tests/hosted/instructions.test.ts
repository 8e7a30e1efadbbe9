/** What the compiler makes of records and of doors that do nothing, counted in the machine code. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { compileProgram } from "../../scripts/compile/compile.ts";
import { REPOSITORY } from "../../scripts/compile/errors.ts";
import { CLANG_FLAGS, writeNative } from "../../scripts/compile/native.ts";
import { withFolder } from "../folder.ts";

const ENTRY = resolve(REPOSITORY, "tests/hosted/counted.ts"); // exists only as a text for the compiler
const DOORS = resolve(REPOSITORY, "boot/doors.h");
const HEAP_FILES = [
  "arena", "block", "heap", "heap-check", "heap-counts", "heap-free", "heap-resize", "hollow", "large", "block-give",
  "links", "top-pages",
];
const HEAP = HEAP_FILES.map((name) => resolve(REPOSITORY, `kernel/mm/heap/${name}.ts`));

/** Instructions of each function, as the kernel is compiled. */
function machineCode(text: string, others: ReadonlyMap<string, string> = new Map()): Map<string, string[]> {
  const compiled = compileProgram(ENTRY, { texts: new Map([...others, [ENTRY, text]]) });
  return withFolder((folder) => {
    const base = join(folder, "counted");
    writeNative(compiled, base, { doors: DOORS });
    const flags = ["-O2", ...CLANG_FLAGS, "-fno-pic", "-mcmodel=kernel"];
    execFileSync("clang-14", [...flags, "-c", `${base}.glue.c`, "-o", `${base}.o`]);
    return functionsOf(execFileSync("objdump", ["-d", "--no-show-raw-insn", `${base}.o`], { encoding: "utf8" }));
  });
}

function functionsOf(listing: string): Map<string, string[]> {
  const functions = new Map<string, string[]>();
  let body: string[] = [];
  for (const line of listing.split("\n")) {
    const [, name] = /^[0-9a-f]+ <(.*)>:$/.exec(line) ?? [];
    if (name !== undefined) functions.set(name, (body = []));
    const [, instruction] = /^ +[0-9a-f]+:\t(.*)$/.exec(line) ?? [];
    if (instruction !== undefined) body.push(instruction.trim().replaceAll(/\s+/g, " "));
  }
  return functions;
}

// ---- records -----------------------------------------------------------------------------------------------------
const RECORDS = `import { bytes, layout, packed, u16, u32, u64, u8 } from "../../kernel/lib/layout.ts";
const R = layout(48, { a: u64, b: u32, c: u16, d: u8, e: u8, f: packed(u64), g: bytes(20), h: u32 });
export function readA(at: bigint): bigint { return R.a(at); }
export function readB(at: bigint): number { return R.b(at); }
export function readC(at: bigint): number { return R.c(at); }
export function readE(at: bigint): number { return R.e(at); }
export function readF(at: bigint): bigint { return R.f(at); }
export function readH(at: bigint): number { return R.h(at); }
export function writeA(at: bigint, value: bigint): void { R.setA(at, value); }
export function writeB(at: bigint, value: number): void { R.setB(at, value); }
export function writeC(at: bigint, value: number): void { R.setC(at, value); }
export function writeE(at: bigint, value: number): void { R.setE(at, value); }
export function writeH(at: bigint, value: number): void { R.setH(at, value); }
export function placeG(at: bigint): bigint { return R.gAt(at); }
export function size(): number { return R.SIZE; }
export function third(table: bigint): number { return R.b(table + BigInt(3 * R.SIZE)); }
export function addOne(at: bigint): void { R.setB(at, R.b(at) + 1); }
`;
let records: Map<string, string[]>;

beforeAll(() => {
  records = machineCode(RECORDS);
});

/** Without the frame pointer's instructions, which every function of the kernel has. */
const FRAME = ["push %rbp", "mov %rsp,%rbp", "pop %rbp", "ret"];
const bodyOf = (name: string): string[] => (records.get(name) ?? []).filter((each) => {
  return !FRAME.includes(each) && !/^(nop|cs nop|xchg %ax,%ax|data16)/.test(each);
});

test.each([
  ["readA", "mov (%rdi),%rax"],
  ["readB", "mov 0x8(%rdi),%eax"],
  ["readC", "movzwl 0xc(%rdi),%eax"],
  ["readE", "movzbl 0xf(%rdi),%eax"],
  ["readF", "mov 0x10(%rdi),%rax"],
  ["readH", "mov 0x2c(%rdi),%eax"],
  ["writeA", "mov %rsi,(%rdi)"],
  ["writeB", "mov %esi,0x8(%rdi)"],
  ["writeC", "mov %si,0xc(%rdi)"],
  ["writeE", "mov %sil,0xf(%rdi)"],
  ["writeH", "mov %esi,0x2c(%rdi)"],
  ["placeG", "lea 0x18(%rdi),%rax"],
  ["size", "mov $0x30,%eax"],
  ["third", "mov 0x98(%rdi),%eax"],
  ["addOne", "addl $0x1,0x8(%rdi)"],
])("%s is the one instruction %s", (name, instruction) => {
  expect(bodyOf(name)).toEqual([instruction]);
});

// ---- doors that may fail -----------------------------------------------------------------------------------------
test("a tried access costs one instruction more than one that is not, and nothing else", () => {
  const code = machineCode(`import { load8, store64, tryLoad8, tryStore64 } from "../../kernel/doors/machine.ts";
export function byte(at: bigint): number { return load8(at); }
export function tryByte(at: bigint): number { return tryLoad8(at); }
export function word(at: bigint, value: bigint): void { store64(at, value); }
export function tryWord(at: bigint, value: bigint): boolean { return tryStore64(at, value); }
`);
  const own = (name: string): string[] => (code.get(name) ?? []).filter((each) => !/%rbp|ret|nop/.test(each));
  expect(own("byte")).toEqual(["movzbl (%rdi),%eax"]);
  expect(own("tryByte")).toEqual(["mov $0xffffffffffffffff,%rax", "movzbl (%rdi),%eax"]);
  expect(own("word")).toEqual(["mov %rsi,(%rdi)"]);
  expect(own("tryWord")).toEqual(["xor %eax,%eax", "mov %rsi,(%rdi)", "mov $0x1,%eax"]);
});

// ---- doors that are nothing --------------------------------------------------------------------------------------
const isLong = process.env["LONG"] === "1"; // the heap is compiled twice
test.skipIf(!isLong)("poisoning costs nothing natively: the heap's machine code is the same without it", () => {
  const entry = 'export { heapGive, heapInit, heapTake } from "../../kernel/mm/heap/heap.ts";\n' +
    'export { heapResize } from "../../kernel/mm/heap/heap-resize.ts";\n';
  const without = new Map(HEAP.map((file) => {
    const text = readFileSync(file, "utf8");
    // in place of each call an empty statement, so that lines stay where they are
    const silent = text.replaceAll(/^ *(un)?poison\(.*\);/gm, ";").replaceAll(/\b(un)?poison, |, (un)?poison\b/g, "");
    return [file, silent.replace(/^import \{ poison \}.*$/m, "")];
  }));
  expect([...without.values()].join("")).not.toMatch(/poison\(/);
  const [heap, plain] = [machineCode(entry), machineCode(entry, without)];
  expect([...heap.keys()]).toEqual(expect.arrayContaining(["heapGive", "heapTake"]));
  expect(heap).toEqual(plain);
});
