/**
 * What the debug information says of a kernel's code: for each stretch of it the TypeScript that it comes from, a
 * function and a line, and the functions into which that was inlined. llvm-dwarfdump says where stretches begin (the
 * rows of .debug_line: clang begins one wherever the line or the inlined function changes), llvm-symbolizer says what
 * they are.
 *
 * (GNU addr2line gives wrong answers here: binutils 2.40 does not find the functions that clang 14's DWARF 5 describes
 * by a list of ranges.)
 */
import { execFileSync } from "node:child_process";
import { basename } from "node:path";

/** One function of a chain; `symbol` is its name in the ELF file, `line` is 0 where no single one is right. */
export interface Place {
  readonly symbol: string;
  readonly file: string;
  readonly line: number;
}

/** The code from `address` to the next stretch. Innermost function first; none where nothing is known. */
export interface Stretch {
  readonly address: bigint;
  readonly chain: readonly Place[];
}

/** The end of `/checkout/kernel/main.ts:66:12`. */
const COLUMN = /:\d+$/gm;
/** Paths are told from the checkout on. */
const HERE = `${process.cwd()}/`;
const OUTPUT_LIMIT = 1 << 28;

/**
 * Under this name go the stubs of boot/traps.asm and boot/user.asm: code that a backtrace crosses, to what was
 * interrupted.
 */
const TRAP_STUB = "trap_stub";
const STUBS = /^(stub_\d+|save_and_call|ac_close|ac_closed|trap_return|system_call_entry)$/;
/** What linker.ld calls the beginning of the code is also a function; sections have no name, NASM's macros only one. */
const NO_LABEL = /^(text_start|text_end|\.\.@.*|)$/;
/** Functions as the C compiler knows them: two exported under one name by different files have two. */
const SYMBOLIZER_FLAGS = ["--functions=short", "--no-demangle"];

/**
 * The code of the ELF file `path` from `start` to `end`, by address. `symbols` are the file's. Only functions that
 * `isTypescript` count: a door, which is an instruction or two of C, is the line that called it.
 */
export function readPlaces(
  path: string,
  symbols: ReadonlyMap<string, bigint>,
  start: bigint,
  end: bigint,
  isTypescript: (symbol: string) => boolean,
): Stretch[] {
  const addresses = rowAddresses(run("llvm-dwarfdump-14", ["--debug-line", path]), start, end);
  const wanted = addresses.map((address) => `0x${address.toString(16)}\n`).join("");
  const chains = parseChains(run("llvm-symbolizer-14", [...SYMBOLIZER_FLAGS, `--obj=${path}`], wanted), isTypescript);
  if (chains.length !== addresses.length) throw new Error("llvm-symbolizer gave another number of answers");
  const labels = [...symbols].filter(([name]) => !NO_LABEL.test(name)).sort(([, a], [, b]) => (a < b ? -1 : 1));
  return merged(addresses.map((address, i) => ({ address, chain: named(chains[i]!, address, labels) })));
}

/** `0xffffffff8010f000  234  0  1  0  0  is_stmt`: every address that a row has, once, in order. */
export function rowAddresses(listing: string, start: bigint, end: bigint): bigint[] {
  const found = new Set([start]);
  for (const [, address] of listing.matchAll(/^(0x[0-9a-f]{16}) +\d+ +\d+ /gm)) {
    const value = BigInt(address!);
    if (value >= start && value < end) found.add(value);
  }
  return [...found].sort((a, b) => (a < b ? -1 : 1));
}

/** An answer is a name and a place for each function, innermost first, and an empty line. Equal ones are one object. */
export function parseChains(
  answers: string,
  isTypescript: (symbol: string) => boolean,
): (readonly Place[])[] {
  const known = new Map<string, readonly Place[]>();
  const isOurs = ({ symbol, file }: Place) => isAssembly(file) || isTypescript(symbol);
  return answers.trimEnd().split("\n\n").map((answer) => {
    const text = answer.replaceAll(COLUMN, "");
    const chain = known.get(text) ?? parseChain(text.split("\n")).filter(isOurs);
    known.set(text, chain);
    return chain;
  });
}

function parseChain(lines: readonly string[]): Place[] {
  const chain: Place[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const place = parsePlace(lines[i]!, lines[i + 1]!);
    if (place !== null) chain.push(place);
  }
  return chain;
}

/** `/checkout/kernel/main.ts:66`, or `??:0`, which is no function's. */
function parsePlace(symbol: string, place: string): Place | null {
  const [, path, line] = /^(.*):(\d+)$/.exec(place) ?? [];
  if (path === undefined) return null;
  if (isAssembly(path)) return { symbol, file: `boot/${basename(path)}`, line: Number(line) };
  return { symbol, file: path.startsWith(HERE) ? path.slice(HERE.length) : path, line: Number(line) };
}

/** NASM describes no functions: assembly goes by the label in front of it, up to a dot. The stubs have no lines. */
function named(
  chain: readonly Place[],
  address: bigint,
  labels: readonly (readonly [string, bigint])[],
): readonly Place[] {
  const [place] = chain;
  if (place === undefined || !isAssembly(place.file)) return chain;
  const name = labelBefore(address, labels).replace(/\..*/, "");
  return [STUBS.test(name) ? { ...place, symbol: TRAP_STUB, line: 0 } : { ...place, symbol: name }];
}

function labelBefore(address: bigint, labels: readonly (readonly [string, bigint])[]): string {
  let low = 0;
  let high = labels.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (labels[middle]![1] <= address) low = middle;
    else high = middle;
  }
  return labels[low]![0];
}

function isAssembly(path: string): boolean {
  return path.endsWith(".asm");
}

/** Neighbours that say the same are one stretch: equal answers are one object. */
function merged(stretches: readonly Stretch[]): Stretch[] {
  return stretches.filter(({ chain }, i) => chain !== stretches[i - 1]?.chain);
}

function run(tool: string, args: readonly string[], input = ""): string {
  return execFileSync(tool, args, { input, encoding: "latin1", maxBuffer: OUTPUT_LIMIT });
}
