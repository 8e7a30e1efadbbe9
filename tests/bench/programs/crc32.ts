/** CRC-32 as in Ethernet and zip (ISO 3309, reflected polynomial 0xedb88320), one table look-up a byte. */
import { load32, load8, staticBytes, store32 } from "../../../kernel/doors/machine.ts";

const POLYNOMIAL = 0xedb8_8320;
const table = staticBytes(1024, 4); // a u32 for each value of a byte

/** Fills the table. */
export function crc32Init(): void {
  for (let byte = 0; byte < 256; byte++) {
    let rest = byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest & 1) !== 0 ? (rest >>> 1) ^ POLYNOMIAL : rest >>> 1;
    store32(table + BigInt(byte * 4), rest >>> 0);
  }
}

/** The checksum of `length` bytes. */
export function crc32(at: bigint, length: number): number {
  let crc = 0xffff_ffff;
  for (let i = 0; i < length; i++) {
    const index = (crc ^ load8(at + BigInt(i))) & 0xff;
    crc = (crc >>> 8) ^ load32(table + BigInt(index * 4));
  }
  return ~crc >>> 0;
}
