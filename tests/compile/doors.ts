/** The doors that the test programs use, for a host in this process: a little memory and no machine. */
import type { Doors } from "../../scripts/compile/hosts.ts";

const BASE = 0xffff_8000_0000_0000n;
const SIZE = 64 * 1024;

/** What panicTrap throws here. */
export class Panicked extends Error {}

export function testDoors(): Doors {
  const view = new DataView(new ArrayBuffer(SIZE));
  const at = (va: bigint): number => Number(va - BASE);
  const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
  let free = 0;
  return {
    load8: (va: bigint) => view.getUint8(at(va)),
    load16: (va: bigint) => view.getUint16(at(va), true),
    load32: (va: bigint) => view.getUint32(at(va), true),
    load64: (va: bigint) => view.getBigUint64(at(va), true),
    store8: (va: bigint, value: number) => view.setUint8(at(va), value),
    store16: (va: bigint, value: number) => view.setUint16(at(va), value, true),
    store32: (va: bigint, value: number) => view.setUint32(at(va), value, true),
    store64: (va: bigint, value: bigint) => view.setBigUint64(at(va), value, true),
    staticBytes: (size: number, align = 1) => {
      const start = Math.ceil(free / align) * align;
      free = start + size;
      if (free > SIZE) throw new Error("the test memory is used up");
      return BASE + BigInt(start);
    },
    stringLength: (text: string) => bytesOf(text).length,
    stringByte: (text: string, index: number) => bytesOf(text)[index] ?? 0,
    panicTrap: (message: string) => {
      throw new Panicked(message);
    },
  };
}
