/** Builds in fake RAM what boot/traps.asm leaves on the stack; offsets by hand, not by the kernel's own layout. */
import { type Machine } from "../../fake/machine.ts";

const IMAGE_MAP = 0xffff_ffff_8000_0000n;
const ORDER = [
  "r15", "r14", "r13", "r12", "r11", "r10", "r9", "r8", "rbp", "rdi", "rsi", "rdx", "rcx", "rbx", "rax",
  "vector", "error", "rip", "cs", "rflags", "rsp", "ss",
] as const;
type Register = (typeof ORDER)[number];

/** Address of a trap frame on the boot stack, at physical `pa`: from the kernel's code; registers not given are 0. */
export function trapFrame(machine: Machine, registers: Partial<Record<Register, bigint>>, pa = 0x19_5000n): bigint {
  const all = { cs: 0x08n, ss: 0x10n, rflags: 0x46n, ...registers };
  ORDER.forEach((name, i) => machine.physWrite64(pa + BigInt(i * 8), all[name as keyof typeof all] ?? 0n));
  return IMAGE_MAP + pa;
}
