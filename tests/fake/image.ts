/** The kernel image in the fake machine: where the linker would put things, and the .bss that staticBytes hands out. */
import { ramBytes, ramWrite64 } from "./ram.ts";

export const IMAGE_MAP = 0xffff_ffff_8000_0000n;

const GUARDS = [0x19_1000, 0x19_6000, 0x19_9000, 0x19_c000] as const;
const STATICS = 0x1a_0000;
const SYMBOL_TABLE = 0x2c_0000; // behind all statics, with 256 KiB of room
const FIXUPS = { start: 0x18_f000, end: 0x18_f100 } as const;
const CALL_TRIED = 0x19_f800;

/** The one pair that stands for all uses of the doors that may fail. */
export const TRIED = { instruction: IMAGE_MAP + 0x18_0000n, landing: IMAGE_MAP + 0x18_0010n } as const;
/** Where a tried call lands when it fails. */
export const CALL_FAILED = IMAGE_MAP + 0x18_0020n;

/** Physical addresses of the sections; the image lies in 0x100000..0x300000. */
export const IMAGE = {
  bootStart: 0x10_0000,
  bootEnd: 0x10_9000,
  textStart: 0x10_9000,
  textEnd: 0x18_9000,
  rodataStart: 0x18_9000,
  rodataEnd: 0x19_1000,
  dataStart: 0x19_1000,
  dataEnd: 0x30_0000,
} as const;

/**
 * By linkerSymbol's number: bounds of boot, text, rodata, data; guard and top of each stack; recovery's; symbols;
 * programs'.
 */
const SYMBOLS: readonly number[] = [
  IMAGE.bootStart, IMAGE.bootEnd, IMAGE.textStart, IMAGE.textEnd,
  IMAGE.rodataStart, IMAGE.rodataEnd, IMAGE.dataStart, IMAGE.dataEnd,
  GUARDS[0], 0x19_6000, GUARDS[1], 0x19_9000, GUARDS[2], 0x19_c000, GUARDS[3], 0x19_f000,
  FIXUPS.start, FIXUPS.end, CALL_TRIED, Number(CALL_FAILED - IMAGE_MAP), SYMBOL_TABLE,
  0x18_0040, 0x18_0060, 0x19_f808,
];

let staticsEnd = STATICS;

/** Every static is zero again, as .bss is at boot, and what tables .rodata has are there. RAM must stand already. */
export function staticsReset(): void {
  ramBytes(FIXUPS.start, FIXUPS.end - FIXUPS.start).fill(0);
  ramWrite64(FIXUPS.end - 16, TRIED.instruction);
  ramWrite64(FIXUPS.end - 8, TRIED.landing);
  callTriedSet(0n);
  ramWrite64(SYMBOL_TABLE, 0n); // none
  for (let pa = STATICS; pa < staticsEnd; pa += 4096) ramBytes(pa, 4096).fill(0);
}

/** Is a call being tried? `at` is where it keeps what is to be restored: never looked at here. */
export function callTriedSet(at: bigint): void {
  ramWrite64(CALL_TRIED, at);
}

export function staticTake(size: number, align: number): bigint {
  if (!Number.isSafeInteger(size) || size <= 0) throw new RangeError(`staticBytes: size ${size}`);
  if (align < 1 || align > 4096 || (align & (align - 1)) !== 0) throw new RangeError(`staticBytes: alignment ${align}`);
  const start = Math.ceil(staticsEnd / align) * align;
  if (start + size > SYMBOL_TABLE) throw new RangeError("staticBytes: the fake image's .bss is full");
  for (let pa = Math.ceil(staticsEnd / 4096) * 4096; pa < start + size; pa += 4096) ramBytes(pa, 4096).fill(0);
  staticsEnd = start + size;
  return IMAGE_MAP + BigInt(start);
}

export function symbolOf(index: number): bigint {
  const pa = SYMBOLS[index];
  if (pa === undefined) throw new RangeError(`no linker symbol has the number ${index}`);
  return index < 2 ? BigInt(pa) : IMAGE_MAP + BigInt(pa);
}

/** Is the image's page at `pa` mapped by the boot tables? Not the guard pages under the stacks. */
export function imageHas(pa: number): boolean {
  const page = pa - (pa % 4096);
  return page >= IMAGE.bootStart && page < IMAGE.dataEnd && !GUARDS.some((guard) => guard === page);
}
