import { expect, test } from "vitest";
import { Conversation } from "./machine.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

interface Row {
  start: number;
  end: number;
  what: string;
}

/** Where RAM ends, as GRUB reports it on these machines (measured): below 4 GiB, and above. */
test.each([
  ["pc", "128M", 0x7fe0000, 0],
  ["pc", "512M", 0x1ffe0000, 0],
  ["pc", "4G", 0xbffe0000, 0x1_4000_0000],
  ["pc", "8G", 0xbffe0000, 0x2_4000_0000],
  ["q35", "128M", 0x7fdf000, 0],
  ["q35", "512M", 0x1ffdf000, 0],
  ["q35", "4G", 0x7ffdf000, 0x1_8000_0000],
  ["q35", "8G", 0x7ffdf000, 0x2_8000_0000],
])("on %s with %s every usable frame is in, and everything else is out", async (machine, memory, lowEnd, highEnd) => {
  const talk = await Conversation.open({ door: "iso", memory, flags: ["-machine", machine] });
  try {
    await talk.expect("\n> ");
    const rows = regions(await talk.ask("memmap"));
    const memoryRows = rows.filter((row) => !["reserved", "ACPI NVS", "hole"].includes(row.what));

    expect(endBelow(memoryRows, 4 * GIB)).toBe(lowEnd);
    expect(memoryRows.some((row) => row.end > 4 * GIB)).toBe(highEnd !== 0);
    if (highEnd !== 0) expect(endBelow(memoryRows, 1024 * GIB)).toBe(highEnd);

    const usable = bytes(rows, "usable");
    const expected = lowEnd - MIB + (highEnd === 0 ? 0 : highEnd - 4 * GIB);
    const kept = rows.filter(isKept).reduce((sum, row) => sum + row.end - row.start, 0);
    expect(usable + kept).toBe(expected);

    const total = /frames +(\d+)/.exec(await talk.ask("mem"))?.[1];
    expect(Number(total) * 4 * KIB).toBe(usable);
    disjointAndSorted(rows);
  } finally {
    talk.close();
  }
});

/** Usable memory that holds the kernel and what it was started with. */
function isKept(row: Row): boolean {
  return ["kernel", "frame bitmap", "frame records", "boot information"].includes(row.what);
}

function regions(said: string): Row[] {
  const row = /^ *p0x([0-9a-f]+) +p0x([0-9a-f]+) +(\d+) {2}\w+ +(.+)$/gm;
  return [...said.matchAll(row)].map(([, start, end, kib, what]) => {
    const found = { start: parseInt(start!, 16), end: parseInt(end!, 16), what: what! };
    expect(Number(kib)).toBe((found.end - found.start) / KIB);
    return found;
  });
}

function bytes(rows: Row[], what: string): number {
  return rows.filter((row) => row.what === what).reduce((sum, row) => sum + row.end - row.start, 0);
}

function endBelow(rows: Row[], limit: number): number {
  return Math.max(...rows.filter((row) => row.end <= limit).map((row) => row.end));
}

function disjointAndSorted(rows: Row[]): void {
  rows.slice(1).forEach((row, index) => expect(row.start).toBe(rows[index]!.end));
}
