/**
 * Ring 3: how a program calls the kernel, and what the CPU keeps for it beside the registers of a trap.
 * Intel SDM vol. 3A, "Fast System Calls in 64-Bit Mode"; vol. 4, "Architectural MSRs".
 */
import { fillWords, fpuLoad, fpuSave, readMsr, store16, store32, store64, writeMsr } from "../doors/machine.ts";
import type { VirtAddr } from "../lib/addr.ts";
import { kernelStackSet, SELECTOR } from "./descriptors.ts";
import { kernelStackAt, systemCallEntry } from "./image.ts";
import { RFLAGS } from "./trap-frame.ts";

const MSR = {
  EFER: 0xc000_0080, STAR: 0xc000_0081, LSTAR: 0xc000_0082, FMASK: 0xc000_0084, FS_BASE: 0xc000_0100,
} as const;
const EFER_SCE = 1n;
/** What a program's RFLAGS must not bring along into the kernel. */
const FLAGS_CLEARED =
  RFLAGS.TRAP | RFLAGS.INTERRUPTS | RFLAGS.DIRECTION | RFLAGS.NESTED_TASK | RFLAGS.ALIGNMENT_CHECK;
/** sysret takes SS from 8 above this and CS from 16 above; syscall takes CS, and SS from 8 above. */
const SYSRET_BASE = BigInt(SELECTOR.USER_DATA - 8) | 3n;
const STAR_VALUE = (SYSRET_BASE << 48n) | (BigInt(SELECTOR.KERNEL_CODE) << 32n);

/** What CS and SS are for a program. */
export const USER_CS = BigInt(SELECTOR.USER_CODE) | 3n;
export const USER_SS = BigInt(SELECTOR.USER_DATA) | 3n;

/** Words of what fpuKeep writes; at a multiple of 16. */
const FPU_WORDS = 64;
const FCW_AT = 0n;
const FCW_INITIAL = 0x37f; // all exceptions masked, 64 bits of precision
const MXCSR_AT = 24n;
const MXCSR_INITIAL = 0x1f80; // all exceptions masked

/** Switches system calls on. The descriptors stand. */
export function userModeInit(): void {
  writeMsr(MSR.STAR, STAR_VALUE);
  writeMsr(MSR.LSTAR, systemCallEntry());
  writeMsr(MSR.FMASK, FLAGS_CLEARED);
  writeMsr(MSR.EFER, readMsr(MSR.EFER) | EFER_SCE);
}

/**
 * The kernel's stack for the program that runs from now on, where traps and system calls begin: its top, 16-aligned.
 */
export function kernelStackUse(top: VirtAddr): void {
  kernelStackSet(top);
  store64(kernelStackAt(), top);
}

/** The base of FS, which is where a C library finds its thread. */
export function fsBaseSet(base: bigint): void {
  writeMsr(MSR.FS_BASE, base);
}

/** The state of x87 and SSE with which a program starts (System V ABI, AMD64 supplement, "Process Initialization"). */
export function fpuInitial(at: VirtAddr): void {
  fillWords(at, 0n, FPU_WORDS);
  store16(at + FCW_AT, FCW_INITIAL);
  store32(at + MXCSR_AT, MXCSR_INITIAL);
}
/** The state of x87 and SSE: into memory, and back. */
export function fpuKeep(at: VirtAddr): void {
  fpuSave(at);
}
export function fpuRestore(at: VirtAddr): void {
  fpuLoad(at);
}
