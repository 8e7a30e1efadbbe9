/**
 * Open files: what a descriptor stands for. Processes that fork share them, and with them the position and the flags
 * (POSIX: "open file description").
 *
 *   OPEN_FILE, 40 bytes, in a slab
 *   +0   | references    | kind          |   descriptors, and whoever in the kernel uses it; one of FILE_KIND
 *   +8   | flags         | counted       |   FILE_FLAG; by an audit
 *   +16  | position                      |
 *   +24  | object                        |   by kind: what it is that is open
 *   +32  | holders                       |   references that are no descriptor's
 */
import { panic } from "../base/panic.ts";
import { staticBytes } from "../doors/machine.ts";
import { NOWHERE, type VirtAddr } from "../lib/addr.ts";
import { layout, u32, u64 } from "../lib/layout.ts";
import { PIPE, pipeAt, pipeClose } from "../ipc/pipe.ts";
import { KIND, OWNER, ownerOpen } from "../mm/phys/owners.ts";
import { objectOf, objectReferenceDrop } from "../mm/space/object.ts";
import { SLAB, slabCount, slabGive, slabInit, slabTake, slabTrim } from "../mm/slab/slab.ts";
import { pollersWake, queueWake } from "./schedule.ts";

/** The address of an OPEN_FILE. */
export type OpenFile = VirtAddr & { readonly __openFile: "OpenFile" };
export const NO_OPEN_FILE = NOWHERE as OpenFile;
/** What a table's entry says: the address of one that is open. */
export function openFileAt(at: bigint): OpenFile {
  return at as OpenFile;
}

export const OPEN_FILE = layout(40, {
  references: u32, kind: u32, flags: u32, counted: u32, position: u64, object: u64, holders: u64,
});
/**
 * CONSOLE: the serial line. PIPE: one end of the pipe that is its object. NULL: /dev/null. MEMORY: memfd_create's, an
 * object of that kind. The others have no object.
 */
export const FILE_KIND = { CONSOLE: 1, PIPE: 2, NULL: 3, MEMORY: 4 } as const;

/** Linux's numbers (man 2 open, fcntl); what open() is told beside these is not kept. */
export const FILE_FLAG = {
  READ_ONLY: 0, WRITE_ONLY: 1, READ_WRITE: 2, ACCESS: 3, APPEND: 0o2000, NONBLOCK: 0o4000,
} as const;

const slab = staticBytes(SLAB.SIZE, 8);
const slabOwner = staticBytes(OWNER.SIZE, 8);
let held = 0; // references of holders, of all

/** None is open. */
export function filesInit(): void {
  held = 0;
  slabInit(slab, OPEN_FILE.SIZE, ownerOpen(slabOwner, KIND.SLAB, 0n));
}

/**
 * An open file with one reference, the caller's, which fileRelease gives back: a descriptor has another one.
 * NO_OPEN_FILE: there is no memory, and `object` is still the caller's.
 */
export function fileTake(kind: number, flags: number, object: bigint): OpenFile {
  const file = slabTake(slab) as OpenFile;
  if (file === NO_OPEN_FILE) return NO_OPEN_FILE;
  OPEN_FILE.setReferences(file, 1);
  OPEN_FILE.setKind(file, kind);
  OPEN_FILE.setFlags(file, flags);
  OPEN_FILE.setCounted(file, 0);
  OPEN_FILE.setPosition(file, 0n);
  OPEN_FILE.setObject(file, object);
  OPEN_FILE.setHolders(file, 1n);
  held++;
  return file;
}

/** A reference for the kernel's own use: whoever sleeps while others may close the descriptor has one. */
export function fileHold(file: OpenFile): void {
  OPEN_FILE.setHolders(file, OPEN_FILE.holders(file) + 1n);
  held++;
  fileReferenceAdd(file);
}
export function fileRelease(file: OpenFile): void {
  OPEN_FILE.setHolders(file, OPEN_FILE.holders(file) - 1n);
  held--;
  fileReferenceDrop(file);
}

/** A descriptor more that stands for it. */
export function fileReferenceAdd(file: OpenFile): void {
  OPEN_FILE.setReferences(file, OPEN_FILE.references(file) + 1);
}
/** One less: with the last one the file is closed. */
export function fileReferenceDrop(file: OpenFile): void {
  const references = OPEN_FILE.references(file) - 1;
  OPEN_FILE.setReferences(file, references);
  if (references > 0) return;
  objectClose(file);
  slabGive(slab, file);
}

/** What each kind does at its end. */
function objectClose(file: OpenFile): void {
  switch (OPEN_FILE.kind(file)) {
    case FILE_KIND.CONSOLE:
    case FILE_KIND.NULL:
      return;
    case FILE_KIND.PIPE:
      pipeEndClose(file);
      return;
    case FILE_KIND.MEMORY:
      objectReferenceDrop(objectOf(OPEN_FILE.object(file)));
      return;
    default:
      panic("files: closed, and of no kind", file);
  }
}

/** Whoever waits at the other end is told. */
function pipeEndClose(file: OpenFile): void {
  const pipe = pipeAt(OPEN_FILE.object(file));
  if (!pipeClose(pipe, fileIsWritable(file))) return;
  queueWake(PIPE.waitReadAt(pipe));
  queueWake(PIPE.waitWriteAt(pipe));
  pollersWake();
}

/** The slab of all, for those who count. */
export function filesSlab(): bigint {
  return slab;
}
export function filesOut(): number {
  return slabCount(slab);
}
/** References that are no descriptor's, of all files. */
export function filesHeld(): number {
  return held;
}
/** The frame that the slab keeps in reserve goes back. */
export function filesTrim(): void {
  slabTrim(slab);
}

/** May it be read; written? By how it was opened. */
export function fileIsReadable(file: OpenFile): boolean {
  return (OPEN_FILE.flags(file) & FILE_FLAG.ACCESS) !== FILE_FLAG.WRITE_ONLY;
}
export function fileIsWritable(file: OpenFile): boolean {
  return (OPEN_FILE.flags(file) & FILE_FLAG.ACCESS) !== FILE_FLAG.READ_ONLY;
}
