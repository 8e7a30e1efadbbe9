/**
 * What the CPU can do, asked once, and the protections that it offers switched on.
 * Intel SDM vol. 2A, "CPUID"; vol. 3A, "Control Registers".
 */
import { cpuid, readCr0, writeCr0, writeCr4, writeMsr } from "../doors/machine.ts";

const EAX = 0;
const EBX = 1;
const ECX = 2;
const EDX = 3;

const LEAF = {
  HIGHEST: 0,
  FEATURES: 1,
  STRUCTURED_FEATURES: 7,
  HIGHEST_EXTENDED: 0x8000_0000,
  EXTENDED_FEATURES: 0x8000_0001,
  ADDRESS_SIZES: 0x8000_0008,
} as const;

/** Bits of the registers that CPUID answers in, by the manual's names. */
const FEATURE = {
  MCE: 7, // FEATURES, EDX
  PGE: 13,
  PAT: 16,
  HYPERVISOR: 31, // FEATURES, ECX (AMD64 vol. 3, "Function 1h")
  SMEP: 7, // STRUCTURED_FEATURES, EBX
  SMAP: 20,
  UMIP: 2, // STRUCTURED_FEATURES, ECX
  NX: 20, // EXTENDED_FEATURES, EDX
  PAGE_1_GIB: 26,
} as const;

const CR0_WRITE_PROTECT = 1n << 16n;
const CR4_PAE = 1n << 5n;
const CR4_MCE = 1n << 6n;
export const CR4_PGE = 1n << 7n;
const CR4_OSFXSR = 1n << 9n;
const CR4_OSXMMEXCPT = 1n << 10n;
const CR4_UMIP = 1n << 11n;
const CR4_SMEP = 1n << 20n;
const CR4_SMAP = 1n << 21n;

const IA32_PAT = 0x277;
/**
 * Memory types by PWT + 2 PCD of an entry: write-back, write-combining, uncached unless an MTRR says otherwise (UC-),
 * uncached; and again with the entry's PAT bit, which nobody sets. As at reset but for the second, which was
 * write-through: no entry has it yet, so no cache needs to be flushed. (Intel SDM vol. 3A, "Page Attribute Table".)
 */
const MEMORY_TYPES = 0x0007_0106_0007_0106n;

/** MAXPHYADDR where the CPU does not say, and at most (SDM vol. 3A, "Enumeration of Paging Features by CPUID"). */
const DEFAULT_PHYSICAL_BITS = 36;
const MOST_PHYSICAL_BITS = 52;

let nx = false;
let gigabytePages = false;
let globalPages = false;
let pat = false;
let smep = false;
let smap = false;
let umip = false;
let hypervisor = false;
let physicalBits = DEFAULT_PHYSICAL_BITS;
let limit = 1n << 36n; // 2^physicalBits

/**
 * Reads the features, then sets CR0.WP, the memory types where there is PAT, and the whole of CR4: PAE, OSFXSR and
 * OSXMMEXCPT, and MCE, PGE, SMEP, SMAP and UMIP where present.
 * (Without MCE a machine check resets the machine instead of being reported.)
 * EFER.NXE is on already: boot/entry.asm refuses a CPU without NX.
 */
export function cpuInit(): void {
  const highest = leafLimit(LEAF.HIGHEST);
  const extended = leafLimit(LEAF.HIGHEST_EXTENDED);
  const hasStructured = highest >= LEAF.STRUCTURED_FEATURES;
  const hasExtended = extended >= LEAF.EXTENDED_FEATURES;

  const machineCheck = hasFeature(LEAF.FEATURES, EDX, FEATURE.MCE);
  globalPages = hasFeature(LEAF.FEATURES, EDX, FEATURE.PGE);
  pat = hasFeature(LEAF.FEATURES, EDX, FEATURE.PAT);
  hypervisor = hasFeature(LEAF.FEATURES, ECX, FEATURE.HYPERVISOR);
  smep = hasStructured && hasFeature(LEAF.STRUCTURED_FEATURES, EBX, FEATURE.SMEP);
  smap = hasStructured && hasFeature(LEAF.STRUCTURED_FEATURES, EBX, FEATURE.SMAP);
  umip = hasStructured && hasFeature(LEAF.STRUCTURED_FEATURES, ECX, FEATURE.UMIP);
  nx = hasExtended && hasFeature(LEAF.EXTENDED_FEATURES, EDX, FEATURE.NX);
  gigabytePages = hasExtended && hasFeature(LEAF.EXTENDED_FEATURES, EDX, FEATURE.PAGE_1_GIB);
  physicalBits = DEFAULT_PHYSICAL_BITS;
  if (extended >= LEAF.ADDRESS_SIZES) physicalBits = addressBits();
  limit = 1n << BigInt(physicalBits);

  if (pat) writeMsr(IA32_PAT, MEMORY_TYPES);
  writeCr0(readCr0() | CR0_WRITE_PROTECT);
  writeCr4(
    CR4_PAE |
      CR4_OSFXSR | // for programs: the kernel itself uses no SSE
      CR4_OSXMMEXCPT |
      (machineCheck ? CR4_MCE : 0n) |
      (globalPages ? CR4_PGE : 0n) |
      (smep ? CR4_SMEP : 0n) |
      (smap ? CR4_SMAP : 0n) |
      (umip ? CR4_UMIP : 0n),
  );
}

/** No-execute pages. */
export function hasNx(): boolean {
  return nx;
}
/** 1 GiB pages. */
export function hasGigabytePages(): boolean {
  return gigabytePages;
}
/** Pages whose TLB entries outlive a CR3 load. */
export function hasGlobalPages(): boolean {
  return globalPages;
}
/** Write-combining memory; without, it is written through. */
export function hasPat(): boolean {
  return pat;
}
/** The kernel cannot execute a program's pages. */
export function hasSmep(): boolean {
  return smep;
}
/** The kernel cannot reach a program's pages by accident. */
export function hasSmap(): boolean {
  return smap;
}
/** A program cannot ask where the descriptor tables are. */
export function hasUmip(): boolean {
  return umip;
}
/** Is this a virtual machine? QEMU's own emulation says so too. */
export function hasHypervisor(): boolean {
  return hypervisor;
}
/** Width of a physical address (MAXPHYADDR): entry bits from here up to 51 must be zero. */
export function physicalAddressBits(): number {
  return physicalBits;
}
/** First physical address that this CPU cannot express: an entry that names it is a reserved-bit fault. */
export function physicalLimit(): bigint {
  return limit;
}

function addressBits(): number {
  return Math.min(cpuid(LEAF.ADDRESS_SIZES, 0, EAX) & 0xff, MOST_PHYSICAL_BITS);
}

/** The highest leaf of the range that starts at `leaf`, as an unsigned number. */
function leafLimit(leaf: number): number {
  return cpuid(leaf, 0, EAX);
}

function hasFeature(leaf: number, register: number, bit: number): boolean {
  return ((cpuid(leaf, 0, register) >>> bit) & 1) === 1;
}
