/** System calls about descriptors: man 2 read, write, readv, close, dup, fcntl, pipe. */
import { staticBytes } from "../doors/machine.ts";
import { NO_PIPE, type Pipe, pipeClose, pipeTake } from "../ipc/pipe.ts";
import { lower, virtAddr } from "../lib/addr.ts";
import { layout, u32, u64 } from "../lib/layout.ts";
import {
  BAD_ADDRESS, INVALID, NO_FILE, NO_MEMORY, OK, type Status, statusIn,
} from "../lib/status.ts";
import { isUserRange } from "../mm/space/user-range.ts";
import { copyIn, copyOut } from "../mm/user/user-copy.ts";
import {
  descriptorClose, descriptorClosesOnExec, descriptorClosesOnExecSet, descriptorFile, DESCRIPTORS, descriptorSet,
  descriptorTake, type FileTable,
} from "../proc/file-table.ts";
import {
  FILE_FLAG, FILE_KIND, fileIsReadable, fileIsWritable, fileRelease, fileTake, NO_OPEN_FILE, OPEN_FILE, type OpenFile,
} from "../proc/files.ts";
import { PROCESS, processCurrent } from "../proc/process.ts";
import { fileRead, fileWrite, fileWriteBegin } from "./transfer.ts";

/** No call moves more bytes, whatever it is asked (man 2 read, "NOTES"). */
const BYTES_MOST = 0x7fff_f000n;
const IOVEC = layout(16, { base: u64, size: u64 });
const VECTORS_MOST = 1024n;
const WHOLE_MOST = (1n << 63n) - 1n;
const CLOEXEC = 0o2_000_000n;
const NONBLOCK = 0o4000n;
const FCNTL = { DUPFD: 0, GETFD: 1, SETFD: 2, GETFL: 3, SETFL: 4, DUPFD_CLOEXEC: 1030 } as const;
const FD_CLOEXEC = 1n;
/** What F_SETFL may change; the rest stays, and is no mistake. */
const FLAGS_SETTABLE = FILE_FLAG.APPEND | FILE_FLAG.NONBLOCK;

const vector = staticBytes(IOVEC.SIZE, 8);
const PAIR = layout(8, { reader: u32, writer: u32 });
const pair = staticBytes(PAIR.SIZE, 8);

// ---- reading and writing ---------------------------------------------------------------------------------------
export function callRead(descriptor: bigint, to: bigint, count: bigint): number {
  const file = fileAt(descriptor);
  if (file === NO_OPEN_FILE || !fileIsReadable(file)) return NO_FILE;
  return readPart(file, to, count, true);
}
export function callWrite(descriptor: bigint, from: bigint, count: bigint): number {
  const file = fileAt(descriptor);
  if (file === NO_OPEN_FILE || !fileIsWritable(file)) return NO_FILE;
  return writePart(file, from, count);
}

/** The parts in turn, until one is not filled. */
export function callReadv(descriptor: bigint, vectors: bigint, count: bigint): number {
  const file = fileAt(descriptor);
  if (file === NO_OPEN_FILE || !fileIsReadable(file)) return NO_FILE;
  const total = vectorsBytes(vectors, count);
  if (total < 0) return total;
  let done = 0;
  for (let i = 0; i < Number(count); i++) {
    const status = vectorLoad(vectors, i);
    const size = IOVEC.size(vector);
    const here = status !== OK ? status : readPart(file, IOVEC.base(vector), size, done === 0); // then what is there
    if (here < 0) return done > 0 ? done : here;
    done += here;
    if (BigInt(here) < size) break;
  }
  return done;
}
/** The parts in turn; what others write to a pipe does not come between them if they are no more than PIPE_ATOMIC. */
export function callWritev(descriptor: bigint, vectors: bigint, count: bigint): number {
  const file = fileAt(descriptor);
  if (file === NO_OPEN_FILE || !fileIsWritable(file)) return NO_FILE;
  const total = vectorsBytes(vectors, count);
  if (total < 0) return total;
  const status = fileWriteBegin(file, total);
  if (status !== OK) return status;
  let done = 0;
  for (let i = 0; i < Number(count); i++) {
    const loaded = vectorLoad(vectors, i);
    const size = IOVEC.size(vector);
    const here = loaded !== OK ? loaded : writePart(file, IOVEC.base(vector), size);
    if (here < 0) return done > 0 ? done : here;
    done += here;
    if (BigInt(here) < size) break;
  }
  return done;
}

/** How many bytes all parts have together; or a status. */
function vectorsBytes(vectors: bigint, count: bigint): number {
  if (count > VECTORS_MOST) return INVALID;
  let total = 0n;
  for (let i = 0; i < Number(count); i++) {
    const status = vectorLoad(vectors, i);
    if (status !== OK) return status;
    const size = IOVEC.size(vector);
    if (size > WHOLE_MOST || total + size > WHOLE_MOST) return INVALID;
    total += size;
  }
  return Number(lower(total, BYTES_MOST));
}
function vectorLoad(vectors: bigint, index: number): Status {
  return copyIn(virtAddr(vector), BigInt.asUintN(64, vectors + BigInt(index * IOVEC.SIZE)), IOVEC.SIZE);
}

function readPart(file: OpenFile, to: bigint, count: bigint, waits: boolean): number {
  if (count === 0n) return 0;
  if (!isUserRange(to, count)) return BAD_ADDRESS;
  return fileRead(file, to, Number(lower(count, BYTES_MOST)), waits);
}
function writePart(file: OpenFile, from: bigint, count: bigint): number {
  if (count === 0n) return 0;
  if (!isUserRange(from, count)) return BAD_ADDRESS;
  return fileWrite(file, from, Number(lower(count, BYTES_MOST)));
}

// ---- descriptors -----------------------------------------------------------------------------------------------
export function callClose(descriptor: bigint): Status {
  return descriptorClose(table(), numberOf(descriptor));
}
export function callDup(descriptor: bigint): number {
  const file = fileAt(descriptor);
  return file === NO_OPEN_FILE ? NO_FILE : descriptorTake(table(), 0, file, false);
}
export function callDup2(descriptor: bigint, to: bigint): number {
  if (fileAt(descriptor) === NO_OPEN_FILE) return NO_FILE;
  return numberOf(descriptor) === numberOf(to) ? numberOf(to) : descriptorMove(descriptor, to, false);
}
export function callDup3(descriptor: bigint, to: bigint, flags: bigint): number {
  if ((flags & ~CLOEXEC) !== 0n || numberOf(descriptor) === numberOf(to)) return INVALID;
  return fileAt(descriptor) === NO_OPEN_FILE ? NO_FILE : descriptorMove(descriptor, to, flags !== 0n);
}
function descriptorMove(descriptor: bigint, to: bigint, closesOnExec: boolean): number {
  const status = descriptorSet(table(), numberOf(to), fileAt(descriptor), closesOnExec);
  return status === OK ? numberOf(to) : status;
}

/** INVALID: a command that is not here. */
export function callFcntl(descriptor: bigint, command: bigint, argument: bigint): number {
  const file = fileAt(descriptor);
  if (file === NO_OPEN_FILE) return NO_FILE;
  const number = numberOf(descriptor);
  switch (numberOf(command)) {
    case FCNTL.DUPFD:
      return descriptorFrom(argument, file, false);
    case FCNTL.DUPFD_CLOEXEC:
      return descriptorFrom(argument, file, true);
    case FCNTL.GETFD:
      return descriptorClosesOnExec(table(), number) ? Number(FD_CLOEXEC) : 0;
    case FCNTL.SETFD:
      descriptorClosesOnExecSet(table(), number, (argument & FD_CLOEXEC) !== 0n);
      return OK;
    case FCNTL.GETFL:
      return OPEN_FILE.flags(file);
    case FCNTL.SETFL:
      flagsSet(file, Number(argument & 0xffffn));
      return OK;
    default:
      return INVALID;
  }
}
function flagsSet(file: OpenFile, flags: number): void {
  OPEN_FILE.setFlags(file, (OPEN_FILE.flags(file) & ~FLAGS_SETTABLE) | (flags & FLAGS_SETTABLE));
}
function descriptorFrom(lowest: bigint, file: OpenFile, closesOnExec: boolean): number {
  return lowest >= BigInt(DESCRIPTORS) ? INVALID : descriptorTake(table(), Number(lowest), file, closesOnExec);
}

// ---- pipes -----------------------------------------------------------------------------------------------------
/** pipe, pipe2: the two descriptors go to `to`, first the one that is read. On any failure nothing is open. */
export function callPipe(to: bigint, flags: bigint): Status {
  if ((flags & ~(CLOEXEC | NONBLOCK)) !== 0n) return INVALID;
  const pipe = pipeTake();
  if (pipe === NO_PIPE) return NO_MEMORY;
  const more = (flags & NONBLOCK) !== 0n ? FILE_FLAG.NONBLOCK : 0;
  const reader = endOpen(pipe, FILE_FLAG.READ_ONLY | more);
  const writer = endOpen(pipe, FILE_FLAG.WRITE_ONLY | more);
  if (reader === NO_OPEN_FILE || writer === NO_OPEN_FILE) {
    if (reader !== NO_OPEN_FILE) fileRelease(reader);
    if (writer !== NO_OPEN_FILE) fileRelease(writer);
    return NO_MEMORY;
  }
  const status = pairOpen(to, reader, writer, (flags & CLOEXEC) !== 0n);
  fileRelease(reader);
  fileRelease(writer);
  return status;
}

/** An end of the pipe; if there is no memory for it, the pipe has lost it. */
function endOpen(pipe: Pipe, flags: number): OpenFile {
  const file = fileTake(FILE_KIND.PIPE, flags, pipe);
  if (file === NO_OPEN_FILE) pipeClose(pipe, (flags & FILE_FLAG.ACCESS) === FILE_FLAG.WRITE_ONLY);
  return file;
}

/** Both have descriptors, and the program knows them; or neither. */
function pairOpen(to: bigint, reader: OpenFile, writer: OpenFile, closesOnExec: boolean): Status {
  const first = descriptorTake(table(), 0, reader, closesOnExec);
  if (first < 0) return statusIn(first);
  const second = descriptorTake(table(), 0, writer, closesOnExec);
  let status = statusIn(second);
  if (status === OK) {
    PAIR.setReader(pair, first);
    PAIR.setWriter(pair, second);
    status = copyOut(to, virtAddr(pair), PAIR.SIZE);
    if (status !== OK) descriptorClose(table(), second);
  }
  if (status !== OK) descriptorClose(table(), first);
  return status;
}

// ---- what a program says ---------------------------------------------------------------------------------------
/** The current process's open file behind a number that it gave; NO_OPEN_FILE: none is. */
export function fileAt(descriptor: bigint): OpenFile {
  return descriptorFile(table(), numberOf(descriptor));
}
/** An argument that is an int. */
export function numberOf(argument: bigint): number {
  return Number(BigInt.asIntN(32, argument));
}
function table(): FileTable {
  return PROCESS.files(processCurrent());
}
