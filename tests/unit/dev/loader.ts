/** Boot information as loaders leave it: bytes for the fake machine's memory. */

export interface Range {
  readonly start: bigint;
  readonly length: bigint;
  readonly type: number;
}
export interface Module {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}
export interface Loaded {
  readonly ranges?: readonly Range[];
  readonly modules?: readonly Module[];
  readonly commandLine?: string;
  /** ACPI's root pointer, as rsdp() makes it. */
  readonly rsdp?: Buffer;
}

export const range = (start: bigint | number, length: bigint | number, type = 1): Range => ({
  start: BigInt(start),
  length: BigInt(length),
  type,
});

export const u32 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeUInt32LE(value >>> 0, i * 4));
  return bytes;
};
export const u64 = (...values: bigint[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((value, i) => bytes.writeBigUInt64LE(value, i * 8));
  return bytes;
};
const cString = (text: string): Buffer => Buffer.from(`${text}\0`, "latin1");

// ---- multiboot2 --------------------------------------------------------------------------------------------
export const TAG = { END: 0, COMMAND_LINE: 1, LOADER_NAME: 2, MODULE: 3, MEMORY_MAP: 6, ACPI_OLD: 14, ACPI_NEW: 15 };

/** A tag, padded to 8 bytes as the specification wants it. */
export function tag(type: number, ...contents: Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  const padding = Buffer.alloc((8 - (body.length % 8)) % 8, 0xee);
  return Buffer.concat([u32(type, 8 + body.length), body, padding]);
}
export const mapTag = (ranges: readonly Range[]): Buffer =>
  tag(TAG.MEMORY_MAP, u32(24, 0), ...ranges.map((r) => Buffer.concat([u64(r.start, r.length), u32(r.type, 0)])));
export const moduleTag = (m: Module): Buffer => tag(TAG.MODULE, u32(m.start, m.end), cString(m.text));
export const endTag = (): Buffer => tag(TAG.END);

/** Tags behind the header that gives their size. */
export function tagStream(...tags: Buffer[]): Buffer {
  const body = Buffer.concat(tags);
  return Buffer.concat([u32(8 + body.length, 0), body]);
}
/** What GRUB leaves. */
export function multibootInfo(loaded: Loaded): Buffer {
  return tagStream(
    tag(TAG.COMMAND_LINE, cString(loaded.commandLine ?? "")),
    tag(TAG.LOADER_NAME, cString("GRUB 2.06")),
    ...(loaded.modules ?? []).map(moduleTag),
    mapTag(loaded.ranges ?? []),
    ...(loaded.rsdp ? [tag(loaded.rsdp.length > 20 ? TAG.ACPI_NEW : TAG.ACPI_OLD, loaded.rsdp)] : []),
    endTag(),
  );
}

// ---- PVH ---------------------------------------------------------------------------------------------------
export interface PvhPlaces {
  readonly magic?: number;
  readonly version?: number;
  readonly moduleCount?: number;
  readonly modules?: bigint;
  readonly commandLine?: bigint;
  readonly rsdp?: bigint;
  readonly map?: bigint;
  readonly mapCount?: number;
}
export const startInfo = (p: PvhPlaces): Buffer =>
  Buffer.concat([
    u32(p.magic ?? 0x336ec578, p.version ?? 1, 0, p.moduleCount ?? 0),
    u64(p.modules ?? 0n, p.commandLine ?? 0n, p.rsdp ?? 0n, p.map ?? 0n),
    u32(p.mapCount ?? 0, 0),
  ]);

/** What QEMU leaves: all of it in the first MiB. Puts it there and answers where the start information is. */
export function pvhPut(put: (pa: bigint, bytes: Uint8Array) => void, loaded: Loaded, also: PvhPlaces = {}): bigint {
  const [info, map, modules, text, rsdpAt, moduleText] = [0x6000n, 0x7000n, 0x8000n, 0x9000n, 0xf_0000n, 0xb000n];
  const ranges = loaded.ranges ?? [];
  put(map, Buffer.concat(ranges.map((r) => Buffer.concat([u64(r.start, r.length), u32(r.type, 0)]))));
  put(text, cString(loaded.commandLine ?? ""));
  (loaded.modules ?? []).forEach((m, i) => {
    const textAt = moduleText + BigInt(i * 256);
    put(textAt, cString(m.text));
    put(modules + BigInt(i * 32), u64(BigInt(m.start), BigInt(m.end - m.start), textAt, 0n));
  });
  if (loaded.rsdp) put(rsdpAt, loaded.rsdp);
  put(
    info,
    startInfo({
      moduleCount: loaded.modules?.length ?? 0,
      modules,
      commandLine: text,
      rsdp: loaded.rsdp ? rsdpAt : 0n,
      map,
      mapCount: ranges.length,
      ...also,
    }),
  );
  return info;
}

// ---- ACPI --------------------------------------------------------------------------------------------------
/** The root pointer with right checksums; with an `xsdt` it is of revision 2. */
export function rsdp(rsdt: number, xsdt?: bigint): Buffer {
  const long = xsdt !== undefined;
  const bytes = Buffer.alloc(long ? 36 : 20);
  bytes.write("RSD PTR ", 0, "latin1");
  bytes.write("BOCHS ", 9, "latin1");
  bytes[15] = long ? 2 : 0;
  bytes.writeUInt32LE(rsdt, 16);
  bytes[8] = checksum(bytes.subarray(0, 20));
  if (long) {
    bytes.writeUInt32LE(36, 20);
    bytes.writeBigUInt64LE(xsdt, 24);
    bytes[32] = checksum(bytes);
  }
  return bytes;
}
const checksum = (bytes: Uint8Array): number => -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
