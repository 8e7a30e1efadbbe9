/** Where the kernel's own image lies: the symbols of linker.ld and boot/stacks.asm under TypeScript names. */
import { linkerSymbol } from "../doors/machine.ts";
import { IMAGE_MAP, type Page, type PhysAddr, type VirtAddr } from "../lib/addr.ts";

/** The order of linker_symbols in boot/doors.h. */
const SYMBOL = {
  BOOT_START: 0,
  BOOT_END: 1,
  TEXT_START: 2,
  TEXT_END: 3,
  RODATA_START: 4,
  RODATA_END: 5,
  DATA_START: 6,
  DATA_END: 7,
  STACK_GUARD: 8,
  STACK_TOP: 9,
  DOUBLE_FAULT_GUARD: 10,
  DOUBLE_FAULT_TOP: 11,
  NMI_GUARD: 12,
  NMI_TOP: 13,
  MACHINE_CHECK_GUARD: 14,
  MACHINE_CHECK_TOP: 15,
} as const;

/** The 32-bit entry and the boot page tables: no use once the kernel runs on tables of its own. */
export function bootStart(): PhysAddr {
  return linkerSymbol(SYMBOL.BOOT_START) as PhysAddr;
}
/** First byte after them; page-aligned like all that follows. */
export function bootEnd(): PhysAddr {
  return linkerSymbol(SYMBOL.BOOT_END) as PhysAddr;
}

/** The whole image in physical memory, boot part and bss included. */
export function imageStart(): PhysAddr {
  return bootStart();
}
export function imageEnd(): PhysAddr {
  return physOfImage(dataEnd());
}
/** The physical address of a place in the image proper (not in its boot part). */
export function physOfImage(va: VirtAddr): PhysAddr {
  return (va - IMAGE_MAP) as PhysAddr;
}

export function textStart(): VirtAddr {
  return linkerSymbol(SYMBOL.TEXT_START) as VirtAddr;
}
export function textEnd(): VirtAddr {
  return linkerSymbol(SYMBOL.TEXT_END) as VirtAddr;
}
export function rodataStart(): VirtAddr {
  return linkerSymbol(SYMBOL.RODATA_START) as VirtAddr;
}
export function rodataEnd(): VirtAddr {
  return linkerSymbol(SYMBOL.RODATA_END) as VirtAddr;
}
/** Data, bss and the stacks that exist from the start. */
export function dataStart(): VirtAddr {
  return linkerSymbol(SYMBOL.DATA_START) as VirtAddr;
}
export function dataEnd(): VirtAddr {
  return linkerSymbol(SYMBOL.DATA_END) as VirtAddr;
}

export function stackTop(): VirtAddr {
  return linkerSymbol(SYMBOL.STACK_TOP) as VirtAddr;
}
export function doubleFaultStackTop(): VirtAddr {
  return linkerSymbol(SYMBOL.DOUBLE_FAULT_TOP) as VirtAddr;
}
export function nmiStackTop(): VirtAddr {
  return linkerSymbol(SYMBOL.NMI_TOP) as VirtAddr;
}
export function machineCheckStackTop(): VirtAddr {
  return linkerSymbol(SYMBOL.MACHINE_CHECK_TOP) as VirtAddr;
}

/** The page under each of the four stacks, never mapped: an overflow faults there. */
export function stackGuardCount(): number {
  return 4;
}
/** `index` is 0..3: the boot stack's, then those of double fault, NMI and machine check. */
export function stackGuard(index: number): Page {
  return linkerSymbol(SYMBOL.STACK_GUARD + 2 * index) as Page;
}
