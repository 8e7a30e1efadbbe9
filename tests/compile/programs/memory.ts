/** Doors, static bytes, string literals, layouts. */
import { load16, load32, load64, load8, staticBytes } from "../../../kernel/doors/machine.ts";
import { store16, store32, store64, store8, stringByte, stringLength } from "../../../kernel/doors/machine.ts";
import { bytes, layout, packed, u16, u32, u64, u8, type Field } from "../../../kernel/lib/layout.ts";

type PhysAddr = bigint & { readonly __brand: "PhysAddr" };
const physAddr = u64 as Field<PhysAddr, 8>;

const BUFFER = staticBytes(4096, 4096);
const SMALL = staticBytes(8 * 4);
const PLAIN = staticBytes(1);

export function staticsAreAligned(): boolean {
  return (BUFFER & 4095n) === 0n && BUFFER !== SMALL && SMALL !== PLAIN;
}
export function staticsStartAsZero(index: number): number {
  return load8(PLAIN) + load8(SMALL + BigInt(index & 31));
}
export function storesAndLoads(at: number, value: number): number {
  const va = BUFFER + BigInt(at & 2047);
  store64(va, 0x1122_3344_5566_7788n);
  store8(va, value & 0xff);
  store16(va + 2n, value & 0xffff);
  store32(va + 8n, value >>> 0);
  return load8(va) + load16(va + 1n) + load32(va + 7n) + Number(load64(va) >> 60n);
}
export function storesTruncate(value: number): number {
  store8(BUFFER, value);
  store16(BUFFER + 2n, value);
  store32(BUFFER + 4n, value);
  return load8(BUFFER) + 3 * load16(BUFFER + 2n) + 7 * load32(BUFFER + 4n);
}

// ---- strings
export function lengthOfLiteral(which: number): number {
  return stringLength(which > 0 ? "héllo\n" : "") + stringLength("abc") + stringLength(`tick`);
}
export function byteOfLiteral(index: number): number {
  return byteAt("a\0ü\\\"\x7f€", index & 7);
}
const GREETING = "good morning";
function byteAt(text: string, index: number): number {
  return index < stringLength(text) ? stringByte(text, index) : stringByte(GREETING, index);
}

// ---- layouts
const WIDE = 4 + 4;
const RECORD = layout(40, {
  frame: physAddr,
  count: u32,
  kind: u16,
  node: u8,
  order: u8,
  odd: u8,
  late: packed(u32),
  gap: bytes(WIDE + 3),
  owner: u64,
});
const base = packed(u64);
const PACKED = layout(10, { limit: u16, base });

export function recordSizes(): number {
  return RECORD.SIZE * 100 + PACKED.SIZE;
}
export function recordFields(a: bigint, b: number): bigint {
  const at = BUFFER + 64n;
  RECORD.setFrame(at, a as PhysAddr);
  RECORD.setCount(at, b >>> 0);
  RECORD.setKind(at, b & 0xffff);
  RECORD.setNode(at, b & 0xff);
  RECORD.setOrder(at, 7);
  RECORD.setOdd(at, 0xaa);
  RECORD.setLate(at, 0x0102_0304);
  RECORD.setOwner(at, RECORD.frame(at) ^ 1n);
  const halves = RECORD.count(at) + RECORD.kind(at) + RECORD.late(at);
  const bytesOfIt = RECORD.node(at) + RECORD.order(at) + RECORD.odd(at);
  return BigInt.asUintN(64, RECORD.owner(at) + BigInt(halves) + BigInt(bytesOfIt));
}
export function recordOffsets(): bigint {
  const at = BUFFER;
  return (
    (RECORD.frameAt(at) - at) +
    100n * (RECORD.countAt(at) - at) +
    10_000n * (RECORD.oddAt(at) - at) +
    1_000_000n * (RECORD.lateAt(at) - at) +
    100_000_000n * (RECORD.gapAt(at) - at) +
    10_000_000_000n * (RECORD.ownerAt(at) - at)
  );
}
export function recordBytes(index: number): number {
  RECORD.setFrame(BUFFER, 0x1122_3344_5566_7788n as PhysAddr);
  RECORD.setLate(BUFFER, 0xcafe_f00d);
  PACKED.setBase(BUFFER + 64n, 0x0102_0304_0506_0708n);
  PACKED.setLimit(BUFFER + 64n, 0xffee);
  return load8(BUFFER + BigInt(index & 127));
}
