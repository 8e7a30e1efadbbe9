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

/**
 * Once, in order with the volatile doors and with what is written to the same place, but no barrier: other accesses may
 * move across it, and a loop of these may be unrolled. For page-table entries: with them the CPU changes nothing else
 * (A and D), and who follows one goes where its value says. A loop that waits for another thing needs a real barrier.
 */
export declare function loadOnce64(va: bigint): bigint;

/** `rep stosq`: `count` 64-bit words from `va` (8-aligned) up become `word`. */
export declare function fillWords(va: bigint, word: bigint, count: number): void;
/** `rep movsb`, upwards: `count` bytes; where the ranges overlap, `to` must lie below `from`. */
export declare function copyBytes(to: bigint, from: bigint, count: number): void;

// Tried: an access that may fault (#PF, or #GP for an address that is not canonical), and then the door says so instead
// of a panic: trap/recovery.ts. Volatile. A page of the demand-paged window is repaired as for any access. That nothing
// faults costs nothing: one more register is set.
/** The byte at `va`, or -1. */
export declare function tryLoad8(va: bigint): number;
/** Puts the word at `va` to `to`, which must be mapped: false, and `to` is as it was, where `va` cannot be read. */
export declare function tryLoad64(va: bigint, to: bigint): boolean;
/** False, and nothing is stored, where `va` cannot be written. */
export declare function tryStore8(va: bigint, value: number): boolean;
export declare function tryStore64(va: bigint, value: bigint): boolean;
/** copyBytes as far as it goes; either side may fault. How many bytes were copied: `count` means all. */
export declare function tryCopy(to: bigint, from: bigint, count: number): number;
/**
 * tryCopy that reaches a program's pages although SMAP is on (`stac`, `clac`); a CPU without SMAP lacks the two
 * instructions, and there tryCopy does it: see hasSmap(). All other doors refuse a program's pages under SMAP.
 */
export declare function tryCopyUser(to: bigint, from: bigint, count: number): number;
/**
 * Calls `code` and survives every exception in it but NMI, double fault, machine check and a panic: -1 (CALL_RETURNED)
 * if it came back, or else the vector of the exception that ended it. What it had begun stays half done.
 */
export declare function tryCall(code: () => void): number;
/** The same for code at an address, whatever is there. */
export declare function tryCallAt(code: bigint): number;

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
/** Debug status: why a #DB came. The CPU sets bits and never clears one. */
export declare function readDr6(): bigint;
export declare function writeDr6(value: bigint): void;
/** Drops the TLB entries for one page, global ones too, and the paging-structure caches. */
export declare function invalidatePage(va: bigint): void;
export declare function readMsr(index: number): bigint;
export declare function writeMsr(index: number, value: bigint): void;
/** `fxsave64`, `fxrstor64`: 512 bytes, 16-aligned; all registers that programs have beside the general ones. */
export declare function fpuSave(to: bigint): void;
export declare function fpuLoad(from: bigint): void;
/** One register (0..3 = eax, ebx, ecx, edx) of CPUID. */
export declare function cpuid(leaf: number, subleaf: number, register: number): number;
export declare function rdtsc(): bigint;
/** Waits for an interrupt. */
export declare function halt(): void;
export declare function pause(): void;
/**
 * Lets interrupts in, waits for one, and shuts them out again (`sti`, `hlt`, `cli`): it cannot come between the first
 * two, and so none is slept through. Interrupts must be off.
 */
export declare function idle(): void;
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
/** `int3`: trap/debug.ts logs one line with the place and goes on. Any other int3 is a mistake. */
export declare function breakpoint(): void;
/** The rbp of the calling function, where its caller's rbp and return address are saved. */
export declare function framePointer(): bigint;

/**
 * Goes on where another kernel stack was left: its RSP is `to`. This stack's RSP is kept at `at`, and the call comes
 * back when somebody switches to that. (boot/user.asm says what lies on a stack that is left.)
 */
export declare function stackSwitch(at: bigint, to: bigint): void;

// ---- what the linker knows ---------------------------------------------------------------------------------
/** Code address of the stub for `vector` (0..255) in boot/traps.asm. */
export declare function trapStub(vector: number): bigint;
/** A linker symbol by number; arch/image.ts gives them names. */
export declare function linkerSymbol(index: number): bigint;
