/**
 * The boot information of a multiboot2 loader (GRUB), into the record of boot-info.
 * Source: Multiboot2 Specification 2.0, "Boot information format".
 *
 *   info ->  total size u32, reserved u32
 *            tag: type u32, size u32, contents          8-aligned, `size` counts its own header but no padding
 *            tag ...
 *            end tag: type 0, size 8
 *
 * No byte outside total size, and none outside its tag, is looked at.
 */
"compiler: cold"; // runs once
import { load8 } from "../doors/machine.ts";
import { logEnd, logLine, logNumber, logText } from "../base/log.ts";
import { type PhysAddr, type VirtAddr, BOOT_REACH, directMap, physAddr, virtAddr } from "../lib/addr.ts";
import { layout, u32, u64 } from "../lib/layout.ts";
import { type Status, INVALID, OK } from "../lib/status.ts";
import { acpiRootOf } from "./boot-acpi.ts";
import { acpiRoot, acpiRootSet, commandLineAdd, loaderInfoSet, moduleAdd, rangeAdd } from "./boot-info.ts";

const INFO = layout(8, { totalSize: u32, reserved: u32 });
const TAG = layout(8, { type: u32, size: u32 });
const MODULE_TAG = layout(16, { type: u32, size: u32, start: u32, end: u32 });
const MAP_TAG = layout(16, { type: u32, size: u32, entrySize: u32, entryVersion: u32 });
const MAP_ENTRY = layout(24, { base: u64, length: u64, type: u32, reserved: u32 });

const TYPE = { END: 0, COMMAND_LINE: 1, MODULE: 3, MEMORY_MAP: 6, ACPI_OLD: 14, ACPI_NEW: 15 } as const;
const TAG_ALIGN = 8;

/** GRUB's takes a few KiB, with an EFI memory map and ELF symbols some tens: more than this is not one. */
const INFO_LIMIT = 1024 * 1024;

let mapSeen = false;

/**
 * Reads the information at `info`. INVALID, after one line that says why, when it cannot be one: misplaced, of an
 * absurd size, with a tag that is cut off or too short for its contents, or without an end tag or a memory map.
 * Cost: one step a tag, one a map entry (see rangeAdd), and the bytes of the texts.
 */
export function multibootRead(info: PhysAddr): Status {
  mapSeen = false;
  if (info === 0n || (info & 7n) !== 0n || info > BOOT_REACH - BigInt(INFO.SIZE)) {
    logLine("dev: multiboot information is at an impossible address");
    return INVALID;
  }
  const start = directMap(info);
  const total = INFO.totalSize(start);
  if (total < INFO.SIZE || total > INFO_LIMIT || BigInt(total) > BOOT_REACH - info) {
    return refuse("dev: multiboot information has an absurd size", 0, total);
  }
  loaderInfoSet(info, physAddr(info + BigInt(total)));

  const status = tagsRead(start, total);
  if (status === OK && !mapSeen) {
    logLine("dev: multiboot information has no memory map");
    return INVALID;
  }
  return status;
}

/**
 * All tags up to the end tag. Where that is missing, a module may be missing too, and its memory would be handed out.
 */
function tagsRead(start: VirtAddr, total: number): Status {
  let at = INFO.SIZE;
  while (at <= total - TAG.SIZE) {
    const tag = after(start, at);
    const size = TAG.size(tag);
    if (size < TAG.SIZE || size > total - at) return refuse("dev: multiboot tag is cut off", TAG.type(tag), size);
    if (TAG.type(tag) === TYPE.END) return OK;
    if (tagRead(tag, size) !== OK) return refuse("dev: multiboot tag makes no sense", TAG.type(tag), size);
    at += (size + TAG_ALIGN - 1) & -TAG_ALIGN;
  }
  logLine("dev: multiboot information has no end tag");
  return INVALID;
}

/**
 * One tag of `size` bytes, all of them inside the information. INVALID when it is too short for what it should hold.
 */
function tagRead(tag: VirtAddr, size: number): Status {
  switch (TAG.type(tag)) {
    case TYPE.COMMAND_LINE:
      commandLineAdd(after(tag, TAG.SIZE), textLength(tag, TAG.SIZE, size));
      return OK;
    case TYPE.MODULE:
      if (size < MODULE_TAG.SIZE) return INVALID;
      moduleAdd(
        BigInt(MODULE_TAG.start(tag)),
        BigInt(MODULE_TAG.end(tag)),
        after(tag, MODULE_TAG.SIZE),
        textLength(tag, MODULE_TAG.SIZE, size),
      );
      return OK;
    case TYPE.MEMORY_MAP:
      return mapRead(tag, size);
    case TYPE.ACPI_OLD:
      if (acpiRoot() === 0n) acpiRootSet(acpiRootOf(after(tag, TAG.SIZE), size - TAG.SIZE));
      return OK;
    case TYPE.ACPI_NEW:
      return acpiNewRead(tag, size);
    default:
      return OK;
  }
}

/** The entries' size is the loader's to choose: later versions may add fields to the end. */
function mapRead(tag: VirtAddr, size: number): Status {
  if (size < MAP_TAG.SIZE) return INVALID;
  const entrySize = MAP_TAG.entrySize(tag);
  if (entrySize < MAP_ENTRY.SIZE) return INVALID;

  for (let offset = MAP_TAG.SIZE; offset <= size - entrySize; offset += entrySize) {
    const entry = after(tag, offset);
    rangeAdd(MAP_ENTRY.base(entry), MAP_ENTRY.length(entry), MAP_ENTRY.type(entry));
  }
  mapSeen = true;
  return OK;
}

/** The copy of a newer root pointer counts more than that of an old one, in whatever order they come. */
function acpiNewRead(tag: VirtAddr, size: number): Status {
  const root = acpiRootOf(after(tag, TAG.SIZE), size - TAG.SIZE);
  if (root !== 0n) acpiRootSet(root);
  return OK;
}

/** Length of the text at `offset` in a tag of `size` bytes: up to its NUL, or to the tag's end if it has none. */
function textLength(tag: VirtAddr, offset: number, size: number): number {
  for (let i = offset; i < size; i++) {
    if (load8(after(tag, i)) === 0) return i - offset;
  }
  return size - offset;
}

function after(start: VirtAddr, offset: number): VirtAddr {
  return virtAddr(start + BigInt(offset));
}

function refuse(why: string, type: number, size: number): Status {
  logText(why);
  logNumber(" type=", type);
  logNumber(" size=", size);
  logEnd();
  return INVALID;
}
