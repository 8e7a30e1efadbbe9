/**
 * The start information of a PVH loader (QEMU's -kernel), into the record of boot-info.
 * Source: Xen, public/arch-x86/hvm/start_info.h.
 *
 * The information is scattered: it points at a memory map, a list of modules, texts and ACPI's root pointer. Before
 * the map is known, the only memory that is known to exist is that below the end of our own image; then also what the
 * map calls memory. Nothing else is looked at.
 */
"compiler: cold"; // runs once
import { load8 } from "../doors/machine.ts";
import { imageEnd } from "../arch/image.ts";
import { logEnd, logHex, logLine, logText } from "../base/log.ts";
import { type PhysAddr, BOOT_REACH, directMap, lower, physAddr } from "../lib/addr.ts";
import { layout, u32, u64 } from "../lib/layout.ts";
import { type Status, INVALID, OK } from "../lib/status.ts";
import { RSDP_BYTES, acpiRootOf } from "./boot-acpi.ts";
import {
  COMMAND_LINE_LIMIT,
  MEMORY_BAD,
  MEMORY_RESERVED,
  acpiRootSet,
  commandLineAdd,
  loaderInfoSet,
  moduleAdd,
  rangeAdd,
  rangeCount,
  rangeEnd,
  rangeKind,
  rangeStart,
} from "./boot-info.ts";

/*
 *   START, 56 bytes
 *   +0   | magic         | version       |
 *   +8   | flags         | moduleCount   |
 *   +16  | modules                       |
 *   +24  | commandLine                   |
 *   +32  | rsdp                          |
 *   +40  | map                           |
 *   +48  | mapCount      | reserved      |
 */
const START = layout(56, {
  magic: u32,
  version: u32,
  flags: u32,
  moduleCount: u32,
  modules: u64,
  commandLine: u64,
  rsdp: u64,
  // Version 1:
  map: u64,
  mapCount: u32,
  reserved: u32,
});
const MODULE_ENTRY = layout(32, { start: u64, length: u64, commandLine: u64, reserved: u64 });
const MAP_ENTRY = layout(24, { base: u64, length: u64, type: u32, reserved: u32 });

const START_MAGIC = 0x336e_c578;

/**
 * Reads the start information at `info`. INVALID, after one line that says why, when it is none, when it has no
 * memory map (version 0), or when its map or its modules lie where no memory is known to be. A text or an ACPI
 * pointer there is left out.
 */
export function pvhRead(info: PhysAddr): Status {
  if (knownBytes(info) < BigInt(START.SIZE) || (info & 7n) !== 0n) {
    return refuse("dev: PVH information is misplaced", info);
  }
  const start = directMap(info);
  if (START.magic(start) !== START_MAGIC) return refuse("dev: PVH information has the wrong magic", info);
  if (START.version(start) < 1) {
    logLine("dev: PVH information of version 0 has no memory map");
    return INVALID;
  }
  loaderInfoSet(info, physAddr(info + BigInt(START.SIZE)));

  const status = mapRead(START.map(start), START.mapCount(start));
  if (status !== OK) return status;
  textRead(START.commandLine(start));
  rsdpRead(START.rsdp(start));
  return modulesRead(START.modules(start), START.moduleCount(start));
}

function mapRead(table: bigint, count: number): Status {
  const size = BigInt(count) * BigInt(MAP_ENTRY.SIZE);
  // Asked once, before the first entry: the map must not vouch for its own place.
  if (count === 0 || knownBytes(table) < size) return refuse("dev: PVH memory map is empty or misplaced", table);

  for (let i = 0; i < count; i++) {
    const entry = directMap(physAddr(table + BigInt(i * MAP_ENTRY.SIZE)));
    rangeAdd(MAP_ENTRY.base(entry), MAP_ENTRY.length(entry), MAP_ENTRY.type(entry));
  }
  return OK;
}

/** A list that cannot be read is refused: its modules' memory would be handed out. */
function modulesRead(list: bigint, count: number): Status {
  if (count === 0) return OK;
  if (knownBytes(list) < BigInt(count) * BigInt(MODULE_ENTRY.SIZE)) {
    return refuse("dev: PVH module list is misplaced", list);
  }
  for (let i = 0; i < count; i++) {
    const entry = directMap(physAddr(list + BigInt(i * MODULE_ENTRY.SIZE)));
    const start = MODULE_ENTRY.start(entry);
    const text = MODULE_ENTRY.commandLine(entry);
    const end = BigInt.asUintN(64, start + MODULE_ENTRY.length(entry)); // if it wraps, moduleAdd refuses it
    moduleAdd(start, end, directMap(physAddr(known(text))), textLength(text));
  }
  return OK;
}

function textRead(text: bigint): void {
  const length = textLength(text);
  if (length > 0) commandLineAdd(directMap(physAddr(text)), length);
}

function rsdpRead(rsdp: bigint): void {
  const there = knownBytes(rsdp);
  const length = there < BigInt(RSDP_BYTES) ? Number(there) : RSDP_BYTES;
  if (length > 0) acpiRootSet(acpiRootOf(directMap(physAddr(rsdp)), length));
}

/**
 * Length of the text at `text`: up to its NUL, or as far as memory is known to go, or just more than a command line may
 * have. 0 for none.
 */
function textLength(text: bigint): number {
  const there = knownBytes(text);
  const most = there > BigInt(COMMAND_LINE_LIMIT) ? COMMAND_LINE_LIMIT + 1 : Number(there);
  for (let i = 0; i < most; i++) {
    if (load8(directMap(physAddr(text + BigInt(i)))) === 0) return i;
  }
  return most;
}

/** `pa`, or 0 where nothing may be read: an address that no arithmetic can carry out of the direct map. */
function known(pa: bigint): bigint {
  return knownBytes(pa) === 0n ? 0n : pa;
}

/** How many bytes from `pa` on are known to be memory that the boot page tables show; 0 for the null pointer. */
function knownBytes(pa: bigint): bigint {
  if (pa === 0n || pa >= BOOT_REACH) return 0n;
  if (pa < imageEnd()) return imageEnd() - pa;
  for (let i = 0; i < rangeCount(); i++) {
    if (!isMemory(rangeKind(i)) || pa < rangeStart(i) || pa >= rangeEnd(i)) continue;
    return lower(rangeEnd(i), BOOT_REACH) - pa;
  }
  return 0n;
}

/** Reserved ranges may be devices. */
function isMemory(kind: number): boolean {
  return kind !== MEMORY_RESERVED && kind !== MEMORY_BAD;
}

function refuse(why: string, pa: bigint): Status {
  logText(why);
  logHex(" at=", pa);
  logEnd();
  return INVALID;
}
