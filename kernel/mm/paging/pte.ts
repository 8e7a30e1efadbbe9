/**
 * The 64 bits of a page-table entry (Intel SDM vol. 3A, "4-Level Paging and 5-Level Paging").
 *
 *    63  62      52 51                     12 11  9 8 7 6 5 4   3   2 1 0
 *   +---+----------+-------------------------+-----+-+-+-+-+---+---+-+-+-+
 *   |NX | ignored  | frame                   |     |G|S|D|A|PCD|PWT|U|W|P|
 *   +---+----------+-------------------------+-----+-+-+-+-+---+---+-+-+-+
 *
 * S, the page-size bit, makes an entry of level 2 or 3 a page of 2 MiB or 1 GiB; with it, and in level 1, the entry is
 * a leaf. While P is 0 the CPU ignores the other bits; all of them 0 says that nothing was ever mapped. Of a program's
 * page bits 1 to 3 say then where it is: 2 is HIDDEN, the frame is kept where it always stands, and nobody reaches it.
 *
 * PWT and PCD choose a memory type from IA32_PAT (arch/cpu.ts), whose first four fields are all that this kernel
 * needs. The third bit of the choice, which is S in level 1 and bit 12 in larger pages, is therefore always 0, and the
 * two stay where they are when a page is split, joined or protected.
 */
import { load64, loadOnce64, staticBytes, storeVolatile64, tryLoad64 } from "../../doors/machine.ts";
import {
  directMap, type Frame, frameAddr, frameOf, PAGE_SHIFT, type PhysAddr, physAddr, type VirtAddr,
} from "../../lib/addr.ts";

export type Pte = bigint & { readonly __brand: "Pte" };

export const PTE_EMPTY = 0n as Pte;

export const PTE_PRESENT = 1n;
export const PTE_WRITABLE = 2n;
export const PTE_USER = 4n;
export const PTE_WRITE_THROUGH = 8n;
export const PTE_CACHE_DISABLE = 0x10n;
export const PTE_ACCESSED = 0x20n;
export const PTE_DIRTY = 0x40n;
export const PTE_HUGE = 0x80n;
export const PTE_GLOBAL = 0x100n;
export const PTE_NO_EXECUTE = 1n << 63n;

/** Memory type of a device's registers: nothing is cached, merged or fetched early, whatever the MTRRs say. */
export const PTE_UNCACHED = PTE_CACHE_DISABLE | PTE_WRITE_THROUGH;
/** Memory type of a screen: stores are collected. A CPU without PAT writes through instead: right, and slow. */
export const PTE_WRITE_COMBINING = PTE_WRITE_THROUGH;

/** While P is 0: the frame is kept, and hidden. */
export const PTE_HIDDEN = 4n;

export const PTE_FRAME = 0x000f_ffff_ffff_f000n;

const tried = staticBytes(8, 8);

/** Entries in a table, each of ENTRY_BYTES; INDEX_BITS of an address choose one. */
export const TABLE_ENTRIES = 512;
export const ENTRY_BYTES = 8;
const INDEX_BITS = 9;
/** Levels as the kernel counts them: 1 maps 4 KiB, 2 maps 2 MiB, 3 maps 1 GiB, 4 is the root's. */
export const TOP_LEVEL = 4;

/** What stays as it is when rights change: the frame, the size, and what the CPU has noted. */
export const PTE_KEPT = PTE_PRESENT | PTE_FRAME | PTE_HUGE | PTE_ACCESSED | PTE_DIRTY;

export function pteMake(frame: Frame, flags: bigint): Pte {
  return (frameAddr(frame) | flags) as Pte;
}
/** The same page with other bits below and above its frame's; or any word read from a table. */
export function pteWord(word: bigint): Pte {
  return word as Pte;
}
export function pteFrame(pte: Pte): Frame {
  return frameOf(physAddr(pte & PTE_FRAME));
}
/** The same frame, which nobody can reach any more. */
export function pteHidden(pte: Pte): Pte {
  return ((pte & (PTE_FRAME | PTE_ACCESSED | PTE_DIRTY)) | PTE_HIDDEN) as Pte;
}
export function pteIsPresent(pte: Pte): boolean {
  return (pte & PTE_PRESENT) !== 0n;
}
/** Does an entry of level 2, 3 or 4 lead to a table? Without P the subtraction sets bit 0: one instruction is saved. */
export function pteIsTable(pte: Pte): boolean {
  return ((pte - PTE_PRESENT) & (PTE_PRESENT | PTE_HUGE)) === 0n;
}

/** Once, as it is now: the CPU writes A and D behind the compiler's back. */
export function pteRead(entry: PhysAddr): Pte {
  return loadOnce64(directMap(entry)) as Pte;
}
/** Can the entry be read? Then pteTried() is it. For reports on tables that may be damaged. */
export function pteTry(entry: PhysAddr): boolean {
  return tryLoad64(directMap(entry), tried);
}
export function pteTried(): Pte {
  return load64(tried) as Pte;
}
/** Volatile: the CPU may read it at once, when all that was written before is there; what follows may rely on it. */
export function pteWrite(entry: PhysAddr, pte: Pte): void {
  storeVolatile64(directMap(entry), pte);
}

/** Bytes that one entry of `level` maps: 4 KiB, 2 MiB, 1 GiB, 512 GiB. */
export function levelSpan(level: number): bigint {
  return 1n << levelShift(level);
}
/** Frames that one entry of `level` maps. */
export function levelFrames(level: number): number {
  return Number(levelSpan(level) >> PAGE_SHIFT);
}
/** Which entry of a table of `level` is for `va`: 0..511. */
export function levelIndex(va: VirtAddr, level: number): number {
  return Number(va >> levelShift(level)) & (TABLE_ENTRIES - 1);
}

/** The mask changes nothing; it tells the C compiler that no shift by it loses the whole word. */
function levelShift(level: number): bigint {
  return (PAGE_SHIFT + BigInt(INDEX_BITS * (level - 1))) & 63n;
}
