/**
 * The machine of the unit tests: every door of kernel/doors/machine.ts by name, and the levers that tests pull.
 *
 *   const machine = fakeMachine({ ramBytes: 64 * MIB });   a fresh machine: junk in RAM, zero in .bss, boot tables live
 *   machine.serialTake()                                    what the kernel printed
 *   expect(() => load8(0n)).toThrow(PageFault)
 *
 * There is one machine to a test file, as there is one kernel: fakeMachine resets it. Statics keep their addresses.
 */
import { ALL_FEATURES, CR4_PGE, cpu, cpuidLeaf, cpuReset, cr4Check } from "./cpu.ts";
import type { CpuFeatures } from "./cpu.ts";
import { GeneralProtection, Halted, KernelPanic } from "./faults.ts";
import { IMAGE, staticsReset, staticTake, symbolOf } from "./image.ts";
import { faultHandler, locate, mmuReset, probe, tlbDropAll, tlbDropPage, tlbStale, tlbTables } from "./mmu.ts";
import { poisonAdd, poisonCheck, poisonReset, poisonTake, unwatched } from "./poison.ts";
import { portPlug, portRead, portsReset, portWrite, portWrites, serialTake, serialType } from "./ports.ts";
import * as ram from "./ram.ts";
import type { PhysRange } from "./ram.ts";

export {
  BusError, DebugExit, GeneralProtection, Halted, KernelPanic, PageFault, PoisonedAccess,
} from "./faults.ts";
export type { CpuFeatures, PhysRange };
export { IMAGE };

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;
const DEFAULT_RAM = 16 * MIB;
const PIECE = 0x10000;

/** One flush that the kernel made: a page, all but global entries (CR3), or everything (CR4.PGE changed). */
export type Flush = { readonly kind: "page"; readonly va: bigint } | { readonly kind: "space" | "all" };

export interface MachineOptions {
  /** RAM from physical 0 up; a multiple of 64 KiB, at least 3 MiB (the image lies there). Touched pieces alone cost. */
  readonly ramBytes?: number;
  /** RAM elsewhere, beyond a hole. */
  readonly moreRam?: readonly PhysRange[];
  /** What the CPU lacks: `{ gigabytePages: false }`. */
  readonly cpu?: Partial<CpuFeatures>;
}

const flushes: Flush[] = [];
const NOTHING_INTERRUPTS = (): boolean => false;
let interrupt = NOTHING_INTERRUPTS;
let pauses = 0;
let flushWatch: ((tables: readonly number[]) => void) | null = null;
const PATIENCE = 10_000;

/** The levers. */
const machine = {
  cpu,
  flushes: flushes as readonly Flush[],
  portWrites: portWrites as readonly (typeof portWrites)[number][],
  portPlug,
  serialTake,
  serialType,
  /** Runs `body` with poisoned bytes open to it: for tests that plant damage. */
  unwatched,
  /** See mmu.ts: who repairs page faults. */
  faultHandler,
  /** An access to nothing but permission: throws PageFault where the CPU would; answers the physical address. */
  probe: (va: bigint, access: "read" | "write" | "fetch", user = false): bigint => BigInt(probe(va, access, user)),
  /** Only these physical ranges may be touched from now on (null: all RAM). Page walks count. */
  fence: ram.ramFence,
  physRead8: (pa: bigint): number => ram.ramRead8(Number(pa)),
  physWrite8: (pa: bigint, value: number): void => ram.ramWrite8(Number(pa), value),
  physRead64: (pa: bigint): bigint => ram.ramRead64(Number(pa)),
  physWrite64: (pa: bigint, value: bigint): void => ram.ramWrite64(Number(pa), value),
  /** Puts `bytes` at physical `pa`, as a loader would. */
  physPut(pa: bigint, bytes: Uint8Array): void {
    bytes.forEach((byte, i) => ram.ramWrite8(Number(pa) + i, byte));
  },
  /** A copy of what lies at physical `pa`. */
  physGet: (pa: bigint, length: number): Uint8Array =>
    Uint8Array.from({ length }, (_, i) => ram.ramRead8(Number(pa) + i)),
  /** What interrupts a CPU that waits in `idle`; it answers false when nothing will. */
  onIdle(handler: () => boolean): void {
    interrupt = handler;
  },
  flushesForget(): void {
    flushes.length = 0;
  },
  /** See mmu.ts: what the TLB remembers and the tables no longer say, in words. */
  stale: tlbStale,
  /** Is told of each flush before it is made, with the physical addresses of the tables that the CPU may still know. */
  onFlush(watch: ((tables: readonly number[]) => void) | null): void {
    flushWatch = watch;
  },
};
export type Machine = typeof machine;

/** A machine as it is when kernelMain is called. */
export function fakeMachine(options: MachineOptions = {}): Machine {
  ram.ramReset([{ start: 0, end: options.ramBytes ?? DEFAULT_RAM }, ...(options.moreRam ?? [])]);
  cpuReset({ ...ALL_FEATURES, ...options.cpu });
  mmuReset();
  portsReset();
  staticsReset();
  ram.ramWrite64(384 * 8, 0n); // the boot tables' entry for the frame table
  poisonReset();
  flushes.length = 0;
  interrupt = NOTHING_INTERRUPTS;
  pauses = 0;
  flushWatch = null;
  return machine;
}
fakeMachine(); // module constants of the kernel take statics before any test runs

// ---- memory ------------------------------------------------------------------------------------------------
export function load8(va: bigint): number {
  poisonCheck(va, 1);
  return ram.ramRead8(locate(va, "read"));
}
export function load16(va: bigint): number {
  poisonCheck(va, 2);
  const pa = locate(va, "read");
  if (pa % 4096 > 4094) return Number(loadBytes(va, 2));
  return ram.pieceOf(pa, 2).getUint16(pa % PIECE, true);
}
export function load32(va: bigint): number {
  poisonCheck(va, 4);
  const pa = locate(va, "read");
  if (pa % 4096 > 4092) return Number(loadBytes(va, 4));
  return ram.pieceOf(pa, 4).getUint32(pa % PIECE, true);
}
export function load64(va: bigint): bigint {
  poisonCheck(va, 8);
  const pa = locate(va, "read");
  if (pa % 4096 > 4088) return loadBytes(va, 8);
  return ram.pieceOf(pa, 8).getBigUint64(pa % PIECE, true);
}
export function store8(va: bigint, value: number): void {
  fits(value, 8);
  poisonCheck(va, 1);
  ram.ramWrite8(locate(va, "write"), value);
}
export function store16(va: bigint, value: number): void {
  fits(value, 16);
  poisonCheck(va, 2);
  const pa = locate(va, "write");
  if (pa % 4096 > 4094) return storeBytes(va, BigInt(value), 2);
  ram.pieceOf(pa, 2).setUint16(pa % PIECE, value, true);
}
export function store32(va: bigint, value: number): void {
  fits(value, 32);
  poisonCheck(va, 4);
  const pa = locate(va, "write");
  if (pa % 4096 > 4092) return storeBytes(va, BigInt(value), 4);
  ram.pieceOf(pa, 4).setUint32(pa % PIECE, value, true);
}
export function store64(va: bigint, value: bigint): void {
  if (BigInt.asUintN(64, value) !== value) throw new RangeError(`store64: ${value} is outside 64 bits`);
  poisonCheck(va, 8);
  const pa = locate(va, "write");
  if (pa % 4096 > 4088) return storeBytes(va, value, 8);
  ram.pieceOf(pa, 8).setBigUint64(pa % PIECE, value, true);
}
export const loadVolatile8 = load8;
export const loadVolatile32 = load32;
export const loadVolatile64 = load64;
export const loadOnce64 = load64;
export const storeVolatile8 = store8;
export const storeVolatile32 = store32;
export const storeVolatile64 = store64;

export function fillWords(va: bigint, value: bigint, count: number): void {
  if ((va & 7n) !== 0n) throw new RangeError(`fillWords: 0x${va.toString(16)} is not 8-aligned`);
  if (BigInt.asUintN(64, value) !== value) throw new RangeError(`fillWords: ${value} is outside 64 bits`);
  countCheck(count);
  poisonCheck(va, count * 8);
  for (let done = 0; done < count; ) {
    const pa = locate(va + BigInt(done * 8), "write");
    const words = Math.min(count - done, (4096 - (pa % 4096)) / 8);
    const bytes = ram.ramBytes(pa, words * 8);
    new BigUint64Array(bytes.buffer, bytes.byteOffset, words).fill(value);
    done += words;
  }
}
export function copyBytes(to: bigint, from: bigint, count: number): void {
  countCheck(count);
  poisonCheck(from, count);
  poisonCheck(to, count);
  if (to > from && to < from + BigInt(count)) throw new RangeError("copyBytes: `to` lies in what is still to be read");
  for (let done = 0; done < count; ) {
    const source = locate(from + BigInt(done), "read");
    const target = locate(to + BigInt(done), "write");
    const length = Math.min(count - done, 4096 - (source % 4096), 4096 - (target % 4096));
    ram.ramBytes(target, length).set(ram.ramBytes(source, length));
    done += length;
  }
}
export {
  tryCall, tryCallAt, tryCopy, tryCopyUser, tryLoad64, tryLoad8, tryStore64, tryStore8,
} from "./tried.ts";

export function poison(va: bigint, count: number): void {
  countCheck(count);
  poisonAdd(va, count);
}
export function unpoison(va: bigint, count: number): void {
  countCheck(count);
  poisonTake(va, count);
}
export function staticBytes(size: number, align = 16): bigint {
  return staticTake(size, align);
}

// ---- string literals ---------------------------------------------------------------------------------------
const encoded = new Map<string, Buffer>();

export function stringLength(text: string): number {
  return utf8(text).length;
}
export function stringByte(text: string, index: number): number {
  const byte = utf8(text)[index];
  if (byte === undefined) throw new RangeError(`stringByte: ${index} is outside ${JSON.stringify(text)}`);
  return byte;
}

// ---- ports -------------------------------------------------------------------------------------------------
export const outb = (port: number, value: number): void => portWrite(port, value, 1);
export const outw = (port: number, value: number): void => portWrite(port, value, 2);
export const outl = (port: number, value: number): void => portWrite(port, value, 4);
export const inb = (port: number): number => portRead(port, 1);
export const inw = (port: number): number => portRead(port, 2);
export const inl = (port: number): number => portRead(port, 4);

// ---- CPU ---------------------------------------------------------------------------------------------------
export const readCr0 = (): bigint => cpu.cr0;
export const readCr2 = (): bigint => cpu.cr2;
export const readCr3 = (): bigint => cpu.cr3;
export const readCr4 = (): bigint => cpu.cr4;
export const readDr6 = (): bigint => cpu.dr6;
export function writeDr6(value: bigint): void {
  cpu.dr6 = value;
}
export function writeCr0(value: bigint): void {
  if ((value & 0x8000_0001n) !== 0x8000_0001n) throw new GeneralProtection("CR0 without PG and PE in long mode");
  cpu.cr0 = value;
  tlbDropAll(true);
}
export function writeCr3(value: bigint): void {
  if (value >> BigInt(cpu.features.physicalBits) !== 0n) throw new GeneralProtection(`CR3 = 0x${value.toString(16)}`);
  cpu.cr3 = value;
  flushNote({ kind: "space" });
  tlbDropAll(false);
}
export function writeCr4(value: bigint): void {
  cr4Check(value);
  const before = cpu.cr4;
  cpu.cr4 = value;
  if (((before ^ value) & CR4_PGE) !== 0n) {
    flushNote({ kind: "all" });
    tlbDropAll(true);
  }
}
export function invalidatePage(va: bigint): void {
  flushNote({ kind: "page", va });
  tlbDropPage(va);
}
export const readMsr = (index: number): bigint => cpu.msrs.get(index) ?? 0n;
export function writeMsr(index: number, value: bigint): void {
  cpu.msrs.set(index, value);
}
/** What a program has in these registers is opaque to the kernel: here it is the bytes that were loaded last. */
export function fpuSave(to: bigint): void {
  for (let i = 0n; i < 64n; i++) store64(to + i * 8n, cpu.fpu[Number(i)] ?? 0n);
}
export function fpuLoad(from: bigint): void {
  cpu.fpu = Array.from({ length: 64 }, (_, i) => load64(from + BigInt(i * 8)));
}
/** There is one stack here, JavaScript's: whoever is switched to does not come back. */
export function stackSwitch(_at: bigint, to: bigint): void {
  throw new Halted(`stack 0x${to.toString(16)}`);
}
export function cpuid(leaf: number, _subleaf: number, register: number): number {
  return cpuidLeaf(leaf)[register] ?? 0;
}
export function rdtsc(): bigint {
  cpu.tsc += 1000n;
  return cpu.tsc;
}
export function halt(): void {
  throw new Halted("hlt");
}
/** An interrupt comes, or the machine sleeps for ever. */
export function idle(): void {
  cpu.interruptsEnabled = true;
  if (!interrupt()) throw new Halted("sti; hlt");
  cpu.interruptsEnabled = false;
}
/** A loop that pauses for ever waits for what nobody here will do. */
export function pause(): void {
  pauses++;
  if (pauses > PATIENCE) throw new Halted("pause");
}
export function interruptsOn(): void {
  cpu.interruptsEnabled = true;
}
export function interruptsOff(): void {
  cpu.interruptsEnabled = false;
}
export function loadGdt(register: bigint): void {
  cpu.gdt = register;
}
export function loadIdt(register: bigint): void {
  cpu.idt = register;
}
export function loadTaskRegister(selector: number): void {
  cpu.taskRegister = selector;
}
export function panicTrap(message: string, value: bigint): never {
  throw new KernelPanic(message, value);
}
/** Nothing is interrupted by it: the trap comes back at once. */
export function breakpoint(): void {}
/** No frames to follow: a backtrace ends at once. */
export const framePointer = (): bigint => 0n;

// ---- what the linker knows ---------------------------------------------------------------------------------
export const trapStub = (vector: number): bigint => symbolOf(2) + BigInt(vector * 16);
export const linkerSymbol = symbolOf;

// ---- helpers -----------------------------------------------------------------------------------------------
function flushNote(flush: Flush): void {
  flushes.push(flush);
  flushWatch?.(tlbTables());
}
function loadBytes(va: bigint, count: number): bigint {
  let value = 0n;
  for (let i = 0; i < count; i++) value |= BigInt(load8(BigInt.asUintN(64, va + BigInt(i)))) << BigInt(8 * i);
  return value;
}
function storeBytes(va: bigint, value: bigint, count: number): void {
  locate(BigInt.asUintN(64, va + BigInt(count - 1)), "write"); // a store that faults on its second page changes nothing
  for (let i = 0; i < count; i++) store8(BigInt.asUintN(64, va + BigInt(i)), Number((value >> BigInt(8 * i)) & 0xffn));
}
/** A stored number may be signed or unsigned, but nothing of it may be lost. */
function fits(value: number, width: number): void {
  if (Number.isInteger(value) && value >= -(2 ** (width - 1)) && value < 2 ** width) return;
  throw new RangeError(`store${width}: ${value} does not fit`);
}
function countCheck(count: number): void {
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`a count of ${count}`);
}
function utf8(text: string): Buffer {
  let bytes = encoded.get(text);
  if (bytes === undefined) encoded.set(text, (bytes = Buffer.from(text)));
  return bytes;
}
