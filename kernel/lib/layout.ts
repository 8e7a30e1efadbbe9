/**
 * Records in memory, described once.
 *
 *   export const GATE = layout(16, { offsetLow: u16, selector: u16, ist: u8, flags: u8, … });
 *   GATE.selector(at)            reads      (at: the record's address)
 *   GATE.setSelector(at, 0x08)   writes
 *   GATE.selectorAt(at)          the address of the field
 *   GATE.SIZE                    16
 *
 * Fields lie one after the other in the order written. The size is stated and checked; a field that is not aligned to
 * its own width is refused unless it is `packed`. In Node this builds accessors over the doors; natively the compiler
 * folds each use to the one load or store that it is.
 */
"compiler: layouts"; // this file tells the compiler about records and is not itself compiled
import { load16, load32, load64, load8, store16, store32, store64, store8 } from "../doors/machine.ts";

/** A field of type T that takes `Width` bytes. `Access`: "word" is loaded and stored; "bytes" has only an address. */
export interface Field<T, Width extends number, Access extends string = "word"> {
  readonly width: Width;
  readonly access: Access;
  readonly packed: boolean;
  readonly type?: T;
}
type AnyField = Field<unknown, number, string>;
type Fields = { readonly [name: string]: AnyField };

export const u8: Field<number, 1> = { width: 1, access: "word", packed: false };
export const u16: Field<number, 2> = { width: 2, access: "word", packed: false };
export const u32: Field<number, 4> = { width: 4, access: "word", packed: false };
export const u64: Field<bigint, 8> = { width: 8, access: "word", packed: false };

type Readers<F extends Fields> = {
  readonly [K in keyof F & string as F[K]["access"] extends "word" ? K : never]: (at: bigint) => ValueOf<F[K]>;
};
type Writers<F extends Fields> = {
  readonly [K in keyof F & string as F[K]["access"] extends "word" ? `set${Capitalize<K>}` : never]: (
    at: bigint,
    value: ValueOf<F[K]>,
  ) => void;
};
type Addresses<F extends Fields> = { readonly [K in keyof F & string as `${K}At`]: (at: bigint) => bigint };
type ValueOf<F> = F extends Field<infer T, number, string> ? T : never;
export type Layout<F extends Fields, Size extends number> = Readers<F> &
  Writers<F> &
  Addresses<F> & { readonly SIZE: Size };

/** A field that may lie at an address that is not a multiple of its width. */
export function packed<T, W extends number>(field: Field<T, W>): Field<T, W> {
  return { ...field, packed: true };
}
/** `count` bytes that are reached only by their address: arrays, names, reserved space. */
export function bytes<W extends number>(count: W): Field<never, W, "bytes"> {
  return { width: count, access: "bytes", packed: true };
}

/** Describes a record of exactly `size` bytes. Only as the initialiser of a top-level const. */
export function layout<F extends Fields, Size extends number>(size: Size, fields: F): Layout<F, Size> {
  const record: Record<string, unknown> = { SIZE: size };
  let offset = 0;
  for (const [name, field] of Object.entries(fields)) {
    if (!field.packed && offset % field.width !== 0) {
      throw new Error(`layout: ${name} lies at ${offset}, not a multiple of its width: reorder, pad, or pack it`);
    }
    addAccessors(record, name, field, BigInt(offset));
    offset += field.width;
  }
  if (offset !== size) throw new Error(`layout: the fields take ${offset} bytes, ${size} are stated`);
  return record as Layout<F, Size>;
}

function addAccessors(record: Record<string, unknown>, name: string, field: AnyField, offset: bigint): void {
  record[`${name}At`] = (at: bigint) => at + offset;
  if (field.access !== "word") return;
  const [load, store] = doorsOf(field.width);
  record[name] = (at: bigint) => load(at + offset);
  const capitalised = name.charAt(0).toUpperCase() + name.slice(1);
  record[`set${capitalised}`] = (at: bigint, value: never) => store(at + offset, value);
}

function doorsOf(width: number): readonly [(at: bigint) => unknown, (at: bigint, value: never) => void] {
  switch (width) {
    case 1:
      return [load8, store8];
    case 2:
      return [load16, store16];
    case 4:
      return [load32, store32];
    default:
      return [load64, store64];
  }
}
