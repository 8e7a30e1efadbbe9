/** An empty pool of any size on a fresh machine, and short words for tests of mm/phys. */
import { directMap, type Frame, NO_FRAME, physAddr } from "../../../../kernel/lib/addr.ts";
import { frameTake, framesInit } from "../../../../kernel/mm/phys/frames.ts";
import { KIND, kernelFrames, OWNER, type Owner, ownerOpen } from "../../../../kernel/mm/phys/owners.ts";
import { GIB, type Machine, MIB } from "../../../fake/machine.ts";
import { loggingMachine } from "../../dev/record.ts";

/** Physical addresses of the bitmaps and of the records: from 3 GiB up, where the pools of the tests have no frame. */
export const METADATA = 0xc000_0000n;
export const RECORDS = 0xc200_0000n;
const OWNERS = 0xc100_0000n;
/** The RAM of the tests: 1 GiB of frames, and all of that. */
export const RAM = { ramBytes: GIB, moreRam: [{ start: Number(METADATA), end: Number(RECORDS) + 512 * MIB }] };

/** A pool for frames 0..limit-1 (at most 64 GiB of them), none of which it has. */
export function freshPool(limit: number): Machine {
  const machine = loggingMachine(RAM);
  framesInit(directMap(physAddr(METADATA)), limit, directMap(physAddr(RECORDS)));
  return machine;
}

export const frame = (n: number): Frame => n as Frame;
export const frames = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);

/** One for the kernel. */
export const take = (): Frame => frameTake(kernelFrames());

/** All that there are. */
export function takeAll(): Frame[] {
  const taken: Frame[] = [];
  for (let one = take(); one !== NO_FRAME; one = take()) taken.push(one);
  return taken;
}

/** Owner number `id` (from 1 on), of pages of programs unless another kind is said. */
export function openOwner(id: number, kind: number = KIND.USER): Owner {
  return ownerOpen(directMap(physAddr(OWNERS + BigInt(id * OWNER.SIZE))), kind, BigInt(id));
}

/** The same numbers in every run: 0..below-1. */
export function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
