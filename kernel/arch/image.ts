/** Where the kernel's own image lies: the symbols of linker.ld and boot/stacks.asm under TypeScript names. */
import { linkerSymbol } from "../doors/machine.ts";
import { IMAGE_MAP, type Page, type PhysAddr, physAddr, type VirtAddr, virtAddr } from "../lib/addr.ts";

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
  FIXUPS_START: 16,
  FIXUPS_END: 17,
  CALL_TRIED: 18,
  TRY_CALL_FAILED: 19,
  SYMBOLS_START: 20,
  SYSTEM_CALL_ENTRY: 21,
  TRAP_RETURN: 22,
  KERNEL_STACK: 23,
} as const;

/** The 32-bit entry and the boot page tables: no use once the kernel runs on tables of its own. */
export function bootStart(): PhysAddr {
  return physAddr(linkerSymbol(SYMBOL.BOOT_START));
}
/** First byte after them; page-aligned like all that follows. */
export function bootEnd(): PhysAddr {
  return physAddr(linkerSymbol(SYMBOL.BOOT_END));
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
  return physAddr(va - IMAGE_MAP);
}

export function textStart(): Page {
  return boundary(SYMBOL.TEXT_START);
}
export function textEnd(): Page {
  return boundary(SYMBOL.TEXT_END);
}
export function rodataStart(): Page {
  return boundary(SYMBOL.RODATA_START);
}
export function rodataEnd(): Page {
  return boundary(SYMBOL.RODATA_END);
}
/** Data, bss and the stacks that exist from the start. */
export function dataStart(): Page {
  return boundary(SYMBOL.DATA_START);
}
export function dataEnd(): Page {
  return boundary(SYMBOL.DATA_END);
}

export function stackTop(): Page {
  return boundary(SYMBOL.STACK_TOP);
}
export function doubleFaultStackTop(): Page {
  return boundary(SYMBOL.DOUBLE_FAULT_TOP);
}
export function nmiStackTop(): Page {
  return boundary(SYMBOL.NMI_TOP);
}
export function machineCheckStackTop(): Page {
  return boundary(SYMBOL.MACHINE_CHECK_TOP);
}

/** The page under each of the four stacks, never mapped: an overflow faults there. */
export function stackGuardCount(): number {
  return 4;
}
/** `index` is 0..3: the boot stack's, then those of double fault, NMI and machine check. */
export function stackGuard(index: number): Page {
  return boundary(SYMBOL.STACK_GUARD + 2 * index);
}

/** Where the stack above stackGuard(index) begins: its first byte is below. */
export function stackEnd(index: number): Page {
  return boundary(SYMBOL.STACK_TOP + 2 * index);
}

/** The pairs of addresses that trap/recovery.ts looks through, in .rodata. */
export function fixupsStart(): VirtAddr {
  return virtAddr(linkerSymbol(SYMBOL.FIXUPS_START));
}
export function fixupsEnd(): VirtAddr {
  return virtAddr(linkerSymbol(SYMBOL.FIXUPS_END));
}
/** The word that says which call is being tried, and where such a call lands when it fails: boot/traps.asm. */
export function callTriedAt(): VirtAddr {
  return virtAddr(linkerSymbol(SYMBOL.CALL_TRIED));
}
export function callFailedCode(): VirtAddr {
  return virtAddr(linkerSymbol(SYMBOL.TRY_CALL_FAILED));
}

/**
 * Where `syscall` enters the kernel; where a TRAP_FRAME on the stack becomes registers: boot/user.asm, boot/traps.asm.
 */
export function systemCallEntry(): VirtAddr {
  return virtAddr(linkerSymbol(SYMBOL.SYSTEM_CALL_ENTRY));
}
export function trapReturn(): VirtAddr {
  return virtAddr(linkerSymbol(SYMBOL.TRAP_RETURN));
}
/** The word that holds the RSP with which a system call begins. */
export function kernelStackAt(): VirtAddr {
  return virtAddr(linkerSymbol(SYMBOL.KERNEL_STACK));
}

/** The table that base/symbols.ts reads, in .rodata. */
export function symbolsStart(): VirtAddr {
  return virtAddr(linkerSymbol(SYMBOL.SYMBOLS_START));
}

/** All of these lie between pages: linker.ld and boot/stacks.asm align them. */
function boundary(symbol: number): Page {
  return linkerSymbol(symbol) as Page;
}
