/** An editor, with tsc and eslint in it, gives the compiler's verdict and accuses nothing that the compiler accepts. */
import { ESLint } from "eslint";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { REPOSITORY } from "../../scripts/compile/errors.ts";
import { checkProgram } from "../../scripts/compile/lower.ts";
import { loadProgram } from "../../scripts/compile/program.ts";
import { refusedBlocks, type Refused } from "./refused.ts";

/** Beside the kernel's own files, where their rules hold; it is not on disk, as what is typed and not saved. */
const FILE = "kernel/console/unsaved.ts";
const eslint = new ESLint({ cwd: REPOSITORY });

/** What eslint says: `rule: line:column sentence`, the rule without the plugin's name. */
async function lint(source: string, filePath = FILE): Promise<string[]> {
  const [result] = await eslint.lintText(source, { filePath: resolve(REPOSITORY, filePath) });
  return result!.messages.map(({ ruleId, line, column, message }) => {
    return `${ruleId?.replace("palimpsest/", "")}: ${line}:${column} ${message}`;
  });
}

const blocks = refusedBlocks();
const fileOf = (block: Refused): string => `kernel/console/unsaved-${blocks.indexOf(block)}.ts`;
const texts = new Map(blocks.map((block) => [resolve(REPOSITORY, fileOf(block)), block.source]));
const program = loadProgram([...texts.keys()], { texts });
/** What the program's refusals of a block are at this point. */
function sentences(block: Refused): string[] {
  const { refusals } = program.moduleOf(resolve(REPOSITORY, fileOf(block)))!;
  return refusals.map(({ place, reason }) => `${place?.line}:${place?.column} ${reason}`);
}
const ofTypes = new Map(blocks.map((block) => [block, sentences(block)]));
checkProgram(program);

test.each(blocks)("tsc and eslint say together what the compiler says: $source", async (block) => {
  const compiler = sentences(block);
  expect(compiler.length).toBe(block.expected.length);
  const found = (await lint(block.source, fileOf(block))).filter((each) => each.startsWith("compiler: "));
  const both = [...ofTypes.get(block)!, ...found.map((each) => each.replace("compiler: ", ""))];
  expect(both.sort()).toEqual(compiler.sort());
});

test("no rule accuses an example of docs/dialect.md", async () => {
  const page = readFileSync(resolve(REPOSITORY, "docs/dialect.md"), "utf8").replaceAll('"../kernel/', '"../../kernel/');
  const examples = [...page.matchAll(/```ts\n([^]*?)```/g)].map(([, source]) => source!);
  expect(examples.length).toBeGreaterThan(9);
  for (const example of examples) expect(await lint(example)).toEqual([]);
});

// ---- rules that are not the compiler's ---------------------------------------------------------------------
const PLACE = { lib: "kernel/lib/unsaved.ts", arch: "kernel/arch/image.ts", console: FILE };

const TAKES = (type: string, body: string): string => `export function f(n: bigint, i: number): ${type} { ${body} }`;

test.each([
  ["a computed frame", "console", TAKES("Frame", "return (i + 1) as Frame;"), "1 Frame"],
  ["an argument", "console", TAKES("Page", "return pageOf(n as VirtAddr);"), "1 VirtAddr"],
  ["two casts", "lib", TAKES("void", "use(n as PhysAddr, <PhysAddr>n);"), "2 PhysAddr"],
  ["a constant that is not at the top", "lib", TAKES("Frame", "const no = 0 as Frame; return no;"), "1 Frame"],
  ["a computed constant", "lib", "export const NEXT = (PAGE_SIZE + 1n) as PhysAddr;", "1 PhysAddr"],
  ["a variable", "lib", "let next = 0n as PhysAddr;", "1 PhysAddr"],
  ["a brand by another name", "lib", TAKES("Other", "return i as Other;"), "1 Frame"],
  ["a brand through a namespace", "lib", TAKES("all.Frame", "return i as all.Frame;"), "1 Frame"],
  ["a named constant", "lib", "export const NO_TABLE = 0n as PhysAddr;\nconst NONE = -1 as Frame;", ""],
  ["the file's own brand", "lib", `type Slot = number & { __brand: 0 };\n${TAKES("Slot", "return i as Slot;")}`, ""],
  ["a file that may", "arch", TAKES("Page", "return n as Page;"), ""],
  ["the same file and another brand", "arch", TAKES("Frame", "return i as Frame;"), "1 Frame"],
  ["a field of a layout", "lib", "export const frame32 = u32 as Field<Frame, 4>;", ""],
  ["no brand at all", "lib", `${TAKES("bigint", "return n as bigint;")}\nconst R = { A: 1 } as const;`, ""],
] as const)("casts to brands: %s", async (_what, place, body, expected) => {
  const imports = `import { type Frame, type Frame as Other, type Page, type PhysAddr, type VirtAddr } from "./addr.ts";
import * as all from "./addr.ts";\nimport type { Field } from "./layout.ts";\n`;
  const found = (await lint(imports + body, PLACE[place])).filter((each) => each.startsWith("brands: "));
  const [brand] = found.map((each) => /only addr\.ts makes a (\w+): /.exec(each)?.[1]);
  expect(found.length === 0 ? "" : `${found.length} ${brand}`).toBe(expected);
});

test.each([
  ["up", "lib", '"../console/words.ts"', /lib\/unsaved.ts imports console\/words.ts, which is higher/],
  ["up to a type", "lib", 'type "../mm/paging/pte.ts"', /imports mm\/paging\/pte.ts, which is higher/],
  ["out of the kernel", "lib", '"../../scripts/staircase.ts"', /in no room of the kernel/],
  ["of a package", "lib", '"node:fs"', /imports its own files only, by their full name/],
  ["without the full name", "console", '"../lib/addr"', /imports its own files only, by their full name/],
  ["down", "console", '"../lib/addr.ts"', null],
  ["within the room", "console", '"./words.ts"', null],
  ["of the top", "console", '"../main.ts"', /main.ts, which is higher/],
] as const)("imports: %s", async (_what, place, from, objection) => {
  const path = from.replace("type ", "");
  const sources = [`import${from.startsWith("type") ? " type" : ""} { x } from ${path};`, `export * from ${path};`];
  for (const source of sources) {
    const found = (await lint(source, PLACE[place])).filter((each) => each.startsWith("staircase: "));
    expect(found.length).toBe(objection === null ? 0 : 1);
    if (objection !== null) expect(found[0]).toMatch(objection);
  }
});

test("an offset in a load is a field of a record", async () => {
  const load = (at: string): string => `import { load32 } from "../doors/machine.ts";
export function f(at: bigint): number { return load32(${at}); }`;
  expect(await lint(load("at + 8n"))).toEqual([expect.stringContaining("describe the record with a layout")]);
  expect(await lint(load("at + at"))).toEqual([]);
  expect(await lint(load("at + 8n").replaceAll("load32", "loadVolatile32"))).toHaveLength(1);
});

test("the kernel wants no enum, which the compiler has", async () => {
  expect(await lint("export enum State { Ready }")).toEqual([expect.stringContaining("an enum is one way more")]);
});

// ---- what the compiler is asked about ----------------------------------------------------------------------
test("the verdict is about the text in the editor, not about the file on disk", async () => {
  const file = "kernel/lib/bits.ts";
  const text = readFileSync(resolve(REPOSITORY, file), "utf8");
  expect(await lint(text, file)).toEqual([]);
  expect(await lint(`${text}\nexport const HALF = 1 / 2;`, file)).toEqual([expect.stringContaining("gives fractions")]);
  expect(await lint(text, file)).toEqual([]);
});

test("the test kernel has the compiler's verdict too; scripts and tests may say what the kernel may not", async () => {
  const source = "export function f(a: number, b: number): number { return a / b; }\n";
  expect(await lint(source, "tests/qemu/kernel/unsaved.ts")).toEqual([expect.stringContaining("gives fractions")]);
  expect(await lint(source, "tests/unit/unsaved.test.ts")).toEqual([]);
  expect(await lint("export const all = (x: number) => [x, `${x}`];\n", "scripts/unsaved.ts")).toEqual([]);
});

test("what tsc says is left to tsc, and a file that cannot be parsed to the parser", async () => {
  expect(await lint("export const a: bigint = 1;")).toEqual([]);
  expect(await lint("export function f(")).toEqual([expect.stringMatching(/^undefined: 1:\d+ Parsing error/)]);
});
