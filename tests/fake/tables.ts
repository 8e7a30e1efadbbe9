/** Page tables read by a walker that shares no code with the kernel's, for comparison with what the kernel believes. */
import type { Machine } from "./machine.ts";

export interface Mapping {
  readonly va: bigint;
  readonly pa: bigint;
  readonly bytes: bigint;
  /** The leaf's flags, with A and D left out. */
  readonly flags: bigint;
}

/** Every mapping under the root, in ascending order of address as the CPU counts it (upper half last). */
export function mappings(machine: Machine, root: bigint): Mapping[] {
  return tableMappings(machine, root, 4, 0n);
}

/** How many tables hang under the root, itself included. */
export function tableCount(machine: Machine, root: bigint): number {
  return tableCountAt(machine, root, 4);
}

/** All words of all tables under the root, less A and D bits: equal before and after means that nothing changed. */
export function tablesPicture(machine: Machine, root: bigint, level = 4): string {
  return [...entries(machine, root)]
    .map(([index, entry]) => {
      const word = `${index}:${entry.toString(16)}`;
      return isTable(entry, level) ? `${word}{${tablesPicture(machine, addressOf(entry), level - 1)}}` : word;
    })
    .join(" ");
}

const ACCESSED_AND_DIRTY = 0x60n;

function tableMappings(machine: Machine, table: bigint, level: number, base: bigint): Mapping[] {
  const bytes = 1n << BigInt(3 + 9 * level);
  return [...entries(machine, table)].flatMap(([index, entry]) => {
    const raw = base + BigInt(index) * bytes;
    const va = raw >> 47n === 1n ? raw | 0xffff_0000_0000_0000n : raw;
    if ((entry & 1n) === 0n) return [];
    if (isTable(entry, level)) return tableMappings(machine, addressOf(entry), level - 1, va);
    return [{ va, pa: addressOf(entry), bytes, flags: entry & ~0x000f_ffff_ffff_f000n }];
  });
}

function tableCountAt(machine: Machine, table: bigint, level: number): number {
  let count = 1;
  for (const [, entry] of entries(machine, table)) {
    if (isTable(entry, level)) count += tableCountAt(machine, addressOf(entry), level - 1);
  }
  return count;
}

function* entries(machine: Machine, table: bigint): Generator<readonly [number, bigint]> {
  for (let index = 0; index < 512; index++) {
    const entry = machine.physRead64(table + BigInt(index * 8));
    if (entry !== 0n) yield [index, entry & ~ACCESSED_AND_DIRTY];
  }
}
const isTable = (entry: bigint, level: number): boolean => level > 1 && (entry & 0x81n) === 1n;
const addressOf = (entry: bigint): bigint => entry & 0x000f_ffff_ffff_f000n;
