/** A program's memory, for tests of what the kernel copies from there and to there: a space with pages, in use. */
import type { Page, VirtAddr } from "../../kernel/lib/addr.ts";
import { OK } from "../../kernel/lib/status.ts";
import { heapBoot } from "../../kernel/mm/heap/heap-boot.ts";
import { translate } from "../../kernel/mm/paging/walk.ts";
import { PERMISSION } from "../../kernel/mm/space/region.ts";
import { spaceMap } from "../../kernel/mm/space/space-map.ts";
import { type Space, spaceCreate, spaceRoot, spacesInit } from "../../kernel/mm/space/space.ts";
import { spaceUse } from "../../kernel/proc/schedule.ts";
import { bootPaging } from "./booted.ts";
import type { Machine } from "./machine.ts";

/** Where its pages are, with nothing before them and behind them. */
export const PROGRAM = 0x40_0000n;
export const PROGRAM_END = PROGRAM + 0x2_0000n;
/** A page that can be read and not written. */
export const CONSTANT = 0x80_0000n;

export interface ProgramMachine {
  readonly machine: Machine;
  readonly space: Space;
}

/** Booted, with a space of 128 KiB from PROGRAM on and the page CONSTANT; the CPU uses it. */
export function bootProgram(): ProgramMachine {
  const machine = bootPaging();
  if (heapBoot() !== OK) throw new Error("there is no heap");
  spacesInit();
  const space = spaceCreate();
  const { READ, WRITE, USER } = PERMISSION;
  const pages = Number((PROGRAM_END - PROGRAM) / 4096n);
  if (spaceMap(space, PROGRAM as Page, pages, READ | WRITE | USER) !== OK) throw new Error("no memory");
  if (spaceMap(space, CONSTANT as Page, 1, READ | USER) !== OK) throw new Error("no memory");
  spaceUse(space);
  machine.serialTake();
  return { machine, space };
}

export function programPut({ machine, space }: ProgramMachine, at: bigint, bytes: Uint8Array): void {
  parts(at, bytes.length, (va, from, count) => machine.physPut(physOf(space, va), bytes.subarray(from, from + count)));
}
export function programGet({ machine, space }: ProgramMachine, at: bigint, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  parts(at, count, (va, from, length) => bytes.set(machine.physGet(physOf(space, va), length), from));
  return bytes;
}

/** Each page's part of a range. */
function parts(at: bigint, count: number, each: (va: bigint, from: number, count: number) => void): void {
  for (let from = 0; from < count; ) {
    const va = at + BigInt(from);
    const here = Math.min(count - from, 4096 - Number(va % 4096n));
    each(va, from, here);
    from += here;
  }
}
function physOf(space: Space, va: bigint): bigint {
  return translate(spaceRoot(space), va as VirtAddr);
}
