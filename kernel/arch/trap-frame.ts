/**
 * What boot/traps.asm leaves on the stack for onTrap, whatever the trap was.
 *
 *   +0    r15 r14 r13 r12 r11 r10 r9 r8 rbp rdi rsi rdx rcx rbx rax     pushed by the stub
 *   +120  vector, error code (0 where the CPU gives none)               pushed by the stub (the error by the CPU)
 *   +136  rip cs rflags rsp ss                                          pushed by the CPU
 *
 * Intel SDM vol. 3A, "64-Bit Mode Stack Frame".
 */
import { layout, u64 } from "../lib/layout.ts";

export const TRAP_FRAME = layout(176, {
  r15: u64,
  r14: u64,
  r13: u64,
  r12: u64,
  r11: u64,
  r10: u64,
  r9: u64,
  r8: u64,
  rbp: u64,
  rdi: u64,
  rsi: u64,
  rdx: u64,
  rcx: u64,
  rbx: u64,
  rax: u64,
  vector: u64,
  error: u64,
  rip: u64,
  cs: u64,
  rflags: u64,
  rsp: u64,
  ss: u64,
});

/** Exception vectors under the manual's names (Intel SDM vol. 3A, "Exception and Interrupt Reference"). */
export const VECTOR = {
  DIVIDE_ERROR: 0,
  DEBUG: 1,
  NMI: 2,
  BREAKPOINT: 3,
  OVERFLOW: 4,
  BOUND_RANGE: 5,
  INVALID_OPCODE: 6,
  DEVICE_NOT_AVAILABLE: 7,
  DOUBLE_FAULT: 8,
  COPROCESSOR_OVERRUN: 9,
  INVALID_TSS: 10,
  SEGMENT_NOT_PRESENT: 11,
  STACK_FAULT: 12,
  GENERAL_PROTECTION: 13,
  PAGE_FAULT: 14,
  FLOATING_POINT: 16,
  ALIGNMENT_CHECK: 17,
  MACHINE_CHECK: 18,
  SIMD_FLOATING_POINT: 19,
  VIRTUALIZATION: 20,
  CONTROL_PROTECTION: 21,
  HYPERVISOR_INJECTION: 28, // these three are AMD's (vol. 2, "Vectors")
  VMM_COMMUNICATION: 29,
  SECURITY: 30,
} as const;
/** What `vector` is in the frame of a system call (boot/user.asm): no trap's. */
export const SYSTEM_CALL = 256;
/** Vectors below this are the CPU's own. */
export const EXCEPTION_COUNT = 32;

/** What tryCall answers when the code came back; otherwise a vector. */
export const CALL_RETURNED = -1;

/** Bits of RFLAGS. */
export const RFLAGS = {
  ALWAYS: 1n << 1n,
  TRAP: 1n << 8n, // TF: #DB after each instruction
  INTERRUPTS: 1n << 9n, // IF
  DIRECTION: 1n << 10n, // DF
  NESTED_TASK: 1n << 14n, // NT: iretq faults
  RESUME: 1n << 16n, // RF: no #DB from a breakpoint on the next instruction
  ALIGNMENT_CHECK: 1n << 18n, // AC
} as const;

/** Did the trap interrupt the kernel, not a program? The low bits of CS are the privilege level. */
export function cameFromKernel(frame: bigint): boolean {
  return (TRAP_FRAME.cs(frame) & 3n) === 0n;
}
