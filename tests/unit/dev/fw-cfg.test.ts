import { beforeEach, expect, test } from "vitest";
import { bootInfoClear } from "../../../kernel/dev/boot-info.ts";
import {
  FIRST_LINE_LIMIT, firstLine, firstLineLength, fwCfgFirstLine, fwCfgOptions,
} from "../../../kernel/dev/fw-cfg.ts";
import { load8, type Machine } from "../../fake/machine.ts";
import { commandLineKept, logTake, loggingMachine } from "./record.ts";

const SELECTOR = 0x510;
const FIRST_FILE = 0x20;
let machine: Machine;

beforeEach(() => {
  machine = loggingMachine({ cpu: { hypervisor: true } });
  bootInfoClear();
});

interface File {
  readonly name: string;
  readonly text: string;
}

/**
 * QEMU's device: a 16-bit selector, and a data port that gives the item's bytes and then zeroes. Answers reads made.
 */
function fwCfgPlug(files: readonly File[], signature = "QEMU", count = files.length): { reads: number } {
  const items = new Map<number, Buffer>([
    [0x0000, Buffer.from(signature)],
    [0x0019, Buffer.concat([big32(count), ...files.map(directoryEntry)])],
    ...files.map(({ text }, i): [number, Buffer] => [FIRST_FILE + i, Buffer.from(text, "latin1")]),
  ]);
  const made = { reads: 0 };
  let selected: Buffer = Buffer.alloc(0);
  let at = 0;
  machine.portPlug(SELECTOR, 2, {
    write(port, value, width) {
      if (port !== SELECTOR || width !== 2) throw new Error(`fw_cfg: a write of ${width} bytes to ${port}`);
      selected = items.get(value) ?? Buffer.alloc(0);
      at = 0;
    },
    read(port, width) {
      if (port !== SELECTOR + 1 || width !== 1) throw new Error(`fw_cfg: a read of ${width} bytes from ${port}`);
      made.reads++;
      return selected[at++] ?? 0;
    },
  });
  return made;
}
function directoryEntry({ name, text }: File, index: number): Buffer {
  const entry = Buffer.alloc(64, 0);
  big32(text.length).copy(entry, 0);
  entry.writeUInt16BE(FIRST_FILE + index, 4);
  entry.write(name, 8, 55, "latin1");
  return entry;
}
function big32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

test("the options that QEMU was given become words of the command line", () => {
  fwCfgPlug([
    { name: "bootorder", text: "x" },
    { name: "opt/kernel/cmdline", text: "heap.size=4M panic=exit" },
    { name: "opt/kernel/cmdline2", text: "no" },
  ]);
  fwCfgOptions();
  expect(commandLineKept(machine)).toBe("heap.size=4M panic=exit");
});

test("a NUL ends the text", () => {
  fwCfgPlug([{ name: "opt/kernel/cmdline", text: "a=1\0b=2" }]);
  fwCfgOptions();
  expect(commandLineKept(machine)).toBe("a=1");
});

test.each([
  ["a shorter name", "opt/kernel/cmdlin"],
  ["a longer name", "opt/kernel/cmdline/"],
  ["another name", "opt/kernel/Cmdline"],
  ["no name", ""],
])("%s is not ours", (_, name) => {
  fwCfgPlug([{ name, text: "a=1" }]);
  fwCfgOptions();
  expect(commandLineKept(machine)).toBe("");
});

test("a text longer than a command line is left out whole, with a line", () => {
  fwCfgPlug([{ name: "opt/kernel/cmdline", text: "a=1 ".repeat(600) }]);
  fwCfgOptions();
  expect(commandLineKept(machine)).toBe("");
  expect(logTake(machine)).toBe("dev: fw_cfg's options are too long and ignored bytes=2400\n");
});

test("without a fw_cfg there are no options: the bus reads as ones", () => {
  fwCfgOptions();
  expect(commandLineKept(machine)).toBe("");
});

test("a device with another signature is left alone", () => {
  const made = fwCfgPlug([{ name: "opt/kernel/cmdline", text: "a=1" }], "QEMO");
  fwCfgOptions();
  expect([commandLineKept(machine), made.reads]).toEqual(["", 4]);
});

test("a directory that claims billions of files is searched for a bounded time", () => {
  const made = fwCfgPlug([{ name: "other", text: "" }], "QEMU", 0xffff_ffff);
  fwCfgOptions();
  expect(commandLineKept(machine)).toBe("");
  expect(made.reads).toBeLessThan(20_000);
});

test("on bare metal the ports are not touched", () => {
  machine = loggingMachine();
  fwCfgOptions();
  expect(machine.portWrites.filter(({ port }) => port === SELECTOR)).toEqual([]);
});

/** The line that is to be obeyed first. */
function first(text: string): string {
  fwCfgPlug([{ name: "opt/kernel/cmdline", text: "a=1" }, { name: "opt/kernel/first", text }]);
  fwCfgFirstLine();
  const bytes = Uint8Array.from({ length: firstLineLength() }, (_, i) => load8(firstLine() + BigInt(i)));
  return Buffer.from(bytes).toString("latin1");
}
test("the first line for the prompt is a file of its own", () => {
  expect(first("run hello 'a b'")).toBe("run hello 'a b'");
  expect(commandLineKept(machine)).toBe("");
  expect(first("x".repeat(FIRST_LINE_LIMIT))).toHaveLength(FIRST_LINE_LIMIT);
  expect(logTake(machine)).toBe("");
  expect(first("x".repeat(FIRST_LINE_LIMIT + 1))).toBe("");
  expect(logTake(machine)).toBe(`dev: fw_cfg's first line is too long and ignored bytes=${FIRST_LINE_LIMIT + 1}\n`);
});

test("without such a file there is none", () => {
  first("run");
  fwCfgPlug([]);
  fwCfgFirstLine();
  expect(firstLineLength()).toBe(0);
});
