/**
 * The two links of a free block, in the 8 bytes behind its word: the next of its list below, the one before it above,
 * 32 bits each, in units of 8 bytes from a place below every block, so that 0 is none.
 */
import { load32, load64, poison, store32, store64, unpoison } from "../../doors/machine.ts";
import { NOWHERE, type VirtAddr, virtAddr } from "../../lib/addr.ts";

export const NO_LINK = 0n;
const LINK_MASK = 0xffff_ffffn;
const PREVIOUS_SHIFT = 32n;

let linkBase: VirtAddr = NOWHERE;

/** Blocks lie within 32 GiB from `start` on. */
export function linksFrom(start: VirtAddr): void {
  linkBase = virtAddr(start - 8n);
}
export function linkTo(block: VirtAddr): bigint {
  return (block - linkBase) >> 3n;
}
export function linkBlock(link: bigint): VirtAddr {
  return virtAddr(linkBase + (link << 3n));
}

/** Both, as they are stored; and each of them. */
export function linksRead(block: VirtAddr): bigint {
  const at = block + 8n;
  unpoison(at, 8);
  const links = load64(at);
  poison(at, 8);
  return links;
}
export function nextOf(links: bigint): bigint {
  return links & LINK_MASK;
}
export function previousOf(links: bigint): bigint {
  return links >> PREVIOUS_SHIFT;
}

/** The first of a list: `next` follows, none is before it. */
export function linksFirst(block: VirtAddr, next: bigint): void {
  const at = block + 8n;
  unpoison(at, 8);
  store64(at, next);
  poison(at, 8);
}
export function nextRead(block: VirtAddr): bigint {
  return halfRead(block, 8n);
}
export function previousRead(block: VirtAddr): bigint {
  return halfRead(block, 12n);
}
export function nextWrite(block: VirtAddr, link: bigint): void {
  halfWrite(block, 8n, link);
}
export function previousWrite(block: VirtAddr, link: bigint): void {
  halfWrite(block, 12n, link);
}

function halfRead(block: VirtAddr, at: bigint): bigint {
  unpoison(block + 8n, 8);
  const link = BigInt(load32(block + at));
  poison(block + 8n, 8);
  return link;
}
function halfWrite(block: VirtAddr, at: bigint, link: bigint): void {
  unpoison(block + 8n, 8);
  store32(block + at, Number(link));
  poison(block + 8n, 8);
}
