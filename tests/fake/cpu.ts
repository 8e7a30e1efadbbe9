/** Control registers, MSRs and CPUID of the fake machine. */
import { GeneralProtection } from "./faults.ts";

/** What the CPU can do; everything is there unless a test takes it away. */
export interface CpuFeatures {
  readonly noExecute: boolean;
  readonly gigabytePages: boolean;
  readonly globalPages: boolean;
  readonly pat: boolean;
  readonly smep: boolean;
  readonly smap: boolean;
  readonly umip: boolean;
  /** A hypervisor says that it is one. Not there by default: then the kernel asks for no fw_cfg. */
  readonly hypervisor: boolean;
  /** MAXPHYADDR; QEMU's TCG says 40. */
  readonly physicalBits: number;
}
export const ALL_FEATURES: CpuFeatures = {
  noExecute: true, gigabytePages: true, globalPages: true, pat: true, smep: true, smap: true, umip: true,
  hypervisor: false, physicalBits: 40,
};

export const CR0_WP = 1n << 16n;
export const CR4_PGE = 1n << 7n;
export const CR4_UMIP = 1n << 11n;
export const CR4_SMEP = 1n << 20n;
export const CR4_SMAP = 1n << 21n;
export const EFER = 0xc000_0080;
export const EFER_NXE = 1n << 11n;

/** The registers as boot/ leaves them: PG WP NE ET MP PE, PAE, LMA LME and NXE where there is NX. */
export const cpu = {
  features: ALL_FEATURES,
  cr0: 0n,
  cr2: 0n,
  cr3: 0n,
  cr4: 0n,
  dr6: 0n,
  fpu: [] as bigint[],
  /** The instruction that a door is at, if a trap frame is to show it; 0 for any other. */
  rip: 0n,
  /** RFLAGS.AC: SMAP lets the kernel reach a program's pages. */
  userAccess: false,
  msrs: new Map<number, bigint>(),
  interruptsEnabled: false,
  tsc: 0n,
  gdt: 0n,
  idt: 0n,
  taskRegister: 0,
};

export function cpuReset(features: CpuFeatures): void {
  cpu.features = features;
  cpu.cr0 = 0x8001_0033n;
  cpu.cr2 = 0n;
  cpu.cr3 = 0n;
  cpu.cr4 = 0x20n;
  cpu.dr6 = 0xffff_0ff0n;
  cpu.rip = 0n;
  cpu.userAccess = false;
  cpu.msrs = new Map([[EFER, 0x500n | (features.noExecute ? EFER_NXE : 0n)]]);
  cpu.interruptsEnabled = false;
  cpu.tsc = 0n;
  cpu.gdt = 0n;
  cpu.idt = 0n;
  cpu.taskRegister = 0;
}

/** #GP when the CPU lacks a feature that a bit of CR4 would switch on. */
export function cr4Check(value: bigint): void {
  const { globalPages, smep, smap, umip } = cpu.features;
  const absent =
    (globalPages ? 0n : CR4_PGE) | (smep ? 0n : CR4_SMEP) | (smap ? 0n : CR4_SMAP) | (umip ? 0n : CR4_UMIP);
  if ((value & absent) !== 0n) {
    throw new GeneralProtection(`CR4 bits that this CPU lacks: 0x${(value & absent).toString(16)}`);
  }
  if ((value & 0x20n) === 0n) throw new GeneralProtection("CR4.PAE cannot be cleared in long mode");
}

/** eax, ebx, ecx, edx (Intel SDM vol. 2A, "CPUID"). */
export function cpuidLeaf(leaf: number): readonly [number, number, number, number] {
  const { noExecute, gigabytePages, globalPages, pat, smep, smap, umip, hypervisor, physicalBits } = cpu.features;
  switch (leaf >>> 0) {
    case 0:
      return [7, 0x756e6547, 0x6c65746e, 0x49656e69]; // "GenuineIntel"
    case 1:
      return [
        0x663, 0, bits([31, hypervisor]),
        bits([0, true], [4, true], [5, true], [6, true], [7, true], [13, globalPages], [16, pat]),
      ];
    case 7:
      return [0, bits([7, smep], [20, smap]), bits([2, umip]), 0];
    case 0x8000_0000:
      return [0x8000_0008, 0, 0, 0];
    case 0x8000_0001:
      return [0, 0, 0, bits([11, true], [20, noExecute], [26, gigabytePages], [29, true])];
    case 0x8000_0008:
      return [(48 << 8) | physicalBits, 0, 0, 0];
    default:
      return [0, 0, 0, 0];
  }
}

function bits(...flags: readonly (readonly [number, boolean])[]): number {
  return flags.reduce((word, [bit, on]) => (on ? word | (1 << bit) : word), 0) >>> 0;
}
