/**
 * From ACPI's root pointer, which loaders and firmware leave in memory, to the address of its root table.
 * Source: ACPI 6.5, "Root System Description Pointer (RSDP)".
 */
"compiler: cold"; // runs once
import { load8 } from "../doors/machine.ts";
import { type PhysAddr, type VirtAddr, PHYS_LIMIT, physAddr } from "../lib/addr.ts";
import { bytes, layout, packed, u32, u64, u8 } from "../lib/layout.ts";

/**
 * Every field is packed: GRUB's copy of it is only 8-aligned, the firmware's may be anywhere.
 *
 *   RSDP, 36 bytes
 *   +0   | signature                                     |
 *   +8   | checksum| oem                               | revision|
 *   +16  | rsdt                  | length                |
 *   +24  | xsdt                                          |
 *   +32  | extendedChecksum| reserved        |
 */
const RSDP = layout(36, {
  signature: packed(u64),
  checksum: u8,
  oem: bytes(6),
  revision: u8,
  rsdt: packed(u32),
  // From here on only when the revision is 2 or more.
  length: packed(u32),
  xsdt: packed(u64),
  extendedChecksum: u8,
  reserved: bytes(3),
});
/** What revision 0 has. */
const RSDP_SHORT_BYTES = 20;
export const RSDP_BYTES = 36;

/** "RSD PTR " as a little-endian word. */
const SIGNATURE = 0x2052_5450_2044_5352n;
const EXTENDED_REVISION = 2;
const NO_TABLE = 0n as PhysAddr;

/**
 * The XSDT's address, or the RSDT's where there is no XSDT, or 0: from the root pointer at `at`, of which at most
 * `length` bytes may be read. Signature and checksums are checked; nothing is read through the address.
 */
export function acpiRootOf(at: VirtAddr, length: number): PhysAddr {
  if (length < RSDP_SHORT_BYTES) return NO_TABLE;
  if (RSDP.signature(at) !== SIGNATURE || byteSum(at, RSDP_SHORT_BYTES) !== 0) return NO_TABLE;

  if (RSDP.revision(at) >= EXTENDED_REVISION && length >= RSDP_BYTES && byteSum(at, RSDP_BYTES) === 0) {
    const xsdt = RSDP.xsdt(at);
    if (xsdt !== 0n && xsdt < PHYS_LIMIT) return physAddr(xsdt);
  }
  return physAddr(BigInt(RSDP.rsdt(at)));
}

/** The sum of the bytes modulo 256: 0 where the checksum is right. */
function byteSum(at: VirtAddr, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += load8(at + BigInt(i));
  return sum & 0xff;
}
