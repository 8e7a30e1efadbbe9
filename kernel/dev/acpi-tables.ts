/**
 * ACPI's root table, read where somebody has mapped it: how many tables the firmware describes the machine with. It is
 * handed the place; which bytes may be read it is told as well, and asks for no others.
 * Source: ACPI 6.5, "System Description Table Header", "Extended System Description Table (XSDT)".
 */
"compiler: cold"; // runs once
import { logEnd, logNumber, logText } from "../base/log.ts";
import { load8 } from "../doors/machine.ts";
import type { VirtAddr } from "../lib/addr.ts";
import { bytes, layout, packed, u32 } from "../lib/layout.ts";

/*
 *   HEADER, 36 bytes
 *   +0   | signature     | length        |
 *   +8   | rest                          |
 *   +16  ...
 *   +32  |               |
 */
const HEADER = layout(36, { signature: packed(u32), length: packed(u32), rest: bytes(28) });
/** What has to be mapped before acpiTableBytes. */
export const ACPI_HEADER_BYTES = 36n;
/** Longer than any root table: a length above is none. */
const LENGTH_MOST = 0x1_0000;

const XSDT = 0x5444_5358; // as a little-endian word, like all signatures
const RSDT = 0x5444_5352;

/** How long the root table is whose header is at `at`; 0 if that is no root table's. */
export function acpiRootBytes(at: VirtAddr): number {
  const signature = HEADER.signature(at);
  if (signature !== XSDT && signature !== RSDT) return 0;
  const length = HEADER.length(at);
  return length < HEADER.SIZE || length > LENGTH_MOST ? 0 : length;
}

/** How many tables the root table at `at` names, all of which may be read; -1: its bytes do not add up to 0. */
export function acpiTableCount(at: VirtAddr): number {
  const length = HEADER.length(at);
  let sum = 0;
  for (let i = 0; i < length; i++) sum += load8(at + BigInt(i));
  if ((sum & 0xff) !== 0) return -1;
  return Math.floor((length - HEADER.SIZE) / (HEADER.signature(at) === XSDT ? 8 : 4));
}

/** A line about it. */
export function acpiLog(at: VirtAddr): void {
  const count = acpiTableCount(at);
  logText("dev: acpi ");
  logText(HEADER.signature(at) === XSDT ? "xsdt" : "rsdt");
  if (count < 0) logText(" is damaged");
  else logNumber(" tables=", count);
  logEnd();
}
