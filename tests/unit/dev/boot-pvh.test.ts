import { beforeEach, describe, expect, test } from "vitest";
import { acpiRoot, loaderInfoEnd, loaderInfoStart, moduleCount, rangeCount } from "../../../kernel/dev/boot-info.ts";
import { PVH_MAGIC, bootInfoRead } from "../../../kernel/dev/boot-read.ts";
import { INVALID, OK } from "../../../kernel/lib/status.ts";
import type { Machine } from "../../fake/machine.ts";
import { type Loaded, type PvhPlaces, pvhPut, range, rsdp } from "./loader.ts";
import { commandLineKept, logTake, loggingMachine, modulesKept, rangesKept } from "./record.ts";

const RAM = [range(0, 0x9fc00), range(0xf_0000, 0x1_0000, 2), range(0x10_0000, 0xf0_0000)];
const OUTSIDE = 0x8000_0000n; // no RAM in the fake machine, no range in the map
let machine: Machine;

beforeEach(() => {
  machine = loggingMachine();
});

function read(loaded: Loaded, places: PvhPlaces = {}): number {
  return bootInfoRead(PVH_MAGIC, Number(pvhPut(machine.physPut, loaded, places)));
}

test("all that QEMU says is in the record", () => {
  const loaded = {
    ranges: RAM,
    modules: [{ start: 0xfe_0000, end: 0xfe_1234, text: "programs.cpio" }],
    commandLine: "heap.size=2M",
    rsdp: rsdp(0xff_0000),
  };
  expect(read(loaded)).toBe(OK);
  expect(rangesKept()).toEqual(["0-9fc00 1", "f0000-100000 2", "100000-1000000 1"]);
  expect(modulesKept(machine)).toEqual(["fe0000-fe1234 programs.cpio"]);
  expect(commandLineKept(machine)).toBe("heap.size=2M");
  expect(acpiRoot()).toBe(0xff_0000n);
  expect([loaderInfoStart(), loaderInfoEnd()]).toEqual([0x6000n, 0x6038n]);
});

test("a newer version with more fields is read as the one that we know", () => {
  expect(read({ ranges: RAM }, { version: 7 })).toBe(OK);
  expect(rangeCount()).toBe(3);
});

test("texts and lists in memory that only the map vouches for are read", () => {
  machine.physPut(0x80_0000n, Buffer.from("far=1\0"));
  machine.physPut(0x80_1000n, rsdp(0x1000, 0x2000n));
  expect(read({ ranges: RAM }, { commandLine: 0x80_0000n, rsdp: 0x80_1000n })).toBe(OK);
  expect([commandLineKept(machine), acpiRoot()]).toEqual(["far=1", 0x2000n]);
});

test("a text is read to the end of its memory and no further", () => {
  machine.physPut(0xff_fffbn, Buffer.from("end=1")); // the fake machine's RAM ends here, and the map's range as well
  expect(read({ ranges: RAM }, { commandLine: 0xff_fffbn })).toBe(OK);
  expect(commandLineKept(machine)).toBe("end=1");
});

test("a text without an end becomes a full command line of whole words, with a line about it", () => {
  machine.physPut(0x80_0000n, Buffer.from("word=12 ".repeat(600)));
  expect(read({ ranges: RAM }, { commandLine: 0x80_0000n })).toBe(OK);
  expect(commandLineKept(machine)).toBe(`${"word=12 ".repeat(255)}word=12`);
  expect(logTake(machine)).toContain("dev: the command line is too long, its last words are dropped\n");
});

test.each([
  ["a command line", { commandLine: OUTSIDE }],
  ["a command line just below 2^64", { commandLine: 0xffff_ffff_ffff_ffffn }],
  ["a root pointer", { rsdp: OUTSIDE }],
  ["a root pointer above 4 GiB", { rsdp: 1n << 40n }],
])("%s where no memory is known to be is left out", (_, places) => {
  expect(read({ ranges: RAM }, places)).toBe(OK);
  expect([commandLineKept(machine), acpiRoot()]).toEqual(["", 0n]);
});

test("a reserved range is no memory to read from: it may be a device", () => {
  const ranges = [...RAM, range(OUTSIDE, 0x1_0000, 2), range(OUTSIDE + 0x1_0000n, 0x1_0000, 5)];
  expect(read({ ranges }, { commandLine: OUTSIDE, rsdp: OUTSIDE + 0x1_0000n })).toBe(OK);
});

test("a module that wraps around is ignored with a line", () => {
  machine.physPut(0x8000n, Buffer.from(new BigUint64Array([0x1000n, ~0xffn & 0xffff_ffff_ffff_ffffn, 0n, 0n]).buffer));
  expect(read({ ranges: RAM }, { moduleCount: 1 })).toBe(OK);
  expect(moduleCount()).toBe(0);
  expect(logTake(machine)).toContain("dev: modules that make no sense are ignored count=1\n");
});

describe("is refused, with a line and an empty record", () => {
  test.each<[string, PvhPlaces, string]>([
    ["the wrong magic", { magic: 0x336e_c579 }, "dev: PVH information has the wrong magic at=0x6000"],
    ["version 0, which has no memory map", { version: 0 }, "dev: PVH information of version 0 has no memory map"],
    ["an empty map", { mapCount: 0 }, "dev: PVH memory map is empty or misplaced at=0x7000"],
    ["a map at null", { map: 0n }, "dev: PVH memory map is empty or misplaced at=0x0"],
    ["a map where nothing is known to be", { map: OUTSIDE }, "dev: PVH memory map is empty or misplaced at=0x80000000"],
    ["a map of absurd length", { mapCount: 0xffff_ffff }, "dev: PVH memory map is empty or misplaced at=0x7000"],
    ["modules nowhere", { moduleCount: 1, modules: OUTSIDE }, "dev: PVH module list is misplaced at=0x80000000"],
    ["absurdly many modules", { moduleCount: 0xffff_ffff }, "dev: PVH module list is misplaced at=0x8000"],
  ])("%s", (_, places, line) => {
    expect(read({ ranges: RAM }, places)).toBe(INVALID);
    expect(logTake(machine)).toBe(`${line}\n`);
    expect([rangeCount(), moduleCount(), loaderInfoEnd()]).toEqual([0, 0, 0n]);
  });

  test.each([0, 0x6004, Number(OUTSIDE), 0x2f_ffd0, 0xffff_fff8])("information at %d", (at) => {
    expect(bootInfoRead(PVH_MAGIC, at)).toBe(INVALID);
    expect(logTake(machine)).toMatch(/^dev: PVH information is misplaced at=0x[0-9a-f]+\n$/);
  });
});
