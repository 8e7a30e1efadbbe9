import { beforeEach, describe, expect, test } from "vitest";
import { acpiRoot, loaderInfoEnd, loaderInfoStart, moduleCount, rangeCount } from "../../../kernel/dev/boot-info.ts";
import { MULTIBOOT2_MAGIC, bootInfoRead } from "../../../kernel/dev/boot-read.ts";
import { INVALID, OK } from "../../../kernel/lib/status.ts";
import type { Machine } from "../../fake/machine.ts";
import { TAG, endTag, mapTag, moduleTag, multibootInfo, range, rsdp, tag, tagStream, u32, u64 } from "./loader.ts";
import { IMAGE_RANGE, commandLineKept, logTake, loggingMachine, modulesKept, rangesKept } from "./record.ts";

const INFO = 0x57_2010;
const RAM = [range(0, 0x9fc00), range(0x10_0000, 0xf0_0000)];
let machine: Machine;

beforeEach(() => {
  machine = loggingMachine();
});

/** Reads `bytes` as GRUB's information; nothing outside them may be touched, but for the kernel's own statics. */
function read(bytes: Buffer, at = INFO): number {
  machine.physPut(BigInt(at), bytes);
  machine.fence([{ start: at, end: at + bytes.length }, IMAGE_RANGE]);
  const status = bootInfoRead(MULTIBOOT2_MAGIC, at);
  machine.fence(null);
  return status;
}

test("all that GRUB says is in the record", () => {
  const modules = [{ start: 0x57_1000, end: 0x57_2010, text: "programs.cpio" }];
  const bytes = multibootInfo({ ranges: RAM, modules, commandLine: "heap.size=2M panic=exit", rsdp: rsdp(0x7fe_1000) });
  expect(read(bytes)).toBe(OK);
  expect(rangesKept()).toEqual(["0-9fc00 1", "100000-1000000 1"]);
  expect(modulesKept(machine)).toEqual(["571000-572010 programs.cpio"]);
  expect(commandLineKept(machine)).toBe("heap.size=2M panic=exit");
  expect(acpiRoot()).toBe(0x7fe_1000n);
  expect([loaderInfoStart(), loaderInfoEnd()]).toEqual([BigInt(INFO), BigInt(INFO + bytes.length)]);
  expect(logTake(machine)).toBe(
    "dev: boot information ranges=2 modules=1\ndev: options heap.size=2M panic=exit\n",
  );
});

test("the record is a copy: what happens to the loader's memory later does not reach it", () => {
  const bytes = multibootInfo({ ranges: RAM, modules: [{ start: 1, end: 2, text: "a" }], commandLine: "key=value" });
  read(bytes);
  machine.physPut(BigInt(INFO), Buffer.alloc(bytes.length, 0xff));
  expect([commandLineKept(machine), modulesKept(machine), rangesKept()]).toEqual([
    "key=value",
    ["1-2 a"],
    ["0-9fc00 1", "100000-1000000 1"],
  ]);
});

test("reading again forgets what was read before", () => {
  const modules = [{ start: 1, end: 2, text: "a" }];
  read(multibootInfo({ ranges: RAM, modules, commandLine: "old=1", rsdp: rsdp(0x1000) }));
  read(multibootInfo({ ranges: [range(0, 0x1000)] }));
  expect([commandLineKept(machine), modulesKept(machine)]).toEqual(["", []]);
  expect([rangesKept(), acpiRoot()]).toEqual([["0-1000 1"], 0n]);
});

test("types of memory that nobody knows count as reserved", () => {
  read(multibootInfo({ ranges: [0, 1, 2, 3, 4, 5, 6, 0xffff_ffff].map((type, i) => range(i * 0x1000, 0x1000, type)) }));
  expect(rangesKept().map((kept) => kept.split(" ")[1])).toEqual(["2", "1", "2", "3", "4", "5", "2", "2"]);
});

test("map entries may be longer than those that we know", () => {
  const entry = (start: bigint): Buffer => Buffer.concat([u64(start, 0x1000n), u32(1, 0), u64(0xeeeen)]);
  const entries = [entry(0x10_0000n), entry(0x20_0000n)];
  expect(read(tagStream(tag(TAG.MEMORY_MAP, u32(32, 1), ...entries), endTag()))).toBe(OK);
  expect(rangesKept()).toEqual(["100000-101000 1", "200000-201000 1"]);
});

test("half an entry at the end of the map is not read", () => {
  const whole = Buffer.concat([u64(0x10_0000n, 0x1000n), u32(1, 0)]);
  expect(read(tagStream(tag(TAG.MEMORY_MAP, u32(24, 0), whole, whole.subarray(0, 20)), endTag()))).toBe(OK);
  expect(rangeCount()).toBe(1);
});

test("texts without a NUL end where their tag ends", () => {
  const stream = tagStream(
    tag(TAG.COMMAND_LINE, Buffer.from("abc=1")),
    tag(TAG.MODULE, u32(0x1000, 0x2000), Buffer.from("name")),
    mapTag(RAM),
    endTag(),
  );
  expect(read(stream)).toBe(OK);
  expect([commandLineKept(machine), modulesKept(machine)]).toEqual(["abc=1", ["1000-2000 name"]]);
});

test("several maps add up", () => {
  read(tagStream(mapTag([range(0, 0x1000)]), mapTag([range(0x1000, 0x1000, 2)]), endTag()));
  expect(rangesKept()).toEqual(["0-1000 1", "1000-2000 2"]);
});

test.each([
  ["old before new", [tag(TAG.ACPI_OLD, rsdp(0x1000)), tag(TAG.ACPI_NEW, rsdp(0x2000, 0x3000n))], 0x3000n],
  ["new before old", [tag(TAG.ACPI_NEW, rsdp(0x2000, 0x3000n)), tag(TAG.ACPI_OLD, rsdp(0x1000))], 0x3000n],
  ["a broken new one", [tag(TAG.ACPI_OLD, rsdp(0x1000)), tag(TAG.ACPI_NEW, Buffer.alloc(36))], 0x1000n],
  ["one cut short", [tag(TAG.ACPI_NEW, rsdp(0x2000, 0x3000n).subarray(0, 12))], 0n],
])("ACPI's root: %s", (_, tags, root) => {
  expect(read(tagStream(...tags, mapTag(RAM), endTag()))).toBe(OK);
  expect(acpiRoot()).toBe(root);
});

test("tags after the end tag are not read", () => {
  read(tagStream(mapTag(RAM), endTag(), moduleTag({ start: 1, end: 2, text: "late" })));
  expect(moduleCount()).toBe(0);
});

describe("is refused, with a line and an empty record", () => {
  const stream = (...tags: Buffer[]): Buffer => tagStream(mapTag(RAM), ...tags, endTag());
  const sized = (size: number): Buffer => Buffer.concat([u32(size, 0), stream().subarray(8)]);

  test.each([
    ["no memory map", tagStream(endTag()), "has no memory map"],
    ["no tags at all", tagStream(), "has no end tag"],
    ["no end tag", tagStream(mapTag(RAM)), "has no end tag"],
    ["a text that ends with it all", tagStream(mapTag(RAM), u32(1, 12), Buffer.from("abcd")), "has no end tag"],
    ["no end tag but four bytes more", tagStream(mapTag(RAM), u32(0)), "has no end tag"],
    ["a total size below its own header", sized(7), "has an absurd size type=0 size=7"],
    ["a total size of 4 GiB", sized(0xffff_ffff), "has an absurd size type=0 size=4294967295"],
    ["a tag of size 0", stream(u32(21, 0)), "tag is cut off type=21 size=0"],
    ["a tag smaller than its header", stream(u32(21, 7)), "tag is cut off type=21 size=7"],
    ["a tag that runs out of the information", stream(u32(21, 0xffff_fff8)), "tag is cut off type=21 size=4294967288"],
    ["a module tag without its addresses", stream(tag(TAG.MODULE, u32(1))), "tag makes no sense type=3 size=12"],
    ["a map tag without an entry size", stream(tag(TAG.MEMORY_MAP)), "tag makes no sense type=6 size=8"],
    ["map entries of no size", stream(tag(TAG.MEMORY_MAP, u32(0, 0))), "tag makes no sense type=6 size=16"],
    ["map entries too small for a range", stream(tag(TAG.MEMORY_MAP, u32(16, 0))), "tag makes no sense type=6 size=16"],
    ["information cut off in the map", cutAfter(stream(), 40), "tag is cut off type=6 size=64"],
  ])("%s", (_, bytes, line) => {
    expect(read(bytes)).toBe(INVALID);
    expect(logTake(machine)).toBe(`dev: multiboot ${line.startsWith("tag") ? "" : "information "}${line}\n`);
    expect([rangeCount(), moduleCount(), loaderInfoEnd()]).toEqual([0, 0, 0n]);
  });

  /** The first bytes of `bytes`, whose total size says that they are all. */
  function cutAfter(bytes: Buffer, count: number): Buffer {
    const cut = Buffer.from(bytes.subarray(0, count));
    cut.writeUInt32LE(count, 0);
    return cut;
  }

  test.each([0, 4, 0xffff_fffc, 0xffff_fff8 + 8, -8, 2 ** 40])("an address that cannot be: %d", (at) => {
    machine.fence([IMAGE_RANGE]);
    expect(bootInfoRead(MULTIBOOT2_MAGIC, at)).toBe(INVALID);
    expect(logTake(machine)).toMatch(/^dev: .*\n$/);
  });

  test("another loader", () => {
    machine.fence([IMAGE_RANGE]);
    expect(bootInfoRead(0x2bad_b002, INFO)).toBe(INVALID);
    expect(logTake(machine)).toBe("dev: started by an unknown loader magic=0x2badb002 info=0x572010\n");
  });
});
