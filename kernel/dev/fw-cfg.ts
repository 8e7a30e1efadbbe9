/**
 * QEMU's fw_cfg device, for two files of it: boot options given on QEMU's command line without a new ISO,
 * `-fw_cfg name=opt/kernel/cmdline,string=heap.size=4M`, and the first line for the prompt, `name=opt/kernel/first`.
 * Source: QEMU, docs/specs/fw_cfg.rst. Ports only: a selector, then the item's bytes one after the other.
 */
"compiler: cold"; // runs once
import { inb, outw, staticBytes, store8, stringByte, stringLength } from "../doors/machine.ts";
import { hasHypervisor } from "../arch/cpu.ts";
import { logEnd, logNumber, logText } from "../base/log.ts";
import { type VirtAddr, virtAddr } from "../lib/addr.ts";
import { COMMAND_LINE_LIMIT, commandLineAdd } from "./boot-info.ts";

const PORT = { SELECTOR: 0x510, DATA: 0x511 } as const;
const ITEM = { SIGNATURE: 0x0000, DIRECTORY: 0x0019 } as const;
const NAME_BYTES = 56;
/** QEMU has some thirty; a device that answers nonsense must not hold us up. */
const FILE_LIMIT = 256;
const NO_ITEM = -1;

export const FIRST_LINE_LIMIT = 2048;

const text = staticBytes(COMMAND_LINE_LIMIT);
const firstLineText = staticBytes(FIRST_LINE_LIMIT);
let firstLineBytes = 0;

let fileSize = 0; // of the file that fileFind found last

/**
 * Adds the words of `opt/kernel/cmdline` to the command line, if there is a fw_cfg and it has that file. A text
 * longer than a command line is left out, with a line. On bare metal the ports belong to who knows what and are not
 * touched.
 */
export function fwCfgOptions(): void {
  if (!fwCfgIsPresent()) return;
  if (!fileOpen("opt/kernel/cmdline")) return;
  if (fileSize > COMMAND_LINE_LIMIT) tooLongLog("dev: fw_cfg's options are too long and ignored");
  else commandLineAdd(virtAddr(text), textRead(text, fileSize));
}

/**
 * Keeps the text of `opt/kernel/first`, if there is one: what the prompt is to obey before anybody types. One longer
 * than FIRST_LINE_LIMIT is left out, with a line.
 */
export function fwCfgFirstLine(): void {
  firstLineBytes = 0;
  if (!fwCfgIsPresent()) return;
  if (!fileOpen("opt/kernel/first")) return;
  if (fileSize > FIRST_LINE_LIMIT) tooLongLog("dev: fw_cfg's first line is too long and ignored");
  else firstLineBytes = textRead(firstLineText, fileSize);
}
export function firstLine(): VirtAddr {
  return virtAddr(firstLineText);
}
/** 0: there is none. */
export function firstLineLength(): number {
  return firstLineBytes;
}

function tooLongLog(sentence: string): void {
  logText(sentence);
  logNumber(" bytes=", fileSize);
  logEnd();
}

/** Is there a file called `path`? Its bytes are next, fileSize of them. */
function fileOpen(path: string): boolean {
  const item = fileFind(path);
  if (item !== NO_ITEM) select(item);
  return item !== NO_ITEM;
}

function fwCfgIsPresent(): boolean {
  if (!hasHypervisor()) return false;
  select(ITEM.SIGNATURE);
  return nextBytesAre("QEMU");
}

/** The selector of the file called `path`, its size in fileSize; NO_ITEM if there is none. */
function fileFind(path: string): number {
  select(ITEM.DIRECTORY);
  const listed = nextBig32();
  const count = listed < FILE_LIMIT ? listed : FILE_LIMIT;
  for (let i = 0; i < count; i++) {
    fileSize = nextBig32();
    const item = nextBig16();
    nextBig16(); // reserved
    if (nextNameIs(path)) return item;
  }
  return NO_ITEM;
}

/** The open file's first `size` bytes, or fewer if a NUL ends them, to `to`. Answers how many. */
function textRead(to: bigint, size: number): number {
  for (let i = 0; i < size; i++) {
    const byte = inb(PORT.DATA);
    if (byte === 0) return i;
    store8(to + BigInt(i), byte);
  }
  return size;
}

function select(item: number): void {
  outw(PORT.SELECTOR, item);
}

/** Reads one name field to its end, whatever it holds. */
function nextNameIs(path: string): boolean {
  const length = stringLength(path);
  let same = true;
  for (let i = 0; i < NAME_BYTES; i++) {
    const byte = inb(PORT.DATA);
    if (i > length) continue; // after the NUL there may be anything
    if (byte !== (i < length ? stringByte(path, i) : 0)) same = false;
  }
  return same;
}

function nextBytesAre(expected: string): boolean {
  for (let i = 0; i < stringLength(expected); i++) {
    if (inb(PORT.DATA) !== stringByte(expected, i)) return false;
  }
  return true;
}

/** Numbers in the directory are big-endian. */
function nextBig32(): number {
  const high = nextBig16();
  return high * 0x1_0000 + nextBig16();
}
function nextBig16(): number {
  const high = inb(PORT.DATA);
  return high * 0x100 + inb(PORT.DATA);
}
