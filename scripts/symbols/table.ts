/**
 * The table that kernel/base/symbols.ts reads; its bytes are drawn there. Here: what goes into it.
 *
 * A *scope* is a function in one place: itself, or inlined at one line of another scope. A row says which scope and
 * line the code from its address on belongs to. Lines are counted from the first that is known of their function.
 */
import { Nibbles } from "./nibbles.ts";
import { pairCode } from "./pairs.ts";
import type { Place, Stretch } from "./places.ts";

const MAGIC = 0x31_4d_59_53; // "SYM1"
const HEADER_WORDS = 9;
const ROWS_PER_BLOCK = 64;
const SCOPES_PER_BLOCK = 16;
const PAIRS = 128;

interface FunctionEntry {
  readonly name: string;
  readonly file: string;
  firstLine: number;
  index: number;
}
interface Scope {
  readonly fn: FunctionEntry;
  readonly parent: number; // 0 for none
  readonly callLine: number;
}
interface Row {
  readonly address: bigint;
  readonly scope: number; // 0 where nothing is known
  readonly line: number;
}

/** `start` and `end` bound the code; `names` has the TypeScript name of a symbol where that is another. */
export function packTable(
  stretches: readonly Stretch[],
  start: bigint,
  end: bigint,
  names: ReadonlyMap<string, string>,
): Uint8Array {
  const functions = collectFunctions(stretches, names);
  const scopes: Scope[] = [];
  const rows = collectRows(stretches, functions, scopes);
  const ordered = [...functions.values()].sort(byFileAndLine);
  ordered.forEach((fn, index) => (fn.index = index));
  return layOut(rows, scopes, ordered, start, end);
}

/** Where a function's code says different files, it is not its own code that does. */
function collectFunctions(
  stretches: readonly Stretch[],
  names: ReadonlyMap<string, string>,
): Map<string, FunctionEntry> {
  const files = new Map<string, Map<string, number>>();
  const places = stretches.flatMap(({ chain }) => chain);
  for (const { symbol, file, line } of places) {
    const counts = files.get(symbol) ?? new Map<string, number>();
    counts.set(file, (counts.get(file) ?? 0) + (line > 0 ? 1 << 16 : 1));
    files.set(symbol, counts);
  }
  const functions = new Map<string, FunctionEntry>();
  for (const [symbol, counts] of files) {
    const [[file]] = [...counts].sort(([, a], [, b]) => b - a) as [[string, number]];
    functions.set(symbol, { name: names.get(symbol) ?? symbol, file, firstLine: 0, index: 0 });
  }
  for (const place of places) {
    const fn = functions.get(place.symbol)!;
    const line = lineIn(fn, place);
    if (line > 0 && (fn.firstLine === 0 || line < fn.firstLine)) fn.firstLine = line;
  }
  return functions;
}

/** Code that the compiler made of several lines, perhaps of several files, has no line. */
function lineIn(fn: FunctionEntry, place: Place): number {
  return place.file === fn.file ? place.line : 0;
}

function collectRows(stretches: readonly Stretch[], functions: Map<string, FunctionEntry>, scopes: Scope[]): Row[] {
  const numbers = new Map<string, number>();
  const scopeOf = (chain: readonly Place[]): number => {
    const [inner, outer] = chain;
    if (inner === undefined) return 0;
    const fn = functions.get(inner.symbol)!;
    const parent = scopeOf(chain.slice(1));
    const callLine = outer === undefined ? 0 : lineIn(functions.get(outer.symbol)!, outer);
    const key = `${inner.symbol} ${parent} ${callLine}`;
    const known = numbers.get(key);
    if (known !== undefined) return known;
    scopes.push({ fn, parent, callLine });
    numbers.set(key, scopes.length);
    return scopes.length;
  };
  const rows: Row[] = [];
  for (const { address, chain } of stretches) {
    const [inner] = chain;
    const line = inner === undefined ? 0 : lineIn(functions.get(inner.symbol)!, inner);
    const row = { address, scope: scopeOf(chain), line };
    const before = rows.at(-1);
    if (before === undefined || before.scope !== row.scope || before.line !== row.line) rows.push(row);
  }
  return rows;
}

function byFileAndLine(a: FunctionEntry, b: FunctionEntry): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.firstLine - b.firstLine;
}

function layOut(
  rows: readonly Row[],
  scopes: readonly Scope[],
  functions: readonly FunctionEntry[],
  start: bigint,
  end: bigint,
): Uint8Array {
  const stream = new Nibbles();
  const rowBlocks = putRows(stream, rows, scopes, start);
  const scopeBlocks = putScopes(stream, scopes);

  const files = [...new Set(functions.map(({ file }) => file))];
  const strings = pairCode([...functions.map(({ name }) => name), ...files]);
  const places = strings.starts.map((start) => PAIRS * 2 + start);

  const parts: Uint8Array[] = [];
  let offset = HEADER_WORDS * 4;
  const add = (bytes: Uint8Array): number => {
    const at = offset;
    const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
    padded.set(bytes);
    parts.push(padded);
    offset += padded.length;
    return at;
  };
  const streamAt = add(stream.bytes()) * 2;
  const blocksAt = add(words(rowBlocks.flatMap(({ code, nibble }) => [code, streamAt + nibble])));
  const scopesAt = add(words(scopeBlocks.map((nibble) => streamAt + nibble)));
  const functionsAt = add(halves(functions.flatMap(({ firstLine }, i) => [places[i]!, firstLine])));
  const firstOf = (file: string) => functions.findIndex((fn) => fn.file === file);
  const filesAt = add(halves(files.flatMap((file, i) => [places[functions.length + i]!, firstOf(file)])));
  const stringsAt = add(Uint8Array.from([...pairTable(strings.pairs), ...strings.bytes]));
  const header = words([
    MAGIC, Number(end - start), rows.length, files.length,
    blocksAt, scopesAt, functionsAt, filesAt, stringsAt,
  ]);
  return Buffer.concat([header, ...parts]);
}

/** Address, scope and line, the first two as differences; each block begins anew from its own address and scope 0. */
function putRows(
  stream: Nibbles,
  rows: readonly Row[],
  scopes: readonly Scope[],
  start: bigint,
): { code: number; nibble: number }[] {
  const blocks: { code: number; nibble: number }[] = [];
  let address = start;
  let scope = 0;
  rows.forEach((row, i) => {
    if (i % ROWS_PER_BLOCK === 0) {
      blocks.push({ code: Number(row.address - start), nibble: stream.position });
      address = row.address;
      scope = 0;
    }
    stream.put(Number(row.address - address));
    stream.putSigned(row.scope - scope);
    stream.put(relativeLine(row.line, scopes[row.scope - 1]?.fn));
    address = row.address;
    scope = row.scope;
  });
  return blocks;
}

/** A function; how far back its parent is, 0 for none; and the parent's line that calls. */
function putScopes(stream: Nibbles, scopes: readonly Scope[]): number[] {
  const blocks: number[] = [];
  scopes.forEach(({ fn, parent, callLine }, i) => {
    if (i % SCOPES_PER_BLOCK === 0) blocks.push(stream.position);
    stream.put(fn.index);
    stream.put(parent === 0 ? 0 : i + 1 - parent);
    if (parent !== 0) stream.put(relativeLine(callLine, scopes[parent - 1]!.fn));
  });
  return blocks;
}

function relativeLine(line: number, fn: FunctionEntry | undefined): number {
  return line === 0 || fn === undefined ? 0 : line - fn.firstLine + 1;
}

function pairTable(pairs: readonly (readonly [number, number])[]): number[] {
  return Array.from({ length: PAIRS }, (_, i) => pairs[i] ?? [0, 0]).flat();
}

function words(values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

/** 16 bits each: as many as names can be long together, and files have lines. */
function halves(values: readonly number[]): Uint8Array {
  for (const value of values) {
    if (value > 0xffff) throw new RangeError(`${value} does not fit 16 bits: widen them, here and in the kernel`);
  }
  return new Uint8Array(Uint16Array.from(values).buffer);
}
