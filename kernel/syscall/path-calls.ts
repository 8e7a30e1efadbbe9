/** System calls about paths and what is behind them: man 2 open, access, stat, readlink, getcwd, chdir. */
import { copyBytes, fillWords, load8, staticBytes, store16, store8 } from "../doors/machine.ts";
import { PIPE, pipeAt } from "../ipc/pipe.ts";
import { virtAddr } from "../lib/addr.ts";
import { bytes, layout, u32, u64 } from "../lib/layout.ts";
import {
  INVALID, NO_FILE, NO_MEMORY, NO_ROOM, NOT_A_FOLDER, NOT_FOUND, OK, READ_ONLY_FILES, type Status,
} from "../lib/status.ts";
import { ownerAt, ownerFrames } from "../mm/phys/owners.ts";
import { NO_SPACE_OBJECT, OBJECT, objectOf, type SpaceObject } from "../mm/space/object.ts";
import { copyIn, copyOut } from "../mm/user/user-copy.ts";
import { descriptorTake } from "../proc/file-table.ts";
import { FILE_FLAG, FILE_KIND, fileRelease, fileTake, NO_OPEN_FILE, OPEN_FILE } from "../proc/files.ts";
import { PROCESS, processCurrent } from "../proc/process.ts";
import { programDrop, programFind, programIndex, programName, programNameLength } from "../proc/programs.ts";
import { fileAt, numberOf } from "./file-calls.ts";
import { HERE, pathLength, pathPlace, pathRead, pathText, PLACE } from "./paths.ts";

/** Linux's struct stat for x86-64; times are 0: 1970. */
const STAT = layout(144, {
  dev: u64, ino: u64, nlink: u64, mode: u32, uid: u32, gid: u32, pad: u32, rdev: u64, size: u64, blksize: u64,
  blocks: u64, times: bytes(48), unused: bytes(24),
});
const STAT_WORDS = 18;
const MODE = {
  PIPE: 0o10600, TERMINAL: 0o20620, NULL: 0o20666, FOLDER: 0o40755, PROGRAM: 0o100555, MEMORY: 0o100777,
} as const;
/** Linux's device numbers: /dev/console, /dev/null. */
const DEVICE = { CONSOLE: 0x501n, NULL: 0x103n } as const;
/** Numbers of files that are always there; a program's, and a pipe's, come behind. */
const INODE = { ROOT: 1n, CONSOLE: 2n, NULL: 3n, PROGRAM: 16n } as const;
const MEMORY_DEVICE = 3n;
const PIPES_DEVICE = 2n; // a pipe's number means something there alone
const BLOCK = { TERMINAL: 1024n, ELSE: 4096n } as const;

const OPEN = { WRITES: 3n, CREATE: 0o100n, FOLDER: 0o200_000n, CLOEXEC: 0o2_000_000n } as const;
const AT_EMPTY_PATH = 0x1000n;
const WRITE_ACCESS = 2n;
const ACCESS_ALL = 7n;
const LINK_BYTES = 128;
const CWD_BYTES = 2; // "/" and its zero

const stat = staticBytes(STAT.SIZE, 8);
const link = staticBytes(LINK_BYTES, 8);
const byte = staticBytes(8, 8);

/** open, openat: a descriptor, or a status. What can be opened are the console and /dev/null. */
export function callOpenat(folder: bigint, path: bigint, flags: bigint): number {
  const status = pathRead(folder, path);
  if (status !== OK) return status;
  const place = pathPlace();
  if (place === PLACE.NOTHING) return (flags & OPEN.CREATE) !== 0n ? READ_ONLY_FILES : NOT_FOUND;
  if (place !== PLACE.NULL && place !== PLACE.TERMINAL) {
    return (flags & OPEN.WRITES) !== 0n ? READ_ONLY_FILES : NOT_FOUND; // it is there, and cannot be read
  }
  if ((flags & OPEN.FOLDER) !== 0n) return NOT_A_FOLDER;
  const kept = FILE_FLAG.ACCESS | FILE_FLAG.APPEND | FILE_FLAG.NONBLOCK;
  const kind = place === PLACE.NULL ? FILE_KIND.NULL : FILE_KIND.CONSOLE;
  const file = fileTake(kind, Number(flags & 0xffffn) & kept, 0n);
  if (file === NO_OPEN_FILE) return NO_MEMORY;
  const table = PROCESS.files(processCurrent());
  const descriptor = descriptorTake(table, 0, file, (flags & OPEN.CLOEXEC) !== 0n);
  fileRelease(file);
  return descriptor;
}

/** access, faccessat: NOT_FOUND, or OK; READ_ONLY_FILES for writing but to a device. */
export function callAccess(folder: bigint, path: bigint, wanted: bigint): Status {
  if ((wanted & ~ACCESS_ALL) !== 0n) return INVALID;
  const status = pathRead(folder, path);
  if (status !== OK) return status;
  const place = pathPlace();
  if (place === PLACE.NOTHING) return NOT_FOUND;
  if ((wanted & WRITE_ACCESS) === 0n || place === PLACE.NULL || place === PLACE.TERMINAL) return OK;
  return READ_ONLY_FILES;
}

/** fstat. */
export function callFstat(descriptor: bigint, to: bigint): Status {
  const file = fileAt(descriptor);
  if (file === NO_OPEN_FILE) return NO_FILE;
  switch (OPEN_FILE.kind(file)) {
    case FILE_KIND.CONSOLE:
      terminalStat();
      break;
    case FILE_KIND.PIPE:
      statBegin(MODE.PIPE, BigInt(PIPE.number(pipeAt(OPEN_FILE.object(file)))), BLOCK.ELSE);
      STAT.setDev(stat, PIPES_DEVICE);
      break;
    case FILE_KIND.MEMORY:
      memoryStat(objectOf(OPEN_FILE.object(file)));
      break;
    default:
      nullStat();
  }
  return copyOut(to, virtAddr(stat), STAT.SIZE);
}

/** stat, lstat, newfstatat: of a path, or with AT_EMPTY_PATH and none, of what is open as `folder`. */
export function callFstatat(folder: bigint, path: bigint, to: bigint, flags: bigint): Status {
  if ((flags & AT_EMPTY_PATH) !== 0n && isEmpty(path)) return callFstat(folder, to);
  const status = pathRead(folder, path);
  if (status !== OK) return status;
  switch (pathPlace()) {
    case PLACE.ROOT:
      statBegin(MODE.FOLDER, INODE.ROOT, BLOCK.ELSE);
      STAT.setNlink(stat, 2n);
      break;
    case PLACE.NULL:
      nullStat();
      break;
    case PLACE.TERMINAL:
      terminalStat();
      break;
    case PLACE.SELF:
      programStat(PROCESS.object(processCurrent()));
      break;
    case PLACE.PROGRAM: {
      const object = programFind(pathText(), pathLength());
      if (object === NO_SPACE_OBJECT) return NO_MEMORY;
      programStat(object);
      programDrop(object);
      break;
    }
    default:
      return NOT_FOUND;
  }
  return copyOut(to, virtAddr(stat), STAT.SIZE);
}

/** readlink, readlinkat: how many bytes the link has, at most `size`. INVALID: it is none. */
export function callReadlink(folder: bigint, path: bigint, to: bigint, size: bigint): number {
  if (numberOf(size) <= 0) return INVALID;
  const status = pathRead(folder, path);
  if (status !== OK) return status;
  const place = pathPlace();
  if (place === PLACE.NOTHING) return NOT_FOUND;
  if (place !== PLACE.SELF) return INVALID;
  const program = programIndex(PROCESS.object(processCurrent()));
  const length = 1 + programNameLength(program);
  store8(link, SLASH);
  copyBytes(link + 1n, programName(program), length - 1);
  const copied = Math.min(length, numberOf(size));
  const done = copyOut(to, virtAddr(link), copied);
  return done === OK ? copied : done;
}
const SLASH = 0x2f;

/** getcwd: always "/"; how many bytes that is with its zero. */
export function callGetcwd(to: bigint, size: bigint): number {
  if (size < BigInt(CWD_BYTES)) return NO_ROOM;
  store16(link, SLASH); // and a zero
  const status = copyOut(to, virtAddr(link), CWD_BYTES);
  return status === OK ? CWD_BYTES : status;
}
export function callChdir(path: bigint): Status {
  const status = pathRead(HERE, path);
  if (status !== OK) return status;
  const place = pathPlace();
  if (place === PLACE.NOTHING) return NOT_FOUND;
  return place === PLACE.ROOT ? OK : NOT_A_FOLDER;
}

// ---- struct stat -----------------------------------------------------------------------------------------------
function statBegin(mode: number, inode: bigint, block: bigint): void {
  fillWords(stat, 0n, STAT_WORDS);
  STAT.setDev(stat, 1n);
  STAT.setIno(stat, inode);
  STAT.setNlink(stat, 1n);
  STAT.setMode(stat, mode);
  STAT.setBlksize(stat, block);
}
function terminalStat(): void {
  statBegin(MODE.TERMINAL, INODE.CONSOLE, BLOCK.TERMINAL);
  STAT.setRdev(stat, DEVICE.CONSOLE);
}
function nullStat(): void {
  statBegin(MODE.NULL, INODE.NULL, BLOCK.ELSE);
  STAT.setRdev(stat, DEVICE.NULL);
}
function memoryStat(object: SpaceObject): void {
  statBegin(MODE.MEMORY, OBJECT.id(object), BLOCK.ELSE);
  STAT.setDev(stat, MEMORY_DEVICE);
  STAT.setNlink(stat, 0n);
  STAT.setSize(stat, OBJECT.size(object));
  STAT.setBlocks(stat, BigInt(ownerFrames(ownerAt(OBJECT.ownerAt(object)))) * 8n);
}
function programStat(object: SpaceObject): void {
  statBegin(MODE.PROGRAM, INODE.PROGRAM + BigInt(programIndex(object)), BLOCK.ELSE);
  STAT.setSize(stat, OBJECT.size(object));
  STAT.setBlocks(stat, (OBJECT.size(object) + 511n) / 512n);
}

/** Is the path at `from` given, and empty? */
function isEmpty(from: bigint): boolean {
  return copyIn(virtAddr(byte), from, 1) === OK && load8(byte) === 0;
}
