/**
 * A process's descriptors: small numbers, each of which stands for an open file.
 *
 *   FILE_TABLE, one frame
 *   +0   | references    | rest          |   processes that have it
 *   +8   | open                          |   7 words: bit n: descriptor n is open
 *   +64  | onExec                        |   7 words: bit n: execve closes descriptor n
 *   +120 | files                         |   448 addresses of open files; of a descriptor that is not open, anything
 *
 * Finding is one bit and one load; the lowest free number costs a look at seven words.
 */
import { fillWords, load64, store64 } from "../doors/machine.ts";
import { DIRECT_MAP, frameBytes, frameOf, NO_FRAME, NOWHERE, physAddr, type VirtAddr } from "../lib/addr.ts";
import { countTrailingZeros } from "../lib/bits.ts";
import { bytes, layout, u32 } from "../lib/layout.ts";
import { INVALID, NO_FILE, OK, type Status, TOO_MANY_FILES } from "../lib/status.ts";
import { frameGive, frameTake } from "../mm/phys/frames.ts";
import { kernelFrames } from "../mm/phys/owners.ts";
import {
  fileReferenceAdd, fileReferenceDrop, NO_OPEN_FILE, type OpenFile, openFileAt,
} from "./files.ts";

/** The address of a FILE_TABLE. */
export type FileTable = VirtAddr & { readonly __fileTable: "FileTable" };
export const NO_FILE_TABLE = NOWHERE as FileTable;

/** How many descriptors a process can have: 0 to one less. */
export const DESCRIPTORS = 448;
const SET_WORDS = 7;
const ALL = 0xffff_ffff_ffff_ffffn;
const SET_BYTES = 56;
const FILES_BYTES = 3584;
export const FILE_TABLE = layout(4096, {
  references: u32, rest: u32, open: bytes(SET_BYTES), onExec: bytes(SET_BYTES), files: bytes(FILES_BYTES),
  more: bytes(392),
});
/** No descriptor: fileTableNext's answer when there are no more. */
export const NO_DESCRIPTOR = -1;

/** Without a descriptor, and one reference. NO_FILE_TABLE: there is no frame. */
export function fileTableTake(): FileTable {
  const frame = frameTake(kernelFrames());
  if (frame === NO_FRAME) return NO_FILE_TABLE;
  const table = frameBytes(frame) as FileTable;
  FILE_TABLE.setReferences(table, 1);
  fillWords(FILE_TABLE.openAt(table), 0n, SET_WORDS);
  fillWords(FILE_TABLE.onExecAt(table), 0n, SET_WORDS);
  return table;
}

/** The same descriptors for the same open files: fork. NO_FILE_TABLE: there is no frame. Cost: by what is open. */
export function fileTableCopy(from: FileTable): FileTable {
  const table = fileTableTake();
  if (table === NO_FILE_TABLE) return NO_FILE_TABLE;
  for (let at = fileTableNext(from, 0); at !== NO_DESCRIPTOR; at = fileTableNext(from, at + 1)) {
    put(table, at, fileOf(from, at), isIn(FILE_TABLE.onExecAt(from), at));
  }
  return table;
}

/** Another process has it, too. */
export function fileTableShare(table: FileTable): void {
  FILE_TABLE.setReferences(table, FILE_TABLE.references(table) + 1);
}
/** One less has it: with the last one, every descriptor is closed. Cost: by what is open. */
export function fileTableDrop(table: FileTable): void {
  const references = FILE_TABLE.references(table) - 1;
  FILE_TABLE.setReferences(table, references);
  if (references > 0) return;
  for (let at = fileTableNext(table, 0); at !== NO_DESCRIPTOR; at = fileTableNext(table, at + 1)) remove(table, at);
  frameGive(frameOf(physAddr(table - DIRECT_MAP)));
}

/** The open file behind a descriptor, whatever number a program has given. NO_OPEN_FILE: none is. */
export function descriptorFile(table: FileTable, descriptor: number): OpenFile {
  return descriptorIsOpen(table, descriptor) ? fileOf(table, descriptor) : NO_OPEN_FILE;
}
export function descriptorIsOpen(table: FileTable, descriptor: number): boolean {
  return descriptor >= 0 && descriptor < DESCRIPTORS && isIn(FILE_TABLE.openAt(table), descriptor);
}

/**
 * The lowest descriptor from `from` on that is free now stands for `file`, which gets a reference for it. INVALID:
 * there cannot be one from there on. TOO_MANY_FILES: all are open.
 */
export function descriptorTake(table: FileTable, from: number, file: OpenFile, closesOnExec: boolean): number {
  if (from < 0 || from >= DESCRIPTORS) return INVALID;
  const descriptor = lowestFree(table, from);
  if (descriptor === NO_DESCRIPTOR) return TOO_MANY_FILES;
  put(table, descriptor, file, closesOnExec);
  return descriptor;
}
/** This one stands for `file`; what it stood for is closed. NO_FILE: there is no such number. */
export function descriptorSet(table: FileTable, descriptor: number, file: OpenFile, closesOnExec: boolean): Status {
  if (descriptor < 0 || descriptor >= DESCRIPTORS) return NO_FILE;
  const before = descriptorFile(table, descriptor);
  put(table, descriptor, file, closesOnExec);
  if (before !== NO_OPEN_FILE) fileReferenceDrop(before);
  return OK;
}
/** NO_FILE: it is not open. */
export function descriptorClose(table: FileTable, descriptor: number): Status {
  if (!descriptorIsOpen(table, descriptor)) return NO_FILE;
  remove(table, descriptor);
  return OK;
}

/** Of an open one: does execve close it? */
export function descriptorClosesOnExec(table: FileTable, descriptor: number): boolean {
  return isIn(FILE_TABLE.onExecAt(table), descriptor);
}
export function descriptorClosesOnExecSet(table: FileTable, descriptor: number, closes: boolean): void {
  mark(FILE_TABLE.onExecAt(table), descriptor, closes);
}
/** Closes what execve closes. Cost: by what is open. */
export function fileTableExec(table: FileTable): void {
  for (let at = fileTableNext(table, 0); at !== NO_DESCRIPTOR; at = fileTableNext(table, at + 1)) {
    if (descriptorClosesOnExec(table, at)) remove(table, at);
  }
}

/** The open descriptors: the lowest from `from` (0..DESCRIPTORS) on, NO_DESCRIPTOR behind the last. */
export function fileTableNext(table: FileTable, from: number): number {
  return next(FILE_TABLE.openAt(table), from, 0n);
}
function lowestFree(table: FileTable, from: number): number {
  return next(FILE_TABLE.openAt(table), from, ALL);
}

/** The lowest bit from `from` on that differs from those of `without`; NO_DESCRIPTOR. */
function next(set: bigint, from: number, without: bigint): number {
  let bits = from >= DESCRIPTORS ? 0n : (ALL << BigInt(from & 63)) & ALL;
  for (let word = from >> 6; word < SET_WORDS; word++) {
    bits &= load64(wordAt(set, word)) ^ without;
    if (bits !== 0n) return word * 64 + countTrailingZeros(bits);
    bits = ALL;
  }
  return NO_DESCRIPTOR;
}

function put(table: FileTable, descriptor: number, file: OpenFile, closesOnExec: boolean): void {
  fileReferenceAdd(file);
  store64(fileAt(table, descriptor), file);
  mark(FILE_TABLE.openAt(table), descriptor, true);
  mark(FILE_TABLE.onExecAt(table), descriptor, closesOnExec);
}
function remove(table: FileTable, descriptor: number): void {
  mark(FILE_TABLE.openAt(table), descriptor, false);
  fileReferenceDrop(fileOf(table, descriptor));
}

function fileOf(table: FileTable, descriptor: number): OpenFile {
  return openFileAt(load64(fileAt(table, descriptor)));
}
function fileAt(table: FileTable, descriptor: number): bigint {
  return FILE_TABLE.filesAt(table) + BigInt(descriptor * 8);
}
function isIn(set: bigint, index: number): boolean {
  return ((load64(wordAt(set, index >> 6)) >> BigInt(index & 63)) & 1n) !== 0n;
}
function mark(set: bigint, index: number, isMember: boolean): void {
  const at = wordAt(set, index >> 6);
  const bit = 1n << BigInt(index & 63);
  store64(at, isMember ? load64(at) | bit : load64(at) & ~bit);
}
function wordAt(set: bigint, word: number): bigint {
  return set + BigInt(word * 8);
}
