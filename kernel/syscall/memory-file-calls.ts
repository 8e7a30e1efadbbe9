/** Files that are memory, and have no path: man 2 memfd_create, ftruncate, lseek, pread. */
import { load8, staticBytes } from "../doors/machine.ts";
import { lower, virtAddr } from "../lib/addr.ts";
import {
  BAD_ADDRESS, FILE_TOO_LARGE, INVALID, NO_FILE, NO_MEMORY, NO_POSITION, OK, type Status,
} from "../lib/status.ts";
import { NO_SPACE_OBJECT, OBJECT, objectOfMemory, objectReferenceDrop } from "../mm/space/object.ts";
import { objectTruncate } from "../mm/space/space-objects.ts";
import { isUserRange } from "../mm/space/user-range.ts";
import { copyIn } from "../mm/user/user-copy.ts";
import { descriptorTake } from "../proc/file-table.ts";
import {
  FILE_FLAG, FILE_KIND, fileIsReadable, fileIsWritable, fileRelease, fileTake, NO_OPEN_FILE, OPEN_FILE, type OpenFile,
} from "../proc/files.ts";
import { PROCESS, processCurrent } from "../proc/process.ts";
import { fileAt } from "./file-calls.ts";
import { memoryRead, memoryWrite, objectIn } from "./memory-file.ts";
import { ADDRESSES_END } from "./memory-range.ts";

const MFD = { CLOEXEC: 1n, KNOWN: 0x1bn } as const; // and ALLOW_SEALING, NOEXEC_SEAL, EXEC, which change nothing here
const NAME_MOST = 249;
const BYTES_MOST = 0x7fff_f000n;
const SEEK = { SET: 0n, CUR: 1n, END: 2n } as const;
const byte = staticBytes(8, 8);

/** memfd_create: a descriptor for an empty file. On any failure nothing is open. */
export function callMemfd(name: bigint, flags: bigint): number {
  if ((flags & ~MFD.KNOWN) !== 0n) return INVALID;
  const status = nameCheck(name);
  if (status !== OK) return status;
  const object = objectOfMemory(0n);
  if (object === NO_SPACE_OBJECT) return NO_MEMORY;
  const file = fileTake(FILE_KIND.MEMORY, FILE_FLAG.READ_WRITE, object);
  if (file === NO_OPEN_FILE) {
    objectReferenceDrop(object);
    return NO_MEMORY;
  }
  const descriptor = descriptorTake(PROCESS.files(processCurrent()), 0, file, (flags & MFD.CLOEXEC) !== 0n);
  fileRelease(file);
  return descriptor;
}
function nameCheck(name: bigint): Status {
  for (let i = 0; i <= NAME_MOST; i++) {
    const status = copyIn(virtAddr(byte), BigInt.asUintN(64, name + BigInt(i)), 1);
    if (status !== OK) return status;
    if (load8(byte) === 0) return OK;
  }
  return INVALID;
}

/** ftruncate: what is behind the end is gone, wherever it is mapped. */
export function callFtruncate(descriptor: bigint, size: bigint): Status {
  const file = fileAt(descriptor);
  if (file === NO_OPEN_FILE) return NO_FILE;
  if (OPEN_FILE.kind(file) !== FILE_KIND.MEMORY || !fileIsWritable(file) || size >> 63n !== 0n) return INVALID;
  if (size > ADDRESSES_END) return FILE_TOO_LARGE;
  objectTruncate(objectIn(file), size);
  return OK;
}

/** lseek: the new position. */
export function callSeek(descriptor: bigint, offset: bigint, whence: bigint): number {
  const file = fileAt(descriptor);
  if (file === NO_OPEN_FILE) return NO_FILE;
  if (OPEN_FILE.kind(file) !== FILE_KIND.MEMORY) return NO_POSITION;
  let from = 0n;
  if (whence === SEEK.CUR) from = OPEN_FILE.position(file);
  else if (whence === SEEK.END) from = OBJECT.size(objectIn(file));
  else if (whence !== SEEK.SET) return INVALID;
  const position = BigInt.asUintN(64, from + offset);
  if (position > ADDRESSES_END) return INVALID;
  OPEN_FILE.setPosition(file, position);
  return Number(position);
}

/** pread64, pwrite64: the position stays. */
export function callPread(descriptor: bigint, to: bigint, count: bigint, at: bigint): number {
  const file = fileAt(descriptor);
  if (file === NO_OPEN_FILE || !fileIsReadable(file)) return NO_FILE;
  const status = positionCheck(file, to, count, at);
  return status !== OK || count === 0n ? status : memoryRead(file, to, Number(lower(count, BYTES_MOST)), at);
}
export function callPwrite(descriptor: bigint, from: bigint, count: bigint, at: bigint): number {
  const file = fileAt(descriptor);
  if (file === NO_OPEN_FILE || !fileIsWritable(file)) return NO_FILE;
  const status = positionCheck(file, from, count, at);
  return status !== OK || count === 0n ? status : memoryWrite(file, from, Number(lower(count, BYTES_MOST)), at);
}
function positionCheck(file: OpenFile, memory: bigint, count: bigint, at: bigint): Status {
  if (OPEN_FILE.kind(file) !== FILE_KIND.MEMORY) return NO_POSITION;
  if (at > ADDRESSES_END) return INVALID;
  return count === 0n || isUserRange(memory, count) ? OK : BAD_ADDRESS;
}
