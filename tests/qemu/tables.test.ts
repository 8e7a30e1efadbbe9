import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { elfSymbols } from "../../scripts/compile/elf.ts";
import { hex, type Leaf, walk, type Walk } from "../walker.ts";
import { type Boot, Conversation, ROOT } from "./machine.ts";
import { Monitor } from "./monitor.ts";

const PAGE = 4096n;
const DIRECT_MAP = 0xffff_8000_0000_0000n;
const DIRECT_MAP_END = 0xffff_c000_0000_0000n;
const FRAME_TABLE = 0xffff_c000_0000_0000n;
const FRAME_TABLE_END = 0xffff_d000_0000_0000n;
const DEVICES = 0xffff_d000_0000_0000n;
const FIRMWARE = 0xffff_d800_0000_0000n;
const WINDOWS_END = 0xffff_e000_0000_0000n;
const SCREEN = 0xb_8000n;
const RECORD = 32n;
const IMAGE_MAP = 0xffff_ffff_8000_0000n;
const DEMAND_PAGE = 0xffff_e800_1234_5000n;
const PHYSICAL_BITS = 40; // what QEMU's emulation has, whatever its CPU is called

/** Kinds of memory in `memmap` that the kernel may look at, and of these those which the frame pool owns. */
const MEMORY = [
  "usable", "first MiB", "frame bitmap", "frame records", "boot information", "module", "kernel", "ACPI tables",
  "ACPI NVS",
];
const POOL = ["usable"];
const RECORDS = "frame records";
const FIRMWARES = ["ACPI tables", "ACPI NVS"];

interface Region {
  start: bigint;
  end: bigint;
  what: string;
}

const machines: [string, Boot, { heapBase: bigint; heapSize: bigint }][] = [
  ["pc", {}, { heapBase: 0x4444_4444_0000n, heapSize: 0x10_0000n }],
  [
    "GRUB, 8G of q35, a heap elsewhere",
    { door: "iso", memory: "8G", options: "heap.base=0x123000 heap.size=3M", flags: ["-machine", "q35"] },
    { heapBase: 0x4444_4444_0000n, heapSize: 0x30_0000n }, // slot 0 is refused
  ],
  [
    "a CPU without 1 GiB pages, global pages, SMEP and SMAP",
    {
      memory: "5G",
      options: "heap.base=0x7f7f_ffc0_0000 heap.size=4M",
      flags: ["-cpu", "max,-pdpe1gb,-pge,-smep,-smap"],
    },
    { heapBase: 0x7f7f_ffc0_0000n, heapSize: 0x40_0000n },
  ],
];

describe.each(machines)("the live page tables: %s", (_name, boot, { heapBase, heapSize }) => {
  const symbols = elfSymbols(join(ROOT, "build/kernel.elf"));
  let found: Walk;
  let outside: Leaf[]; // all that is neither the direct map nor the frame table nor a window
  let windows: Leaf[]; // devices, and the firmware's tables
  let records: Leaf[];
  let regions: Region[];
  let framesInUse: (pa: bigint) => Promise<boolean>;
  const monitor = new Monitor();
  let talk: Conversation;

  beforeAll(async () => {
    talk = await Conversation.open({ ...boot, flags: [...monitor.flags, ...(boot.flags ?? [])] });
    await talk.expect("\n> ");
    await talk.ask(`fault ${hex(DEMAND_PAGE)}`);
    regions = regionsOf(await talk.ask("memmap"));
    await monitor.connect();
    const root = await monitor.stop();
    found = await walk(root, (table) => monitor.table(table), PHYSICAL_BITS);
    records = found.leaves.filter((leaf) => leaf.va >= FRAME_TABLE && leaf.va < FRAME_TABLE_END);
    outside = found.leaves.filter((leaf) => leaf.va < DIRECT_MAP || leaf.va >= WINDOWS_END);
    windows = found.leaves.filter((leaf) => leaf.va >= DEVICES && leaf.va < WINDOWS_END);
    const bitmap = regions.find((region) => region.what === "frame bitmap")!.start;
    framesInUse = async (pa) => !(await isBitSet(monitor, bitmap, pa / PAGE));
  });
  afterAll(() => {
    talk.close();
    monitor.close();
  });

  test("no entry is the user's or has a reserved bit, and every page is global", () => {
    expect(found.faults).toEqual([]);
    expect(found.leaves.filter((leaf) => leaf.user).map(shown)).toEqual([]);
    expect(found.leaves.filter((leaf) => !leaf.isGlobal).map(shown)).toEqual([]);
  });

  test("no page is writable and executable, nor are two pages of one frame", () => {
    const executable = found.leaves.filter((leaf) => leaf.executable);
    expect(executable.length).toBeGreaterThan(0);
    const writable = found.leaves.filter((leaf) => leaf.writable);
    const both = executable.flatMap((code) => writable.filter((data) => overlap(code, data)).map(shown));
    expect(both).toEqual([]);
  });

  test("the image is mapped as it was linked, without the stacks' guard pages, and no more is there", () => {
    const expected = [
      ...pages(symbols, "text", { writable: false, executable: true }),
      ...pages(symbols, "rodata", { writable: false, executable: false }),
      ...pages(symbols, "data", { writable: true, executable: false }),
    ];
    const guards = ["stack_guard", "double_fault_guard", "nmi_guard", "machine_check_guard"];
    for (const guard of guards) expect(expected.some((page) => page.va === symbols.get(guard))).toBe(true);
    const left = expected.filter((page) => !guards.some((guard) => page.va === symbols.get(guard)));
    const image = found.leaves.filter((leaf) => leaf.va >= 0xffff_ff80_0000_0000n);
    expect(image.map(shown)).toEqual(left.map((page) => shown({ ...page, isGlobal: true, user: false })));
  });

  test("constants are not writable through the direct map", () => {
    const start = symbols.get("text_start")! - IMAGE_MAP;
    const constants = { pa: start, size: symbols.get("rodata_end")! - IMAGE_MAP - start };
    const aliases = found.leaves.filter((leaf) => overlap(leaf, constants));
    expect(aliases.length).toBeGreaterThan(0);
    expect(aliases.filter((leaf) => leaf.writable).map(shown)).toEqual([]);
  });

  test("the lower half has the heap's pages and no other: page zero is absent", () => {
    const lower = outside.filter((leaf) => leaf.va < DIRECT_MAP);
    const heap = Array.from({ length: Number(heapSize / PAGE) }, (_, i) => hex(heapBase + BigInt(i) * PAGE));
    expect(lower.map((leaf) => hex(leaf.va))).toEqual(heap);
    expect(lower.filter((leaf) => leaf.executable || !leaf.writable || leaf.size !== PAGE).map(shown)).toEqual([]);
  });

  test("between the direct map and the image there is the one page that was touched on demand", () => {
    const between = outside.filter((leaf) => leaf.va >= DIRECT_MAP_END && leaf.va < 0xffff_ff80_0000_0000n);
    expect(between.map((leaf) => hex(leaf.va))).toEqual([hex(DEMAND_PAGE)]);
  });

  test("the windows show the screen, writable, and the firmware's tables, read-only, each at its place", () => {
    const [screen, ...tables] = windows;
    expect(shown(screen!)).toBe(shown({ ...screen!, va: DEVICES + SCREEN, pa: SCREEN, size: PAGE, writable: true }));
    expect(tables.length).toBeGreaterThan(0);
    for (const leaf of tables) expect([leaf.va - FIRMWARE, leaf.writable]).toEqual([leaf.pa, false]);
    expect(windows.filter((leaf) => leaf.executable || leaf.size !== PAGE).map(shown)).toEqual([]);
    const ours = regions.filter(({ what }) => MEMORY.includes(what) && !FIRMWARES.includes(what));
    const isOurs = (leaf: Leaf): boolean =>
      ours.some(({ start, end }) => overlap(leaf, { pa: start, size: end - start }));
    expect(windows.filter(isOurs).map(shown)).toEqual([]);
  });

  test("the frame table has the records of all memory that is usable, in frames kept for them and no others", () => {
    const kept = regions.filter((region) => region.what === RECORDS);
    const isKept = ({ pa, size }: Leaf): boolean => kept.some(({ start, end }) => pa >= start && pa + size <= end);
    expect(records.filter((leaf) => !isKept(leaf) || leaf.executable || !leaf.writable).map(shown)).toEqual([]);
    expect(new Set(records.map((leaf) => leaf.pa)).size).toBe(records.length);
    for (const { start, end } of regions.filter((region) => POOL.includes(region.what))) {
      for (const frame of [start / PAGE, end / PAGE - 1n]) {
        const at = FRAME_TABLE + frame * RECORD;
        expect(records.some((leaf) => at >= leaf.va && at < leaf.va + leaf.size), hex(at)).toBe(true);
      }
    }
  });

  test("the direct map shows all memory, each byte at its place, and no device", () => {
    const direct = found.leaves.filter((leaf) => leaf.va >= DIRECT_MAP && leaf.va < DIRECT_MAP_END);
    expect(direct.filter((leaf) => leaf.va - DIRECT_MAP !== leaf.pa || leaf.executable).map(shown)).toEqual([]);
    const memory = regions.filter((region) => MEMORY.includes(region.what));
    expect(merged(direct.map((leaf) => ({ start: leaf.pa, end: leaf.pa + leaf.size })))).toEqual(merged(memory));
  });

  test("a page outside the direct map is a pool frame in use or the kernel's image, and no frame has two", async () => {
    const frames = outside.map((leaf) => leaf.pa);
    expect(new Set(frames).size).toBe(frames.length);
    const wrong: string[] = [];
    for (const leaf of outside) {
      const what = regions.find((region) => leaf.pa >= region.start && leaf.pa < region.end)?.what;
      const isImage = leaf.va >= IMAGE_MAP;
      if (isImage ? what !== "kernel" : !POOL.includes(what!) || !(await framesInUse(leaf.pa))) wrong.push(shown(leaf));
    }
    expect(wrong).toEqual([]);
  });

  test("a table is one table, in a pool frame that is in use and that only the direct map shows", async () => {
    expect(new Set(found.tables).size).toBe(found.tables.length);
    const mapped = new Set(outside.map((leaf) => leaf.pa));
    for (const table of found.tables) {
      const what = regions.find((region) => table >= region.start && table < region.end)?.what;
      expect([...POOL, RECORDS], hex(table)).toContain(what);
      if (what !== RECORDS) expect(await framesInUse(table), hex(table)).toBe(true);
      expect(mapped.has(table), hex(table)).toBe(false);
    }
  });
});

function pages(symbols: Map<string, bigint>, section: string, rights: Pick<Leaf, "writable" | "executable">) {
  const start = symbols.get(`${section}_start`)!;
  const count = Number((symbols.get(`${section}_end`)! - start) / PAGE);
  return Array.from({ length: count }, (_, i) => {
    const va = start + BigInt(i) * PAGE;
    return { va, pa: va - IMAGE_MAP, size: PAGE, ...rights };
  });
}

function shown(leaf: Leaf): string {
  const has = (right: boolean, letter: string): string => (right ? letter : "-");
  const { writable, executable, user, isGlobal } = leaf;
  const rights = `r${has(writable, "w")}${has(executable, "x")}${has(user, "u")}${has(isGlobal, "g")}`;
  return `${hex(leaf.va)} -> ${hex(leaf.pa)} ${hex(leaf.size)} ${rights}`;
}

function overlap(a: Pick<Leaf, "pa" | "size">, b: Pick<Leaf, "pa" | "size">): boolean {
  return a.pa < b.pa + b.size && b.pa < a.pa + a.size;
}

/** Stretches that touch become one. */
function merged(stretches: { start: bigint; end: bigint }[]): string[] {
  const all: { start: bigint; end: bigint }[] = [];
  for (const { start, end } of stretches) {
    const last = all.at(-1);
    if (last?.end === start) last.end = end;
    else all.push({ start, end });
  }
  return all.map(({ start, end }) => `${hex(start)}-${hex(end)}`);
}

function regionsOf(said: string): Region[] {
  const row = /^ *p(0x[0-9a-f]+) +p(0x[0-9a-f]+) +\d+ {2}\w+ +(.+)$/gm;
  const rows = [...said.matchAll(row)];
  return rows.map(([, start, end, what]) => ({ start: BigInt(start!), end: BigInt(end!), what: what! }));
}

/** Bit `index` of every other word at physical `at`: of the frame pool's bitmaps the one in which 1 is free. */
async function isBitSet(monitor: Monitor, at: bigint, index: bigint): Promise<boolean> {
  const byte = at + (index / 64n) * 16n;
  const entries = await monitor.table(byte - (byte % PAGE));
  return ((entries[Number((byte % PAGE) / 8n)]! >> (index % 64n)) & 1n) === 1n;
}
