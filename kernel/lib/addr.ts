/** Addresses and frames: kinds that the compiler keeps apart, and the way between them. Minted here alone. */

/** A physical address. */
export type PhysAddr = bigint & { readonly __brand: "PhysAddr" };
/** A canonical virtual address. */
export type VirtAddr = bigint & { readonly __brand: "VirtAddr" };
/** A virtual address that is a multiple of PAGE_SIZE. */
export type Page = VirtAddr & { readonly __aligned: "Page" };
/** The number of a 4 KiB frame: its physical address / PAGE_SIZE. */
export type Frame = number & { readonly __brand: "Frame" };

export const PAGE_SIZE = 4096n;
export const PAGE_SHIFT = 12n;
export const PAGE_BYTES = 4096;

/** No frame: what a taker answers when there is none. Frame 0 exists but is never handed out. */
export const NO_FRAME = -1 as Frame;
/** No virtual address: page zero is never mapped in the kernel. */
export const NOWHERE = 0n as VirtAddr;
/** No physical address: nothing is mapped there. */
export const NO_PHYS = 0xffff_ffff_ffff_ffffn as PhysAddr;

/**
 * Physical addresses are below 2^52 (Intel SDM vol. 3A, "4-Level Paging and 5-Level Paging"); those of the CPU at hand
 * may end earlier (arch/cpu.ts, physicalLimit).
 */
export const PHYS_LIMIT = 1n << 52n;
/** While the boot tables of boot/entry.asm are live, the direct map shows physical addresses below this only. */
export const BOOT_REACH = 1n << 32n;

// ---- the kernel's own places -------------------------------------------------------------------------------
/** Physical address p of memory is readable and writable at DIRECT_MAP + p. */
export const DIRECT_MAP = 0xffff_8000_0000_0000n as VirtAddr;
/** What there is room for: 64 TiB. */
export const DIRECT_MAP_SIZE = 1n << 46n;
/** The record of frame n is at FRAME_TABLE + 32 n (mm/phys/frame-table.ts). */
export const FRAME_TABLE = 0xffff_c000_0000_0000n as VirtAddr;
/** The image: physical address p of it is at IMAGE_MAP + p. */
export const IMAGE_MAP = 0xffff_ffff_8000_0000n as VirtAddr;
/** The one window in which the kernel itself is paged on demand: 1 GiB. */
export const DEMAND_WINDOW = 0xffff_e800_0000_0000n as Page;
export const DEMAND_WINDOW_SIZE = 0x4000_0000n;
/** First address of the kernel half. */
export const KERNEL_HALF = 0xffff_8000_0000_0000n as VirtAddr;

export function physAddr(value: bigint): PhysAddr {
  return value as PhysAddr;
}
export function virtAddr(value: bigint): VirtAddr {
  return value as VirtAddr;
}

/** Where memory at `pa` is seen through the direct map. `pa` must be memory, not a device. */
export function directMap(pa: PhysAddr): VirtAddr {
  return (DIRECT_MAP + pa) as VirtAddr;
}

/** Frame `n`, which the caller knows to be one. */
export function frameNumber(n: number): Frame {
  return n as Frame;
}
export function frameOf(pa: PhysAddr): Frame {
  return Number(pa >> PAGE_SHIFT) as Frame;
}
export function frameAddr(frame: Frame): PhysAddr {
  return (BigInt(frame) << PAGE_SHIFT) as PhysAddr;
}
/** The frame's bytes, through the direct map. */
export function frameBytes(frame: Frame): VirtAddr {
  return directMap(frameAddr(frame));
}
/** The frame `count` above `first`. */
export function frameAfter(first: Frame, count: number): Frame {
  return (first + count) as Frame;
}

/** The page that holds `va`. */
export function pageOf(va: VirtAddr): Page {
  return (va & ~(PAGE_SIZE - 1n)) as Page;
}
/** The page `count` pages above `first`. */
export function pageAfter(first: Page, count: number): Page {
  return (first + (BigInt(count) << PAGE_SHIFT)) as Page;
}
/** Page-aligned already? */
export function isPageAligned(value: bigint): boolean {
  return (value & (PAGE_SIZE - 1n)) === 0n;
}
/** Bits 47..63 equal: what the CPU accepts with 4-level paging. */
export function isCanonical(va: bigint): boolean {
  const top = va >> 47n;
  return top === 0n || top === 0x1_ffffn;
}

/** `value` rounded down to a multiple of `align`, a power of two. */
export function alignDown(value: bigint, align: bigint): bigint {
  return value & ~(align - 1n);
}
/** `value` rounded up to a multiple of `align`, a power of two. The sum must stay below 2^64. */
export function alignUp(value: bigint, align: bigint): bigint {
  return (value + align - 1n) & ~(align - 1n);
}

/** The lower of two addresses or sizes, and the higher. */
export function lower(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
export function higher(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
