/** Step 5: the Wasm binary (WebAssembly Core Specification 2.0, "Binary Format"), with the names of everything. */
import { isVoid } from "./kinds.ts";
import type { LoweredProgram } from "./lower.ts";
import { I32, I64, Op } from "./opcodes.ts";
import type { Callee, Op64, WasmFunction, WasmModule } from "./slots.ts";

export interface EncodeOptions {
  /** Export the entry's functions, and the table that function values index: for a host that runs the module. */
  readonly exports: boolean;
  /** Call `LINE(n)` before the code of line n of the line table. */
  readonly lines: boolean;
}

interface Import {
  readonly name: string;
  readonly params: readonly number[];
  readonly results: readonly number[];
}

const MAGIC = [0x00, 0x61, 0x73, 0x6d];
const VERSION = [0x01, 0x00, 0x00, 0x00];
const SECTION = { custom: 0, type: 1, import: 2, function: 3, table: 4, global: 6, export: 7, element: 9, code: 10 };
const NAMES = { module: 0, function: 1, local: 2, global: 7 };
const FUNCTION_EXPORT = 0;
const TABLE_EXPORT = 1;
const FUNCREF = 0x70;
/** The module's name: wasm2c makes `w2c_kernel_NAME` of it. */
export const MODULE_NAME = "kernel";
const LINE: Import = { name: "LINE", params: [I32], results: [] };

/** What is asked of a program. */
export type Encoded = Pick<LoweredProgram, "functions" | "variables" | "exports">;

export function encode(program: Encoded, module: WasmModule, options: EncodeOptions): Uint8Array {
  return new Uint8Array(new Encoder(program, module, options).encode());
}

class Encoder {
  readonly #program: Encoded;
  readonly #module: WasmModule;
  readonly #options: EncodeOptions;
  readonly #imports: Import[] = [];
  readonly #importIndex = new Map<string, number>();
  readonly #types: number[][] = [];
  readonly #typeIndex = new Map<string, number>();
  readonly #functionIndex: ReadonlyMap<number, number>;
  readonly #symbolIndex: ReadonlyMap<string, number>;

  constructor(program: Encoded, module: WasmModule, options: EncodeOptions) {
    this.#program = program;
    this.#module = module;
    this.#options = options;
    this.#collectImports();
    const first = this.#imports.length;
    this.#functionIndex = new Map(module.functions.map((fn, i) => [fn.index, first + i]));
    this.#symbolIndex = new Map(module.functions.map((fn, i) => [fn.symbol, first + i]));
  }

  encode(): number[] {
    const { functions, variables } = this.#module;
    const functionTypes = functions.map((fn) => this.#type(slots(fn.paramCount), slots(fn.hasResult ? 1 : 0)));
    const importTypes = this.#imports.map(({ params, results }) => this.#type(params, results));
    const values = this.#functionValues();
    return [
      ...MAGIC,
      ...VERSION,
      ...section(SECTION.type, vector(this.#types)),
      ...section(SECTION.import, vector(this.#imports.map(({ name }, i) => {
        return [...text("env"), ...text(name), FUNCTION_EXPORT, ...unsigned(importTypes[i]!)];
      }))),
      ...section(SECTION.function, vector(functionTypes.map((type) => unsigned(type)))),
      ...(values.length > 0 ? section(SECTION.table, vector([[FUNCREF, 0, ...unsigned(values.length + 1)]])) : []),
      ...section(SECTION.global, vector(variables.map((symbol) => this.#variable(symbol)))),
      ...(this.#options.exports ? section(SECTION.export, vector(this.#exports(values))) : []),
      ...(values.length > 0 ? section(SECTION.element, this.#elements(values)) : []),
      ...section(SECTION.code, vector(functions.map((fn) => this.#body(fn)))),
      ...section(SECTION.custom, this.#names()),
    ];
  }

  #collectImports(): void {
    const add = (imported: Import): void => {
      if (this.#importIndex.has(imported.name)) return;
      this.#importIndex.set(imported.name, this.#imports.push(imported) - 1);
    };
    for (const { op, value } of this.#module.functions.flatMap(({ code }) => code)) {
      if (op === "line" && this.#options.lines) add(LINE);
      if (op !== Op.call || typeof value !== "object" || !("door" in value)) continue;
      const { name, params, result } = value.door;
      add({ name, params: slots(params.length), results: slots(isVoid(result) ? 0 : 1) });
    }
  }

  #type(params: readonly number[], results: readonly number[]): number {
    const key = `${params}:${results}`;
    const known = this.#typeIndex.get(key);
    if (known !== undefined) return known;
    const index = this.#types.push([0x60, ...vector(params.map(one)), ...vector(results.map(one))]) - 1;
    this.#typeIndex.set(key, index);
    return index;
  }

  // ---- function values: only hosts that run the module need the table ----------------------------------------
  #functionValues(): string[] {
    return this.#options.exports ? valueSymbols(this.#program) : [];
  }
  #elements(values: readonly string[]): number[] {
    const offset = [Op.i32Const, 1, Op.end]; // entry 0 stays empty: no function
    return vector([[0, ...offset, ...vector(values.map((symbol) => unsigned(this.#symbolIndex.get(symbol)!)))]]);
  }

  #variable(symbol: string): number[] {
    const init = this.#program.variables.find((variable) => variable.symbol === symbol)?.init ?? 0n;
    const value = typeof init === "bigint" ? init : BigInt(valueSymbols(this.#program).indexOf(init) + 1);
    return [I64, 1, Op.i64Const, ...signed(BigInt.asIntN(64, value)), Op.end];
  }

  #exports(values: readonly string[]): number[][] {
    const functions = this.#program.exports.map(({ name, symbol }) => {
      return [...text(name), FUNCTION_EXPORT, ...unsigned(this.#symbolIndex.get(symbol)!)];
    });
    return values.length > 0 ? [...functions, [...text(FUNCTION_TABLE), TABLE_EXPORT, 0]] : functions;
  }

  #body(fn: WasmFunction): number[] {
    const runs: number[][] = [];
    const own = fn.locals.slice(fn.paramCount);
    for (let i = 0; i < own.length; ) {
      const { type } = own[i]!;
      let end = i;
      while (own[end]?.type === type) end++;
      runs.push([...unsigned(end - i), type]);
      i = end;
    }
    const code = [...vector(runs), ...fn.code.flatMap((op) => this.#instruction(op)), Op.end];
    return [...unsigned(code.length), ...code];
  }

  #instruction({ op, value }: Op64): number[] {
    if (op === "line") {
      if (!this.#options.lines) return [];
      return [Op.i32Const, ...signed(BigInt(value)), Op.call, ...unsigned(this.#importIndex.get(LINE.name)!)];
    }
    switch (typeof value) {
      case "undefined":
        return [op];
      case "bigint":
        return [op, ...signed(value)];
      case "object":
        return [op, ...unsigned(this.#callee(value))];
      case "string":
        return [op, ...unsigned(this.#module.variables.indexOf(value))];
      default: {
        const isBlock = op === Op.block || op === Op.loop || op === Op.if;
        if (isBlock) return [op, value];
        return [op, ...(op === Op.i32Const ? signed(BigInt(value)) : unsigned(value))];
      }
    }
  }

  #callee(callee: Callee): number {
    return "door" in callee ? this.#importIndex.get(callee.door.name)! : this.#functionIndex.get(callee.fn)!;
  }

  #names(): number[] {
    const functions = [...this.#imports.map(({ name }) => name), ...this.#module.functions.map(({ symbol }) => symbol)];
    const locals = this.#module.functions.map((fn, i) => {
      const names = fn.locals.map(({ name }, number) => [...unsigned(number), ...text(name)]);
      return [...unsigned(this.#imports.length + i), ...vector(names)];
    });
    return [
      ...text("name"),
      ...section(NAMES.module, text(MODULE_NAME)),
      ...section(NAMES.function, vector(functions.map((name, i) => [...unsigned(i), ...text(name)]))),
      ...section(NAMES.local, vector(locals)),
      ...section(NAMES.global, vector(this.#module.variables.map((name, i) => [...unsigned(i), ...text(name)]))),
    ];
  }
}

/** The export by which a host finds function values; value n is entry n. */
export const FUNCTION_TABLE = "functions";

/** Functions whose address is taken, in the order of the table from entry 1. */
export function valueSymbols(program: Pick<LoweredProgram, "functions">): string[] {
  return program.functions.filter(({ isValue }) => isValue).map(({ symbol }) => symbol);
}

function slots(count: number): number[] {
  return new Array<number>(count).fill(I64);
}
function one(byte: number): number[] {
  return [byte];
}

// ---- bytes ---------------------------------------------------------------------------------------------------
/** Unsigned LEB128. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return bytes;
}

/** Signed LEB128. */
export function signed(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; ) {
    const low = Number(BigInt.asUintN(7, rest));
    rest >>= 7n;
    const isLast = (rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}

function text(value: string): number[] {
  const bytes = [...new TextEncoder().encode(value)];
  return [...unsigned(bytes.length), ...bytes];
}
function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}
function section(id: number, body: readonly number[]): number[] {
  return [id, ...unsigned(body.length), ...body];
}
