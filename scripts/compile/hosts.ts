/** A compiled program in two of its hosts, both in this process: the checked source, and the Wasm. */
import { dirname, resolve } from "node:path";
import { toJavaScript } from "./checked.ts";
import type { Compiled } from "./compile.ts";
import { FUNCTION_TABLE, valueSymbols } from "./encode.ts";
import { isVoid, type Kind } from "./kinds.ts";
import type { Module } from "./program.ts";
import type { Door } from "./scope.ts";

/** A value as the source sees it. */
export type HostValue = number | bigint | boolean | string;
/** Doors by name. */
export type Doors = Readonly<Record<string, (...args: never[]) => HostValue | void>>;
export type Exports = Readonly<Record<string, (...args: HostValue[]) => HostValue | void>>;

// ---- from source ---------------------------------------------------------------------------------------------
/** The exports of the program's source, with its domain checks unless `unchecked`. */
export function runSource(compiled: Compiled, doors: Doors, unchecked = false): Exports {
  const loaded = new Map<Module, Record<string, unknown>>();
  const load = (module: Module): Record<string, unknown> => {
    const known = loaded.get(module);
    if (known) return known;
    const exports: Record<string, unknown> = {};
    loaded.set(module, exports); // before it runs: modules may import each other in a circle
    const { code } = toJavaScript(compiled.lowering, module, { unchecked, commonJs: true });
    const require = (path: string): unknown => {
      const imported = compiled.source.moduleOf(resolve(dirname(module.file), path));
      if (imported === undefined) throw new Error(`${module.file} imports ${path}, which is not in the program`);
      return isDoors(imported) ? doors : load(imported);
    };
    new Function("exports", "require", code)(exports, require);
    return exports;
  };
  const [entry] = compiled.source.modules;
  return load(entry!) as Exports;
}

/** Nothing but `export declare function`. */
function isDoors({ ast }: Module): boolean {
  return ast.body.every((each) => {
    return each.type === "ExportNamedDeclaration" && each.declaration?.type === "TSDeclareFunction";
  });
}

// ---- as Wasm -------------------------------------------------------------------------------------------------
type Slot = bigint;
type SlotFunction = (...slots: Slot[]) => Slot | void;

interface Table {
  get(index: number): SlotFunction;
}
interface Instance {
  readonly exports: Readonly<Record<string, unknown>>;
}
/** Node's own; its types come only with those of a browser. */
const { WebAssembly: wasm } = globalThis as unknown as {
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array) => object;
    readonly Instance: new (module: object, imports: object) => Instance;
  };
};

const FROM_SLOT: Readonly<Record<string, (slot: Slot) => HostValue>> = {
  number: (slot) => Number(slot),
  bigint: (slot) => BigInt.asUintN(64, slot),
  boolean: (slot) => slot !== 0n,
};

function fromSlot(kind: Kind, slot: Slot): HostValue {
  return FROM_SLOT[kind]?.(slot) ?? slot;
}
function toSlot(value: HostValue): Slot {
  return BigInt(value);
}

/** The exports of the program's Wasm module, over the same doors. */
export function runWasm(compiled: Compiled, doors: Doors): Exports {
  const { instance, table } = instantiate(compiled, doors);
  const wrapped = compiled.exports.map(({ name, params, result }) => {
    const inner = instance.exports[name] as SlotFunction;
    const outer = (...args: HostValue[]): HostValue | void => {
      const slot = inner(...params.map((_, i) => toSlot(args[i]!)));
      if (!isVoid(result) && slot !== undefined) return fromSlot(result, slot);
    };
    return [name, outer] as const;
  });
  table.current = instance.exports[FUNCTION_TABLE] as Table | undefined;
  return Object.fromEntries(wrapped);
}

function instantiate(compiled: Compiled, doors: Doors) {
  const table: { current: Table | undefined } = { current: undefined };
  const env = Object.fromEntries(compiled.doors.map((door) => [door.name, wasmDoor(compiled, door, doors, table)]));
  return { instance: new wasm.Instance(new wasm.Module(compiled.hostWasm), { env }), table };
}

/** A string is its number, a function value its place in the table; static bytes come from the machine. */
function wasmDoor(
  compiled: Compiled,
  { name, role, params, result }: Door,
  doors: Doors,
  table: { readonly current: Table | undefined },
): SlotFunction {
  switch (role?.of) {
    case "string":
      return () => BigInt(role.index);
    case "code":
      return () => BigInt(valueSymbols(compiled).indexOf(role.symbol) + 1);
    case "invoke":
      return (code, ...args) => table.current?.get(Number(code))(...args);
    case "static": {
      const bytes = compiled.statics.find(({ symbol }) => symbol === role.symbol);
      const reserve = doors["staticBytes"] as unknown as (size: number, align: number) => bigint;
      let address: bigint | null = null;
      return () => (address ??= reserve(bytes?.size ?? 0, bytes?.align ?? 1));
    }
    case undefined: {
      const answer = doors[name] as unknown as (...args: HostValue[]) => HostValue | void;
      return (...slots) => {
        const value = answer(...params.map((kind, i) => fromDoorSlot(compiled, kind, slots[i]!)));
        if (!isVoid(result) && value !== undefined) return toSlot(value);
      };
    }
  }
}

function fromDoorSlot(compiled: Compiled, kind: Kind, slot: Slot): HostValue {
  return kind === "string" ? (compiled.strings[Number(slot)] ?? "") : fromSlot(kind, slot);
}
