/**
 * The doors: everything that TypeScript cannot say, one line each.
 *
 * Natively each is a `static inline` C function of the same name in boot/doors.h; in Node the fake machine
 * (tests/fake/machine.ts) answers. Nothing else in the kernel reaches outside TypeScript.
 */

// ---- memory ------------------------------------------------------------------------------------------------
// Little-endian, at a virtual address that must be mapped; no alignment is needed. Ordinary: the C compiler may
// merge, move or drop them.
export declare function load8(va: bigint): number;
export declare function load16(va: bigint): number;
export declare function load32(va: bigint): number;
export declare function load64(va: bigint): bigint;
export declare function store8(va: bigint, value: number): void;
export declare function store16(va: bigint, value: number): void;
export declare function store32(va: bigint, value: number): void;
export declare function store64(va: bigint, value: bigint): void;

// Volatile: each happens exactly once, in program order, and other memory is as the program says around it. For
// memory that an interrupt or a device changes, for page-table entries that the CPU reads, and for deliberate touches.
export declare function loadVolatile8(va: bigint): number;
export declare function loadVolatile32(va: bigint): number;
export declare function loadVolatile64(va: bigint): bigint;
export declare function storeVolatile8(va: bigint, value: number): void;
export declare function storeVolatile32(va: bigint, value: number): void;
export declare function storeVolatile64(va: bigint, value: bigint): void;

/** `rep stosq`: `count` 64-bit words from `va` (8-aligned) up become `word`. */
export declare function fillWords(va: bigint, word: bigint, count: number): void;
/** `rep movsb`, upwards: `count` bytes; where the ranges overlap, `to` must lie below `from`. */
export declare function copyBytes(to: bigint, from: bigint, count: number): void;

/**
 * From now on nobody may touch the `count` bytes at `va`, until `unpoison`. It says so to those who watch accesses: the
 * fake machine, and AddressSanitizer where the kernel's code is hosted. Natively both are nothing at all.
 */
export declare function poison(va: bigint, count: number): void;
export declare function unpoison(va: bigint, count: number): void;

/** Address of `size` zeroed bytes in .bss. Only as the initialiser of a top-level const; both are constants. */
export declare function staticBytes(size: number, align?: number): bigint;

// ---- string literals ---------------------------------------------------------------------------------------
/** Length in bytes of its UTF-8 form. */
export declare function stringLength(text: string): number;
/** The byte at `index`, which must be within 0..length-1. */
export declare function stringByte(text: string, index: number): number;

// ---- ports -------------------------------------------------------------------------------------------------
export declare function outb(port: number, value: number): void;
export declare function outw(port: number, value: number): void;
export declare function outl(port: number, value: number): void;
export declare function inb(port: number): number;
export declare function inw(port: number): number;
export declare function inl(port: number): number;

// ---- CPU ---------------------------------------------------------------------------------------------------
export declare function readCr0(): bigint;
export declare function readCr2(): bigint;
export declare function readCr3(): bigint;
export declare function readCr4(): bigint;
export declare function writeCr0(value: bigint): void;
/** Loads the page-table root; drops every TLB entry that is not global. */
export declare function writeCr3(value: bigint): void;
export declare function writeCr4(value: bigint): void;
/** Drops the TLB entries for one page, global ones too, and the paging-structure caches. */
export declare function invalidatePage(va: bigint): void;
export declare function readMsr(index: number): bigint;
export declare function writeMsr(index: number, value: bigint): void;
/** One register (0..3 = eax, ebx, ecx, edx) of CPUID. */
export declare function cpuid(leaf: number, subleaf: number, register: number): number;
export declare function rdtsc(): bigint;
/** Waits for an interrupt. */
export declare function halt(): void;
export declare function pause(): void;
export declare function interruptsOn(): void;
export declare function interruptsOff(): void;
/** `lgdt` from a 10-byte descriptor-table register image, then reloads CS (0x08) and the data segments (0x10). */
export declare function loadGdt(register: bigint): void;
/** `lidt` from a 10-byte descriptor-table register image. */
export declare function loadIdt(register: bigint): void;
/** `ltr`. */
export declare function loadTaskRegister(selector: number): void;
/**
 * `ud2` with RAX = PANIC_MARK (base/panic.ts), RDI = the message's address, RSI = `value`: enters the top of the kernel
 * as an invalid-opcode trap and never comes back. In Node it throws KernelPanic.
 */
export declare function panicTrap(message: string, value: bigint): never;
/** The rbp of the calling function, where its caller's rbp and return address are saved. */
export declare function framePointer(): bigint;

// ---- what the linker knows ---------------------------------------------------------------------------------
/** Code address of the stub for `vector` (0..255) in boot/traps.asm. */
export declare function trapStub(vector: number): bigint;
/** A linker symbol by number; arch/image.ts gives them names. */
export declare function linkerSymbol(index: number): bigint;
